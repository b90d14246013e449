using System.Net;
using System.Text.RegularExpressions;

namespace Lakala.Local;

/// <summary>The shopper's side: the steps on the page of her bill, after the one-time code that came by mail.</summary>
/// <param name="page">The bill's <c>pay_url</c>.</param>
/// <param name="mailFolder">Where the silo puts its mails.</param>
public sealed partial class ShopperClient(Uri page, string mail, string mailFolder) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly HttpClient _browser = new(new HttpClientHandler { CookieContainer = new CookieContainer() });

    /// <summary>Asks for a code, waits for the mail, and enters the code.</summary>
    public async Task SignIn(CancellationToken stop)
    {
        await Take("code", [], stop);
        string? code;
        while ((code = FindCode()) is null)
        {
            await Task.Delay(Pause, TimeProvider.System, stop);
        }

        await Take("enter", new() { ["code"] = code }, stop);
    }

    /// <returns>The word with which the page says how it ended.</returns>
    public async Task<string> Take(string step, Dictionary<string, string> fields, CancellationToken stop)
    {
        using var form = new FormUrlEncodedContent(fields);
        using var answer = await _browser.PostAsync(new Uri($"{page}/{step}"), form, stop);
        return Told().Match(answer.EnsureSuccessStatusCode().RequestMessage!.RequestUri!.Query).Groups[1].Value;
    }

    public void Dispose() => _browser.Dispose();

    private string? FindCode() => !Directory.Exists(mailFolder)
        ? null
        : Directory.EnumerateFiles(mailFolder, "code_*.eml").Order(StringComparer.Ordinal).Reverse().Select(File.ReadAllText)
            .Where(text => text.Contains(mail, StringComparison.Ordinal)).Select(text => Code().Match(text)).FirstOrDefault(code => code.Success)?.Groups[1].Value;

    [GeneratedRegex(@"[?&]told=(\w+)")]
    private static partial Regex Told();

    [GeneratedRegex(@"^(\d{6}) is your code", RegexOptions.Multiline)]
    private static partial Regex Code();
}
