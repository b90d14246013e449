using Lakala.Grains.Trades;
using Lakala.Rules.Trades;
using Lakala.Silo.Merchants;
using Lakala.Storage.Bills;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;

namespace Lakala.Silo.MerchantPages;

/// <summary>What came of a line.</summary>
/// <param name="Bill">Null: none was found.</param>
public sealed record ShippedLine(int Number, string Name, BillNumber? Bill, bool IsShipped, string Outcome);

/// <summary>Ships the orders of a file, each by itself: a line that is refused stops no other, and the same file again changes nothing.</summary>
internal sealed class Parcels(MerchantBills bills, Commits commits, TradeMoves trades)
{
    // The writers take many at once.
    private const int AtOnce = 16;

    public async Task<IReadOnlyList<ShippedLine>> Ship(string merchant, IReadOnlyList<ParcelLine> lines, MerchantTexts texts, CancellationToken stop)
    {
        var shipped = new ShippedLine[lines.Count];
        await Parallel.ForAsync(
            0, lines.Count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stop }, async (at, _) => shipped[at] = await Ship(merchant, lines[at], texts, stop));
        return shipped;
    }

    private async Task<ShippedLine> Ship(string merchant, ParcelLine line, MerchantTexts texts, CancellationToken stop)
    {
        if (line.Fault is { } fault)
        {
            return new ShippedLine(line.Number, line.Name, null, IsShipped: false, fault);
        }

        if (await Find(merchant, line.Name, stop) is not { } bill)
        {
            return new ShippedLine(line.Number, line.Name, null, IsShipped: false, texts.LineUnknown);
        }

        var shipping = new Shipping(line.Method ?? bill.Escrow?.Delivery ?? default, line.Carrier, line.TrackingNumber);
        if (bill.Trade?.Shipping is { } before)
        {
            // A file does not correct: it would use the one correction up.
            return Tell(before == shipping, before == shipping ? texts.LineSame : texts.LineOther);
        }

        var outcome = await trades.Take(bill.Number, new TradeStep.Ship(shipping));
        return outcome is { Row: not null, Refusal: null }
            ? Tell(true, texts.LineShipped)
            : Tell(false, MerchantTexts.Fill(texts.Refusals(outcome.Refusal ?? Refusal.TryLater), ""));

        ShippedLine Tell(bool isShipped, string what) => new(line.Number, line.Name, bill.BillNumber, isShipped, what);
    }

    private async Task<BillRow?> Find(string merchant, string name, CancellationToken stop)
    {
        var number = BillNumber.TryParse(name, out var parsed) ? parsed
            : name.Length is 0 or > CreateBill.MaxOrderId ? (BillNumber?)null
            : await bills.FindLiveBill(merchant, name, stop);
        return number is { } bill && (await commits.ReadBills.Submit(bill.Value)).Row is { } row && row.MerchantId == merchant ? row : null;
    }
}
