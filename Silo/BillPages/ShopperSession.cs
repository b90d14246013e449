using Lakala.Silo.Web;
using Lakala.Storage.Bills;
using Lakala.Storage.Trades;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.BillPages;

/// <summary>
/// The session that a one-time code has opened for one bill, in a cookie that no other site's page sends and no script reads.
/// </summary>
internal sealed class ShopperSession(IOptions<HttpOptions> http, ShopperCodeRows codes)
{
    private readonly bool _isSecure = http.Value.PublicUrl.StartsWith("https:", StringComparison.OrdinalIgnoreCase);

    public async Task<bool> IsOpen(HttpContext context, BillRow bill) =>
        context.Request.Cookies[Name(bill)] is { Length: > 0 } token && await codes.IsOpen(bill.Number, token, context.RequestAborted);

    public void Begin(HttpResponse response, BillRow bill, string token) => response.Cookies.Append(Name(bill), token, new CookieOptions
    {
        HttpOnly = true,
        Secure = _isSecure,
        SameSite = SameSiteMode.Strict,
        Path = "/",
        IsEssential = true,
        MaxAge = ShopperCodeRows.SessionLife,
    });

    // Over HTTPS the name itself forbids that another host sets it.
    private string Name(BillRow bill) => $"{(_isSecure ? "__Host-" : "")}lakala-bill-{bill.BillNumber}";
}
