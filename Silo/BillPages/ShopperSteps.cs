using System.Globalization;
using Lakala.Grains.Notices;
using Lakala.Grains.Trades;
using Lakala.Rules.Trades;
using Lakala.Storage.Bills;
using Lakala.Storage.Refunds;
using Lakala.Storage.Swipes;
using Lakala.Storage.Trades;
using Lakala.Vocabulary;

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
}

/// <summary>
/// What the shopper of an escrow bill does herself: she gets a code, enters it, and then confirms the goods, takes more time, or takes her money
/// back. Every step answers with the way back to the page, so that a page that is loaded again repeats nothing.
/// </summary>
internal sealed class ShopperSteps(
    ShopperCodeRows codes,
    ShopperSession session,
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
        if (code.Length != ShopperCodeRows.Digits || await codes.Open(bill.Number, code, context.RequestAborted) is not { } token)
        {
            return Back(context, bill, Told.CodeWrong);
        }

        session.Begin(context.Response, bill, token);
        return Back(context, bill, Told.CodeRight);
    }

    public Task<IResult> Confirm(HttpContext context, BillRow bill) =>
        Take(context, bill, Told.Confirmed, async () => (await trades.Take(bill.Number, new TradeStep.Confirm())).Refusal);

    public async Task<IResult> Extend(HttpContext context, BillRow bill) =>
        int.TryParse(await Field(context, "days"), NumberStyles.None, CultureInfo.InvariantCulture, out var days) && days is > 0 and <= Trade.MostExtraDays
            ? await Take(context, bill, Told.Extended, async () => (await trades.Take(bill.Number, new TradeStep.Extend(Side.Shopper, days))).Refusal)
            : Back(context, bill, Told.Nothing);

    public Task<IResult> TakeBack(HttpContext context, BillRow bill) => Take(context, bill, Told.TakenBack, async () =>
    {
        var refusal = await refunds.TakeBack(bill.Number, await rrns.Next());
        changes.Report(bill.Number);
        signal.Raise();
        return refusal;
    });

    private async Task<IResult> Take(HttpContext context, BillRow bill, Told done, Func<Task<Refusal?>> step) =>
        !await session.IsOpen(context, bill) ? Back(context, bill, Told.CodeNeeded)
        : await step() is { } refusal ? Back(context, bill, ((int)refusal).ToString(CultureInfo.InvariantCulture))
        : Back(context, bill, done);

    private static async Task<string> Field(HttpContext context, string name) =>
        context.Request.HasFormContentType ? (await context.Request.ReadFormAsync(context.RequestAborted))[name].ToString() : "";

    private static SeeOther Back(HttpContext context, BillRow bill, Told told) => Back(context, bill, told.ToString());

    // Relative to the address of the step, which is one segment below the page's.
    private static SeeOther Back(HttpContext context, BillRow bill, string told)
    {
        var lang = context.Request.Query["lang"].ToString() is var chosen && chosen is "en" or "zh" ? "&lang=" + chosen : "";
        return new SeeOther($"../{bill.PageToken}?told={told}{lang}#told");
    }

    private sealed record SeeOther(string Location) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
            httpContext.Response.Headers.Location = Location;
            return Task.CompletedTask;
        }
    }
}
