using System.Globalization;
using Lakala.Grains.Notices;
using Lakala.Grains.Trades;
using Lakala.Rules.Trades;
using Lakala.Silo.Security;
using Lakala.Storage;
using Lakala.Storage.Bills;
using Lakala.Storage.Refunds;
using Lakala.Storage.Swipes;
using Lakala.Storage.Trades;

namespace Lakala.Silo.BillPages;

/// <summary>What happened after a step of the shopper; the page says it in her language.</summary>
public enum Told
{
    Nothing,
    CodeSent,
    CodeTooSoon,
    CodeNotSent,
    CodeWrong,
    CodeRight,
    CodeNeeded,
    Confirmed,
    Extended,
    TakenBack,
    ClaimForm,
    ClaimIncomplete,
    ClaimSent,
    ClaimMoved,
    FilesAdded,
}

/// <summary>
/// What the shopper of an escrow bill does herself: she gets a code, enters it or the one on her receipt, and then confirms the goods, takes more time, or takes her money
/// back.
/// </summary>
internal sealed class ShopperSteps(
    ShopperCodeRows codes,
    ShopperSession session,
    IKeyVault vault,
    IEnumerable<ICodeChannel> channels,
    TradeMoves trades,
    RefundRows refunds,
    IRrnSource rrns,
    NoticeSignal signal,
    IBillChanges changes)
{
    /// <summary>The addresses to which a code would go; none: the merchant has named no address that we can use.</summary>
    public IReadOnlyList<string> FindAddresses(BillRow bill) => [.. channels.Select(channel => channel.FindAddress(bill)).OfType<string>()];

    /// <summary>Sends a new code by all ways there are.</summary>
    public async Task<IResult> SendCode(HttpContext context, BillRow bill)
    {
        var ways = channels.Where(channel => channel.FindAddress(bill) is not null).ToList();
        if (ways.Count == 0 || bill.Trade is null)
        {
            return Back(context, bill, Told.CodeNotSent);
        }

        if (await codes.MakeCode(bill.Number, context.RequestAborted) is not { } code)
        {
            return Back(context, bill, Told.CodeTooSoon);
        }

        var sent = await Task.WhenAll(ways.Select(way => way.SendCode(bill, code)));
        return Back(context, bill, sent.Contains(true) ? Told.CodeSent : Told.CodeNotSent);
    }

    public async Task<IResult> EnterCode(HttpContext context, BillRow bill)
    {
        var code = string.Concat((await Field(context, "code")).Where(char.IsAsciiDigit));
        var opened = code.Length switch
        {
            ShopperCodeRows.Digits => await codes.Open(bill.Number, code, context.RequestAborted),
            ReceiptCode.Digits when bill is { Trade: not null, Payment.Rrn: var rrn } =>
                await codes.OpenByReceipt(bill.Number, ReceiptCode.IsRight(vault, rrn, code), context.RequestAborted),
            _ => null,
        };
        if (opened is not { } token)
        {
            return Back(context, bill, Told.CodeWrong);
        }

        session.Begin(context.Response, bill, token);
        return Back(context, bill, Told.CodeRight);
    }

    public Task<IResult> Confirm(HttpContext context, BillRow bill) => session.Take(context, bill, async () =>
        StepEnd.Of((await trades.Take(bill.Number, new TradeStep.Confirm())).Refusal, Told.Confirmed));

    public Task<IResult> Extend(HttpContext context, BillRow bill) => session.Take(context, bill, async () =>
        int.TryParse(await Field(context, "days"), NumberStyles.None, CultureInfo.InvariantCulture, out var days) && days is > 0 and <= Trade.MostExtraDays
            ? StepEnd.Of((await trades.Take(bill.Number, new TradeStep.Extend(Side.Shopper, days))).Refusal, Told.Extended)
            : StepEnd.Done(Told.Nothing));

    public Task<IResult> TakeBack(HttpContext context, BillRow bill) => session.Take(context, bill, async () =>
    {
        var refusal = await refunds.TakeBack(bill.Number, await rrns.Next());
        changes.Report(bill.Number);
        signal.Raise();
        return StepEnd.Of(refusal, Told.TakenBack);
    });

    private static async Task<string> Field(HttpContext context, string name) =>
        context.Request.HasFormContentType ? (await context.Request.ReadFormAsync(context.RequestAborted))[name].ToString() : "";

    private static IResult Back(HttpContext context, BillRow bill, Told told) => ShopperSession.Back(context, bill, StepEnd.Done(told));
}
