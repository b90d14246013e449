namespace Lakala.Silo.Web;

/// <summary>What browsers are told of every page: nothing from elsewhere runs in it, nobody frames it, keeps it or lists it.</summary>
internal static class PageHeaders
{
    public static void Put(HttpResponse response, string formAction, string referrer)
    {
        var headers = response.Headers;
        headers.ContentSecurityPolicy =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            + $"base-uri 'none'; form-action {formAction}; frame-ancestors 'none'";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = referrer;
        headers["X-Robots-Tag"] = "noindex";
        headers["Permissions-Policy"] = "geolocation=(self), camera=(), microphone=(), payment=(), usb=()";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers.CacheControl = "no-store";
    }
}
