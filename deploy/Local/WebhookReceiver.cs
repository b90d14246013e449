using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Lakala.Local;

/// <summary>One try to deliver a notice, with a right signature.</summary>
/// <param name="Id">The event's id: the same at every try.</param>
/// <param name="Body"><c>type</c>, <c>timestamp</c> and <c>data</c>.</param>
/// <param name="Try">Counted from 1 for each event.</param>
/// <param name="Signatures">The number of signatures: two during a rotation of the secret.</param>
/// <param name="Status">The status of the answer; 2xx accepted it.</param>
/// <param name="At">The time at which it came.</param>
public sealed record ReceivedNotice(string Id, JsonElement Body, int Try, int Signatures, int Status, DateTimeOffset At)
{
    public string Type => Body.GetProperty("type").GetString()!;

    public JsonElement Data => Body.GetProperty("data");

    public bool IsAccepted => Status is >= 200 and < 300;
}

/// <summary>All tries of one event until now.</summary>
/// <param name="Accepted">The number of accepted tries.</param>
public sealed record NoticeTries(ReceivedNotice First, int Accepted, int Count);

/// <summary>
/// A merchant's server: verifies notices by Standard Webhooks and keeps the accepted ones. Serves on a free loopback port.
/// </summary>
public sealed class WebhookReceiver : IAsyncDisposable
{
    private const string Path = "/notices";
    private const string SecretMark = "whsec_";
    private const int MaxBody = 256 * 1024;

    // Above it the oldest are dropped, so that a caller that does not read its notices delays no other.
    private const int MaxWaiting = 10_000;

    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    private readonly WebApplication _server;
    private readonly Func<int, int> _answer;
    private readonly ConcurrentDictionary<string, int> _tries = [];
    private readonly ConcurrentDictionary<string, NoticeTries> _events = [];
    private readonly ConcurrentDictionary<string, ReceivedNotice> _accepted = [];
    private readonly Channel<ReceivedNotice> _received = Channel.CreateBounded<ReceivedNotice>(
        new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropOldest });
    private volatile byte[][] _secrets = [];
    private int _strays;

    private WebhookReceiver(WebApplication server, Func<int, int> answer) => (_server, _answer) = (server, answer);

    public Uri Address { get; private set; } = null!;

    /// <summary>The accepted notices, by event id.</summary>
    public IReadOnlyDictionary<string, ReceivedNotice> Accepted => _accepted;

    /// <summary>All notices with a right signature, by event id.</summary>
    public IReadOnlyDictionary<string, NoticeTries> Events => _events;

    /// <summary>Requests without a right signature or to another path, such as one to which a redirect points.</summary>
    public int Strays => Volatile.Read(ref _strays);

    /// <param name="answer">The HTTP status for the nth try of an event; 204 by default.</param>
    public static async Task<WebhookReceiver> Start(Func<int, int>? answer = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Limits.MaxRequestBodySize = MaxBody;
        });
        var receiver = new WebhookReceiver(builder.Build(), answer ?? (static _ => StatusCodes.Status204NoContent));
        receiver._server.Run(receiver.Receive);
        await receiver._server.StartAsync();
        var address = receiver._server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        receiver.Address = new Uri(address + Path);
        return receiver;
    }

    /// <summary>From now on accepts only notices that are signed with one of these secrets (<c>whsec_...</c>).</summary>
    public void Trust(params string[] secrets) => _secrets = [.. secrets.Select(Key)];

    /// <summary>The next try with a right signature, whatever its answer.</summary>
    public ValueTask<ReceivedNotice> Next(CancellationToken cancel = default) => _received.Reader.ReadAsync(cancel);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task Receive(HttpContext context)
    {
        var at = TimeProvider.System.GetUtcNow();
        using var buffer = new MemoryStream();
        await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
        var body = buffer.ToArray();
        if (context.Request.Path != Path || Verify(context.Request.Headers, body) is not { } id)
        {
            Interlocked.Increment(ref _strays);
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        var notice = new ReceivedNotice(
            id,
            JsonElement.Parse(body),
            _tries.AddOrUpdate(id, 1, static (_, before) => before + 1),
            Signatures(context.Request.Headers).Length,
            0,
            at);
        notice = notice with { Status = _answer(notice.Try) };
        context.Response.StatusCode = notice.Status;
        if (notice.Status is >= 300 and < 400)
        {
            context.Response.Headers.Location = "/elsewhere";
        }

        if (notice.IsAccepted)
        {
            _accepted[id] = notice;
        }

        _events.AddOrUpdate(
            id,
            static (_, notice) => new NoticeTries(notice, notice.IsAccepted ? 1 : 0, 1),
            static (_, before, notice) => new NoticeTries(
                notice.At < before.First.At ? notice : before.First, before.Accepted + (notice.IsAccepted ? 1 : 0), before.Count + 1),
            notice);
        _received.Writer.TryWrite(notice);
    }

    /// <returns>The event's id; null when no signature is right, or it is too old.</returns>
    private string? Verify(IHeaderDictionary headers, byte[] body)
    {
        var id = headers["webhook-id"].ToString();
        var timestamp = headers["webhook-timestamp"].ToString();
        if (!long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || Math.Abs(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - seconds) > Tolerance.TotalSeconds)
        {
            return null;
        }

        byte[] signed = [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];
        var expected = _secrets.Select(secret => Encoding.ASCII.GetBytes("v1," + Convert.ToBase64String(HMACSHA256.HashData(secret, signed))));
        return Signatures(headers).Any(given => expected.Any(right => CryptographicOperations.FixedTimeEquals(right, Encoding.ASCII.GetBytes(given))))
            ? id
            : null;
    }

    private static string[] Signatures(IHeaderDictionary headers) => headers["webhook-signature"].ToString().Split(' ');

    private static byte[] Key(string secret) => secret.StartsWith(SecretMark, StringComparison.Ordinal)
        ? Convert.FromBase64String(secret[SecretMark.Length..])
        : throw new ArgumentException($"A secret must begin with {SecretMark}.", nameof(secret));
}
