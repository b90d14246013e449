using Lakala.Silo.Web;
using Lakala.Storage.Operators;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Ops;

/// <summary>
/// The addresses of the pages and the role that each needs. Pages are not cached and cannot be framed. A POST must come from our own pages.
/// </summary>
internal sealed class PageRoutes
{
    /// <summary>The largest file that is imported.</summary>
    public const int MostFileBytes = 4 * 1024 * 1024;

    private const int MostOtherFields = 64 * 1024;

    // A name and a password, and no more than that.
    private const int MostOfASignIn = 4 * 1024;

    private static readonly string[] DatabaseAway = ["The database cannot be reached. Look at its own monitoring, then try again."];

    private readonly RouteGroupBuilder _group;

    public PageRoutes(IEndpointRouteBuilder app)
    {
        _group = app.MapGroup(OpsPages.Root).AddEndpointFilter(Protect).ExcludeFromDescription();
        foreach (var asset in new[] { OpsPages.Style, OpsPages.Script, Asset.Icon })
        {
            _group.MapGet($"/assets/{asset.Name}", (HttpContext context) => asset.Serve(context)).AllowAnonymous();
        }
    }

    public void Get(string path, OperatorRole least, Delegate show) => _group.MapGet(path, show).For(least, OperatorAccess.Session);

    /// <param name="act">Finds the form by <see cref="FormOf"/>: it is read, and all of it is text.</param>
    public void Post(string path, OperatorRole least, Delegate act) => _group.MapPost(path, act)
        .AddEndpointFilter(ReadForm).AddEndpointFilter(RefuseLostText).For(least, OperatorAccess.Session).WithMetadata(new RequestSizeLimitAttribute(MostFileBytes + MostOtherFields));

    /// <summary>The page and the form of a sign-in: they are for everybody.</summary>
    public void MapSignIn(string path, Delegate show, Delegate signIn)
    {
        _group.MapGet(path, show).AllowAnonymous();
        _group.MapPost(path, signIn).AddEndpointFilter(ReadForm).AllowAnonymous().WithMetadata(new RequestSizeLimitAttribute(MostOfASignIn));
    }

    /// <summary>Empty when the request has none.</summary>
    public static IFormCollection FormOf(HttpContext context) => context.Request.HasFormContentType ? context.Request.Form : FormCollection.Empty;

    private static async ValueTask<object?> Protect(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
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
            return await OpsPages.Refusal(context, bad.StatusCode, "Not valid", [bad.Message]);
        }
        catch (Exception fault) when (ProblemsOfFaults.WillPass(fault))
        {
            context.RequestServices.GetRequiredService<ILogger<OpsPages>>().LogWarning(
                fault, "{Method} {Route}: an operators' page cannot be shown.", context.Request.Method, ProblemsOfFaults.RouteOf(context));
            return await OpsPages.Refusal(context, StatusCodes.Status503ServiceUnavailable, "Not now", DatabaseAway);
        }
    }

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

    /// <exception cref="BadHttpRequestException">The form cannot be read, or has a control character.</exception>
    private static async ValueTask<object?> ReadForm(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
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

    private static async ValueTask<object?> RefuseLostText(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        return FormOf(context).All(static field => field.Value.All(UploadedText.IsWhole))
            ? await next(invocation)
            : await context.RequestServices.GetRequiredService<OpsPages>().Refuse(
                context, "Not understood", Refused.Invalid(null, "A field holds characters that are not UTF-8 text."), OpsPages.Root);
    }
}
