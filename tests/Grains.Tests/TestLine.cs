using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace Lakala.Grains.Tests;

/// <summary>A line to PostgreSQL that the test cuts: all of it, or just where a marked command passes.</summary>
public sealed class TestLine : IAsyncDisposable
{
    private static readonly byte[] Ready = [(byte)'Z', 0, 0, 0, 5];

    private readonly DnsEndPoint _server;
    private readonly Lock _lock = new();
    private readonly HashSet<Socket> _open = [];
    private readonly List<Task> _pumps = [];
    private TcpListener _listener;
    private Trap? _trap;

    public TestLine(string connectionString)
    {
        var server = new NpgsqlConnectionStringBuilder(connectionString);
        _server = new DnsEndPoint(server.Host!, server.Port);
        _listener = new TcpListener(IPAddress.Loopback, 0);
        _listener.Start();
        var port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        ConnectionString = new NpgsqlConnectionStringBuilder(connectionString) { Host = "127.0.0.1", Port = port, SslMode = SslMode.Disable }.ConnectionString;
        _ = Accept(_listener);
    }

    private enum Fate
    {
        NeverArrives,
        AnswerIsLost,
        CommitIsSilent,
    }

    public string ConnectionString { get; }

    /// <summary>The next command that carries the marker never reaches the server; its connection is cut.</summary>
    public Task CutBefore(string marker) => Set(marker, Fate.NeverArrives);

    /// <summary>The next command that carries the marker is committed; then its connection is cut, and nobody hears of it.</summary>
    public Task CutAfter(string marker) => Set(marker, Fate.AnswerIsLost);

    /// <summary>The next command that carries the marker gives its rows, but that it is committed is never told.</summary>
    public Task SilenceCommit(string marker) => Set(marker, Fate.CommitIsSilent);

    /// <summary>Cuts every connection and refuses new ones.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _listener.Stop();
            foreach (var socket in _open)
            {
                socket.Close();
            }

            _open.Clear();
        }
    }

    public void Open()
    {
        lock (_lock)
        {
            var port = (IPEndPoint)new IPEndPoint(IPAddress.Loopback, new NpgsqlConnectionStringBuilder(ConnectionString).Port);
            _listener = new TcpListener(port);
            _listener.Start();
        }

        _ = Accept(_listener);
    }

    public async ValueTask DisposeAsync()
    {
        Close();
        Task[] pumps;
        lock (_lock)
        {
            pumps = [.. _pumps];
        }

        await Task.WhenAll(pumps);
    }

    private Task Set(string marker, Fate fate)
    {
        var trap = new Trap(Encoding.ASCII.GetBytes(marker), fate);
        _trap = trap;
        return trap.Sprung.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    private async Task Accept(TcpListener listener)
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptSocketAsync();
                var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await server.ConnectAsync(_server);
                lock (_lock)
                {
                    _open.Add(client);
                    _open.Add(server);
                    _pumps.Add(Join(client, server));
                }
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Closed.
        }
    }

    private async Task Join(Socket client, Socket server)
    {
        await Task.Yield();
        var caught = new StrongBox();
        await Task.WhenAny(Requests(client, server, caught), Answers(server, client, caught));
        lock (_lock)
        {
            _open.Remove(client);
            _open.Remove(server);
        }

        client.Close();
        server.Close();
    }

    private async Task Requests(Socket client, Socket server, StrongBox caught)
    {
        var buffer = new byte[1 << 16];
        while (await Receive(client, buffer) is > 0 and var count)
        {
            if (_trap is { } trap && buffer.AsSpan(0, count).IndexOf(trap.Marker) >= 0)
            {
                _trap = null;
                caught.Trap = trap;
                if (trap.Fate == Fate.NeverArrives)
                {
                    trap.Sprung.SetResult();
                    return;
                }
            }

            await server.SendAsync(buffer.AsMemory(0, count));
        }
    }

    private static async Task Answers(Socket server, Socket client, StrongBox caught)
    {
        var buffer = new byte[1 << 16];
        while (await Receive(server, buffer) is > 0 and var count)
        {
            if (caught.Trap is { } trap)
            {
                var end = buffer.AsSpan(0, count).LastIndexOf(Ready);
                if (trap.Fate == Fate.CommitIsSilent)
                {
                    await client.SendAsync(buffer.AsMemory(0, end < 0 ? count : end));
                }

                if (end >= 0)
                {
                    trap.Sprung.SetResult();
                    caught.Trap = null;
                    if (trap.Fate == Fate.AnswerIsLost)
                    {
                        return;
                    }
                }

                continue;
            }

            await client.SendAsync(buffer.AsMemory(0, count));
        }
    }

    private static async Task<int> Receive(Socket socket, byte[] buffer)
    {
        try
        {
            return await socket.ReceiveAsync(buffer);
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            return 0;
        }
    }

    private sealed class StrongBox
    {
        public Trap? Trap { get; set; }
    }

    private sealed record Trap(byte[] Marker, Fate Fate)
    {
        public TaskCompletionSource Sprung { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
