using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Json;
using Lakala.Grains.Notices;
using Lakala.Silo.Notices;
using Lakala.Silo.Web;
using Lakala.Storage;
using Lakala.Storage.Notices;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Merchants;

/// <summary><c>/v1/webhook_endpoints</c> and <c>/v1/events</c></summary>
internal static class WebhookEndpoints
{
    private const int MaxEndpoints = 10;
    public const int MaxUrl = 2048;

    public static void MapWebhooks(this IEndpointRouteBuilder api)
    {
        api.MapPost("/webhook_endpoints", Create).WithName("createWebhookEndpoint").WithTags("Webhooks")
            .WithSummary("Adds an endpoint for notices")
            .Produces<WebhookEndpointModel>(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status415UnsupportedMediaType);
        api.MapGet("/webhook_endpoints", List).WithName("listWebhookEndpoints").WithTags("Webhooks")
            .WithSummary("Lists the endpoints")
            .Produces<ListModel<WebhookEndpointModel>>();
        api.MapDelete("/webhook_endpoints/{id}", Delete).WithName("deleteWebhookEndpoint").WithTags("Webhooks")
            .WithSummary("Deletes an endpoint")
            .WithDescription("Its waiting and parked notices are skipped.")
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblem(StatusCodes.Status404NotFound);
        api.MapPost("/webhook_endpoints/{id}/rotate_secret", Rotate).WithName("rotateWebhookSecret").WithTags("Webhooks")
            .WithSummary("Gives an endpoint a new secret")
            .WithDescription("For a day notices are signed with both: the header then holds two signatures, whose order changes from try to try.")
            .Produces<WebhookEndpointModel>()
            .ProducesProblem(StatusCodes.Status404NotFound);
        api.MapPost("/webhook_endpoints/{id}/enable", Enable).WithName("enableWebhookEndpoint").WithTags("Webhooks")
            .WithSummary("Enables an endpoint that was disabled")
            .WithDescription("An endpoint that answers 410 is disabled. Events of the time between are in the list of events, and can be sent again.")
            .Produces<WebhookEndpointModel>()
            .ProducesProblem(StatusCodes.Status404NotFound);
        api.MapPost("/webhook_endpoints/{id}/test", Test).WithName("testWebhookEndpoint").WithTags("Webhooks").WithMetadata(new Counted(Quota.Tests))
            .WithSummary("Sends an event of type webhook.test to an endpoint")
            .WithDescription("It is delivered as any notice: the event's deliveries show the result. The next test is allowed after the first try of this one.")
            .Produces<EventModel>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("/events", ListEvents).WithName("listEvents").WithTags("Events")
            .WithSummary("Lists events, newest first, with the state of their notices")
            .Produces<ListModel<EventModel>>()
            .ProducesProblem(StatusCodes.Status400BadRequest);
        api.MapGet("/events/{id}", GetEvent).WithName("getEvent").WithTags("Events")
            .WithSummary("Shows an event")
            .Produces<EventModel>()
            .ProducesProblem(StatusCodes.Status404NotFound);
        api.MapPost("/events/{id}/resend", Resend).WithName("resendEvent").WithTags("Events")
            .WithSummary("Sends an event again")
            .WithDescription("It is sent to all present endpoints, or to the shopper, under the same id, with all retries. Three times a day, unless the network has another limit.")
            .Produces<EventModel>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> Create(
        Body<CreateWebhookEndpoint> body,
        ClaimsPrincipal user,
        EndpointRows endpoints,
        IKeyVault vault,
        IOptions<NoticeOptions> options)
    {
        if (RefuseUrl(body.Value.Url, options.Value) is { } refusal)
        {
            return refusal;
        }

        var secret = RandomNumberGenerator.GetBytes(WebhookSignature.SecretBytes);
        var id = WebhookEndpoint.Mark + RandomNumberGenerator.GetHexString(24, lowercase: true);
        return await endpoints.Add(user.Merchant().Id, id, body.Value.Url, vault.Wrap(secret), MaxEndpoints) is { } endpoint
            ? TypedResults.Created($"/v1/webhook_endpoints/{id}", Show(endpoint, secret))
            : Problems.TooManyEndpoints(MaxEndpoints);
    }

    private static async Task<IResult> List(ClaimsPrincipal user, EndpointRows endpoints, CancellationToken stop)
    {
        var listed = await endpoints.List(user.Merchant().Id, stop);
        return TypedResults.Ok(new ListModel<WebhookEndpointModel>([.. listed.Select(endpoint => Show(endpoint, null))], null));
    }

    private static async Task<IResult> Delete(string id, ClaimsPrincipal user, EndpointRows endpoints) =>
        await endpoints.Delete(user.Merchant().Id, id) ? TypedResults.NoContent() : Problems.NoSuch("webhook endpoint", id);

    private static async Task<IResult> Rotate(string id, ClaimsPrincipal user, EndpointRows endpoints, IKeyVault vault)
    {
        var secret = RandomNumberGenerator.GetBytes(WebhookSignature.SecretBytes);
        return await endpoints.RotateSecret(user.Merchant().Id, id, vault.Wrap(secret)) is { } endpoint
            ? TypedResults.Ok(Show(endpoint, secret))
            : Problems.NoSuch("webhook endpoint", id);
    }

    private static async Task<IResult> Enable(string id, ClaimsPrincipal user, EndpointRows endpoints) =>
        await endpoints.Enable(user.Merchant().Id, id) is { } endpoint ? TypedResults.Ok(Show(endpoint, null)) : Problems.NoSuch("webhook endpoint", id);

    private static async Task<IResult> Test(
        string id,
        ClaimsPrincipal user,
        EndpointRows endpoints,
        EventRows events,
        NoticeSignal notices,
        TimeProvider time,
        HttpResponse response,
        CancellationToken stop)
    {
        var now = time.GetUtcNow();
        var eventId = Guid.CreateVersion7(now);
        var data = JsonSerializer.Serialize(new { WebhookEndpoint = id }, StrictJson.Options);
        switch (await endpoints.AddTestEvent(user.Merchant().Id, id, eventId, now, data))
        {
            case TestOutcome.NoSuchEndpoint:
                return Problems.NoSuch("webhook endpoint", id);
            case TestOutcome.UnderWay:
                return Problems.TestUnderWay(response);
        }

        notices.Raise();
        return await Accepted(user, eventId, events, stop);
    }

    private static async Task<IResult> ListEvents(
        [AllowedValues("PARKED"), Description("PARKED: only events with a parked notice.")] string? delivery,
        [Range(1, Paging.MaxSize), Description("From 1 to 100; default 20.")] int? limit,
        [Description("next_cursor of the previous page.")] string? cursor,
        ClaimsPrincipal user,
        EventRows events,
        CancellationToken stop)
    {
        if (Paging.Refuse(limit) is { } refusal)
        {
            return refusal;
        }

        if (delivery is not (null or "PARKED"))
        {
            return Problems.Invalid("delivery", "delivery can only be PARKED.");
        }

        var before = Guid.Empty;
        if (cursor is not null && !EventName.TryParse(cursor, out before))
        {
            return Paging.UnknownCursor();
        }

        var size = limit ?? Paging.UsualSize;
        var listed = await events.List(
            user.Merchant().Id, cursor is null ? null : before, delivery is not null, size + 1, stop);
        return TypedResults.Ok(new ListModel<EventModel>(
            [.. listed.Take(size).Select(Show)],
            listed.Count > size ? EventName.Format(listed[size - 1].Id) : null));
    }

    private static async Task<IResult> GetEvent(string id, ClaimsPrincipal user, EventRows events, CancellationToken stop) =>
        EventName.TryParse(id, out var eventId) && await Find(user, eventId, events, stop) is { } found
            ? TypedResults.Ok(found)
            : Problems.NoSuch("event", id);

    private static async Task<IResult> Resend(
        string id,
        [AllowedValues("webhooks", "shopper"), Description("webhooks (default) or shopper.")] string? to,
        ClaimsPrincipal user,
        DeliveryRows deliveries,
        EventRows events,
        ShopperReceivers shoppers,
        NoticeSignal notices,
        IOptions<MerchantApiOptions> limits,
        HttpResponse response,
        CancellationToken stop)
    {
        if (to is not (null or "webhooks" or "shopper"))
        {
            return Problems.Invalid("to", "to can be webhooks or shopper.");
        }

        var perDay = limits.Value.ResendsPerEventPerDay;
        var resent = !EventName.TryParse(id, out var eventId) ? null
            : to == "shopper" ? await deliveries.ResendToShopper(user.Merchant().Id, eventId, shoppers, perDay)
            : await deliveries.ResendToEndpoints(user.Merchant().Id, eventId, perDay);
        if (resent is null)
        {
            return Problems.NoSuch("event", id);
        }

        if (resent.Receivers == 0)
        {
            return Problems.NobodyToTell(to ?? "webhooks");
        }

        if (resent.Wait is { } wait)
        {
            return Problems.TooManyResends(response, wait, perDay);
        }

        notices.Raise();
        return await Accepted(user, eventId, events, stop);
    }

    private static async Task<IResult> Accepted(ClaimsPrincipal user, Guid eventId, EventRows events, CancellationToken stop) =>
        TypedResults.Accepted($"/v1/events/{EventName.Format(eventId)}", await Find(user, eventId, events, stop));

    private static async Task<EventModel?> Find(ClaimsPrincipal user, Guid eventId, EventRows events, CancellationToken stop) =>
        await events.Find(user.Merchant().Id, eventId, stop) is { } found ? Show(found) : null;

    private static ProblemHttpResult? RefuseUrl(string text, NoticeOptions options)
    {
        if (text.Length > MaxUrl || !Uri.TryCreate(text, UriKind.Absolute, out var url) || url.UserInfo.Length > 0 || url.Fragment.Length > 0)
        {
            return Problems.Invalid("url", $"url must be an absolute address of at most {MaxUrl} characters, without user name and fragment.");
        }

        if (url.Scheme != Uri.UriSchemeHttps && !(options.AllowPrivateAddresses && url.Scheme == Uri.UriSchemeHttp))
        {
            return Problems.Invalid("url", "url must begin with https://.");
        }

        if (!options.IsPortAllowed(url.Port))
        {
            return Problems.Invalid("url", $"url must have one of the ports {options.Ports}; {url.Port} is not called.");
        }

        // Names are checked at every try, when they are resolved.
        return !IPAddress.TryParse(url.IdnHost, out var address) || options.IsAddressAllowed(address)
            ? null
            : Problems.Invalid("url", $"url must be reachable from the Internet; {address} is not called.");
    }

    private static WebhookEndpointModel Show(WebhookEndpoint endpoint, byte[]? secret) => new(
        endpoint.Id,
        endpoint.Url,
        endpoint.CreatedAt,
        endpoint.RotatingUntil,
        endpoint.DisabledAt,
        endpoint.DisabledReason,
        secret is null ? null : WebhookSignature.Show(secret));

    private static EventModel Show(EventRow row) => new(
        EventName.Format(row.Id), row.Type, row.CreatedAt, JsonElement.Parse(row.Data), [.. row.Deliveries.Select(Show)]);

    private static DeliveryModel Show(DeliveryRow row) => new(
        row.Receiver, StateNames.Format(row.State), row.Tries, row.DueAt, row.LastStatus, row.LastError, row.FinishedAt);
}
