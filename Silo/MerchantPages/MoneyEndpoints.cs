using Lakala.Silo.Merchants;
using Lakala.Storage.Bills;
using Lakala.Storage.Ledger;
using Lakala.Storage.Refunds;
using Lakala.Vocabulary;

namespace Lakala.Silo.MerchantPages;

/// <summary>The merchant's refunds, its balance, and what has changed it.</summary>
internal static class MoneyEndpoints
{
    private const int Length = MerchantRoom.ListLength;

    public static void MapMoney(this RouteGroupBuilder pages)
    {
        pages.MapGet("/refunds", ListRefunds).ForPeople();
        pages.MapGet("/balance", ShowBalance).ForPeople();
    }

    private static async Task<IResult> ListRefunds(string? cursor, HttpContext context, RefundRows refunds, CancellationToken stop)
    {
        BillCursor? after = null;
        if (!string.IsNullOrEmpty(cursor) && !BillEndpoints.TryRead(cursor, out after))
        {
            return await MerchantRoom.NotFound(context);
        }

        var page = await refunds.ListOfMerchant(context.User.Merchant().Id, after, Length + 1, stop);
        return await MerchantRoom.Show<RefundsPage>(context, new()
        {
            [nameof(RefundsPage.Refunds)] = page.Take(Length).ToList(),
            [nameof(RefundsPage.Next)] = page.Count > Length
                ? $"{MerchantRoom.Root}/refunds?cursor={BillEndpoints.Write(new BillCursor(page[Length - 1].CreatedAt, page[Length - 1].Rrn))}"
                : null,
        });
    }

    private static async Task<IResult> ShowBalance(string? cursor, HttpContext context, BalanceRows balances, CancellationToken stop)
    {
        EntryCursor after = default;
        if (!string.IsNullOrEmpty(cursor) && !BalanceEndpoints.TryRead(cursor, out after))
        {
            return await MerchantRoom.NotFound(context);
        }

        var merchant = context.User.Merchant().Id;
        var page = await balances.List(merchant, Money.Cny, string.IsNullOrEmpty(cursor) ? null : after, Length + 1, stop);
        return await MerchantRoom.Show<BalancePage>(context, new()
        {
            [nameof(BalancePage.Balance)] = await balances.Read(merchant, Money.Cny, stop),
            [nameof(BalancePage.Entries)] = page.Take(Length).ToList(),
            [nameof(BalancePage.Next)] = page.Count > Length ? $"{MerchantRoom.Root}/balance?cursor={BalanceEndpoints.Write(page[Length - 1])}" : null,
        });
    }
}
