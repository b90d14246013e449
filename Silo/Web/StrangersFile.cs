namespace Lakala.Silo.Web;

/// <summary>A file that somebody has sent us, for somebody else to look at: nothing of it runs, and its type is the one that its bytes have.</summary>
internal static class StrangersFile
{
    /// <param name="type">Of <see cref="Rules.Claims.EvidenceFile.FindType"/>.</param>
    /// <param name="name">Without an ending.</param>
    public static IResult Serve(HttpResponse response, string type, byte[] bytes, string name)
    {
        var isPicture = type.StartsWith("image/", StringComparison.Ordinal);
        var headers = response.Headers;
        headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'; sandbox";
        headers.XContentTypeOptions = "nosniff";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.CacheControl = "no-store";

        // A document can hold a program: it is kept and not shown.
        headers.ContentDisposition = $"{(isPicture ? "inline" : "attachment")}; filename=\"{name}.{type[(type.IndexOf('/', StringComparison.Ordinal) + 1)..]}\"";
        return TypedResults.Bytes(bytes, type);
    }
}
