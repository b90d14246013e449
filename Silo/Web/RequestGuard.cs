namespace Lakala.Silo.Web;

/// <summary>
/// Runs before routing. An address with a control character is refused: PostgreSQL cannot store NUL, and no id of ours has such characters.
/// Load balancers send HEAD and OPTIONS, so every route answers them. An answer that means "not now" says when to come again.
/// </summary>
internal static class RequestGuard
{
    private const string SoonSeconds = "5";

    public static void UseRequestGuard(this WebApplication app) => app.Use(static async (context, next) =>
    {
        context.Response.OnStarting(SayWhen, context.Response);
        if (ControlIn(context.Request) is { } field)
        {
            var why = $"{field} has a control character.";
            await (context.RequestServices.GetServices<RefusalPage>().FirstOrDefault(page => context.Request.Path.StartsWithSegments(page.Root)) is { } pages
                ? await pages.Show(context, StatusCodes.Status400BadRequest, "Not valid", [why])
                : Problems.Invalid(field, why)).ExecuteAsync(context);
            return;
        }

        if (context.Request.Path.StartsWithSegments("/v1"))
        {
            // Answers hold keys, secrets and what people bought.
            context.Response.Headers.CacheControl = "no-store";
            context.Response.Headers.XContentTypeOptions = "nosniff";
        }

        if (HttpMethods.IsHead(context.Request.Method))
        {
            // The server knows that it was HEAD, and sends no body.
            context.Features.Set(Head.Asked);
            context.Request.Method = HttpMethods.Get;
        }

        await next(context);
        if (HttpMethods.IsOptions(context.Request.Method) && context.Response is { StatusCode: StatusCodes.Status405MethodNotAllowed, HasStarted: false })
        {
            // The router has said by Allow which methods there are.
            string[] methods = [.. context.Response.Headers.Allow.SelectMany(static allowed => allowed?.Split(", ") ?? [])];
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            context.Response.Headers.Allow = string.Join(", ", [.. methods, .. methods.Contains(HttpMethods.Get) ? [HttpMethods.Head] : Array.Empty<string>(), HttpMethods.Options]);
        }
    });

    /// <summary>Only the head of the answer is wanted: what would go on without end may end at once.</summary>
    public static bool IsHead(this HttpContext context) => context.Features.Get<Head>() is not null;

    /// <summary>Texts of several lines may have their ends, and tabs; nothing may have another control character.</summary>
    public static bool HasControl(string text) => text.Any(static one => char.IsControl(one) && one is not ('\t' or '\r' or '\n'));

    private static Task SayWhen(object answer)
    {
        var response = (HttpResponse)answer;
        if (response.StatusCode is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable && response.Headers.RetryAfter.Count == 0)
        {
            response.Headers.RetryAfter = SoonSeconds;
        }

        return Task.CompletedTask;
    }

    /// <returns>What has a control character: the parameter's name, or the path.</returns>
    private static string? ControlIn(HttpRequest request) =>
        request.Path.Value?.Any(char.IsControl) is true ? "path"
        : request.Query.Where(static pair => pair.Key.Any(char.IsControl) || pair.Value.Any(static value => value?.Any(char.IsControl) is true))
            .Select(static pair => pair.Key.Any(char.IsControl) ? "query" : pair.Key).FirstOrDefault();

    private sealed class Head
    {
        public static readonly Head Asked = new();
    }
}
