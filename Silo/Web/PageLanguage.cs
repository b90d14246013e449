namespace Lakala.Silo.Web;

/// <summary>The languages of pages: English and Chinese.</summary>
internal static class PageLanguage
{
    /// <returns>en or zh; null when the browser prefers neither.</returns>
    public static string? OfBrowser(HttpRequest request) => request.GetTypedHeaders().AcceptLanguage
        .OrderByDescending(static language => language.Quality ?? 1)
        .Select(static language => language.Value.Value?.Split('-')[0])
        .FirstOrDefault(static language => language is "en" or "zh");
}
