using System.Buffers.Text;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Security.Claims;
using System.Text;
using System.Text.Json;
using Lakala.Grains.Bills;
using Lakala.Grains.Notices;
using Lakala.Rules.Bills;
using Lakala.Rules.Ledger;
using Lakala.Silo.Web;
using Lakala.Storage.Bills;
using Lakala.Storage.Merchants;
using Lakala.Storage.Notices;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Merchants;

/// <summary><c>/v1/bills</c></summary>
internal static class BillEndpoints
{
    // A random number is in use with the probability bills / 10^12; the other reasons for a repeat are races of the same request.
    private const int MaxRounds = 5;

    public static void MapBills(this IEndpointRouteBuilder api)
    {
        api.MapPost("/bills", Create).WithName("createBill").WithTags("Bills").WithMetadata(new Counted(Quota.Bills))
            .WithSummary("Creates a bill")
            .WithDescription(
                "An order has at most one bill that is, or can become, paid. With an Idempotency-Key a repeat of the same body within "
                + "7 days gets the first answer again; refusals are not stored.")
            .Produces<BillModel>(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status415UnsupportedMediaType);
        api.MapGet("/bills", List).WithName("listBills").WithTags("Bills")
            .WithSummary("Lists the bills of an order, newest first")
            .Produces<ListModel<BillModel>>()
            .ProducesProblem(StatusCodes.Status400BadRequest);
        api.MapGet("/bills/{number}", Get).WithName("getBill").WithTags("Bills")
            .WithSummary("Shows a bill")
            .Produces<BillModel>()
            .ProducesProblem(StatusCodes.Status404NotFound);
        api.MapPost("/bills/{number}/cancel", Cancel).WithName("cancelBill").WithTags("Bills")
            .WithSummary("Cancels a bill")
            .WithDescription("If the bill is CANCELLED already, the answer is the bill, so that the call can be repeated.")
            .Produces<BillModel>()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> Create(
        Body<CreateBill> body,
        [FromHeader(Name = IdempotencyKey.Header), Length(1, IdempotencyKey.Most), Description(IdempotencyKey.Description)]
        string? idempotencyKey,
        ClaimsPrincipal user,
        MerchantBills rows,
        ShopperReceivers shoppers,
        NoticeSignal notices,
        BillPageAddress pages,
        IOptions<TradeOptions> trades,
        TimeProvider time,
        HttpContext context)
    {
        if (IdempotencyKey.Refuse(idempotencyKey, context.Request) is { } notAKey)
        {
            return notAKey;
        }

        var merchant = user.Merchant();
        for (var round = 0; round < MaxRounds; round++)
        {
            // Before the checks: a value that was valid at first, such as an expiry, may no longer be.
            if (idempotencyKey is not null && await rows.FindAnswer(merchant.Id, idempotencyKey, context.RequestAborted) is { } kept)
            {
                return IdempotencyKey.Repeat(kept, body.Hash, context.Response, static bill => Address(JsonElement.Parse(bill).GetProperty("number").GetString()));
            }

            var now = ToMilliseconds(time.GetUtcNow());
            if (body.Value.Check(now, trades.Value) is { } refusal)
            {
                return refusal;
            }

            var bill = Draw(body.Value, merchant, now);
            var json = BillView.Json(bill, pages);
            var answer = idempotencyKey is null ? null : new KeptAnswer(idempotencyKey, body.Hash, StatusCodes.Status201Created, json);
            switch (await rows.CreateBill(bill, answer, shoppers.Find(bill), json))
            {
                case CreateOutcome.Created:
                    notices.Raise();
                    context.Response.Headers.Location = Address(bill.BillNumber.ToString());
                    return MerchantJson.Result(json, StatusCodes.Status201Created);

                case CreateOutcome.OrderTaken
                    when await rows.FindLiveBill(merchant.Id, bill.OrderId, context.RequestAborted) is { } live:
                    return Problems.OrderHasBill(bill.OrderId, live);
            }
        }

        return Problems.TryLater();
    }

    private static async Task<IResult> List(
        [FromQuery(Name = "order_id"), Required, Length(1, CreateBill.MaxOrderId), Description("Your name of the order.")] string? orderId,
        [Range(1, Paging.MaxSize), Description("From 1 to 100; default 20.")] int? limit,
        [Description("next_cursor of the previous page.")] string? cursor,
        ClaimsPrincipal user,
        MerchantBills rows,
        BillPageAddress pages,
        CancellationToken stop)
    {
        if (orderId is null)
        {
            return Problems.Invalid("order_id", "order_id is missing: a list of bills is for one order.");
        }

        if (CreateBill.RefuseOrderId(orderId) is { } notAnOrder)
        {
            return notAnOrder;
        }

        BillCursor? after = null;
        if (Paging.Refuse(limit) is { } refusal)
        {
            return refusal;
        }

        if (cursor is not null && !TryRead(cursor, out after))
        {
            return Paging.UnknownCursor();
        }

        var size = limit ?? Paging.UsualSize;
        var bills = await rows.ListBills(user.Merchant().Id, orderId, after, size + 1, stop);
        return MerchantJson.List(bills.Take(size).Select(bill => BillView.Json(bill, pages)), bills.Count > size ? Write(new BillCursor(bills[size - 1].CreatedAt, bills[size - 1].Number)) : null);
    }

    private static async Task<IResult> Get(
        string number, ClaimsPrincipal user, Commits commits, BillPageAddress pages) =>
        await Find(number, user, commits) is { } bill
            ? MerchantJson.Result(BillView.Json(bill, pages))
            : Problems.NoSuch("bill", number);

    private static async Task<IResult> Cancel(
        string number, ClaimsPrincipal user, Commits commits, IBillGrains grains, BillPageAddress pages)
    {
        if (await Find(number, user, commits) is not { } bill)
        {
            return Problems.NoSuch("bill", number);
        }

        var (row, refusal) = await grains.GetBill(bill.Number).Cancel(bill.Number);
        return row is not null && refusal is null or Refusal.BillCancelled
            ? MerchantJson.Result(BillView.Json(row, pages))
            : Problems.NotCancellable(bill.BillNumber, refusal ?? Refusal.TryLater);
    }

    // Another merchant's bill does not exist for this one.
    public static async Task<BillRow?> Find(string number, ClaimsPrincipal user, Commits commits) =>
        BillNumber.TryParse(number, out var parsed)
        && (await commits.ReadBills.Submit(parsed.Value)).Row is { } bill
        && bill.MerchantId == user.Merchant().Id
            ? bill
            : null;

    private static BillRow Draw(CreateBill order, Merchant merchant, DateTimeOffset now)
    {
        var number = BillNumber.Draw();
        return new BillRow(
            number.Value,
            merchant.Id,
            merchant.Name,
            order.OrderId,
            order.Description,
            new Bill(BillState.Open, new Money(order.Amount, order.Currency), ToMilliseconds(order.Expiry(now)), null, 0),
            PageToken.Create(number),
            order.Shopper?.Name,
            order.Shopper?.Email,
            order.Shopper?.Phone,
            order.Shopper?.Language,
            order.Metadata is null ? null : JsonSerializer.Serialize(order.Metadata, StrictJson.Options),
            now,
            null,
            null,
            Escrow: order.Terms(),
            FeeOnRefund: order.FeeOnRefund == FeesOnRefund.Kept ? FeeOnRefund.Kept : FeeOnRefund.Returned);
    }

    private static string Address(string? number) => $"/v1/bills/{number}";

    // The API shows milliseconds, so the stored time has no finer part.
    private static DateTimeOffset ToMilliseconds(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMillisecond));

    public static string Write(BillCursor last) => Base64Url.EncodeToString(
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{last.CreatedAt.UtcTicks}.{last.Number}")));

    public static bool TryRead(string cursor, out BillCursor? after)
    {
        after = null;
        if (!Base64Url.IsValid(cursor)
            || Encoding.ASCII.GetString(Base64Url.DecodeFromChars(cursor)).Split('.') is not [var ticks, var number]
            || !long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            || !long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var bill)
            || at > DateTime.MaxValue.Ticks)
        {
            return false;
        }

        after = new BillCursor(new DateTimeOffset(at, TimeSpan.Zero), bill);
        return true;
    }
}
