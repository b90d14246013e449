using Microsoft.Extensions.Options;

namespace Lakala.Silo.Web;

/// <summary>What pages with forms share: a POST must come from our own pages, and its form must be text that can be read.</summary>
internal static class PageGuard
{
    /// <summary>A filter of a room's routes. Pages are not cached and cannot be framed; a fault becomes a page.</summary>
    /// <param name="refuse">Makes the page from the status and from what is wrong with the request; null: the database is away.</param>
    public static async ValueTask<object?> Protect(
        EndpointFilterInvocationContext invocation, EndpointFilterDelegate next, Func<HttpContext, int, string?, Task<IResult>> refuse)
    {
        var context = invocation.HttpContext;
        PageHeaders.Put(context.Response, formAction: "'self'", referrer: "same-origin");
        if (HttpMethods.IsPost(context.Request.Method) && !IsFromHere(context))
        {
            return Problems.Conflict("This came from another site's page.");
        }

        try
        {
            return await next(invocation);
        }
        catch (BadHttpRequestException bad)
        {
            return await refuse(context, bad.StatusCode, bad.Message);
        }
        catch (Exception fault) when (ProblemsOfFaults.WillPass(fault))
        {
            context.RequestServices.GetRequiredService<ILogger<PageRenderer>>().LogWarning(
                fault, "{Method} {Route}: a page cannot be shown.", context.Request.Method, ProblemsOfFaults.RouteOf(context));
            return await refuse(context, StatusCodes.Status503ServiceUnavailable, null);
        }
    }

    /// <summary>A filter of the routes that take a form.</summary>
    /// <exception cref="BadHttpRequestException">The form cannot be read, or has a control character.</exception>
    public static async ValueTask<object?> ReadForm(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        if (!context.Request.HasFormContentType)
        {
            return await next(invocation);
        }

        IFormCollection form;
        try
        {
            form = await context.Request.ReadFormAsync(context.RequestAborted);
        }
        catch (InvalidDataException fault)
        {
            // Such as a NUL, or more fields than anybody has.
            throw new BadHttpRequestException($"The form cannot be read: {fault.Message}", fault);
        }

        if (form.Where(static field => field.Value.Any(static value => RequestGuard.HasControl(value ?? ""))).Select(static field => field.Key).FirstOrDefault() is { } wrong)
        {
            throw new BadHttpRequestException($"{wrong} has a control character.");
        }

        return await next(invocation);
    }

    /// <summary>Empty when the request has none.</summary>
    public static IFormCollection FormOf(HttpContext context) => context.Request.HasFormContentType ? context.Request.Form : FormCollection.Empty;

    /// <summary>The browser gets the page of this address, and shows it.</summary>
    public static IResult SeeOther(string address) => new SeeOtherResult(address);

    /// <summary>The answer to somebody who has not signed in: a page leads to the sign-in and back, a form is refused.</summary>
    public static void SendToSignIn(HttpContext context, string signIn)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status303SeeOther;
            context.Response.Headers.Location = $"{signIn}?to={Uri.EscapeDataString(context.Request.Path + context.Request.QueryString)}";
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        }
    }

    /// <summary>Whether the address is a page of the room: a sign-in leads nowhere else.</summary>
    public static bool IsUnder(string root, string address) =>
        address.StartsWith(root, StringComparison.Ordinal) && !address.Contains("//", StringComparison.Ordinal) && !address.Contains('\\');

    // Browsers name the page's origin with every form, or say that it is the same; a program that says neither is none of our pages.
    private static bool IsFromHere(HttpContext context)
    {
        var headers = context.Request.Headers;
        if (headers.Origin is not [{ } origin])
        {
            return headers.Origin.Count == 0 && headers["Sec-Fetch-Site"] == "same-origin";
        }

        var known = new Uri(context.RequestServices.GetRequiredService<IOptions<HttpOptions>>().Value.PublicUrl);
        return Uri.TryCreate(origin, UriKind.Absolute, out var from)
            && (from.Scheme == known.Scheme || from.Scheme == Uri.UriSchemeHttps)
            && (from.Authority == context.Request.Host.Value || from.Authority == known.Authority);
    }

    private sealed class SeeOtherResult(string address) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
            httpContext.Response.Headers.Location = address;
            return Task.CompletedTask;
        }
    }
}
