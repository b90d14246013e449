using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Threading.Channels;
using Lakala.Wire.Iso8583;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Wire.Tests;

/// <summary>A clock that only the test moves, and that reports the pauses for which code waits.</summary>
internal sealed class StandingTime : FakeTimeProvider
{
    private readonly Channel<TimeSpan> _pauses = Channel.CreateUnbounded<TimeSpan>();
    private int _periodic;

    /// <summary>The number of periodic timers so far.</summary>
    public int Periodic => _periodic;

    /// <summary>The next wait that begins, and that is not the time-out of a connection attempt.</summary>
    public async Task<TimeSpan> NextPause(TimeSpan notThis)
    {
        while (true)
        {
            var pause = await _pauses.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().Soon();
            if (pause != notThis)
            {
                return pause;
            }
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        if (period == Timeout.InfiniteTimeSpan)
        {
            _pauses.Writer.TryWrite(dueTime);
        }
        else
        {
            Interlocked.Increment(ref _periodic);
        }

        return timer;
    }
}

/// <summary>The peer of a link, at the level of bytes.</summary>
internal sealed class OtherSide
{
    private readonly Channel<PeerLine> _lines = Channel.CreateUnbounded<PeerLine>();

    public Task<Stream> Connect()
    {
        var (there, back) = (new Pipe(Bounds), new Pipe(Bounds));
        _lines.Writer.TryWrite(new PeerLine(there.Reader, back.Writer));
        return Task.FromResult<Stream>(new TwoWays(back.Reader.AsStream(), there.Writer.AsStream()));
    }

    /// <summary>The other end of the next connection.</summary>
    public Task<PeerLine> Accept() => _lines.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().Soon();

    // So small that a larger write waits until the peer reads.
    private static readonly PipeOptions Bounds = new(pauseWriterThreshold: 64, resumeWriterThreshold: 32, useSynchronizationContext: false);

    private sealed class TwoWays(Stream input, Stream output) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            input.ReadAsync(buffer, cancellationToken);

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            output.WriteAsync(buffer, cancellationToken);

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            input.Dispose();
            output.Dispose();
            base.Dispose(disposing);
        }
    }
}

/// <summary>A connection whose writes fail from some moment on, as when its socket is gone. It remembers where the writer keeps what it has written.</summary>
internal sealed class BreakableStream : Stream
{
    private Stream _inner = Null;

    public bool IsBroken { get; set; }

    /// <summary>The writer's own buffers, not what was in them.</summary>
    public ConcurrentQueue<ReadOnlyMemory<byte>> Buffers { get; } = [];

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public Stream Around(Stream inner)
    {
        _inner = inner;
        return this;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _inner.ReadAsync(buffer, cancellationToken);

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Buffers.Enqueue(buffer);
        return IsBroken ? ValueTask.FromException(new IOException("The socket is gone.")) : _inner.WriteAsync(buffer, cancellationToken);
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _inner.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>One connection, seen from the other side.</summary>
internal sealed class PeerLine(PipeReader input, PipeWriter output)
{
    /// <summary>The next frame, with its bytes.</summary>
    public async Task<(Iso8583Message Message, byte[] Frame)> Read()
    {
        while (true)
        {
            var read = await input.ReadAsync(TestContext.Current.CancellationToken).AsTask().Soon();
            var buffer = read.Buffer;
            if (Iso8583Frame.TryRead(ref buffer, out var frame))
            {
                var bytes = frame.ToArray();
                input.AdvanceTo(buffer.Start);
                return (Iso8583Codec.Decode(Iso8583Spec.Lakala, bytes), bytes);
            }

            input.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
            {
                throw new IOException("The link has closed the line.");
            }
        }
    }

    /// <summary>A write has begun. Takes nothing off the line.</summary>
    public async Task UntilSomethingComes()
    {
        var read = await input.ReadAsync(TestContext.Current.CancellationToken).AsTask().Soon();
        input.AdvanceTo(read.Buffer.Start, read.Buffer.Start);
    }

    /// <summary>Completes when the link has closed the line.</summary>
    public async Task UntilClosed()
    {
        while (true)
        {
            var read = await input.ReadAsync(TestContext.Current.CancellationToken).AsTask().Soon();
            input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }

    public Task Send(MessageMac? mac, params Iso8583Message[] messages)
    {
        var frames = new ArrayBufferWriter<byte>();
        foreach (var message in messages)
        {
            Iso8583Frame.Write(frames, message, mac);
        }

        return SendRaw(frames.WrittenMemory);
    }

    /// <summary>Sends everything in one piece, which the link gets in one read.</summary>
    public async Task SendRaw(ReadOnlyMemory<byte> bytes) =>
        await output.WriteAsync(bytes, TestContext.Current.CancellationToken).AsTask().Soon();

    public void Close()
    {
        input.Complete();
        output.Complete();
    }

    public static byte[] Frame(byte[] message)
    {
        var frame = new byte[Iso8583Frame.PrefixLength + message.Length];
        BinaryPrimitives.WriteUInt16BigEndian(frame, (ushort)message.Length);
        message.CopyTo(frame, Iso8583Frame.PrefixLength);
        return frame;
    }
}

internal static class Patience
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    /// <summary>Waits for an event, which must come soon, or the test fails.</summary>
    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(Bound, TestContext.Current.CancellationToken);

    public static Task Soon(this Task task) => task.WaitAsync(Bound, TestContext.Current.CancellationToken);
}
