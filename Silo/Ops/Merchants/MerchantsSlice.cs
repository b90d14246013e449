using System.ComponentModel;
using System.Security.Claims;
using Lakala.Grains.Notices;
using Lakala.Silo.Web;
using Lakala.Storage.Merchants;
using Lakala.Storage.Operators;

namespace Lakala.Silo.Ops.Merchants;

/// <summary>Merchants and their API keys, which an administrator revokes.</summary>
internal sealed class MerchantsSlice : IOpsSlice
{
    public void MapPages(PageRoutes pages)
    {
        pages.Get("/merchants", OperatorRole.Administer, Find);
        pages.Get("/merchants/{id}", OperatorRole.Administer, Show);
        pages.Post("/merchants/{id}/revoke_keys", OperatorRole.Administer, RevokeAll);
    }

    public void MapApi(RouteGroupBuilder api)
    {
        api.MapGet("/merchants/{id}/api_keys", async Task<IResult> (string id, ApiKeyRows keys, CancellationToken stop) =>
            await keys.FindMerchant(id, stop) is null
                ? Problems.NoSuch("merchant", id)
                : TypedResults.Ok(new ListModel<MerchantKeyModel>([.. (await keys.List(id, stop)).Select(MerchantKeyModel.Of)], null)))
            .WithTags("Merchants").Administer("listMerchantKeys", "Lists a merchant's API keys that work")
            .Produces<ListModel<MerchantKeyModel>>().ProducesProblem(StatusCodes.Status404NotFound);

        api.MapPost("/merchants/{id}/api_keys/revoke", async (string id, ClaimsPrincipal user, ApiKeyRows keys, NoticeSignal notices) =>
            (await Revoke(id, user.AsOperator().Name, keys, notices)).ToAnswer(revoked => TypedResults.Ok(new RevokedModel(revoked))))
            .WithTags("Merchants").Administer("revokeMerchantKeys", "Revokes all API keys of a merchant, at once")
            .Produces<RevokedModel>().ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> Find(HttpContext context, OpsPages pages, ApiKeyRows keys)
    {
        var search = context.Request.Query["q"].ToString().Trim();
        return await pages.Show<MerchantsPage>(context, new()
        {
            [nameof(MerchantsPage.Search)] = search,
            [nameof(MerchantsPage.Merchants)] = await keys.FindMerchants(search, OpsPages.ListLength, context.RequestAborted),
        });
    }

    private static async Task<IResult> Show(string id, HttpContext context, OpsPages pages, ApiKeyRows keys, AuditLog audit, CancellationToken stop) =>
        await keys.FindMerchant(id, stop) is not { } merchant
            ? await pages.NotFound(context, "merchant", id)
            : await pages.Show<MerchantPage>(context, new()
            {
                [nameof(MerchantPage.Merchant)] = merchant,
                [nameof(MerchantPage.Keys)] = await keys.List(id, stop),
                [nameof(MerchantPage.Audit)] = await audit.List(id, null, OpsPages.ListLength, stop),
            });

    private static async Task<IResult> RevokeAll(string id, HttpContext context, OpsPages pages, ApiKeyRows keys, NoticeSignal notices) =>
        (await Revoke(id, context.User.AsOperator().Name, keys, notices)).Refused is { } refused
            ? await pages.Refuse(context, "Not found", refused, OpsPages.Root)
            : PageGuard.SeeOther($"{OpsPages.Root}/merchants/{id}");

    /// <returns>How many keys were revoked.</returns>
    private static async Task<Result<int>> Revoke(string id, string who, ApiKeyRows keys, NoticeSignal notices)
    {
        if (await keys.RevokeAll(id, who) is not { } revoked)
        {
            return Refused.NotFound("merchant", id);
        }

        notices.Raise();
        return revoked;
    }
}

internal sealed record MerchantKeyModel(
    string Id,
    string? Name,
    [property: Description("What the key begins with.")] string Prefix,
    DateTimeOffset CreatedAt,
    [property: Description("To the hour.")] DateTimeOffset? LastUsedAt,
    [property: Description("When it ends by itself.")] DateTimeOffset? ExpiresAt)
{
    public static MerchantKeyModel Of(MerchantKey key) => new(key.Id, key.Name, key.Prefix, key.CreatedAt, key.LastUsedAt, key.ExpiresAt);
}

internal sealed record RevokedModel(int Revoked);
