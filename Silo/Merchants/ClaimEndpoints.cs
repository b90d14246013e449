using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Lakala.Grains.Claims;
using Lakala.Grains.Notices;
using Lakala.Rules.Claims;
using Lakala.Silo.Web;
using Lakala.Storage;
using Lakala.Storage.Claims;
using Lakala.Vocabulary;

namespace Lakala.Silo.Merchants;

/// <summary><c>/v1/claims</c></summary>
internal static class ClaimEndpoints
{
    public static void MapClaims(this IEndpointRouteBuilder api)
    {
        api.MapGet("/claims", List).WithName("listClaims").WithTags("Claims")
            .WithSummary("Lists the claims of your shoppers, newest first")
            .Produces<ListModel<ClaimModel>>()
            .ProducesProblem(StatusCodes.Status400BadRequest);
        api.MapGet("/claims/{id}", Get).WithName("getClaim").WithTags("Claims")
            .WithSummary("Shows a claim")
            .Produces<ClaimModel>()
            .ProducesProblem(StatusCodes.Status404NotFound);
        Move(api.MapPost("/claims/{id}/agree", Agree), "agreeToClaim", "Gives the shopper all that is claimed", "At any time before the end of the claim.");
        Move(api.MapPost("/claims/{id}/received", Receive), "receiveReturn", "Says that the goods have come back", "The shopper gets all that is claimed.");
        WithBody(Move(
            api.MapPost("/claims/{id}/offer", Offer), "makeOffer", "Offers a part of what is claimed",
            "The shopper takes it, or asks for a ruling; if she says nothing for 7 days, she gets it. An offer binds: the next one must be higher."));
        WithBody(Move(
            api.MapPost("/claims/{id}/return", Return), "askForReturn", "Asks for the goods back",
            "The shopper has 7 days to send them. Then look at them, and say that they were received, or refuse."));
        WithBody(Move(
            api.MapPost("/claims/{id}/refuse", Refuse), "refuseClaim", "Refuses a claim",
            "The shopper has 7 days to ask for a ruling by two operators. Without one the claim ends."));
    }

    private static RouteHandlerBuilder Move(RouteHandlerBuilder route, string name, string summary, string description) => route
        .WithName(name).WithTags("Claims").WithSummary(summary)
        .WithDescription($"{description} The same again gets the claim as it is, so that the call can be repeated.")
        .Produces<ClaimModel>()
        .ProducesProblem(StatusCodes.Status404NotFound)
        .ProducesProblem(StatusCodes.Status409Conflict);

    private static void WithBody(RouteHandlerBuilder route) => route
        .ProducesProblem(StatusCodes.Status400BadRequest)
        .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
        .ProducesProblem(StatusCodes.Status415UnsupportedMediaType);

    private static async Task<IResult> List(
        [AllowedValues(ClaimModel.Asked, ClaimModel.Agreed, ClaimModel.Returning, ClaimModel.Back, ClaimModel.Refused, ClaimModel.Judging, ClaimModel.Judged, ClaimModel.Withdrawn)]
        [Description("Only those in this state.")]
        string? status,
        [Range(1, Paging.MaxSize), Description("From 1 to 100; default 20.")] int? limit,
        [Description("next_cursor of the previous page.")] string? cursor,
        [Description("Only those about the bill of this number.")] string? bill,
        ClaimsPrincipal user,
        ClaimRows claims,
        CancellationToken stop)
    {
        var state = status is null ? null : StateNames.FindClaim(status);
        if (status is not null && state is null)
        {
            return Problems.Invalid("status", "status can be ASKED, AGREED, RETURNING, BACK, REFUSED, JUDGING, JUDGED or WITHDRAWN.");
        }

        if (!TryReadBill(bill, out var about))
        {
            return Problems.Invalid("bill", "bill must be the number of a bill: fourteen digits.");
        }

        if (Paging.Refuse(limit) is { } refusal)
        {
            return refusal;
        }

        long? before = null;
        if (cursor is not null)
        {
            if (!Rrn.TryParse(cursor, out var last))
            {
                return Paging.UnknownCursor();
            }

            before = last;
        }

        var size = limit ?? Paging.UsualSize;
        var found = await claims.ListOfMerchant(user.Merchant().Id, state, about, before, size + 1, stop);
        return MerchantJson.List(found.Take(size).Select(ClaimView.Json), found.Count > size ? Rrn.ToText(found[size - 1].Id) : null);
    }

    private static bool TryReadBill(string? text, out long? bill)
    {
        var isNumber = BillNumber.TryParse(text, out var number);
        bill = isNumber ? number.Value : null;
        return isNumber || text is null;
    }

    private static async Task<IResult> Get(string id, ClaimsPrincipal user, ClaimRows claims, CancellationToken stop) =>
        await Find(id, user, claims, stop) is { } claim ? MerchantJson.Result(ClaimView.Json(claim)) : Problems.NoSuch("claim", id);

    private static Task<IResult> Agree(string id, ClaimsPrincipal user, ClaimRows claims, ClaimMoves moves) => Take(id, new ClaimStep.Agree(), null, user, claims, moves);

    private static Task<IResult> Receive(string id, ClaimsPrincipal user, ClaimRows claims, ClaimMoves moves) =>
        Take(id, new ClaimStep.ConfirmReturn(), null, user, claims, moves);

    private static async Task<IResult> Offer(string id, Body<OfferToShopper> body, ClaimsPrincipal user, ClaimRows claims, ClaimMoves moves) =>
        body.Value.Check() is { } refusal ? refusal : await Take(id, new ClaimStep.MakeOffer(body.Value.Amount), body.Value.Text, user, claims, moves);

    private static async Task<IResult> Return(string id, Body<AskForReturn> body, ClaimsPrincipal user, ClaimRows claims, ClaimMoves moves) =>
        body.Value.Check() is { } refusal ? refusal : await Take(id, new ClaimStep.AskBack(), body.Value.Text, user, claims, moves);

    private static async Task<IResult> Refuse(string id, Body<RefuseClaim> body, ClaimsPrincipal user, ClaimRows claims, ClaimMoves moves) =>
        body.Value.Check() is { } refusal ? refusal : await Take(id, new ClaimStep.Refuse(), body.Value.Text, user, claims, moves);

    private static async Task<IResult> Take(string id, ClaimStep step, string? text, ClaimsPrincipal user, ClaimRows claims, ClaimMoves moves)
    {
        if (await Find(id, user, claims, CancellationToken.None) is not { } claim)
        {
            return Problems.NoSuch("claim", id);
        }

        return await moves.Take(claim.Id, step, text) switch
        {
            { Claim: { } moved, Refusal: null } => MerchantJson.Result(ClaimView.Json(moved)),
            { Claim: var now, Refusal: var why } => Problems.ClaimRefused(now ?? claim, why ?? Refusal.TryLater),
        };
    }

    // Another merchant's claim does not exist for this one.
    public static async Task<ClaimRow?> Find(string id, ClaimsPrincipal user, ClaimRows claims, CancellationToken stop) =>
        Rrn.TryParse(id, out var number) && await claims.Find(number, stop) is { } claim && claim.MerchantId == user.Merchant().Id ? claim : null;
}
