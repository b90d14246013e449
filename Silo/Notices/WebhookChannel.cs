using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Lakala.Grains.Notices;
using Lakala.Storage;
using Lakala.Storage.Notices;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Notices;

/// <summary>Sends notices by Standard Webhooks. Calls no private address, and only the allowed ports.</summary>
internal sealed class WebhookChannel : INoticeChannel, IDisposable
{
    private readonly NoticeOptions _options;
    private readonly IKeyVault _vault;
    private readonly TimeProvider _time;
    private readonly bool _isTrusted;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _dns;
    private readonly NoticeClient _client;

    public WebhookChannel(IOptions<NoticeOptions> options, IKeyVault vault, TimeProvider time)
        : this(options, vault, time, isTrusted: false)
    {
    }

    /// <param name="isTrusted">True: the operator of the silo sets the addresses: they may be private, at any port, and are never disabled.</param>
    /// <param name="dns">Null: the machine's own.</param>
    internal WebhookChannel(
        IOptions<NoticeOptions> options,
        IKeyVault vault,
        TimeProvider time,
        bool isTrusted,
        Func<string, CancellationToken, Task<IPAddress[]>>? dns = null)
    {
        (_options, _vault, _time, _isTrusted) = (options.Value, vault, time, isTrusted);
        _dns = dns ?? Dns.GetHostAddressesAsync;
        _client = new NoticeClient(_options, time, Resolve, useProxy: false);
    }

    public bool Serves(string receiver) => receiver.StartsWith(WebhookEndpoint.Mark, StringComparison.Ordinal);

    public async Task<NoticeAnswer> Send(Notice notice)
    {
        if (notice.Endpoint is not { IsDeleted: false } endpoint)
        {
            return NoticeAnswer.Skipped("the endpoint was deleted");
        }

        if (endpoint.IsDisabled)
        {
            return NoticeAnswer.Skipped("the endpoint is disabled");
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint.Url);
        var body = BillView.EventBody(notice.Type, notice.Timestamp, notice.Data);
        Sign(request, notice, endpoint, body);
        return Judge(await _client.Post(request, body, "application/json"));
    }

    public void Dispose() => _client.Dispose();

    private void Sign(HttpRequestMessage request, Notice notice, WebhookTarget endpoint, byte[] body)
    {
        var id = EventName.Format(notice.EventId);
        var timestamp = _time.GetUtcNow().ToUnixTimeSeconds();

        // Some libraries read only the first signature. During a rotation the old one comes first at every odd try and
        // the new one at every even try, so that a receiver with either secret accepts the second try at the latest.
        byte[][] secrets = endpoint.PreviousSecret is not { } previous ? [endpoint.Secret]
            : int.IsOddInteger(notice.Tries) ? [previous, endpoint.Secret]
            : [endpoint.Secret, previous];
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("webhook-signature", string.Join(' ', secrets.Select(secret => Sign(secret, id, timestamp, body))));
        request.Headers.Add("user-agent", "Lakala-Webhooks/1");
    }

    private string Sign(byte[] wrapped, string id, long timestamp, byte[] body)
    {
        var secret = _vault.Unwrap(wrapped);
        try
        {
            return WebhookSignature.Sign(secret, id, timestamp, body);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private NoticeAnswer Judge(HttpReply reply) => reply.Status switch
    {
        null => new(NoticeOutcome.Failed, Error: reply.Error),
        >= 200 and < 300 and var status => new(NoticeOutcome.Accepted, status),
        >= 300 and < 400 and var status => new(NoticeOutcome.Failed, status, $"status {status}: redirects are not followed"),
        (int)HttpStatusCode.Gone when !_isTrusted => new(NoticeOutcome.Gone, (int)HttpStatusCode.Gone, "status 410: the endpoint is gone, and is disabled"),
        var status => new(NoticeOutcome.Failed, status, $"status {status}", reply.RetryAfter),
    };

    // The checked addresses are called, not the name, whose addresses may change in between. A name of our own network,
    // private or public, and an unknown name have the same error, so that nobody can find out our names.
    private async Task<IReadOnlyList<IPAddress>> Resolve(string host, int port, CancellationToken stop)
    {
        if (!_isTrusted && !_options.IsPortAllowed(port))
        {
            throw new HttpRequestException($"port {port} is not called, only {_options.Ports}");
        }

        IPAddress[] resolved;
        try
        {
            resolved = await _dns(host, stop);
        }
        catch (SocketException)
        {
            resolved = [];
        }

        var allowed = _isTrusted ? resolved : Array.FindAll(resolved, _options.IsAddressAllowed);
        return allowed.Length > 0 ? allowed : throw new HttpRequestException($"{host} has no public address");
    }
}
