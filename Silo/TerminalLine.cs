using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using Lakala.Grains;
using Lakala.Wire;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Lakala.Silo;

/// <summary>One terminal's connection: its session, its answers on their way out, and until when it must speak.</summary>
public sealed class TerminalLine(ConnectionContext connection, LineWatch watch) : IDisposable
{
    /// <summary>A terminal asks one thing at a time, and perhaps repeats or abandons it.</summary>
    private const int MaxRunning = 8;

    private readonly SemaphoreSlim _writing = new(1);
    private readonly ConcurrentDictionary<Task, bool> _running = new();

    public Session? Session { get; private set; }

    /// <summary>Who is at the other end; null until it has said something authentic.</summary>
    internal string? Terminal { get; private set; }

    /// <summary>When it last did, on the monotonic clock.</summary>
    internal long HeardAt { get; private set; }

    /// <summary>On the monotonic clock.</summary>
    internal long Deadline { get; private set; } = watch.IdleDeadline();

    private bool _isMidFrame;

    /// <exception cref="Iso8583Exception">The terminal asks more at once than any terminal does.</exception>
    public void Run(Task handling)
    {
        if (handling.IsCompleted)
        {
            return;
        }

        if (_running.Count >= MaxRunning)
        {
            throw new Iso8583Exception(0, $"More than {MaxRunning} messages wait for their answer.");
        }

        _running[handling] = true;
        handling.ContinueWith(done => _running.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>The work that has begun goes on to its end; its answers may find no line any more.</summary>
    public Task Drain() => Task.WhenAll(_running.Keys);

    public async Task Send(Iso8583Message message, MessageMac? mac)
    {
        await _writing.WaitAsync();
        try
        {
            Iso8583Frame.Write(connection.Transport.Output, message, mac);
            await connection.Transport.Output.FlushAsync();
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>What came was authentic under this session.</summary>
    public void Heard(Session session)
    {
        Session = session;
        Heard(session.Terminal);
    }

    /// <summary>What came was authentic.</summary>
    public void Heard(string terminal) => (Terminal, HeardAt) = (terminal, watch.Now);

    public void Abort() => connection.Abort();

    /// <summary>Half a frame must become a whole one in time; a line without one may idle longer.</summary>
    public void IsMidFrame(bool isMidFrame)
    {
        if (!isMidFrame)
        {
            Deadline = watch.IdleDeadline();
        }
        else if (!_isMidFrame)
        {
            Deadline = watch.FrameDeadline();
        }

        _isMidFrame = isMidFrame;
    }

    public void Dispose()
    {
        watch.Close(this);
        _writing.Dispose();
    }

    public override string ToString() => $"{Terminal ?? "terminal not known yet"} at {connection.RemoteEndPoint}";
}

/// <summary>
/// Watches all lines: bounds on how many there are, in all, from one address and shaking hands at once, and one clock for
/// all deadlines instead of one for each line.
/// </summary>
public sealed class LineWatch : BackgroundService
{
    private static readonly Meter Meter = new(Telemetry.Name);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);

    private readonly TerminalGatewayOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly SemaphoreSlim _handshakes;
    private readonly ConcurrentDictionary<TerminalLine, bool> _lines = new();
    private readonly ConcurrentDictionary<IPAddress, int> _perAddress = new();
    private readonly Dictionary<string, long> _gone = [];
    private int _connections;

    public LineWatch(IOptions<TerminalGatewayOptions> options, TimeProvider time, ILogger<LineWatch> log)
    {
        _options = options.Value;
        _time = time;
        _log = log;
        _handshakes = new SemaphoreSlim(_options.MaxHandshakes);
        Meter.CreateObservableGauge("lakala.terminal.lines", () => _lines.Count);
    }

    public override void Dispose()
    {
        _handshakes.Dispose();
        base.Dispose();
    }

    /// <summary>Stands before TLS: counts the connection and waits for its turn to shake hands.</summary>
    public async Task Admit(ConnectionContext connection, Func<Task> next)
    {
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        var isWithin = Interlocked.Increment(ref _connections) <= _options.MaxConnections;
        isWithin &= _perAddress.AddOrUpdate(address, 1, static (_, count) => count + 1) <= _options.MaxConnectionsPerAddress;
        try
        {
            if (!isWithin)
            {
                _log.LogWarning("A connection from {Address} is refused: too many are open.", address);
                return;
            }

            await _handshakes.WaitAsync(connection.ConnectionClosed);
            var turn = new HandshakeTurn(_handshakes);
            connection.Items[typeof(HandshakeTurn)] = turn;
            try
            {
                await next();
            }
            finally
            {
                turn.End();
            }
        }
        catch (OperationCanceledException)
        {
            // Gone before its turn came.
        }
        finally
        {
            Interlocked.Decrement(ref _connections);
            if (_perAddress.AddOrUpdate(address, 0, static (_, count) => count - 1) == 0)
            {
                _perAddress.TryRemove(new KeyValuePair<IPAddress, int>(address, 0));
            }
        }
    }

    internal TerminalLine Open(ConnectionContext connection)
    {
        // The handshake is done: the next may begin.
        (connection.Items[typeof(HandshakeTurn)] as HandshakeTurn)?.End();
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

    /// <summary>How many lines are open.</summary>
    public int Count => _lines.Count;

    internal long Now => _time.GetTimestamp();

    /// <summary>The terminals that have said something authentic since then, and when they last did. Asked in rounds, by one.</summary>
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

    internal long IdleDeadline() => _time.GetTimestamp() + (long)(_options.IdleTimeout.TotalSeconds * _time.TimestampFrequency);

    internal long FrameDeadline() => _time.GetTimestamp() + (long)(_options.FrameTimeout.TotalSeconds * _time.TimestampFrequency);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Tick, _time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var now = _time.GetTimestamp();
            foreach (var (line, _) in _lines)
            {
                if (now > line.Deadline)
                {
                    _log.LogInformation("{Line}: closed, it was silent for too long.", line);
                    line.Abort();
                }
            }
        }
    }

    private sealed class HandshakeTurn(SemaphoreSlim turns)
    {
        private int _isOver;

        public void End()
        {
            if (Interlocked.Exchange(ref _isOver, 1) == 0)
            {
                turns.Release();
            }
        }
    }
}
