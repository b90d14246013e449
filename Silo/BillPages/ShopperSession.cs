using System.Globalization;
using Lakala.Silo.Web;
using Lakala.Storage.Bills;
using Lakala.Storage.Trades;
using Lakala.Vocabulary;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.BillPages;

/// <summary>How a step of the shopper ended, as a word in the page's address: the name of a <see cref="Told"/>, or the number of a refusal.</summary>
internal readonly record struct StepEnd(string Word)
{
    public static StepEnd Done(Told told) => new(told.ToString());

    public static StepEnd Refused(Refusal refusal) => new(((int)refusal).ToString(CultureInfo.InvariantCulture));

    public static StepEnd Of(Refusal? refusal, Told done) => refusal is { } no ? Refused(no) : Done(done);
}

/// <summary>
/// The session that a one-time code has opened for one bill, in a cookie that no other site's page sends and no script reads.
/// </summary>
internal sealed class ShopperSession(IOptions<HttpOptions> http, ShopperCodeRows codes)
{
    private readonly bool _isSecure = http.Value.PublicUrl.StartsWith("https:", StringComparison.OrdinalIgnoreCase);

    public async Task<bool> IsOpen(HttpContext context, BillRow bill) =>
        context.Request.Cookies[Name(bill)] is { Length: > 0 } token && await codes.IsOpen(bill.Number, token, context.RequestAborted);

    /// <summary>Takes a step if her session is open. The answer is the way back to the page, so that a page that is loaded again repeats nothing.</summary>
    public async Task<IResult> Take(HttpContext context, BillRow bill, Func<Task<StepEnd>> step) =>
        Back(context, bill, await IsOpen(context, bill) ? await step() : StepEnd.Done(Told.CodeNeeded));

    // Relative to the address of the step, which is one segment below the page's.
    public static IResult Back(HttpContext context, BillRow bill, StepEnd end)
    {
        var lang = context.Request.Query["lang"].ToString() is var chosen && chosen is "en" or "zh" ? "&lang=" + chosen : "";
        context.Response.Headers.Location = $"../{bill.PageToken}?told={end.Word}{lang}#told";
        return TypedResults.StatusCode(StatusCodes.Status303SeeOther);
    }

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
