using Microsoft.Extensions.Options;

namespace Lakala.Silo.Web;

/// <summary>The cookie in which a session at a room's pages lives: the browser sends it from no other site's pages, and no script sees it.</summary>
/// <param name="name">Each room has its own, so that one browser can be signed in at both.</param>
internal sealed class SessionCookie(IOptions<HttpOptions> http, string name)
{
    private readonly bool _isSecure = http.Value.PublicUrl.StartsWith("https:", StringComparison.OrdinalIgnoreCase);

    // Over HTTPS the name itself forbids that another host sets it.
    private string Name => _isSecure ? "__Host-" + name : name;

    public string? Read(HttpRequest request) => request.Cookies[Name] is { Length: > 0 } token ? token : null;

    public void Write(HttpResponse response, string token) => response.Cookies.Append(Name, token, Options());

    public void Delete(HttpResponse response) => response.Cookies.Delete(Name, Options());

    private CookieOptions Options() => new() { HttpOnly = true, Secure = _isSecure, SameSite = SameSiteMode.Strict, Path = "/", IsEssential = true };
}
