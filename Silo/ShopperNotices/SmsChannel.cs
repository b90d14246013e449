using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Lakala.Grains.Bills;
using Lakala.Grains.Notices;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.ShopperNotices;

/// <summary>The operator's SMS gateway, reached over HTTP. Without a URL there are no SMS.</summary>
public sealed class SmsOptions
{
    public string Url { get; set; } = "";

    /// <summary>Owner-only file with the value of the Authorization header; empty: none is sent.</summary>
    public string AuthorizationFile { get; set; } = "";

    /// <summary>The body of the request; {to}, {text} and {id} stand for JSON strings' contents.</summary>
    public string Body { get; set; } = """{"to":"{to}","text":"{text}","id":"{id}"}""";

    public string ContentType { get; set; } = "application/json";

    public sealed class Validator : IValidateOptions<SmsOptions>
    {
        public ValidateOptionsResult Validate(string? name, SmsOptions options) =>
            options.Url.Length == 0 ? ValidateOptionsResult.Success
            : !Uri.TryCreate(options.Url, UriKind.Absolute, out var url) || (url.Scheme != Uri.UriSchemeHttps && !(url.IsLoopback && url.Scheme == Uri.UriSchemeHttp))
                ? ValidateOptionsResult.Fail("Sms:Url begins with https://, or with http:// and a loopback address.")
            : !options.Body.Contains("{to}", StringComparison.Ordinal) || !options.Body.Contains("{text}", StringComparison.Ordinal)
                ? ValidateOptionsResult.Fail("Sms:Body has no place for {to} or {text}.")
            : !MediaTypeHeaderValue.TryParse(options.ContentType, out var type) || type.Parameters.Count > 0
                ? ValidateOptionsResult.Fail("Sms:ContentType is a media type without parameters, such as application/json; UTF-8 is added.")
            : ValidateOptionsResult.Success;
    }
}

/// <summary>Tells shoppers by SMS.</summary>
internal sealed class SmsChannel : INoticeChannel, IDisposable
{
    private readonly SmsOptions _sms;
    private readonly NoticeOptions _notices;
    private readonly string _publicUrl;
    private readonly TimeProvider _time;
    private readonly string? _authorization;
    private readonly HttpClient _client;

    public SmsChannel(IOptions<SmsOptions> sms, IOptions<NoticeOptions> notices, IOptions<BillPageOptions> pages, TimeProvider time)
    {
        (_sms, _notices, _publicUrl, _time) = (sms.Value, notices.Value, pages.Value.PublicUrl, time);
        _authorization = _sms.AuthorizationFile.Length == 0 ? null : SecretText.Read(_sms.AuthorizationFile, "Sms:AuthorizationFile");
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            MaxConnectionsPerServer = _notices.MaxInFlightPerReceiver,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            ActivityHeadersPropagator = null,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public bool Serves(string receiver) => receiver == ShopperReceivers.Sms && _sms.Url.Length > 0;

    public async Task<NoticeAnswer> Send(Notice notice, CancellationToken stop)
    {
        var bill = notice.Bill!;
        if (ShopperMessage.Of(notice.Type, bill, BillView.PayUrl(bill, _publicUrl), null) is not { } message)
        {
            return NoticeAnswer.Skipped("there is nothing left to tell");
        }

        using var over = new CancellationTokenSource(_notices.Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, stop);
        try
        {
            using var request = Ask(EventName.Of(notice.EventId), bill.ShopperPhone!, message.ShortText());
            using var answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            return new NoticeAnswer((int)answer.StatusCode, answer.IsSuccessStatusCode ? null : $"the SMS gateway answers {(int)answer.StatusCode}");
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            return new NoticeAnswer(null, $"the SMS gateway takes longer than {_notices.Timeout.TotalSeconds} s");
        }
        catch (HttpRequestException fault)
        {
            return new NoticeAnswer(null, $"the SMS gateway cannot be used: {fault.HttpRequestError}");
        }
    }

    public void Dispose() => _client.Dispose();

    private HttpRequestMessage Ask(string id, string to, string text)
    {
        var body = _sms.Body
            .Replace("{to}", Escaped(to), StringComparison.Ordinal)
            .Replace("{id}", Escaped(id), StringComparison.Ordinal)
            .Replace("{text}", Escaped(text), StringComparison.Ordinal);
        var request = new HttpRequestMessage(HttpMethod.Post, _sms.Url) { Content = new StringContent(body, Encoding.UTF8, _sms.ContentType) };
        request.Headers.Add("Idempotency-Key", id);
        if (_authorization is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", _authorization);
        }

        return request;
    }

    private static string Escaped(string text) => JsonEncodedText.Encode(text).ToString();
}
