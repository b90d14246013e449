namespace Lakala.Silo.Web;

/// <summary>The page for a request that is refused before routing. Addresses without such a page get a problem (RFC 9457).</summary>
/// <param name="Root">The address of their pages.</param>
/// <param name="Show">Makes the page from the status, a title, and the reasons.</param>
internal sealed record RefusalPage(PathString Root, Func<HttpContext, int, string, IReadOnlyList<string>, Task<IResult>> Show);
