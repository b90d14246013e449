using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;
using Lakala.Grains.Notices;
using Lakala.Rules.Bills;
using Lakala.Silo.Web;
using Lakala.Storage.Bills;
using Lakala.Storage.Claims;
using Lakala.Storage.Refunds;
using Lakala.Storage.Stores;
using Lakala.Storage.Swipes;
using Lakala.Storage.Trades;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.BillPages;

/// <summary>
/// <c>/b/{token}</c>: the shopper's page of a bill, which updates itself when the bill changes. The address is a secret: it is
/// neither logged nor traced nor sent to other sites.
/// </summary>
internal static class BillPageEndpoints
{
    private const int MostRefunds = 20, MostOfAForm = 16 * 1024;

    private static readonly TimeSpan Reconnect = TimeSpan.FromSeconds(3);

    // A change at another silo that was not passed on is shown after this at the latest.
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(10);

    public static WebApplicationBuilder AddBillPages(this WebApplicationBuilder builder)
    {
        builder.Services.AddListeners();
        builder.Services.AddSingleton<ShopperCodeRows>();
        builder.Services.AddSingleton<ShopperSession>();
        builder.Services.AddSingleton<ShopperSteps>();
        builder.Services.AddSingleton<ShopperClaims>();
        builder.Services.AddSingleton(static provider => new BillPageAddress(provider.GetRequiredService<IOptions<HttpOptions>>().Value.PublicUrl));

        // The host's own log line about every request has its path.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning);
        return builder;
    }

    /// <summary>Adds the listeners of this silo, which a change at any silo wakes.</summary>
    internal static IServiceCollection AddListeners(this IServiceCollection services) => services
        .AddSingleton<Listeners>()
        .AddGrainService<BillWatch>()
        .AddSingleton<BillChanges>()
        .AddSingleton<IBillChanges>(static provider => provider.GetRequiredService<BillChanges>())
        .AddHostedService(static provider => provider.GetRequiredService<BillChanges>());

    public static WebApplication MapBillPages(this WebApplication app)
    {
        var pages = app.MapGroup(BillPageAddress.Root).AllowAnonymous().AddEndpointFilter(Protect).ExcludeFromDescription();
        pages.MapGet("/{token}", Show);
        pages.MapGet("/{token}/events", Listen);
        pages.MapGet("/{token}/stores", NearStores);
        pages.MapGet("/{token}/calendar.ics", Calendar);
        MapStep(pages, "code", static (steps, context, bill) => steps.SendCode(context, bill));
        MapStep(pages, "enter", static (steps, context, bill) => steps.EnterCode(context, bill));
        MapStep(pages, "confirm", static (steps, context, bill) => steps.Confirm(context, bill));
        MapStep(pages, "extend", static (steps, context, bill) => steps.Extend(context, bill));
        MapStep(pages, "take-back", static (steps, context, bill) => steps.TakeBack(context, bill));
        MapClaim(pages, "claim", static (steps, context, bill) => steps.Begin(context, bill));
        MapClaim(pages, "open-claim", static (steps, context, bill) => steps.Open(context, bill), ShopperClaims.MostOfAClaim);
        MapClaim(pages, "files", static (steps, context, bill) => steps.AddFiles(context, bill), ShopperClaims.MostOfAClaim);
        MapClaim(pages, "accept", static (steps, context, bill) => steps.Accept(context, bill));
        MapClaim(pages, "escalate", static (steps, context, bill) => steps.Escalate(context, bill));
        MapClaim(pages, "send-back", static (steps, context, bill) => steps.SendBack(context, bill));
        MapClaim(pages, "withdraw", static (steps, context, bill) => steps.Withdraw(context, bill));
        pages.MapGet("/{token}/evidence/{claim}/{side}/{place:int}", async (string token, string claim, string side, int place, HttpContext context, Commits commits, ShopperClaims steps) =>
            await Find(token, commits) is { } bill ? await steps.ShowFile(context, bill, claim, side, place) : Problems.NoSuchPage());
        foreach (var asset in BillAssets.All)
        {
            pages.MapGet($"/assets/{asset.Name}", (HttpContext context) => asset.Serve(context));
        }

        return app;
    }

    private static void MapStep(RouteGroupBuilder pages, string name, Func<ShopperSteps, HttpContext, BillRow, Task<IResult>> take) => pages
        .MapPost("/{token}/" + name, async (string token, HttpContext context, Commits commits, ShopperSteps steps) =>
            await Find(token, commits) is { } bill ? await take(steps, context, bill) : Problems.NoSuchPage())
        .WithMetadata(new RequestSizeLimitAttribute(MostOfAForm));

    private static void MapClaim(RouteGroupBuilder pages, string name, Func<ShopperClaims, HttpContext, BillRow, Task<IResult>> take, long most = MostOfAForm) => pages
        .MapPost("/{token}/" + name, async (string token, HttpContext context, Commits commits, ShopperClaims steps) =>
            await Find(token, commits) is { } bill ? await take(steps, context, bill) : Problems.NoSuchPage())
        .WithMetadata(new RequestSizeLimitAttribute(most));

    private static async Task<IResult> Show(
        string token,
        string? lang,
        string? region,
        string? district,
        string? told,
        Commits commits,
        StoreFinder stores,
        RefundRows refunds,
        ClaimRows claims,
        EvidenceRows evidence,
        ShopperSteps steps,
        ShopperSession session,
        PageRenderer renderer,
        TimeProvider time,
        HttpContext context,
        ILogger<PageRenderer> log)
    {
        // The page's own addresses are relative to its last segment.
        if (context.Request.Path.Value!.EndsWith('/'))
        {
            return TypedResults.Redirect($"../{Uri.EscapeDataString(token)}{context.Request.QueryString}");
        }

        try
        {
            if (await Find(token, commits) is not { } bill)
            {
                var texts = Language(lang, null, context);
                return await Message(renderer, texts, StatusCodes.Status404NotFound, texts.NotFound, texts.NotFoundHint);
            }

            var shown = await Shown(bill, Language(lang, bill, context), stores, refunds, claims);
            var isOpen = bill.Trade is not null && await session.IsOpen(context, bill);
            return await renderer.Page<BillPage>(StatusCodes.Status200OK, new()
            {
                [nameof(BillPage.Bill)] = shown,
                [nameof(BillPage.Now)] = time.GetUtcNow(),
                [nameof(BillPage.IsOpen)] = isOpen,
                [nameof(BillPage.Evidence)] = isOpen && shown.Claims is [.., { } claim] ? await evidence.List(claim.Id, context.RequestAborted) : [],
                [nameof(BillPage.Addresses)] = bill.Trade is null ? [] : steps.FindAddresses(bill),
                [nameof(BillPage.Word)] = told,
                [nameof(BillPage.Stores)] = bill.Payment is not null || shown.IsFinal ? null : await StoresIn(region, district, stores, context.RequestAborted),
            });
        }
        catch (Exception fault) when (ProblemsOfFaults.WillPass(fault))
        {
            log.LogWarning(fault, "A bill page cannot be shown.");
            var texts = Language(lang, null, context);
            return await Message(renderer, texts, StatusCodes.Status503ServiceUnavailable, texts.Away, texts.AwayHint);
        }
    }

    /// <summary>The stores near the shopper's position, as a part of the page.</summary>
    private static async Task<IResult> NearStores(
        string token, string? lang, string? near, Commits commits, StoreFinder stores, PageRenderer renderer, HttpContext context)
    {
        if (await Find(token, commits) is not { } bill || !GeoPoint.TryParse(near, out var point))
        {
            return Problems.NoSuchPage();
        }

        var found = await stores.Find(new StoreQuery(point, null, null, StoresShown.Most), context.RequestAborted);
        return await renderer.Page<StoreList>(StatusCodes.Status200OK, new()
        {
            [nameof(StoreList.Stores)] = found,
            [nameof(StoreList.Texts)] = Language(lang, bill, context),
        });
    }

    private static async Task<IResult> Calendar(
        string token, string? lang, Commits commits, BillPageAddress pages, TimeProvider time, HttpContext context) =>
        await Find(token, commits) is { Bill.State: BillState.Open or BillState.Paying } bill
            ? TypedResults.Text(
                CalendarFile.Of(new BillShown(bill, Language(lang, bill, context)), pages.PayUrl(bill), time.GetUtcNow()),
                "text/calendar",
                Encoding.UTF8)
            : Problems.NoSuchPage();

    private static async Task<StoresShown> StoresIn(string? region, string? district, StoreFinder stores, CancellationToken stop)
    {
        var areas = await stores.Areas(stop);
        var chosen = areas.FirstOrDefault(area => area.Region == region && area.District == district) ?? (areas.Count > 0 ? areas[0] : null);
        return new StoresShown(
            areas, chosen, await stores.Find(new StoreQuery(null, chosen?.Region, chosen?.District, StoresShown.Most), stop));
    }

    private static async Task<BillShown> Shown(BillRow bill, Texts texts, StoreFinder stores, RefundRows refunds, ClaimRows claims)
    {
        if (bill.Payment is not { } payment)
        {
            return new BillShown(bill, texts);
        }

        var paidIn = await stores.Get(payment.Store, CancellationToken.None);
        return new BillShown(
            bill,
            texts,
            paidIn is null ? null : StoresShown.Name(paidIn, texts),
            await refunds.ListOfBill(bill.Number, after: 0, MostRefunds, CancellationToken.None),
            bill.Trade is null ? null : await claims.ListOfBill(bill.Number, CancellationToken.None));
    }

    // The shopper's click comes first, then the merchant's language, then the browser's.
    private static Texts Language(string? lang, BillRow? bill, HttpContext context) => Texts.In(
        lang is "en" or "zh" ? lang
        : bill?.ShopperLanguage
        ?? PageLanguage.OfBrowser(context.Request));

    private static async Task<IResult> Listen(
        string token,
        string? lang,
        Commits commits,
        StoreFinder stores,
        RefundRows refunds,
        ClaimRows claims,
        PageRenderer renderer,
        Listeners listeners,
        TimeProvider time,
        IHostApplicationLifetime life,
        HttpContext context)
    {
        if (await Find(token, commits) is not { } bill)
        {
            return Problems.NoSuchPage();
        }

        if (context.IsHead())
        {
            return TypedResults.Text("", "text/event-stream");
        }

        if (listeners.Enter(bill.Number) is not { } place)
        {
            context.Response.Headers.RetryAfter = "30";
            return Problems.TooManyListeners();
        }

        context.Response.RegisterForDispose(place);

        // Read again: a change since the first read has woken nobody here.
        bill = (await commits.ReadBills.Submit(bill.Number)).Row ?? bill;
        var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, life.ApplicationStopping, place.Displaced);
        context.Response.RegisterForDispose(either);

        // A proxy that buffers (as nginx does) would keep each change until the next.
        context.Response.Headers["X-Accel-Buffering"] = "no";
        var page = new LivePage(Language(lang, bill, context), place, commits, stores, refunds, claims, renderer, time);
        return TypedResults.ServerSentEvents(Changes(bill, page, either.Token));
    }

    /// <summary>Sends the bill's state now and after each change, until nothing changes any more.</summary>
    private static async IAsyncEnumerable<SseItem<LiveBill>> Changes(
        BillRow bill, LivePage page, [EnumeratorCancellation] CancellationToken stop)
    {
        var shown = await Shown(bill, page);
        while (true)
        {
            yield return new SseItem<LiveBill>(await Live(shown, page)) { ReconnectionInterval = Reconnect };
            if (shown.IsFinal)
            {
                yield break;
            }

            while (true)
            {
                if (await Wait(page, stop) is not { } next)
                {
                    if (page.Place.Displaced.IsCancellationRequested)
                    {
                        yield return new SseItem<LiveBill>(new LiveBill(Now: page.Time.GetUtcNow().ToUnixTimeMilliseconds()), "displaced");
                    }

                    yield break;
                }

                // Before the payment the bill's state is all that changes.
                if (next.Payment is not null || next.Bill.State != shown.Row.Bill.State)
                {
                    var now = await Shown(next, page);
                    if (now.Version != shown.Version)
                    {
                        shown = now;
                        break;
                    }
                }

                // The page ignores it: it keeps the connection open, and fails when the connection is lost.
                yield return new SseItem<LiveBill>(new LiveBill(Now: page.Time.GetUtcNow().ToUnixTimeMilliseconds()), "beat");
            }
        }
    }

    private static Task<BillShown> Shown(BillRow bill, LivePage page) => Shown(bill, page.Texts, page.Stores, page.Refunds, page.Claims);

    private static async Task<LiveBill> Live(BillShown bill, LivePage page)
    {
        var parameters = new Dictionary<string, object?> { ["Bill"] = bill };
        return new LiveBill(
            bill.Version,
            bill.IsFinal,
            bill.Title,
            await page.Renderer.Html<Banner>(parameters),
            await page.Renderer.Html<Details>(parameters),
            page.Time.GetUtcNow().ToUnixTimeMilliseconds());
    }

    private sealed record LivePage(Texts Texts, Listeners.Place Place, Commits Commits, StoreFinder Stores, RefundRows Refunds, ClaimRows Claims, PageRenderer Renderer, TimeProvider Time);

    /// <returns>The bill after its next change, or after a beat. Null when the stream must end: the browser connects again by itself.</returns>
    private static async Task<BillRow?> Wait(LivePage page, CancellationToken stop)
    {
        try
        {
            await page.Place.Changed.Wait(Beat, stop);
            return (await page.Commits.ReadBills.Submit(page.Place.Bill)).Row;
        }
        catch (Exception fault) when (fault is OperationCanceledException || ProblemsOfFaults.WillPass(fault))
        {
            return null;
        }
    }

    private static async Task<BillRow?> Find(string token, Commits commits) =>
        PageToken.TryReadNumber(token, out var number)
        && (await commits.ReadBills.Submit(number.Value)).Row is { } bill
        && PageToken.IsOf(bill, token)
            ? bill
            : null;

    private static Task<IResult> Message(PageRenderer renderer, Texts texts, int status, string headline, string hint) => renderer.Page<MessagePage>(
        status, new() { [nameof(MessagePage.Texts)] = texts, [nameof(MessagePage.Headline)] = headline, [nameof(MessagePage.Hint)] = hint });

    private static async ValueTask<object?> Protect(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        PageHeaders.Put(context.HttpContext.Response, formAction: "'self'", referrer: "no-referrer");
        return await next(context);
    }
}

/// <summary>An event for the page: the server's time and the changed content. Markup is rendered and encoded here, as for the whole page.</summary>
internal sealed record LiveBill(
    string? Version = null, bool? Final = null, string? Title = null, string? Banner = null, string? Details = null, long Now = 0);
