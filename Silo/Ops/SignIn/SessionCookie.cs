using Lakala.Silo.Web;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Ops.SignIn;

/// <summary>The cookie in which a session at <c>/ops</c> lives: the browser sends it from no other site's pages, and no script sees it.</summary>
internal sealed class SessionCookie(IOptions<HttpOptions> http)
{
    private readonly bool _isSecure = http.Value.PublicUrl.StartsWith("https:", StringComparison.OrdinalIgnoreCase);

    // Over HTTPS the name itself forbids that another host sets it.
    private string Name => _isSecure ? "__Host-lakala-ops" : "lakala-ops";

    public string? Read(HttpRequest request) => request.Cookies[Name] is { Length: > 0 } token ? token : null;

    public void Write(HttpResponse response, string token) => response.Cookies.Append(Name, token, Options());

    public void Delete(HttpResponse response) => response.Cookies.Delete(Name, Options());

    private CookieOptions Options() => new() { HttpOnly = true, Secure = _isSecure, SameSite = SameSiteMode.Strict, Path = "/", IsEssential = true };
}
