using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Lakala.Grains.Trades;
using Lakala.Rules.Refunds;
using Lakala.Rules.Trades;
using Lakala.Silo.Merchants;
using Lakala.Silo.Web;
using Lakala.Storage;
using Lakala.Storage.Bills;
using Lakala.Storage.Refunds;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;

namespace Lakala.Silo.MerchantPages;

/// <summary>The merchant's orders, and what can be done with one.</summary>
internal static class OrderEndpoints
{
    private const int MostRefunds = 50, KeyBytes = 16;

    private static readonly Dictionary<string, TradeState> States = Enum.GetValues<TradeState>().ToDictionary(StateNames.Format);

    public static void MapOrders(this RouteGroupBuilder pages)
    {
        pages.MapGet("", List).ForPeople();
        pages.MapGet("/orders/{number}", Get).ForPeople();
        pages.MapPost("/orders/{number}/ship", Ship).TakesForm().ForPeople();
        pages.MapPost("/orders/{number}/extend", Extend).TakesForm().ForPeople();
        pages.MapPost("/orders/{number}/refund", Refund).TakesForm().ForPeople();
        pages.MapPost("/orders/{number}/refunds/{id}/withdraw", Withdraw).TakesForm().ForPeople();
    }

    public static string AddressOf(BillRow bill) => AddressOf(bill.BillNumber);

    public static string AddressOf(BillNumber bill) => $"{MerchantRoom.Root}/orders/{bill}";

    private static async Task<IResult> List(HttpContext context, MerchantBills bills, Commits commits, CancellationToken stop)
    {
        var (query, merchant) = (context.Request.Query, context.User.Merchant().Id);
        if (query["q"].ToString().Trim() is { Length: > 0 } search)
        {
            if (await BillEndpoints.Find(search, context.User, commits) is { } one)
            {
                return PageGuard.SeeOther(AddressOf(one));
            }

            var found = search.Length > CreateBill.MaxOrderId ? [] : await bills.ListBills(merchant, search, after: null, MerchantRoom.ListLength, stop);
            return await Show(found, null, search, null);
        }

        TradeState? state = States.TryGetValue(query["state"].ToString(), out var named) ? named : null;
        BillCursor? after = null;
        if (query["cursor"].ToString() is { Length: > 0 } cursor && !BillEndpoints.TryRead(cursor, out after))
        {
            return await MerchantRoom.NotFound(context);
        }

        var page = state is { } wanted
            ? await bills.ListTrades(merchant, wanted, after, MerchantRoom.ListLength + 1, stop)
            : await bills.ListAll(merchant, after, MerchantRoom.ListLength + 1, stop);
        string? next = null;
        if (page.Count > MerchantRoom.ListLength)
        {
            var last = page[MerchantRoom.ListLength - 1];
            var place = BillEndpoints.Write(new BillCursor(state is null ? last.CreatedAt : last.Trade!.HeldSince, last.Number));
            next = $"{MerchantRoom.Root}?{(state is { } kept ? $"state={StateNames.Format(kept)}&" : "")}cursor={place}";
        }

        return await Show([.. page.Take(MerchantRoom.ListLength)], state, null, next);

        Task<IResult> Show(IReadOnlyList<BillRow> shown, TradeState? of, string? words, string? more) => MerchantRoom.Show<OrdersPage>(context, new()
        {
            [nameof(OrdersPage.Bills)] = shown,
            [nameof(OrdersPage.State)] = of,
            [nameof(OrdersPage.Search)] = words,
            [nameof(OrdersPage.Next)] = more,
        });
    }

    private static async Task<IResult> Get(string number, HttpContext context, Commits commits, RefundRows refunds) =>
        await BillEndpoints.Find(number, context.User, commits) is { } bill ? await Show(context, bill, refunds) : await MerchantRoom.NotFound(context);

    private static async Task<IResult> Ship(string number, HttpContext context, Commits commits, TradeMoves trades, RefundRows refunds)
    {
        if (await BillEndpoints.Find(number, context.User, commits) is not { } bill)
        {
            return await MerchantRoom.NotFound(context);
        }

        var (form, texts) = (PageGuard.FormOf(context), MerchantRoom.TextsOf(context));
        var order = new ShipOrder(form["carrier"].ToString().Trim(), form["tracking_number"].ToString().Trim(), form["method"].ToString());
        if (StateNames.FindDeliveryMethod(order.Method!) is not { } method)
        {
            return await Show(context, bill, refunds, StatusCodes.Status400BadRequest, refusal: texts.NoMethod);
        }

        if (order.Check() is not null)
        {
            return await Show(context, bill, refunds, StatusCodes.Status400BadRequest, refusal: texts.BadParcel);
        }

        return await Tell(
            context, bill, await trades.Take(bill.Number, new TradeStep.Ship(new Shipping(method, order.Carrier, order.TrackingNumber))), refunds,
            bill.Trade?.State == TradeState.Shipped ? texts.CorrectDone : texts.ShipDone);
    }

    private static async Task<IResult> Extend(string number, HttpContext context, Commits commits, TradeMoves trades, RefundRows refunds)
    {
        if (await BillEndpoints.Find(number, context.User, commits) is not { } bill)
        {
            return await MerchantRoom.NotFound(context);
        }

        var texts = MerchantRoom.TextsOf(context);
        return int.TryParse(PageGuard.FormOf(context)["days"], NumberStyles.None, CultureInfo.InvariantCulture, out var days) && days is >= 1 and <= Trade.MostExtraDays
            ? await Tell(context, bill, await trades.Take(bill.Number, new TradeStep.Extend(Side.Merchant, days)), refunds, texts.ExtendDone)
            : await Show(context, bill, refunds, StatusCodes.Status400BadRequest, refusal: texts.BadDays);
    }

    private static async Task<IResult> Refund(string number, HttpContext context, Commits commits, MerchantRefunds orders, RefundRows refunds)
    {
        if (await BillEndpoints.Find(number, context.User, commits) is not { } bill)
        {
            return await MerchantRoom.NotFound(context);
        }

        var (form, texts) = (PageGuard.FormOf(context), MerchantRoom.TextsOf(context));
        var (key, reason) = (form["key"].ToString(), form["reason"].ToString().Trim());
        if (OrderShown.ReadYuan(form["amount"].ToString()) is not { } amount)
        {
            return await Show(context, bill, refunds, StatusCodes.Status400BadRequest, refusal: texts.BadAmount);
        }

        var wanted = new CreateRefund(amount, reason.Length > 0 ? reason : null);
        if (wanted.Check() is not null)
        {
            return await Show(context, bill, refunds, StatusCodes.Status400BadRequest, refusal: reason.Length > 0 && new CreateRefund(amount).Check() is null ? texts.BadReason : texts.BadAmount);
        }

        // A key of the page's form: nobody else's request can have it.
        if (key.Length != 2 * KeyBytes || !key.All(char.IsAsciiHexDigitLower))
        {
            return await Show(context, bill, refunds, StatusCodes.Status400BadRequest, refusal: texts.Refusals(Refusal.TryLater));
        }

        var hash = IdempotencyKey.Hash($"refund of {bill.BillNumber} at the page", Encoding.UTF8.GetBytes($"{amount} {reason}"));
        switch (await orders.Request(bill.MerchantId, bill.BillNumber, wanted, $"page-{key}", hash, context.RequestAborted))
        {
            case RefundAnswer.Made { Refund: var made }:
                var text = made.State == RefundState.Queued ? texts.RefundQueued : texts.RefundDone;
                return await Show(context, await Again(bill, commits), refunds, done: MerchantTexts.Fill(text, Rrn.ToText(made.Rrn), MerchantTexts.Yuan(amount)));

            case RefundAnswer.Kept { Answer: var kept } when kept.RequestHash.AsSpan().SequenceEqual(hash):
                var id = JsonElement.Parse(kept.Response).GetProperty("id").GetString();
                return await Show(context, await Again(bill, commits), refunds, done: MerchantTexts.Fill(texts.RefundKept, id));

            case RefundAnswer.Kept:
                return await Show(context, await Again(bill, commits), refunds, StatusCodes.Status409Conflict, refusal: texts.RefundReused);

            case RefundAnswer.Refused refused:
                var why = MerchantTexts.Fill(texts.Refusals(refused.Why), MerchantTexts.Yuan(refused.Left));
                return await Show(context, await Again(bill, commits), refunds, StatusCodes.Status409Conflict, refusal: why);

            default:
                return await Show(context, await Again(bill, commits), refunds, StatusCodes.Status409Conflict, refusal: texts.Refusals(Refusal.TryLater));
        }
    }

    private static async Task<BillRow> Again(BillRow bill, Commits commits) => (await commits.ReadBills.Submit(bill.Number)).Row ?? bill;

    private static async Task<IResult> Withdraw(string number, string id, HttpContext context, Commits commits, MerchantRefunds orders, RefundRows refunds)
    {
        if (await BillEndpoints.Find(number, context.User, commits) is not { } bill
            || !Rrn.TryParse(id, out var rrn) || await refunds.Find(rrn, context.RequestAborted) is not { } refund || refund.Bill != bill.Number)
        {
            return await MerchantRoom.NotFound(context);
        }

        var texts = MerchantRoom.TextsOf(context);
        var (_, refusal) = await orders.Withdraw(refund);
        return refusal is { } why
            ? await Show(context, await Again(bill, commits), refunds, StatusCodes.Status409Conflict, refusal: texts.Refusals(why))
            : await Show(context, await Again(bill, commits), refunds, done: MerchantTexts.Fill(texts.WithdrawDone, id));
    }

    private static Task<IResult> Tell(HttpContext context, BillRow before, TradeOutcome outcome, RefundRows refunds, string done) => outcome is { Row: { } row, Refusal: null }
        ? Show(context, row, refunds, done: done)
        : Show(
            context, outcome.Row ?? before, refunds, StatusCodes.Status409Conflict,
            refusal: MerchantTexts.Fill(MerchantRoom.TextsOf(context).Refusals(outcome.Refusal ?? Refusal.TryLater), ""));

    private static async Task<IResult> Show(
        HttpContext context, BillRow bill, RefundRows refunds, int status = StatusCodes.Status200OK, string? done = null, string? refusal = null) => await MerchantRoom.Show<OrderPage>(
        context,
        new()
        {
            [nameof(OrderPage.Bill)] = bill,
            [nameof(OrderPage.Refunds)] = await refunds.ListOfBill(bill.Number, after: 0, MostRefunds, context.RequestAborted),
            [nameof(OrderPage.Key)] = RandomNumberGenerator.GetHexString(2 * KeyBytes, lowercase: true),
        },
        status,
        done,
        refusal);
}
