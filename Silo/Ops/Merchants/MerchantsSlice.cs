using System.ComponentModel;
using System.Security.Claims;
using Lakala.Grains.Notices;
using Lakala.Silo.Merchants;
using Lakala.Silo.Web;
using Lakala.Storage.Merchants;
using Lakala.Storage.Operators;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Ops.Merchants;

/// <summary>Merchants and their API keys, which an administrator revokes.</summary>
internal sealed class MerchantsSlice : IOpsSlice
{
    public void MapPages(PageRoutes pages)
    {
        pages.Get("/merchants", OperatorRole.Administer, Find);
        pages.Get("/merchants/{id}", OperatorRole.Administer, Show);
        pages.Post("/merchants/{id}/revoke_keys", OperatorRole.Administer, RevokeAll);
        pages.Post("/merchants/{id}/invite", OperatorRole.Administer, InvitePerson);
        pages.Post("/merchants/{id}/people/{name}/block", OperatorRole.Administer, BlockPerson);
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

        api.MapGet("/merchants/{id}/people", async Task<IResult> (string id, ApiKeyRows keys, MerchantUserRows users, CancellationToken stop) =>
            await keys.FindMerchant(id, stop) is null
                ? Problems.NoSuch("merchant", id)
                : TypedResults.Ok(new ListModel<MerchantPersonModel>(
                    [.. (await users.List(id, stop)).Select(static one => new MerchantPersonModel(one.Name, one.Blocked, one.CreatedAt))], null)))
            .WithTags("Merchants").Administer("listMerchantPeople", "Lists a merchant's people who can sign in at its pages")
            .Produces<ListModel<MerchantPersonModel>>().ProducesProblem(StatusCodes.Status404NotFound);

        api.MapPost("/merchants/{id}/invitations", async (
            string id, ClaimsPrincipal user, ApiKeyRows keys, MerchantUserRows users, IOptions<HttpOptions> http, CancellationToken stop) =>
            (await Invite(id, user.AsOperator().Name, keys, users, stop)).ToAnswer(
                invitation => AdminApi.Created(InvitationModel.Of(invitation, http.Value))))
            .WithTags("Merchants").Administer("inviteMerchantPerson", "Lets one person in at a merchant's pages, once")
            .Produces<InvitationModel>(StatusCodes.Status201Created).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);

        api.MapPost("/merchants/{id}/people/{name}/block", async (string id, string name, ClaimsPrincipal user, MerchantUserRows users, CancellationToken stop) =>
            (await Block(id, name, user.AsOperator().Name, users, stop)).ToAnswer(static _ => TypedResults.NoContent()))
            .WithTags("Merchants").Administer("blockMerchantPerson", "Blocks a merchant's person and ends the sessions")
            .Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
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

    private static async Task<IResult> Show(
        string id, HttpContext context, OpsPages pages, ApiKeyRows keys, MerchantUserRows users, AuditLog audit, CancellationToken stop) =>
        await keys.FindMerchant(id, stop) is not { } merchant
            ? await pages.NotFound(context, "merchant", id)
            : await pages.Show<MerchantPage>(context, new()
            {
                [nameof(MerchantPage.Merchant)] = merchant,
                [nameof(MerchantPage.Keys)] = await keys.List(id, stop),
                [nameof(MerchantPage.People)] = await users.List(id, stop),
                [nameof(MerchantPage.Audit)] = await audit.List(id, null, OpsPages.ListLength, stop),
            });

    private static async Task<IResult> RevokeAll(string id, HttpContext context, OpsPages pages, ApiKeyRows keys, NoticeSignal notices) =>
        (await Revoke(id, context.User.AsOperator().Name, keys, notices)).Refused is { } refused
            ? await pages.Refuse(context, "Not found", refused, OpsPages.Root)
            : PageGuard.SeeOther($"{OpsPages.Root}/merchants/{id}");

    private static async Task<IResult> InvitePerson(
        string id, HttpContext context, OpsPages pages, ApiKeyRows keys, MerchantUserRows users, IOptions<HttpOptions> http)
    {
        var (back, invited) = ($"{OpsPages.Root}/merchants/{id}", await Invite(id, context.User.AsOperator().Name, keys, users, context.RequestAborted));
        return invited.Refused is { } refused
            ? await pages.Refuse(context, "Invite a person", refused, back)
            : await pages.ShowOutcome(
                context, "Invite a person", "With this link one person sets a name and a password, once, within 48 hours:", InvitationModel.Of(invited.Value, http.Value).Link, back);
    }

    private static async Task<IResult> BlockPerson(string id, string name, HttpContext context, OpsPages pages, MerchantUserRows users) =>
        (await Block(id, name, context.User.AsOperator().Name, users, context.RequestAborted)).Refused is { } refused
            ? await pages.Refuse(context, "Not found", refused, OpsPages.Root)
            : PageGuard.SeeOther($"{OpsPages.Root}/merchants/{id}");

    private static async Task<Result<Invitation>> Invite(string id, string who, ApiKeyRows keys, MerchantUserRows users, CancellationToken stop) =>
        await users.Invite(id, who, stop) is { } invitation ? invitation
        : await keys.FindMerchant(id, stop) is null ? Refused.NotFound("merchant", id)
        : Refused.Conflict("Too many invitations of this merchant are not used yet. Wait until they end.");

    private static async Task<Result<string>> Block(string id, string name, string who, MerchantUserRows users, CancellationToken stop) =>
        await users.Block(id, name, who, stop) ? name : Refused.NotFound("person", name, $"The merchant {id} has no person {name} who is not blocked.");

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

internal sealed record MerchantPersonModel(string Name, bool Blocked, DateTimeOffset CreatedAt);
