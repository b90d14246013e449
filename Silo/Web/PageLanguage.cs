namespace Lakala.Silo.Web;

/// <summary>The languages of pages: English and Chinese.</summary>
internal static class PageLanguage
{
    private const string Parameter = "lang";

    /// <summary>What was clicked last at a room's pages, or what the browser prefers.</summary>
    /// <param name="cookie">In which the click is kept for a year. Each room has its own.</param>
    /// <param name="path">Of the room's pages.</param>
    /// <param name="isClick">False: no person asked for the page, so that nothing is kept.</param>
    /// <returns>en or zh; null when nothing was clicked and the browser prefers neither.</returns>
    public static string? Choose(HttpContext context, string cookie, string path, bool isClick = true)
    {
        if (context.Request.Query[Parameter].ToString() is ("en" or "zh") and var clicked)
        {
            if (isClick)
            {
                context.Response.Cookies.Append(
                    cookie, clicked, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Lax, Path = path, IsEssential = true, MaxAge = TimeSpan.FromDays(365) });
            }

            return clicked;
        }

        return context.Request.Cookies[cookie] is ("en" or "zh") and var kept ? kept : OfBrowser(context.Request);
    }

    /// <param name="without">A parameter that the address loses.</param>
    /// <returns>The page's address in this language; null: it is the answer to a form.</returns>
    public static string? AddressIn(HttpRequest request, string language, string? without = null) => HttpMethods.IsGet(request.Method)
        ? QueryString.Create(request.Query.Where(pair => pair.Key != Parameter && pair.Key != without)).Add(Parameter, language).Value
        : null;

    /// <returns>en or zh; null when the browser prefers neither.</returns>
    public static string? OfBrowser(HttpRequest request) => request.GetTypedHeaders().AcceptLanguage
        .OrderByDescending(static language => language.Quality ?? 1)
        .Select(static language => language.Value.Value?.Split('-')[0])
        .FirstOrDefault(static language => language is "en" or "zh");
}
