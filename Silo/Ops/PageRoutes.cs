using Lakala.Silo.Web;
using Lakala.Storage.Operators;
using Microsoft.AspNetCore.Mvc;

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

    /// <param name="act">Finds the form by <see cref="PageGuard.FormOf"/>: it is read, and all of it is text.</param>
    public void Post(string path, OperatorRole least, Delegate act) => _group.MapPost(path, act)
        .AddEndpointFilter(PageGuard.ReadForm).AddEndpointFilter(RefuseLostText).For(least, OperatorAccess.Session).WithMetadata(new RequestSizeLimitAttribute(MostFileBytes + MostOtherFields));

    /// <summary>The page and the form of a sign-in: they are for everybody.</summary>
    public void MapSignIn(string path, Delegate show, Delegate signIn)
    {
        _group.MapGet(path, show).AllowAnonymous();
        _group.MapPost(path, signIn).AddEndpointFilter(PageGuard.ReadForm).AllowAnonymous().WithMetadata(new RequestSizeLimitAttribute(MostOfASignIn));
    }

    private static ValueTask<object?> Protect(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next) => PageGuard.Protect(
        invocation,
        next,
        static (context, status, wrong) => wrong is null ? OpsPages.Refusal(context, status, "Not now", DatabaseAway) : OpsPages.Refusal(context, status, "Not valid", [wrong]));

    private static async ValueTask<object?> RefuseLostText(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        return PageGuard.FormOf(context).All(static field => field.Value.All(UploadedText.IsWhole))
            ? await next(invocation)
            : await context.RequestServices.GetRequiredService<OpsPages>().Refuse(
                context, "Not understood", Refused.Invalid(null, "A field holds characters that are not UTF-8 text."), OpsPages.Root);
    }
}
