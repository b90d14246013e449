using System.Net;
using System.Text.RegularExpressions;

namespace Lakala.Local;

/// <summary>The shopper's side: the steps on the page of her bill, after the one-time code that came by mail.</summary>
/// <param name="page">The bill's <c>pay_url</c>, at any silo.</param>
/// <param name="mailFolder">Where the silo puts its mails.</param>
public sealed partial class ShopperClient(Uri page, string mail, string mailFolder) : IDisposable
{
    private const string CodeSent = "CodeSent", CodeTooSoon = "CodeTooSoon";

    // Of the milliseconds at the beginning of a UUID of version 7.
    private const int TimeDigits = 12;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly HttpClient _browser = new(new HttpClientHandler { CookieContainer = new CookieContainer() });

    // The names of the files begin with their time: older ones are of others, or of an earlier visit.
    private readonly string _first = "code_" + Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString("N")[..TimeDigits];
    private readonly HashSet<string> _read = [];
    private string? _code;

    /// <summary>The next steps go there. The cookies stay.</summary>
    public Uri Page { get; set; } = page;

    /// <summary>Asks for a code, waits for the mail, and enters the code. May be called again when it was cut off.</summary>
    /// <returns>The word with which the page says how it ended.</returns>
    public async Task<string> SignIn(CancellationToken stop)
    {
        var told = await Take("code", [], stop);
        if (told is not (CodeSent or CodeTooSoon))
        {
            return told;
        }

        if (told == CodeSent)
        {
            _code = null;
        }

        while (!TryFindCode())
        {
            await Task.Delay(Pause, TimeProvider.System, stop);
        }

        return await Take("enter", new() { ["code"] = _code! }, stop);
    }

    /// <returns>The word with which the page says how it ended.</returns>
    public async Task<string> Take(string step, Dictionary<string, string> fields, CancellationToken stop)
    {
        using var form = new FormUrlEncodedContent(fields);
        using var answer = await _browser.PostAsync(new Uri($"{Page}/{step}"), form, stop);
        return Told().Match(answer.EnsureSuccessStatusCode().RequestMessage!.RequestUri!.Query).Groups[1].Value;
    }

    public void Dispose() => _browser.Dispose();

    // Each file is read once. The last code counts.
    private bool TryFindCode()
    {
        var files = Directory.Exists(mailFolder) ? Directory.EnumerateFiles(mailFolder, "code_*.eml") : [];
        foreach (var file in files.Where(file => string.CompareOrdinal(Path.GetFileName(file), _first) >= 0 && _read.Add(file)).Order(StringComparer.Ordinal))
        {
            var text = File.ReadAllText(file);
            if (text.Contains(mail, StringComparison.Ordinal) && Code().Match(text) is { Success: true } code)
            {
                _code = code.Groups[1].Value;
            }
        }

        return _code is not null;
    }

    [GeneratedRegex(@"[?&]told=(\w+)")]
    private static partial Regex Told();

    [GeneratedRegex(@"^(\d{6}) is your code", RegexOptions.Multiline)]
    private static partial Regex Code();
}
