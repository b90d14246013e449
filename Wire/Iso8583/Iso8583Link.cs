using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Threading.Channels;
using Lakala.Vocabulary;

namespace Lakala.Wire.Iso8583;

/// <summary>How an exchange over the link ended.</summary>
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

/// <summary>What a link needs to know of the line that it serves.</summary>
public sealed class LinkProtocol
{
    public Iso8583Spec Spec { get; init; } = Iso8583Spec.Lakala;

    /// <summary>A new connection to the other side.</summary>
    public required Func<CancellationToken, Task<Stream>> Connect { get; init; }

    /// <summary>Runs on every new connection before the link is up; throws when the other side does not agree.</summary>
    public required Func<Iso8583Link, CancellationToken, Task> SignOn { get; init; }

    /// <summary>The name by which an answer finds its request. Null for a message that answers nothing.</summary>
    public required Func<Iso8583Message, string?> KeyOf { get; init; }

    /// <summary>The MAC of the line as it is now; null while there are no working keys.</summary>
    public required Func<MessageMac?> Mac { get; init; }

    /// <summary>An echo with its key, sent when the line has been idle.</summary>
    public required Func<(string Key, Iso8583Message Message)> Echo { get; init; }

    /// <summary>Every authenticated message, before whoever waits for it has it.</summary>
    public Action<Iso8583Message>? Heard { get; init; }

    /// <summary>An authenticated answer that nobody waits for: late, duplicate or unasked.</summary>
    public Action<Iso8583Message>? Unmatched { get; init; }

    /// <summary>A message that could not be believed, or a line that was lost. Holds no content.</summary>
    public Action<string>? Trouble { get; init; }

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan IdleBeforeEcho { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The same while an answer is waited for: a line that is dead does not hold up those who could ask on another.</summary>
    public TimeSpan SilenceBeforeEcho { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan EchoTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long one write may take before the line is given up: the other side takes nothing any more.</summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The pause before a new connection.</summary>
    public Backoff Reconnect { get; init; } = new(TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(10), Jitter: 1);

    public int MaxOutstanding { get; init; } = 4096;
}

/// <summary>
/// The client side of a line: keeps it up, matches answers to requests, and tells apart what was never sent from what may
/// have been. What several callers send at once leaves in one write.
/// </summary>
public sealed class Iso8583Link : IAsyncDisposable
{
    /// <summary>Messages in a row that cannot be believed, each with its word of trouble: then the line is given up.</summary>
    private const int MaxPassedOver = 64;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(200);

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

    public Iso8583Link(LinkProtocol protocol, TimeProvider time)
    {
        _protocol = protocol;
        _time = time;
        _downSince = time.GetTimestamp();
        _run = Task.Run(Run);
    }

    public LinkState State { get; private set; }

    /// <summary>Timestamp of when the link was made or, later, its line was last lost.</summary>
    public long DownSince => Volatile.Read(ref _downSince);

    /// <summary>How many requests wait for their answer.</summary>
    public int Outstanding => _waiting.Count;

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
    /// <param name="mac">Of the working keys that the message's content was made under: with others it is not sent.</param>
    public Task<LinkOutcome> Request(string key, Iso8583Message message, MessageMac mac, TimeSpan timeout) =>
        Send(LinkState.Up, key, message, mac, timeout);

    /// <summary>The same while the line is signing on, under the MAC of the sign-on; for <see cref="LinkProtocol.SignOn"/> alone.</summary>
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
        if (_waiting.Count >= _protocol.MaxOutstanding)
        {
            return NotSent($"{_protocol.MaxOutstanding} requests are outstanding already");
        }

        var now = _time.GetTimestamp();
        var waiting = new Waiting(now, now + Ticks(timeout));
        if (!_waiting.TryAdd(key, waiting))
        {
            return NotSent("a request of the same name is in flight");
        }

        string? whyNot = null;
        try
        {
            lock (_lineLock)
            {
                // Checked where the line cannot change any more: what is made for one set of keys leaves under no other.
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

    // By name and self: another request may stand under the name by now.
    private bool Forget(string key, Waiting waiting) => _waiting.TryRemove(new KeyValuePair<string, Waiting>(key, waiting));

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
                // Whatever went wrong, it was this line's: the next one is tried.
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

    /// <returns>Completes when the next frame may be looked at.</returns>
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

            // No answer at all: whoever waits goes on waiting, and asks again.
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

        // What follows an answer of the sign-on may be under the keys that it brings: they must be in place first.
        var mayGoOn = isSigningOn ? (_signOnStep = NewSignal()).Task : Task.CompletedTask;
        waiting.TrySetResult(new LinkOutcome.Answered(message));
        return mayGoOn;
    }

    // One timer for all time-outs and the echo, instead of one for each request.
    private async Task Watch(Line line, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Tick, _time);
        Task<LinkOutcome>? echo = null;
        while (await timer.WaitForNextTickAsync(stop))
        {
            var now = _time.GetTimestamp();
            var oldest = long.MaxValue;
            foreach (var (key, waiting) in _waiting)
            {
                oldest = Math.Min(oldest, waiting.Since);
                if (now >= waiting.Deadline && Forget(key, waiting))
                {
                    waiting.TrySetResult(new LinkOutcome.NoAnswer("no answer in time"));
                }
            }

            if (now >= line.WriteDeadline)
            {
                throw new IOException("The other side takes nothing any more.");
            }

            if (echo is { IsCompleted: true })
            {
                if (await echo is not LinkOutcome.Answered)
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
        }
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

    /// <summary>The writing half: messages gather in one buffer while the other is on its way out.</summary>
    private sealed class Line(Stream stream, TimeProvider time, long writeTicks)
    {
        private const int MaxGathered = 4 * 1024 * 1024;
        private const long Never = long.MaxValue;

        // Wakes the write loop behind the pool's queue: what the callers in that queue have to say leaves in the same write.
        private readonly Channel<bool> _some = Channel.CreateBounded<bool>(
            new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

        private readonly Lock _lock = new();
        private ArrayBufferWriter<byte> _gathering = new(64 * 1024);
        private ArrayBufferWriter<byte> _leaving = new(64 * 1024);
        private long _firstDeadline = Never;
        private long _writeDeadline = Never;

        /// <summary>By when the write that is under way must be done.</summary>
        public long WriteDeadline => Volatile.Read(ref _writeDeadline);

        /// <summary>False when so much waits to leave already that nothing more is taken.</summary>
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
                    // Nothing leaves after its sender has given up.
                    if (time.GetTimestamp() >= _firstDeadline)
                    {
                        throw new IOException("The other side took nothing until a sender gave up.");
                    }

                    (_gathering, _leaving, _firstDeadline) = (_leaving, _gathering, Never);
                }

                Volatile.Write(ref _writeDeadline, time.GetTimestamp() + writeTicks);
                await stream.WriteAsync(_leaving.WrittenMemory, stop);
                Volatile.Write(ref _writeDeadline, Never);

                // Wiped: a card or a PIN block does not stay for whoever reads the memory.
                _leaving.Clear();
            }
        }
    }
}
