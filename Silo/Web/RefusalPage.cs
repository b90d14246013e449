namespace Lakala.Silo.Web;

/// <summary>How people read of a request that is refused before a route is chosen. Under addresses that have none it is a problem.</summary>
/// <param name="Root">The address of their pages.</param>
/// <param name="Show">Makes the page from the status, a title, and the reasons.</param>
internal sealed record RefusalPage(PathString Root, Func<HttpContext, int, string, IReadOnlyList<string>, Task<IResult>> Show);
