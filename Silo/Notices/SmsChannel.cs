using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Lakala.Grains.Notices;
using Lakala.Silo.BillPages;
using Lakala.Storage.Bills;
using Lakala.Storage.Notices;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Notices;

/// <summary>The operator's SMS gateway over HTTP. Without a URL no SMS is sent.</summary>
public sealed class SmsOptions
{
    public string Url { get; set; } = "";

    /// <summary>Owner-only file with the value of the Authorization header; empty: none is sent.</summary>
    public string AuthorizationFile { get; set; } = "";

    /// <summary>The body of the request; {to}, {text} and {id} are replaced by contents of JSON strings.</summary>
    public string Body { get; set; } = """{"to":"{to}","text":"{text}","id":"{id}"}""";

    public string ContentType { get; set; } = "application/json";

    /// <summary>The first digits of numbers that get SMS, separated by commas; * alone: all numbers.</summary>
    public string Countries { get; set; } = "+86";

    public bool IsAllowed(string phone) => ReadCountries().Any(country => country == "*" || phone.StartsWith(country, StringComparison.Ordinal));

    private string[] ReadCountries() => Countries.Split(',', StringSplitOptions.TrimEntries);

    public sealed class Validator : IValidateOptions<SmsOptions>
    {
        public ValidateOptionsResult Validate(string? name, SmsOptions options) =>
            options.ReadCountries().FirstOrDefault(country => country != "*" && !(country.Length is > 1 and < 9 && country[0] == '+' && country.AsSpan(1).IndexOfAnyExceptInRange('0', '9') < 0)) is { } none
                ? ValidateOptionsResult.Fail($"Sms:Countries must be the first digits of numbers, such as +86, separated by commas, or *; '{none}' is not.")
            : options.Url.Length == 0 ? ValidateOptionsResult.Success
            : !Uri.TryCreate(options.Url, UriKind.Absolute, out var url) || (url.Scheme != Uri.UriSchemeHttps && !(url.IsLoopback && url.Scheme == Uri.UriSchemeHttp))
                ? ValidateOptionsResult.Fail("Sms:Url must begin with https://, or with http:// and a loopback address.")
            : !options.Body.Contains("{to}", StringComparison.Ordinal) || !options.Body.Contains("{text}", StringComparison.Ordinal)
                ? ValidateOptionsResult.Fail("Sms:Body has no place for {to} or {text}.")
            : !MediaTypeHeaderValue.TryParse(options.ContentType, out var type) || type.Parameters.Count > 0
                ? ValidateOptionsResult.Fail("Sms:ContentType must be a media type without parameters, such as application/json; UTF-8 is added.")
            : ValidateOptionsResult.Success;
    }
}

/// <summary>Sends notices to shoppers by SMS.</summary>
internal sealed class SmsChannel : INoticeChannel, ICodeChannel, IDisposable
{
    private readonly SmsOptions _sms;
    private readonly BillPageAddress _pages;
    private readonly string? _authorization;
    private readonly NoticeClient _client;

    public SmsChannel(IOptions<SmsOptions> sms, IOptions<NoticeOptions> notices, BillPageAddress pages, TimeProvider time)
    {
        (_sms, _pages) = (sms.Value, pages);
        _authorization = _sms.AuthorizationFile.Length == 0 ? null : SecretText.Read(_sms.AuthorizationFile, "Sms:AuthorizationFile");
        _client = new NoticeClient(
            notices.Value, time, static async (host, _, stop) => await Dns.GetHostAddressesAsync(host, stop), useProxy: true);
    }

    public bool Serves(string receiver) => receiver == ShopperReceivers.Sms && _sms.Url.Length > 0;

    public async Task<NoticeAnswer> Send(Notice notice)
    {
        var bill = notice.Bill!;
        if (ShopperMessage.Compose(notice.Type, notice.Data, bill, _pages.PayUrl(bill), null) is not { } message)
        {
            return NoticeAnswer.Skipped("there is nothing left to tell");
        }

        return await Send(EventName.Format(notice.EventId), bill.ShopperPhone!, message.ShortText());
    }

    /// <inheritdoc/>
    public string? FindAddress(BillRow bill) =>
        _sms.Url.Length > 0 && bill.ShopperPhone is { Length: > 6 } phone && _sms.IsAllowed(phone) ? $"{phone[..3]}***{phone[^2..]}" : null;

    /// <inheritdoc/>
    public async Task<bool> SendCode(BillRow bill, string code)
    {
        var text = string.Format(null, StepTexts.In(Texts.In(bill.ShopperLanguage)).CodeText, code, bill.MerchantName, BillShown.Yuan(bill.Bill.Amount.Minor));
        return (await Send("code_" + Guid.NewGuid().ToString("N"), bill.ShopperPhone!, text)).Outcome is NoticeOutcome.Accepted or NoticeOutcome.Uncertain;
    }

    private async Task<NoticeAnswer> Send(string id, string phone, string text)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _sms.Url);
        request.Headers.Add("Idempotency-Key", id);
        if (_authorization is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", _authorization);
        }

        return Judge(await _client.Post(request, Body(id, phone, text), _sms.ContentType + "; charset=utf-8"));
    }

    public void Dispose() => _client.Dispose();

    // A gateway that refuses a request would refuse it again. If it may have sent the SMS, there is one more try: decision 27.
    private static NoticeAnswer Judge(HttpReply reply) => reply.Status switch
    {
        null => new(reply.WasSent ? NoticeOutcome.Uncertain : NoticeOutcome.Failed, Error: $"the SMS gateway cannot be used: {reply.Error}"),
        >= 200 and < 300 and var status => new(NoticeOutcome.Accepted, status),
        >= 400 and < 500 and not (408 or 425 or 429) and var status => new(NoticeOutcome.Refused, status, $"the SMS gateway answers {status}"),
        var status => new(NoticeOutcome.Failed, status, $"the SMS gateway answers {status}", reply.RetryAfter),
    };

    private byte[] Body(string id, string to, string text) => Encoding.UTF8.GetBytes(_sms.Body
        .Replace("{to}", Escaped(to), StringComparison.Ordinal)
        .Replace("{id}", Escaped(id), StringComparison.Ordinal)
        .Replace("{text}", Escaped(text), StringComparison.Ordinal));

    private static string Escaped(string text) => JsonEncodedText.Encode(text).ToString();
}
