using Lakala.Silo.Web;
using Lakala.Storage.Operators;

namespace Lakala.Silo.Ops;

/// <summary>What every page of the operators knows.</summary>
/// <param name="Who">Null: nobody has signed in.</param>
/// <param name="Alarms">How many are raised.</param>
/// <param name="Again">The page's address for when it loads itself again.</param>
/// <param name="Texts">Of the pages that are in both languages.</param>
/// <param name="InOther">The page in the other language; null: it is the answer to a form.</param>
public sealed record PageContext(Operator? Who, DateTimeOffset Now, int Alarms, string Again, OpsTexts Texts, string? InOther)
{
    /// <summary>On requests that a page's script makes by itself.</summary>
    private const string LiveHeader = "X-Live";

    /// <summary>In the address from which a page without script loads itself again.</summary>
    private const string LiveParameter = "live";

    public bool May(OperatorRole role) => Who?.Role >= role;

    /// <summary>No person asked for it: the page did so by itself.</summary>
    public static bool IsByItself(HttpRequest request) => request.Headers.ContainsKey(LiveHeader) || request.Query.ContainsKey(LiveParameter);

    /// <returns>Null when it is no address to go to: the page is the answer to a form.</returns>
    public static string? AddressIn(HttpRequest request, string language) =>
        PageLanguage.AddressIn(request, language, without: LiveParameter);

    public static string AddressAgain(HttpRequest request) =>
        (request.Query.ContainsKey(LiveParameter) ? request.QueryString : request.QueryString.Add(LiveParameter, "1")).Value!;
}
