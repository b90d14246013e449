using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Lakala.Testing;

namespace Lakala.EndToEnd.Tests;

/// <summary>
/// A line to a server on which the client's messages wait until the test lets them pass. The server's messages pass, unless it is mute.
/// </summary>
internal sealed class SteppedLine : IAsyncDisposable
{
    private static readonly TimeSpan Patience = HangGuard.Bound;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Channel<Func<Task>> _held = Channel.CreateUnbounded<Func<Task>>();
    private readonly Task _run;
    private readonly string _host;
    private readonly int _port;

    public SteppedLine(string host, int port)
    {
        (_host, _port) = (host, port);
        _listener.Start();
        _run = Run();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The server's messages from now on are lost.</summary>
    public bool IsMute { get; set; }

    /// <summary>Waits for the client's next message.</summary>
    /// <returns>Lets it pass.</returns>
    public Task<Func<Task>> Next() => _held.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience);

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _run;
    }

    private async Task Run()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptSocketAsync();
                using var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await server.ConnectAsync(_host, _port);
                await Task.WhenAny(Pump(client, bytes => _held.Writer.WriteAsync(() => Send(server, bytes)).AsTask()), Pump(server, bytes => IsMute ? Task.CompletedTask : Send(client, bytes)));
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Disposed.
        }
    }

    private static async Task Pump(Socket from, Func<byte[], Task> to)
    {
        var buffer = new byte[1 << 16];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var count)
            {
                await to(buffer[..count]);
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // One side has closed, so the other is closed too.
        }
    }

    private static async Task Send(Socket to, byte[] bytes) => await to.SendAsync(bytes);
}
