using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.IO.Pipelines;
using System.Net;
using Lakala.Silo.Hosting;
using Lakala.Storage;
using Lakala.Wire.Tls;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Gateway;

/// <summary>
/// Watches all lines: it bounds their number, in all, from one address and in handshakes, and has one timer for
/// all deadlines instead of one for each line. A silent connection takes a place but keeps no terminal out.
/// </summary>
public sealed class LineWatch : PeriodicWork
{
    // The header of a TLS record: type, version and length. The first record of a line is the ClientHello.
    private const int RecordHead = 5, HandshakeRecord = 22, MaxHello = 16 * 1024;

    private static readonly Meter Meter = new(Instrumentation.Name);
    private static readonly Counter<long> Away = Meter.CreateCounter<long>("lakala.terminal.turned_away");
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);

    private readonly TerminalGatewayOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Arrivals _arrivals;
    private readonly HandshakeTurns _turns;
    private readonly ConcurrentDictionary<TerminalLine, bool> _lines = new();
    private readonly Dictionary<string, long> _gone = [];

    public LineWatch(IOptions<TerminalGatewayOptions> options, TimeProvider time, ILogger<LineWatch> log)
        : base(time, log)
    {
        _options = options.Value;
        _time = time;
        _log = log;
        _arrivals = new Arrivals(_options, time);
        _turns = new HandshakeTurns(_options.MaxHandshakes, time);
        Meter.CreateObservableGauge("lakala.terminal.lines", () => _lines.Count);
    }

    /// <summary>Runs before TLS: counts the connection, waits for its ClientHello, and only then for its turn for the handshake.</summary>
    public async Task Admit(ConnectionContext connection, Func<Task> next)
    {
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        using var arrival = _arrivals.Enter(address, connection.Abort);
        if (arrival is null)
        {
            TurnedAway("full");
            _log.LogDebug("A connection from {Address} is refused: too many are open.", address);
            return;
        }

        connection.Items[typeof(Arrivals)] = arrival;
        try
        {
            if (await HearHello(connection.Transport.Input) is not { } offersTls13)
            {
                return;
            }

            connection.Items[typeof(ClientHello)] = offersTls13;
            arrival.Spoke();
            using var turn = await _turns.Take(arrival.Address, connection.ConnectionClosed);
            connection.Items[typeof(HandshakeTurns)] = turn;
            await next();
        }
        catch (Exception fault) when (fault is OperationCanceledException or IOException)
        {
            // It was closed before its turn.
            _log.LogDebug("A connection from {Address} has ended before its handshake: {Reason}", address, fault.Message);
        }
    }

    /// <summary>Does the client at the other end of an admitted connection offer TLS 1.3?</summary>
    public static bool OffersTls13(BaseConnectionContext connection) => connection.Items[typeof(ClientHello)] is true;

    // Waits for the whole ClientHello, so that no turn is held while its rest is missing. Nothing is consumed from the pipe.
    // Null: none has come. Otherwise whether it offers TLS 1.3.
    private static async Task<bool?> HearHello(PipeReader input)
    {
        while (true)
        {
            var read = await input.ReadAsync();
            var (isHello, isWhole) = Look(read.Buffer);
            bool? offersTls13 = isWhole ? ClientHello.OffersTls13(read.Buffer.IsSingleSegment ? read.Buffer.FirstSpan : read.Buffer.ToArray()) : null;
            input.AdvanceTo(read.Buffer.Start, isWhole ? read.Buffer.Start : read.Buffer.End);
            if (isWhole || !isHello || read.IsCompleted || read.IsCanceled)
            {
                return offersTls13;
            }
        }

        static (bool IsHello, bool IsWhole) Look(in ReadOnlySequence<byte> bytes)
        {
            Span<byte> head = stackalloc byte[RecordHead];
            var known = (int)Math.Min(bytes.Length, RecordHead);
            bytes.Slice(0, known).CopyTo(head);
            var length = known == RecordHead ? BinaryPrimitives.ReadUInt16BigEndian(head[3..]) : 0;
            var isHello = (known == 0 || head[0] == HandshakeRecord) && length <= MaxHello;
            return (isHello, isHello && known == RecordHead && bytes.Length >= RecordHead + length);
        }
    }

    internal static void TurnedAway(string why) => Away.Add(1, new KeyValuePair<string, object?>("why", why));

    internal TerminalLine Open(ConnectionContext connection)
    {
        // The handshake has ended: the next may begin.
        (connection.Items[typeof(HandshakeTurns)] as HandshakeTurns.Turn)?.Dispose();
        var line = new TerminalLine(connection, this);
        _lines[line] = true;
        return line;
    }

    internal void Close(TerminalLine line)
    {
        if (_lines.TryRemove(line, out _) && line.Terminal is { } terminal)
        {
            lock (_gone)
            {
                _gone[terminal] = line.HeardAt;
            }
        }
    }

    /// <summary>The number of open lines.</summary>
    public int Count => _lines.Count;

    internal long Now => _time.GetTimestamp();

    /// <summary>The terminals with an authentic message since that time, and the time of the last one. Called periodically, by one caller.</summary>
    internal Dictionary<string, long> HeardSince(long timestamp)
    {
        Dictionary<string, long> heard;
        lock (_gone)
        {
            heard = new Dictionary<string, long>(_gone);
            _gone.Clear();
        }

        foreach (var (line, _) in _lines)
        {
            if (line is { Terminal: { } terminal, HeardAt: var at } && at >= timestamp)
            {
                heard[terminal] = Math.Max(at, heard.GetValueOrDefault(terminal));
            }
        }

        return heard;
    }

    internal long IdleDeadline() => In(_options.IdleTimeout);

    internal long FirstMessageDeadline() => In(_options.FirstMessageTimeout);

    internal long FrameDeadline() => In(_options.FrameTimeout);

    private long In(TimeSpan span) => _time.GetTimestamp() + (long)(span.TotalSeconds * _time.TimestampFrequency);

    protected override string FailureText => "Silent lines could not be closed, the next round tries again";

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Repeat(Tick, CloseSilent, stoppingToken);

    private Task CloseSilent(CancellationToken stop)
    {
        for (var silent = _arrivals.DropSilent(_options.HandshakeTimeout); silent > 0; silent--)
        {
            TurnedAway("silent");
        }

        var now = _time.GetTimestamp();
        foreach (var (line, _) in _lines)
        {
            if (now > line.Deadline)
            {
                _log.LogInformation("{Line}: closed, it said nothing for too long.", line);
                line.Abort();
            }
        }

        return Task.CompletedTask;
    }
}
