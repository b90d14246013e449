using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;
using Lakala.Bills;
using Lakala.Grains.Bills;
using Lakala.Grains.Storage;
using Lakala.Silo.Merchants;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;

namespace Lakala.Silo.BillPages;

/// <summary>
/// <c>/b/{token}</c>: the shopper's page of a bill, which changes by itself as the bill does. The address is a secret: it is
/// neither logged nor traced nor sent on.
/// </summary>
internal static class BillPageEndpoints
{
    public const string Root = "/b";

    private static readonly TimeSpan Reconnect = TimeSpan.FromSeconds(3);

    public static WebApplicationBuilder AddBillPages(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<Listeners>();
        builder.Services.AddSingleton<PageRenderer>();

        // The host's own line about every request holds its path.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning);
        return builder;
    }

    public static WebApplication MapBillPages(this WebApplication app)
    {
        var pages = app.MapGroup(Root).AddEndpointFilter(Protect).ExcludeFromDescription();
        pages.MapGet("/{token}", Show);
        pages.MapGet("/{token}/events", Listen);
        foreach (var asset in Asset.All)
        {
            pages.MapGet($"/assets/{asset.Name}", (HttpContext context) => asset.Serve(context));
        }

        return app;
    }

    private static async Task<IResult> Show(string token, BillStore store, PageRenderer renderer, ILogger<PageRenderer> log)
    {
        try
        {
            return await Find(token, store) is { } bill
                ? await renderer.Page<BillPage>(StatusCodes.Status200OK, new() { [nameof(BillPage.Bill)] = new BillShown(bill) })
                : await Message(renderer, StatusCodes.Status404NotFound, Texts.NotFound, Texts.NotFoundHint);
        }
        catch (Exception fault) when (ProblemsOfFaults.WillPass(fault))
        {
            log.LogWarning(fault, "A bill page cannot be shown.");
            return await Message(renderer, StatusCodes.Status503ServiceUnavailable, Texts.Away, Texts.AwayHint);
        }
    }

    private static async Task<IResult> Listen(
        string token,
        BillStore store,
        IGrainFactory grains,
        PageRenderer renderer,
        Listeners listeners,
        IHostApplicationLifetime life,
        HttpContext context)
    {
        if (await Find(token, store) is not { } bill)
        {
            return Problems.NoSuchPage();
        }

        var (place, why) = listeners.Enter(bill.Number);
        if (place is null)
        {
            context.Response.Headers.RetryAfter = "30";
            return Problems.TooManyListeners(why!.Value);
        }

        context.Response.RegisterForDispose(place);
        var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, life.ApplicationStopping);
        context.Response.RegisterForDispose(either);
        return TypedResults.ServerSentEvents(Changes(bill, grains.GetBill(bill.Number), renderer, either.Token));
    }

    /// <summary>The bill as it is, and again whenever its state has changed, until that is final.</summary>
    private static async IAsyncEnumerable<SseItem<LiveBill?>> Changes(
        BillRow bill, IBillGrain grain, PageRenderer renderer, [EnumeratorCancellation] CancellationToken stop)
    {
        while (true)
        {
            var shown = new BillShown(bill);
            yield return new SseItem<LiveBill?>(await renderer.Live(shown)) { ReconnectionInterval = Reconnect };
            if (shown.IsFinal)
            {
                yield break;
            }

            while (true)
            {
                if (await Wait(grain, bill.Bill.State, stop) is not { } next)
                {
                    yield break;
                }

                if (next.Bill.State != bill.Bill.State)
                {
                    bill = next;
                    break;
                }

                // Nobody hears it: it keeps the line open, and finds out when it no longer is.
                yield return new SseItem<LiveBill?>(null, "beat");
            }
        }
    }

    /// <returns>Null when it is time to end: the browser connects again by itself.</returns>
    private static async Task<BillRow?> Wait(IBillGrain grain, BillState seen, CancellationToken stop)
    {
        try
        {
            return await grain.WaitForChange(seen, stop);
        }
        catch (Exception fault) when (fault is OperationCanceledException || ProblemsOfFaults.WillPass(fault))
        {
            return null;
        }
    }

    private static async Task<BillRow?> Find(string token, BillStore store) =>
        PageToken.TryReadNumber(token, out var number)
        && (await store.Read.Submit(number.Value)).Row is { } bill
        && PageToken.IsOf(bill, token)
            ? bill
            : null;

    private static Task<IResult> Message(PageRenderer renderer, int status, string headline, string hint) => renderer.Page<MessagePage>(
        status, new() { [nameof(MessagePage.Headline)] = headline, [nameof(MessagePage.Hint)] = hint });

    private static async ValueTask<object?> Protect(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var headers = context.HttpContext.Response.Headers;
        headers.ContentSecurityPolicy =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["X-Robots-Tag"] = "noindex";
        headers.CacheControl = "no-store";
        return await next(context);
    }
}

/// <summary>What a change brings to the page. Markup is rendered and encoded here, as for the whole page.</summary>
internal sealed record LiveBill(string State, bool Final, string Title, string Banner, string Details);

/// <summary>Turns the components of the pages into HTML; they encode every value that they show.</summary>
internal sealed class PageRenderer(IServiceProvider services, ILoggerFactory logs)
{
    public async Task<IResult> Page<T>(int status, Dictionary<string, object?> parameters)
        where T : IComponent
    {
        await using var renderer = new HtmlRenderer(services, logs);
        return TypedResults.Content(await Render<T>(renderer, parameters), "text/html", Encoding.UTF8, status);
    }

    public async Task<LiveBill> Live(BillShown bill)
    {
        await using var renderer = new HtmlRenderer(services, logs);
        var parameters = new Dictionary<string, object?> { ["Bill"] = bill };
        return new LiveBill(
            bill.State, bill.IsFinal, bill.Title, await Render<Banner>(renderer, parameters), await Render<Details>(renderer, parameters));
    }

    private static Task<string> Render<T>(HtmlRenderer renderer, Dictionary<string, object?> parameters)
        where T : IComponent =>
        renderer.Dispatcher.InvokeAsync(async () =>
            (await renderer.RenderComponentAsync<T>(ParameterView.FromDictionary(parameters))).ToHtmlString());
}
