using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using System.Text.Json;
using Lakala.Grains.Notices;
using Lakala.Silo.Web;
using Lakala.Storage.Refunds;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;
using Microsoft.AspNetCore.Mvc;

namespace Lakala.Silo.Merchants;

/// <summary><c>/v1/bills/{number}/refunds</c> and <c>/v1/refunds</c></summary>
internal static class RefundEndpoints
{
    public static void MapRefunds(this IEndpointRouteBuilder api)
    {
        api.MapPost("/bills/{number}/refunds", Create).WithName("createRefund").WithTags("Refunds")
            .WithSummary("Refunds a paid bill, or a part of it, to the card that paid it")
            .WithDescription(
                "The answer says that the refund is ordered. The card is credited when it is DONE, which refund.done tells. After any failure repeat the request with "
                + "the same Idempotency-Key: it stays one refund.")
            .Produces<RefundModel>(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status415UnsupportedMediaType);
        api.MapGet("/bills/{number}/refunds", List).WithName("listRefunds").WithTags("Refunds")
            .WithSummary("Lists the refunds of a bill, oldest first")
            .Produces<ListModel<RefundModel>>()
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("/refunds/{id}", Get).WithName("getRefund").WithTags("Refunds")
            .WithSummary("Shows a refund")
            .Produces<RefundModel>()
            .ProducesProblem(StatusCodes.Status404NotFound);
        api.MapPost("/refunds/{id}/withdraw", Withdraw).WithName("withdrawRefund").WithTags("Refunds")
            .WithSummary("Withdraws a refund that was not sent to the bank")
            .WithDescription(
                "Only while it is QUEUED or REQUESTED, and only one that you have ordered: what a claim, a counter or the end of a trade has promised stays. The same again changes nothing.")
            .Produces<RefundModel>()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> Create(
        string number,
        Body<CreateRefund> body,
        [FromHeader(Name = IdempotencyKey.Header), Required, Length(1, IdempotencyKey.Most), Description(IdempotencyKey.Description)]
        string? idempotencyKey,
        ClaimsPrincipal user,
        MerchantRefunds refunds,
        HttpContext context)
    {
        if (idempotencyKey is null)
        {
            return Problems.Invalid(IdempotencyKey.Header, $"{IdempotencyKey.Header} is missing: without it a repeat after a failure could be a second refund.");
        }

        if ((IdempotencyKey.Refuse(idempotencyKey, context.Request) ?? body.Value.Check()) is { } refusal)
        {
            return refusal;
        }

        if (!BillNumber.TryParse(number, out var bill))
        {
            return Problems.NoSuch("bill", number);
        }

        var hash = IdempotencyKey.Hash($"refund of {bill}", body.Hash);
        switch (await refunds.Request(user.Merchant().Id, bill, body.Value, idempotencyKey, hash, context.RequestAborted))
        {
            case RefundAnswer.Kept { Answer: var kept }:
                return IdempotencyKey.Repeat(kept, hash, context.Response, static refund => Address(JsonElement.Parse(refund).GetProperty("id").GetString()));

            case RefundAnswer.Made { Refund: var refund }:
                context.Response.Headers.Location = Address(Rrn.ToText(refund.Rrn));
                return MerchantJson.Result(RefundView.Json(refund), StatusCodes.Status201Created);

            case RefundAnswer.Refused refused:
                return Problems.NotRefundable(refused.Bill, refused.Why, refused.Left);

            case RefundAnswer.NoSuchBill:
                return Problems.NoSuch("bill", number);

            default:
                return Problems.TryLater();
        }
    }

    private static async Task<IResult> List(
        string number,
        [Range(1, Paging.MaxSize), Description("From 1 to 100; default 20.")] int? limit,
        [Description("next_cursor of the previous page.")] string? cursor,
        ClaimsPrincipal user,
        Commits commits,
        RefundRows refunds,
        CancellationToken stop)
    {
        if (Paging.Refuse(limit) is { } refusal)
        {
            return refusal;
        }

        var after = 0L;
        if (cursor is not null && !Rrn.TryParse(cursor, out after))
        {
            return Paging.UnknownCursor();
        }

        if (await BillEndpoints.Find(number, user, commits) is not { } bill)
        {
            return Problems.NoSuch("bill", number);
        }

        var size = limit ?? Paging.UsualSize;
        var found = await refunds.ListOfBill(bill.Number, after, size + 1, stop);
        return MerchantJson.List(found.Take(size).Select(RefundView.Json), found.Count > size ? Rrn.ToText(found[size - 1].Rrn) : null);
    }

    // Another merchant's refund does not exist for this one.
    private static async Task<IResult> Get(string id, ClaimsPrincipal user, RefundRows refunds, CancellationToken stop) =>
        Rrn.TryParse(id, out var rrn) && await refunds.Find(rrn, stop) is { } refund && refund.MerchantId == user.Merchant().Id
            ? MerchantJson.Result(RefundView.Json(refund))
            : Problems.NoSuch("refund", id);

    private static async Task<IResult> Withdraw(string id, ClaimsPrincipal user, RefundRows refunds, MerchantRefunds orders, CancellationToken stop)
    {
        if (!Rrn.TryParse(id, out var rrn) || await refunds.Find(rrn, stop) is not { } refund || refund.MerchantId != user.Merchant().Id)
        {
            return Problems.NoSuch("refund", id);
        }

        var (now, refusal) = await orders.Withdraw(refund);
        return refusal is { } why ? Problems.NotWithdrawable(now, why) : MerchantJson.Result(RefundView.Json(now));
    }

    private static string Address(string? id) => $"/v1/refunds/{id}";
}
