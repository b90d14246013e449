using System.ComponentModel;
using System.Security.Claims;
using Lakala.Grains.Notices;
using Lakala.Silo.Web;
using Lakala.Storage.Merchants;

namespace Lakala.Silo.Merchants;

/// <summary><c>/v1/api_keys</c></summary>
internal static class ApiKeyEndpoints
{
    public static void MapApiKeys(this IEndpointRouteBuilder api)
    {
        api.MapGet("/api_keys", List).WithName("listApiKeys").WithTags("API keys")
            .WithSummary("Lists your valid API keys, oldest first")
            .Produces<ListModel<KeyModel>>();
        api.MapPost("/api_keys", Create).WithName("createApiKey").WithTags("API keys")
            .WithSummary("Makes one more API key")
            .WithDescription($"At most {ApiKeyRows.MostKeys} keys are valid at a time. Your webhook endpoints get the event api_key.created.")
            .Produces<KeyModel>(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status415UnsupportedMediaType);
        api.MapDelete("/api_keys/{id}", Revoke).WithName("revokeApiKey").WithTags("API keys")
            .WithSummary("Revokes an API key, at once")
            .WithDescription("At least one key that does not expire must remain. Your webhook endpoints get the event api_key.revoked.")
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict);
        api.MapPost("/api_keys/rotate", Rotate).WithName("rotateApiKey").WithTags("API keys")
            .WithSummary("Makes a new API key and lets the others end in a day")
            .WithDescription("All your other keys are valid for one more day.")
            .Produces<ApiKeyModel>(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> List(ClaimsPrincipal user, ApiKeyRows store, CancellationToken stop)
    {
        var keys = await store.List(user.Merchant().Id, stop);
        return TypedResults.Ok(new ListModel<KeyModel>([.. keys.Select(key => Show(key, user, null))], null));
    }

    private static async Task<IResult> Create(Body<CreateApiKey> body, ClaimsPrincipal user, ApiKeyRows store, NoticeSignal notices)
    {
        if (body.Value.Check() is { } refusal)
        {
            return refusal;
        }

        var othersWorkFor = body.Value.OthersWorkForSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : (TimeSpan?)null;
        if (await store.Add(user.Merchant().Id, body.Value.Name, othersWorkFor, user.KeyId()) is not { } made)
        {
            return Problems.TooManyKeys(ApiKeyRows.MostKeys);
        }

        notices.Raise();
        return TypedResults.Json(Show(made.Key, user, made.Secret), statusCode: StatusCodes.Status201Created);
    }

    private static async Task<IResult> Revoke(
        [Description("The id from the list; it is not the key itself.")] string id, ClaimsPrincipal user, ApiKeyRows store, NoticeSignal notices)
    {
        switch (await store.Revoke(user.Merchant().Id, id, user.KeyId()))
        {
            case RevokeOutcome.NoSuchKey:
                return Problems.NoSuchKey();

            case RevokeOutcome.LastKey:
                return Problems.LastKey();

            default:
                notices.Raise();
                return TypedResults.NoContent();
        }
    }

    private static async Task<IResult> Rotate(ClaimsPrincipal user, ApiKeyRows store, NoticeSignal notices)
    {
        if (await store.Rotate(user.Merchant().Id, user.KeyId()) is not { } made)
        {
            return Problems.TooManyKeys(ApiKeyRows.MostKeys);
        }

        notices.Raise();
        return TypedResults.Json(new ApiKeyModel(made.Secret, made.OthersWorkUntil!.Value, made.Key.Id), statusCode: StatusCodes.Status201Created);
    }

    private static KeyModel Show(MerchantKey key, ClaimsPrincipal user, string? secret) =>
        new(key.Id, key.Name, key.Prefix, key.CreatedAt, key.LastUsedAt, key.ExpiresAt, key.Id == user.KeyId(), secret);
}
