using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Lakala.Chaos;

/// <summary>How a proxy passes data.</summary>
public enum Passage
{
    /// <summary>As bytes: the data is encrypted, or of another protocol.</summary>
    Bytes,

    /// <summary>Frame by frame (two bytes of length): single messages can come twice, or late.</summary>
    Frames,
}

/// <summary>
/// A line with a proxy in front of it, which cuts, stalls and damages the data on request. Each direction of each connection
/// has one task that ends with its connection.
/// </summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private const int BufferLength = 64 * 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _target;
    private readonly Passage _passage;
    private readonly ConcurrentDictionary<Socket, bool> _open = new();
    private readonly ConcurrentDictionary<Task, bool> _running = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private volatile TaskCompletionSource? _stalled;
    private volatile bool _isClosed;
    private int _toCorrupt, _toRepeat, _toDelay;
    private TimeSpan _delay;

    /// <param name="target">The loopback port where the line ends.</param>
    public FaultProxy(int target, Passage passage)
    {
        (_target, _passage) = (target, passage);
        _listener.Start();
        _accepting = Accept();
    }

    /// <summary>The port of the proxy.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Cuts every connection, also in the middle of a message.</summary>
    public void Cut()
    {
        foreach (var (socket, _) in _open)
        {
            // No linger: the other end gets a reset, as when a router drops the connection.
            socket.Close(0);
        }
    }

    /// <summary>Cuts every connection and lets no new one through until <see cref="Heal"/>.</summary>
    public void Close()
    {
        _isClosed = true;
        Cut();
    }

    /// <summary>Connections stay, and nothing passes until <see cref="Heal"/>.</summary>
    public void Stall() => _stalled ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Flips one bit in each of the next portions.</summary>
    public void Corrupt(int count) => Interlocked.Exchange(ref _toCorrupt, count);

    /// <summary>The next frames, in both directions, pass twice.</summary>
    public void Repeat(int count) => Interlocked.Exchange(ref _toRepeat, count);

    /// <summary>The next answers come later; others overtake them.</summary>
    public void Delay(int count, TimeSpan by)
    {
        _delay = by;
        Interlocked.Exchange(ref _toDelay, count);
    }

    /// <summary>From now on everything passes as it came.</summary>
    public void Heal()
    {
        _isClosed = false;
        (_toCorrupt, _toRepeat, _toDelay) = (0, 0, 0);
        Interlocked.Exchange(ref _stalled, null)?.SetResult();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        Heal();
        Cut();
        await Task.WhenAll([_accepting, .. _running.Keys]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task Accept()
    {
        while (true)
        {
            var client = await _listener.AcceptSocketAsync(_stop.Token);
            if (_isClosed)
            {
                client.Close(0);
                continue;
            }

            Run(Join(client));
        }
    }

    private void Run(Task task)
    {
        _running[task] = true;
        task.ContinueWith(done => _running.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private async Task Join(Socket client)
    {
        using var _ = client;
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _target, _stop.Token);
            (_open[client], _open[server]) = (true, true);
            var ways = new[] { Pump(client, server, isAnswer: false), Pump(server, client, isAnswer: true) };
            await Task.WhenAny(ways);
            client.Close();
            server.Close();
            await Task.WhenAll(ways).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // A fault of the line only ends the line.
        }
        finally
        {
            _open.TryRemove(client, out var _);
            _open.TryRemove(server, out var _);
        }
    }

    private Task Pump(Socket from, Socket to, bool isAnswer) => _passage == Passage.Bytes ? PumpBytes(from, to) : PumpFrames(from, to, isAnswer);

    private async Task PumpBytes(Socket from, Socket to)
    {
        var buffer = new byte[BufferLength];
        while (await from.ReceiveAsync(buffer, _stop.Token) is > 0 and var count)
        {
            await MayPass();
            Spoil(buffer.AsSpan(0, count));
            await Write(to, buffer.AsMemory(0, count));
        }
    }

    private async Task PumpFrames(Socket from, Socket to, bool isAnswer)
    {
        await using var stream = new NetworkStream(from, ownsSocket: false);
        using var turn = new SemaphoreSlim(1);
        var prefix = new byte[sizeof(ushort)];
        while (await stream.ReadAtLeastAsync(prefix, prefix.Length, throwOnEndOfStream: false, _stop.Token) == prefix.Length)
        {
            var frame = new byte[prefix.Length + BinaryPrimitives.ReadUInt16BigEndian(prefix)];
            prefix.CopyTo(frame, 0);
            await stream.ReadExactlyAsync(frame.AsMemory(prefix.Length), _stop.Token);
            await MayPass();
            Spoil(frame.AsSpan(prefix.Length));
            if (isAnswer && Takes(ref _toDelay))
            {
                Run(Later(to, turn, frame, _delay));
                continue;
            }

            await Write(to, turn, frame);
            if (Takes(ref _toRepeat))
            {
                await Write(to, turn, frame);
            }
        }
    }

    private async Task Later(Socket to, SemaphoreSlim turn, byte[] frame, TimeSpan delay)
    {
        try
        {
            await Task.Delay(delay, TimeProvider.System, _stop.Token);
            await Write(to, turn, frame);
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Its line has ended meanwhile: it never arrives.
        }
    }

    private async Task Write(Socket to, SemaphoreSlim turn, byte[] frame)
    {
        await turn.WaitAsync(_stop.Token);
        try
        {
            await Write(to, frame);
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task Write(Socket to, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await to.SendAsync(bytes, _stop.Token)..];
        }
    }

    private Task MayPass() => _stalled?.Task.WaitAsync(_stop.Token) ?? Task.CompletedTask;

    private void Spoil(Span<byte> bytes)
    {
        if (bytes.Length > 0 && Takes(ref _toCorrupt))
        {
            bytes[bytes.Length / 2] ^= 0x10;
        }
    }

    private static bool Takes(ref int count) => Volatile.Read(ref count) > 0 && Interlocked.Decrement(ref count) >= 0;
}
