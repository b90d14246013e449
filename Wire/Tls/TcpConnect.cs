using System.Net;
using System.Net.Sockets;

namespace Lakala.Wire.Tls;

/// <summary>
/// Connections to a name with several addresses, as in RFC 8305: the next address is tried when one does not answer soon, and
/// the first connection wins.
/// </summary>
public static class TcpConnect
{
    /// <summary>The time after which the next address is tried too (RFC 8305, 5: connection attempt delay).</summary>
    public static readonly TimeSpan NextAfter = TimeSpan.FromMilliseconds(300);

    // A name may have more addresses; these are enough.
    private const int MaxAddresses = 16;

    /// <exception cref="SocketException">The name is unknown, or none of its addresses accepts the connection.</exception>
    public static async Task<Socket> ToHost(string host, int port, TimeProvider time, CancellationToken stop) =>
        await ToAny(IPAddress.TryParse(host, out var address) ? [address] : await Dns.GetHostAddressesAsync(host, stop), port, time, stop);

    /// <exception cref="SocketException">No address accepts the connection; it has the error of the first.</exception>
    public static Task<Socket> ToAny(IReadOnlyList<IPAddress> addresses, int port, TimeProvider time, CancellationToken stop) =>
        Race(InTurns(addresses), (address, cut) => Connect(address, port, cut), time, stop);

    internal static async Task<T> Race<T>(
        IReadOnlyList<IPAddress> addresses, Func<IPAddress, CancellationToken, Task<T>> connect, TimeProvider time, CancellationToken stop)
        where T : IDisposable
    {
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var tries = new List<Task<T>>();
        Exception? first = null;
        try
        {
            for (var next = 0; next < addresses.Count || tries.Count > 0;)
            {
                if (next < addresses.Count)
                {
                    tries.Add(connect(addresses[next++], cut.Token));
                }

                // Waits until one has ended, or the next may begin.
                using var soon = CancellationTokenSource.CreateLinkedTokenSource(cut.Token);
                var pause = Task.Delay(next < addresses.Count ? NextAfter : Timeout.InfiniteTimeSpan, time, soon.Token);
                await Task.WhenAny([.. tries, pause]);
                await soon.CancelAsync();
                stop.ThrowIfCancellationRequested();
                if (tries.Find(done => done.IsCompletedSuccessfully) is { } won)
                {
                    tries.Remove(won);
                    return await won;
                }

                first ??= tries.Find(done => done.IsFaulted)?.Exception!.InnerException;
                tries.RemoveAll(done => done.IsCompleted);
            }

            throw first ?? new SocketException((int)SocketError.HostNotFound);
        }
        finally
        {
            await cut.CancelAsync();
            foreach (var late in tries)
            {
                // One that has connected at the same moment is not needed; the errors of the others do not matter.
                _ = late.ContinueWith(
                    done =>
                    {
                        if (done.IsCompletedSuccessfully)
                        {
                            done.Result.Dispose();
                        }
                        else
                        {
                            _ = done.Exception;
                        }
                    },
                    CancellationToken.None,
                    TaskContinuationOptions.ExecuteSynchronously,
                    TaskScheduler.Default);
            }
        }
    }

    /// <summary>Alternates IPv6 and IPv4, beginning with the resolver's first: the whole of one family may be unreachable.</summary>
    internal static IReadOnlyList<IPAddress> InTurns(IReadOnlyList<IPAddress> addresses)
    {
        var preferred = addresses.Where(address => address.AddressFamily == addresses[0].AddressFamily).ToArray();
        var others = addresses.Except(preferred).ToArray();
        return
        [
            .. Enumerable.Range(0, Math.Max(preferred.Length, others.Length))
                .SelectMany(place => preferred.Skip(place).Take(1).Concat(others.Skip(place).Take(1)))
                .Take(MaxAddresses),
        ];
    }

    private static async Task<Socket> Connect(IPAddress address, int port, CancellationToken stop)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, port, stop);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
