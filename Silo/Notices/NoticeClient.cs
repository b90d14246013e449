using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Lakala.Wire.Tls;

namespace Lakala.Silo.Notices;

/// <summary>A receiver's answer, or why there is none.</summary>
/// <param name="Error">A text for the merchant; null when there is a status.</param>
/// <param name="RetryAfter">The pause for which the answer asks.</param>
/// <param name="WasSent">True: the request was sent, so the receiver may have acted on it, also without an answer.</param>
internal sealed record HttpReply(int? Status, string? Error, TimeSpan? RetryAfter, bool WasSent);

/// <summary>
/// Posts notices over HTTP to receivers that others run. A try has one time-out for the connection and one for the answer, and its
/// error says which of them ended it. Follows no redirect, uses no body of an answer, downloads no certificate.
/// </summary>
internal sealed class NoticeClient : IDisposable
{
    private const int MaxDrained = 4 * 1024;
    private const int MaxAnswerHeadersKilobytes = 16;

    private static readonly HttpRequestOptionsKey<Attempt> AttemptKey = new("Lakala.Attempt");

    private readonly NoticeOptions _options;
    private readonly TimeProvider _time;
    private readonly Func<string, int, CancellationToken, Task<IReadOnlyList<IPAddress>>> _resolve;
    private readonly HttpClient _client;

    /// <param name="resolve">The addresses of a host that may be called at this port. Throws <see cref="HttpRequestException"/> with
    /// words for the merchant when there is none.</param>
    public NoticeClient(
        NoticeOptions options,
        TimeProvider time,
        Func<string, int, CancellationToken, Task<IReadOnlyList<IPAddress>>> resolve,
        bool useProxy)
    {
        (_options, _time, _resolve) = (options, time, resolve);
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = useProxy,
            ConnectCallback = Connect,

            // Notices are bounded for each receiver. A bound for each server would make a receiver wait for others at the same address.
            MaxConnectionsPerServer = int.MaxValue,
            MaxResponseDrainSize = MaxDrained,
            MaxResponseHeadersLength = MaxAnswerHeadersKilobytes,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),

            // A certificate has the address of its issuer's certificate. To call it would call any address that the receiver chooses.
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = new X509ChainPolicy { DisableCertificateDownloads = true, RevocationMode = X509RevocationMode.NoCheck },
            },

            // Our trace ids are not sent to others.
            ActivityHeadersPropagator = null,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public async Task<HttpReply> Post(HttpRequestMessage request, byte[] body, string contentType)
    {
        using var clock = new CancellationTokenSource(_options.ConnectTimeout, _time);
        var attempt = new Attempt(clock.Token);
        request.Options.Set(AttemptKey, attempt);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("*/*"));
        request.Content = new Body(body, whenSent: () =>
        {
            attempt.Step = Step.Answer;
            clock.CancelAfter(_options.Timeout);
        });
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        try
        {
            using var answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, clock.Token);
            return new HttpReply((int)answer.StatusCode, null, ReadRetryAfter(answer.Headers), WasSent: true);
        }
        catch (OperationCanceledException)
        {
            return Failed(attempt.Step switch
            {
                Step.Connection => $"could not connect within {Seconds(_options.ConnectTimeout)}",
                Step.Tls => $"TLS was not ready within {Seconds(_options.ConnectTimeout)}",
                _ => $"no answer within {Seconds(_options.Timeout)}",
            });
        }
        catch (HttpRequestException fault)
        {
            return Failed(Describe(fault, attempt.Step));
        }

        HttpReply Failed(string error) => new(null, error, null, attempt.Step == Step.Answer);
    }

    public void Dispose() => _client.Dispose();

    private async ValueTask<Stream> Connect(SocketsHttpConnectionContext context, CancellationToken stop)
    {
        // Set by Post. Each request has its own connection, which ends with it.
        context.InitialRequestMessage.Options.TryGetValue(AttemptKey, out var attempt);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, attempt!.Stop);
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var socket = await TcpConnect.ToAny(await _resolve(host, port, either.Token), port, _time, either.Token);
        attempt.Step = Step.Tls;
        return new NetworkStream(socket, ownsSocket: true);
    }

    private TimeSpan? ReadRetryAfter(HttpResponseHeaders headers) => headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - _time.GetUtcNow(),
        _ => null,
    };

    private static string Describe(HttpRequestException fault, Step step) => fault.InnerException switch
    {
        HttpRequestException refused => refused.Message,
        SocketException socket => $"cannot be reached: {socket.SocketErrorCode}",

        // .NET has the reason of a failed handshake in an inner exception; a refused certificate has no inner exception.
        AuthenticationException { InnerException: null } refused => $"its TLS certificate is not accepted: {refused.Message.Split(": ")[^1]}",
        AuthenticationException => "TLS cannot be agreed on",
        IOException when step == Step.Tls => "closed the connection before TLS was ready",
        IOException => "closed the connection without an answer",
        _ => fault.HttpRequestError == HttpRequestError.Unknown ? fault.Message : $"no usable answer: {fault.HttpRequestError}",
    };

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds} s");

    private enum Step
    {
        Connection,
        Tls,
        Answer,
    }

    private sealed class Attempt(CancellationToken stop)
    {
        public CancellationToken Stop => stop;

        public Step Step { get; set; }
    }

    /// <summary>A body that signals when it is written: then the connection exists, and the receiver's time to answer begins.</summary>
    private sealed class Body(byte[] bytes, Action whenSent) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            whenSent();
            await stream.WriteAsync(bytes, cancellationToken);
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override bool TryComputeLength(out long length)
        {
            length = bytes.Length;
            return true;
        }
    }
}
