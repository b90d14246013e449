using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Threading.Channels;
using Lakala.Vocabulary;

namespace Lakala.Wire.Iso8583;

/// <summary>The outcome of an exchange over the link.</summary>
public abstract record LinkOutcome
{
    private LinkOutcome()
    {
    }

    public sealed record Answered(Iso8583Message Message) : LinkOutcome;

    /// <summary>The link was down or full: not one byte was handed to the socket.</summary>
    public sealed record NotSent(string Why) : LinkOutcome;

    /// <summary>Time-out, or the line was lost: the other side may or may not have it.</summary>
    public sealed record NoAnswer(string Why) : LinkOutcome;
}

public enum LinkState
{
    Down,
    SigningOn,
    Up,
}

/// <summary>The protocol of one kind of line, as the link needs it.</summary>
public sealed class LinkProtocol
{
    public Iso8583Spec Spec { get; init; } = Iso8583Spec.Lakala;

    /// <summary>A new connection to the other side.</summary>
    public required Func<CancellationToken, Task<Stream>> Connect { get; init; }

    /// <summary>Runs on every new connection before the link is up; throws when the other side refuses.</summary>
    public required Func<Iso8583Link, CancellationToken, Task> SignOn { get; init; }

    /// <summary>The name that an answer has in common with its request. Null for a message that is not an answer.</summary>
    public required Func<Iso8583Message, string?> KeyOf { get; init; }

    /// <summary>The line's present MAC; null while there are no working keys.</summary>
    public required Func<MessageMac?> Mac { get; init; }

    /// <summary>An echo with its key, sent when the line has been idle.</summary>
    public required Func<(string Key, Iso8583Message Message)> Echo { get; init; }

    /// <summary>Called with every authenticated message, before the request that waits for it completes.</summary>
    public Action<Iso8583Message>? Heard { get; init; }

    /// <summary>Called with an authenticated answer for which no request waits: late, duplicate or unasked.</summary>
    public Action<Iso8583Message>? Unmatched { get; init; }

    /// <summary>Called when a message was not authentic or a line was lost. The text has no content of messages.</summary>
    public Action<string>? Trouble { get; init; }

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan IdleBeforeEcho { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The same while a request waits for its answer: on a dead line it must not wait long, because another line may work.</summary>
    public TimeSpan SilenceBeforeEcho { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan EchoTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest time for one write; after it the line is closed, because the other side no longer reads.</summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The pause before a new connection.</summary>
    public Backoff Reconnect { get; init; } = new(TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(10), Jitter: 1);

    public int MaxOutstanding { get; init; } = 4096;
}

/// <summary>
/// The client side of a line: keeps it up, matches answers to requests, and distinguishes "never sent" from "possibly
/// sent". Messages that several callers send at once leave in one write.
/// </summary>
public sealed class Iso8583Link : IAsyncDisposable
{
    /// <summary>The most messages in a row that are not authentic; above it the line is closed.</summary>
    private const int MaxPassedOver = 64;

    private readonly LinkProtocol _protocol;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, Waiting> _waiting = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lineLock = new();
    private readonly Task _run;
    private long _downSince;
    private Line? _line;
    private TaskCompletionSource _up = NewSignal();
    private long _lastHeard;
    private int _passedOver;
    private MessageMac? _signOnMac;
    private TaskCompletionSource? _signOnStep;

    // Counted beside the dictionary, whose own count takes all of its locks.
    private int _outstanding;

    public Iso8583Link(LinkProtocol protocol, TimeProvider time)
    {
        _protocol = protocol;
        _time = time;
        _downSince = time.GetTimestamp();
        _run = Task.Run(Run);
    }

    public LinkState State { get; private set; }

    /// <summary>Timestamp of the start of the link or, later, of the last loss of its line.</summary>
    public long DownSince => Volatile.Read(ref _downSince);

    /// <summary>The number of requests that wait for their answer.</summary>
    public int Outstanding => Volatile.Read(ref _outstanding);

    public Task WaitUntilUp(CancellationToken stop)
    {
        lock (_lineLock)
        {
            return _up.Task.WaitAsync(stop);
        }
    }

    /// <summary>
    /// Sends the message under the line's MAC and waits for its answer.
    /// </summary>
    /// <param name="key">As <see cref="LinkProtocol.KeyOf"/> reads it from the answer. A key in flight is refused.</param>
    /// <param name="mac">The MAC of the working keys for which the message's content was made; under other keys it is not sent.</param>
    public Task<LinkOutcome> Request(string key, Iso8583Message message, MessageMac mac, TimeSpan timeout) =>
        Send(LinkState.Up, key, message, mac, timeout);

    /// <summary>The same while the line is signing on, under the MAC of the sign-on; only for <see cref="LinkProtocol.SignOn"/>.</summary>
    public Task<LinkOutcome> RequestSignOn(string key, Iso8583Message message, MessageMac mac, TimeSpan timeout)
    {
        _signOnMac = mac;
        _signOnStep?.TrySetResult();
        return Send(LinkState.SigningOn, key, message, mac, timeout);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run;
        _stop.Dispose();
    }

    private Task<LinkOutcome> Send(LinkState during, string key, Iso8583Message message, MessageMac mac, TimeSpan timeout)
    {
        if (Outstanding >= _protocol.MaxOutstanding)
        {
            return NotSent($"{_protocol.MaxOutstanding} requests are outstanding already");
        }

        var now = _time.GetTimestamp();
        var waiting = new Waiting(now, now + Ticks(timeout));
        if (!_waiting.TryAdd(key, waiting))
        {
            return NotSent("a request of the same name is in flight");
        }

        Interlocked.Increment(ref _outstanding);
        string? whyNot = null;
        try
        {
            lock (_lineLock)
            {
                // Checked under the lock, where the line cannot change: a message for one set of keys never leaves under another.
                whyNot = State != during || (during == LinkState.Up && mac != _protocol.Mac()) ? "the line is down"
                    : !_line!.TryWrite(message, mac, waiting.Deadline) ? "the other side takes nothing any more"
                    : null;
            }
        }
        catch
        {
            Forget(key, waiting);
            throw;
        }

        if (whyNot is null)
        {
            return waiting.Task;
        }

        Forget(key, waiting);
        return NotSent(whyNot);
    }

    private static Task<LinkOutcome> NotSent(string why) => Task.FromResult<LinkOutcome>(new LinkOutcome.NotSent(why));

    // By name and value: another request may have the name by now.
    private bool Forget(string key, Waiting waiting)
    {
        if (!_waiting.TryRemove(new KeyValuePair<string, Waiting>(key, waiting)))
        {
            return false;
        }

        Interlocked.Decrement(ref _outstanding);
        return true;
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);

    private async Task Run()
    {
        var tries = 0;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await Serve(() => tries = 0);
            }
            catch (Exception fault)
            {
                // The fault, whatever it is, concerns this line only: the next one is tried.
                if (!_stop.IsCancellationRequested)
                {
                    _protocol.Trouble?.Invoke(fault.Message);
                }
            }

            await Task.Delay(_protocol.Reconnect.PauseAfter(tries++, Random.Shared.NextDouble()), _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task Serve(Action isUp)
    {
        using var life = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        await using var stream = await ConnectInTime(life.Token);
        var line = new Line(stream, _time, Ticks(_protocol.WriteTimeout));
        _lastHeard = _time.GetTimestamp();
        _passedOver = 0;
        lock (_lineLock)
        {
            _line = line;
            State = LinkState.SigningOn;
        }

        Task[] loops = [line.WriteLoop(life.Token), ReadLoop(stream, life.Token), Watch(line, life.Token)];
        var signOn = Task.CompletedTask;
        try
        {
            signOn = _protocol.SignOn(this, life.Token);
            await await Task.WhenAny(signOn, Task.WhenAny(loops).Unwrap());
            await signOn;
            lock (_lineLock)
            {
                State = LinkState.Up;
                _signOnStep?.TrySetResult();
                _up.TrySetResult();
            }

            isUp();
            await await Task.WhenAny(loops);
        }
        finally
        {
            LineLost();
            await life.CancelAsync();
            await stream.DisposeAsync();
            await Task.WhenAll([signOn, .. loops]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<Stream> ConnectInTime(CancellationToken stop)
    {
        using var timeout = new CancellationTokenSource(_protocol.ConnectTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stop);
        return await _protocol.Connect(either.Token);
    }

    private async Task ReadLoop(Stream stream, CancellationToken stop)
    {
        var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 16 * 1024, leaveOpen: true));
        while (true)
        {
            var read = await reader.ReadAsync(stop);
            var buffer = read.Buffer;
            while (Iso8583Frame.TryRead(ref buffer, out var frame))
            {
                await Receive(frame).WaitAsync(stop);
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
            {
                throw new IOException("The other side has closed the line.");
            }
        }
    }

    /// <returns>Completes when the next frame may be read.</returns>
    private Task Receive(in ReadOnlySequence<byte> frame)
    {
        Span<byte> copy = stackalloc byte[frame.IsSingleSegment ? 0 : (int)frame.Length];
        var bytes = frame.IsSingleSegment ? frame.FirstSpan : copy;
        if (!frame.IsSingleSegment)
        {
            frame.CopyTo(copy);
        }

        var message = Iso8583Codec.Decode(_protocol.Spec, bytes);
        var isSigningOn = State == LinkState.SigningOn;
        var mac = isSigningOn ? _signOnMac : _protocol.Mac();
        if (mac is null || !mac.Verify(message, bytes))
        {
            if (++_passedOver > MaxPassedOver)
            {
                throw new IOException($"More than {MaxPassedOver} messages in a row had a wrong or no MAC.");
            }

            // This is not an answer: the request goes on waiting, and is repeated.
            _protocol.Trouble?.Invoke($"A message of type {message.Mti} with a wrong or no MAC was passed over.");
            return Task.CompletedTask;
        }

        (_lastHeard, _passedOver) = (_time.GetTimestamp(), 0);
        _protocol.Heard?.Invoke(message);
        if (_protocol.KeyOf(message) is not { } key || !_waiting.TryRemove(key, out var waiting))
        {
            _protocol.Unmatched?.Invoke(message);
            return Task.CompletedTask;
        }

        Interlocked.Decrement(ref _outstanding);

        // The message after an answer of the sign-on may be under the keys of that answer: they must be set first.
        var mayGoOn = isSigningOn ? (_signOnStep = NewSignal()).Task : Task.CompletedTask;
        waiting.TrySetResult(new LinkOutcome.Answered(message));
        return mayGoOn;
    }

    // One tick for all time-outs and the echo, instead of a timer for each request.
    private async Task Watch(Line line, CancellationToken stop)
    {
        var lost = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<LinkOutcome>? echo = null;
        var ticks = LinkTicks.Of(_time);
        Action look = () =>
        {
            try
            {
                echo = LookAfter(line, echo);
            }
            catch (Exception fault)
            {
                lost.TrySetException(fault);
            }
        };
        ticks.Add(look);
        try
        {
            await lost.Task.WaitAsync(stop);
        }
        finally
        {
            ticks.Remove(look);
        }
    }

    /// <returns>The echo that is under way.</returns>
    /// <exception cref="IOException">The line is dead.</exception>
    private Task<LinkOutcome>? LookAfter(Line line, Task<LinkOutcome>? echo)
    {
        var now = _time.GetTimestamp();
        var oldest = Outstanding > 0 ? EndOverdue(now) : long.MaxValue;
        if (now >= line.WriteDeadline)
        {
            throw new IOException("The other side takes nothing any more.");
        }

        if (echo is { IsCompleted: true })
        {
            if (echo.Result is not LinkOutcome.Answered)
            {
                throw new IOException("The other side does not answer an echo.");
            }

            echo = null;
        }

        var isSilent = now - _lastHeard >= Ticks(_protocol.IdleBeforeEcho)
            || now - Math.Max(_lastHeard, oldest) >= Ticks(_protocol.SilenceBeforeEcho);
        if (echo is null && State == LinkState.Up && isSilent)
        {
            var (key, message) = _protocol.Echo();
            echo = Send(LinkState.Up, key, message, _protocol.Mac()!, _protocol.EchoTimeout);
        }

        return echo;
    }

    /// <returns>The time of the oldest request that waits.</returns>
    private long EndOverdue(long now)
    {
        var oldest = long.MaxValue;
        foreach (var (key, waiting) in _waiting)
        {
            oldest = Math.Min(oldest, waiting.Since);
            if (now >= waiting.Deadline && Forget(key, waiting))
            {
                waiting.TrySetResult(new LinkOutcome.NoAnswer("no answer in time"));
            }
        }

        return oldest;
    }

    private void LineLost()
    {
        lock (_lineLock)
        {
            if (State == LinkState.Up)
            {
                Volatile.Write(ref _downSince, _time.GetTimestamp());
            }

            _line = null;
            State = LinkState.Down;
            if (_up.Task.IsCompleted)
            {
                _up = NewSignal();
            }
        }

        foreach (var (key, waiting) in _waiting)
        {
            if (Forget(key, waiting))
            {
                waiting.TrySetResult(new LinkOutcome.NoAnswer("the line was lost"));
            }
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Waiting(long since, long deadline) : TaskCompletionSource<LinkOutcome>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public long Since { get; } = since;

        public long Deadline { get; } = deadline;
    }

    /// <summary>The writing half: messages are collected in one buffer while the other is being written.</summary>
    private sealed class Line(Stream stream, TimeProvider time, long writeTicks)
    {
        private const int MaxGathered = 4 * 1024 * 1024;
        private const long Never = long.MaxValue;

        // Wakes the write loop behind the pool's queue: the messages of the callers in that queue leave in the same write.
        private readonly Channel<bool> _some = Channel.CreateBounded<bool>(
            new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

        private readonly Lock _lock = new();
        private ArrayBufferWriter<byte> _gathering = new(64 * 1024);
        private ArrayBufferWriter<byte> _leaving = new(64 * 1024);
        private long _firstDeadline = Never;
        private long _writeDeadline = Never;

        /// <summary>The deadline of the write that is under way.</summary>
        public long WriteDeadline => Volatile.Read(ref _writeDeadline);

        /// <summary>False when the buffer is full.</summary>
        public bool TryWrite(Iso8583Message message, MessageMac mac, long deadline)
        {
            bool isFirst;
            lock (_lock)
            {
                if (_gathering.WrittenCount > MaxGathered)
                {
                    return false;
                }

                isFirst = _gathering.WrittenCount == 0;
                Iso8583Frame.Write(_gathering, message, mac);
                _firstDeadline = Math.Min(_firstDeadline, deadline);
            }

            if (isFirst)
            {
                _some.Writer.TryWrite(true);
            }

            return true;
        }

        public async Task WriteLoop(CancellationToken stop)
        {
            try
            {
                await Write(stop);
            }
            finally
            {
                lock (_lock)
                {
                    _gathering.Clear();
                    _leaving.Clear();
                }
            }
        }

        private async Task Write(CancellationToken stop)
        {
            while (true)
            {
                await _some.Reader.ReadAsync(stop);
                lock (_lock)
                {
                    // A message must not leave after its sender has given up.
                    if (time.GetTimestamp() >= _firstDeadline)
                    {
                        throw new IOException("The other side took nothing until a sender gave up.");
                    }

                    (_gathering, _leaving, _firstDeadline) = (_leaving, _gathering, Never);
                }

                Volatile.Write(ref _writeDeadline, time.GetTimestamp() + writeTicks);
                await stream.WriteAsync(_leaving.WrittenMemory, stop);
                Volatile.Write(ref _writeDeadline, Never);

                // Wiped, so that no card or PIN block stays in memory.
                _leaving.Clear();
            }
        }
    }
}
