using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Lakala.EndToEnd.Tests;

/// <summary>A line to a server that the test cuts; while it is down it accepts no new connections.</summary>
internal sealed class CutLine : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Socket, bool> _sockets = new();
    private readonly string _host;
    private readonly int _port;
    private readonly Task _run;

    public CutLine(string host, int port)
    {
        (_host, _port) = (host, port);
        _listener.Start();
        _run = Run();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public bool IsDown { get; set; }

    /// <summary>Every connection breaks.</summary>
    public void Cut()
    {
        foreach (var socket in _sockets.Keys)
        {
            socket.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        Cut();
        await _run;
    }

    private async Task Run()
    {
        try
        {
            while (true)
            {
                _ = Carry(await _listener.AcceptSocketAsync());
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Disposed.
        }
    }

    private async Task Carry(Socket client)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using (client)
        {
            _sockets[client] = _sockets[server] = true;
            try
            {
                if (!IsDown)
                {
                    await server.ConnectAsync(_host, _port);
                    await Task.WhenAny(Pump(client, server), Pump(server, client));
                }
            }
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
            {
                // Cut.
            }
            finally
            {
                _sockets.TryRemove(client, out _);
                _sockets.TryRemove(server, out _);
            }
        }
    }

    private static async Task Pump(Socket from, Socket to)
    {
        var buffer = new byte[1 << 16];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var count)
            {
                await to.SendAsync(buffer.AsMemory(0, count));
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // Cut.
        }
    }
}
