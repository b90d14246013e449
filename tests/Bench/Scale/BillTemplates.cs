using System.Globalization;
using Lakala.Local;

namespace Lakala.Bench.Scale;

/// <summary>Bills of which <see cref="BillCopies"/> makes copies. They are made by the API and paid by a terminal's program, as in life.</summary>
internal static class BillTemplates
{
    /// <param name="escrow">The seconds for shipping and for the confirmation; null: a direct bill.</param>
    /// <returns>The number of an open bill.</returns>
    public static async Task<long> Create(MerchantClient merchant, string order, (int Ship, int Confirm)? escrow, CancellationToken stop)
    {
        var bill = await merchant.CreateBill(order, SwarmRun.Amount, "A teapot", idempotencyKey: order, mail: null, escrow, cancel: stop);
        return long.Parse(bill.GetProperty("number").GetString()!, CultureInfo.InvariantCulture);
    }

    /// <returns>The number of a paid direct bill.</returns>
    public static async Task<long> Pay(LocalNetwork network, MerchantClient merchant, CancellationToken stop)
    {
        var bill = await Create(merchant, "paid", escrow: null, stop);
        var card = network.Cards.First(card => card.Expected == "approved");
        var run = await network.RunTerminal(
            ["pay", "--bill", bill.ToString("D14", CultureInfo.InvariantCulture), "--card", card.Track2, "--pin", card.Pin, "--terminal", network.Seed.Terminals[^2].Id],
            cancel: stop);
        return run.ExitCode == 0 ? bill : throw new SetupException($"the first bill cannot be paid: {run.Output}{run.Error}");
    }
}
