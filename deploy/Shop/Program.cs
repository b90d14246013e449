using System.Globalization;
using System.Security.Cryptography;
using Lakala.Shop;
using Microsoft.AspNetCore.Http.HttpResults;

const int MaxNotice = 256 * 1024;

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
var settings = builder.Configuration.GetSection("Lakala").Get<LakalaOptions>() ?? new LakalaOptions();
var address = new Uri($"http://127.0.0.1:{builder.Configuration.GetValue("Shop:Port", 8090)}");
using var http = new HttpClient { BaseAddress = settings.Url, Timeout = TimeSpan.FromSeconds(10) };
http.DefaultRequestHeaders.Authorization = new("Bearer", settings.ApiKey);
var lakala = new LakalaClient(http, TimeProvider.System);
using var memory = new Memory();
var isListening = false;

builder.Services.AddRazorComponents();
builder.WebHost.UseUrls(address.ToString());
builder.WebHost.ConfigureKestrel(static kestrel =>
{
    kestrel.AddServerHeader = false;
    kestrel.Limits.MaxRequestBodySize = MaxNotice;
});
// The host's own log lines about requests have their addresses.
builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning).AddFilter("System.Net.Http", LogLevel.Warning);
var app = builder.Build();

app.Use(async (context, next) =>
{
    var headers = context.Response.Headers;
    headers.ContentSecurityPolicy =
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    headers.XContentTypeOptions = "nosniff";
    headers["Referrer-Policy"] = "no-referrer";
    headers.CacheControl = "no-store";
    await next();
});

var shop = app.MapGroup("/shop");
shop.MapGet("", (HttpContext context) => ShowShop(memory.Visit(context), context));
shop.MapGet("/healthz", () => isListening ? Results.Ok() : Results.StatusCode(StatusCodes.Status503ServiceUnavailable));
shop.MapGet("/shop.css", static () => Asset("shop.css", "text/css"));
shop.MapGet("/order.js", static () => Asset("order.js", "text/javascript"));

shop.MapPost("/basket", async (HttpContext context) =>
{
    var form = await context.Request.ReadFormAsync();
    if (Good.Find(form["good"]) is { } good)
    {
        var basket = memory.Visit(context).Basket;
        var step = form["add"] == "-1" ? -1 : 1;
        var left = basket.AddOrUpdate(good.Id, Math.Max(step, 0), (_, count) => Math.Clamp(count + step, 0, Visit.MostOfOneGood));
        if (left == 0)
        {
            basket.TryRemove(good.Id, out _);
        }
    }

    return Results.Redirect("/shop");
});

shop.MapPost("/orders", async (HttpContext context, ILogger<Program> log) =>
{
    var visit = memory.Visit(context);
    if (visit.Basket.IsEmpty)
    {
        return Results.Redirect("/shop");
    }

    var form = await context.Request.ReadFormAsync();
    var (id, amount, language) = ("TEA-" + RandomNumberGenerator.GetHexString(16), visit.Amount, Language(visit, context));
    var goods = string.Join(", ", visit.Basket.Select(line => $"{line.Value} × {Good.Find(line.Key)!.Name.In(language)}"));
    var shopper = new Shopper(Given(form["name"]), Given(form["email"]), Given(form["phone"]), Given(form["language"]));
    try
    {
        memory.Keep(new Order(id, await lakala.Create(new NewBill(id, amount, "CNY", goods, shopper), context.RequestAborted), amount));
    }
    catch (Exception fault) when (fault is LakalaException or HttpRequestException)
    {
        log.LogWarning("No bill for order {Order}: {Type}", id, (fault as LakalaException)?.Type ?? "unreachable");
        return ShowShop(visit, context, new Text("The order was not accepted. Check mail and phone, or try again.", "未能下单，请检查邮箱和手机号，或稍后再试。").In(language));
    }

    visit.Basket.Clear();
    return Results.Redirect($"/shop/orders/{id}");
});

// The order's id is random and long: anybody with the address may see the order.
shop.MapGet("/orders/{id}", async (string id, HttpContext context, ILogger<Program> log) =>
{
    if (memory.Find(id) is not { } order)
    {
        return Results.NotFound();
    }

    // A notice may be late, or lost with a restart of this shop: so an opened page reads the bill itself.
    try
    {
        order.Turn((await lakala.Get(order.Bill.Number, context.RequestAborted)).Status);
    }
    catch (Exception fault) when (fault is LakalaException or HttpRequestException)
    {
        log.LogWarning("The bill of order {Order} cannot be read now: {Reason}", id, fault.Message);
    }

    return ShowOrder(order, memory.Visit(context), context);
});
shop.MapGet("/orders/{id}/status", (string id) => memory.Find(id) is { } order ? Results.Text(order.Bill.Status) : Results.NotFound());
shop.MapPost("/orders/{id}/cancel", async (string id, HttpContext context) =>
{
    if (memory.Find(id) is not { } order)
    {
        return Results.NotFound();
    }

    try
    {
        order.Turn((await lakala.Cancel(order.Bill.Number, context.RequestAborted)).Status);
        return Results.Redirect($"/shop/orders/{id}");
    }
    catch (Exception fault) when (fault is LakalaException or HttpRequestException)
    {
        var visit = memory.Visit(context);
        return ShowOrder(order, visit, context, new Text("It cannot be cancelled now; perhaps it is being paid.", "现在无法取消，可能正在付款。").In(Language(visit, context)));
    }
});

shop.MapPost("/notices", async (HttpRequest request) =>
{
    using var body = new MemoryStream();
    await request.Body.CopyToAsync(body, request.HttpContext.RequestAborted);
    if (lakala.Read(request.Headers, body.ToArray()) is not { } notice)
    {
        return Results.Unauthorized();
    }

    if (memory.IsNew(notice.Id) && notice.Type is "bill.paid" or "bill.expired" or "bill.cancelled"
        && memory.Find(notice.Data.GetProperty("order_id").GetString()!) is { } order)
    {
        order.Turn(notice.Data.GetProperty("status").GetString()!);
    }

    return Results.NoContent();
});

await app.StartAsync();
var stopping = app.Lifetime.ApplicationStopping;
while (!isListening && !stopping.IsCancellationRequested)
{
    try
    {
        await lakala.Listen(new Uri(address, "/shop/notices"), stopping);
        isListening = true;
    }
    catch (Exception fault) when (fault is LakalaException or HttpRequestException or TaskCanceledException)
    {
        app.Logger.LogWarning("The payment points cannot be reached yet, trying again: {Reason}", fault.Message);
    }
}

await app.WaitForShutdownAsync();

IResult ShowShop(Visit visit, HttpContext context, string? fault = null) =>
    new RazorComponentResult<ShopPage>(new { Language = Language(visit, context), Visit = visit, Fault = fault });

IResult ShowOrder(Order order, Visit visit, HttpContext context, string? fault = null) =>
    new RazorComponentResult<OrderPage>(new { Language = Language(visit, context), Order = order, Fault = fault });

static string Language(Visit visit, HttpContext context)
{
    if (context.Request.Query["lang"].ToString() is ("en" or "zh") and var chosen)
    {
        visit.Language = chosen;
    }

    return visit.Language ?? (context.Request.Headers.AcceptLanguage.ToString().StartsWith("zh", StringComparison.OrdinalIgnoreCase) ? "zh" : "en");
}

static string? Given(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

static IResult Asset(string name, string type) =>
    Results.Stream(typeof(Good).Assembly.GetManifestResourceStream(name)!, string.Create(CultureInfo.InvariantCulture, $"{type}; charset=utf-8"));
