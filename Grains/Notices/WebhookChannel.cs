using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Lakala.Grains.Bills;
using Lakala.Grains.Storage;
using Microsoft.Extensions.Options;

namespace Lakala.Grains.Notices;

/// <summary>Sends notices as Standard Webhooks want them. Follows no redirect, reads no answer's body, calls no private address.</summary>
public sealed class WebhookChannel : INoticeChannel, IDisposable
{
    private const int MaxDrained = 4 * 1024;
    private const int MaxAnswerHeadersKilobytes = 16;

    private readonly NoticeOptions _options;
    private readonly IKeyVault _vault;
    private readonly TimeProvider _time;
    private readonly HttpClient _client;
    private readonly bool _isPrivateAllowed;

    public WebhookChannel(IOptions<NoticeOptions> options, IKeyVault vault, TimeProvider time)
        : this(options, vault, time, isTrusted: false)
    {
    }

    /// <param name="isTrusted">Addresses come from whoever runs the silo, and may be private.</param>
    internal WebhookChannel(IOptions<NoticeOptions> options, IKeyVault vault, TimeProvider time, bool isTrusted)
    {
        _isPrivateAllowed = isTrusted || options.Value.AllowPrivateAddresses;
        _options = options.Value;
        _vault = vault;
        _time = time;
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectCallback = Connect,
            MaxConnectionsPerServer = _options.MaxInFlightPerReceiver,
            MaxResponseDrainSize = MaxDrained,
            MaxResponseHeadersLength = MaxAnswerHeadersKilobytes,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),

            // Our trace ids are nobody else's business.
            ActivityHeadersPropagator = null,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public bool Serves(string receiver) => receiver.StartsWith(WebhookEndpoint.Mark, StringComparison.Ordinal);

    public async Task<NoticeAnswer> Send(Notice notice, CancellationToken stop)
    {
        if (notice.Endpoint is not { IsDeleted: false } endpoint)
        {
            return NoticeAnswer.Skipped("the endpoint was deleted");
        }

        using var over = new CancellationTokenSource(_options.Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, stop);
        try
        {
            using var request = Sign(notice, endpoint);
            using var answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            return Judge(answer.StatusCode);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            return new NoticeAnswer(null, string.Create(CultureInfo.InvariantCulture, $"no answer within {_options.Timeout.TotalSeconds} s"));
        }
        catch (HttpRequestException fault)
        {
            return new NoticeAnswer(null, InWords(fault));
        }
    }

    public void Dispose() => _client.Dispose();

    private HttpRequestMessage Sign(Notice notice, WebhookTarget endpoint)
    {
        var id = EventName.Of(notice.EventId);
        var timestamp = _time.GetUtcNow().ToUnixTimeSeconds();
        var body = BillView.EventBody(notice.Type, notice.Timestamp, notice.Data);
        var signatures = Sign(endpoint.Secret, id, timestamp, body);
        if (endpoint.PreviousSecret is { } previous)
        {
            signatures += " " + Sign(previous, id, timestamp, body);
        }

        var request = new HttpRequestMessage(HttpMethod.Post, endpoint.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("webhook-signature", signatures);
        request.Headers.Add("user-agent", "Lakala-Webhooks/1");
        return request;
    }

    private string Sign(byte[] wrapped, string id, long timestamp, byte[] body)
    {
        var secret = _vault.Unwrap(wrapped);
        try
        {
            return WebhookSignature.Of(secret, id, timestamp, body);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private static NoticeAnswer Judge(HttpStatusCode status) => new((int)status, (int)status switch
    {
        >= 200 and < 300 => null,
        >= 300 and < 400 => $"status {(int)status}: redirects are not followed",
        _ => $"status {(int)status}",
    });

    // Checked on the address that is dialled, not on the name: what a name resolves to may change in between.
    private async ValueTask<Stream> Connect(SocketsHttpConnectionContext context, CancellationToken stop)
    {
        var resolved = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, stop);
        var allowed = _isPrivateAllowed ? resolved : Array.FindAll(resolved, PublicAddress.Is);
        if (allowed.Length == 0)
        {
            throw new HttpRequestException($"{context.DnsEndPoint.Host} has no public address");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, context.DnsEndPoint.Port, stop);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static string InWords(HttpRequestException fault) => fault.InnerException switch
    {
        SocketException socket => $"cannot be reached: {socket.SocketErrorCode}",
        AuthenticationException => "its TLS certificate is not accepted",
        HttpRequestException inner => inner.Message,
        IOException => "closed the connection without an answer",
        _ => fault.HttpRequestError == HttpRequestError.Unknown ? fault.Message : $"no usable answer: {fault.HttpRequestError}",
    };
}
