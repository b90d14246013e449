using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace Lakala.Testing;

/// <summary>
/// A line to PostgreSQL that the test breaks: the whole line, or only where a marked statement passes. Each break returns a task that
/// completes when it has happened.
/// </summary>
public sealed class TestLine : IAsyncDisposable
{
    private static readonly TimeSpan Patience = HangGuard.Bound;
    private static readonly byte[] Ready = [(byte)'Z', 0, 0, 0, 5];

    private readonly DnsEndPoint _server;
    private readonly SqlEdits? _edits;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _accepting;
    private readonly Lock _lock = new();
    private readonly HashSet<Socket> _open = [];
    private readonly HashSet<Task> _joins = [];
    private TaskCompletionSource _refused = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isClosed;
    private volatile Trap? _trap;

    /// <param name="edits">Changes of the statements that pass; null: none.</param>
    public TestLine(string connectionString, SqlEdits? edits = null)
    {
        _edits = edits;
        var server = new NpgsqlConnectionStringBuilder(connectionString);
        _server = new DnsEndPoint(server.Host!, server.Port);
        _listener.Start();
        var port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        ConnectionString = new NpgsqlConnectionStringBuilder(connectionString) { Host = "127.0.0.1", Port = port, SslMode = SslMode.Disable }.ConnectionString;
        _accepting = Accept();
    }

    private enum Fate
    {
        NeverArrives,
        IsHeldBack,
        AnswerIsLost,
        AnswerIsHeldBack,
        CommitIsSilent,
    }

    public string ConnectionString { get; }

    /// <summary>The next statement that carries the marker never reaches the server; its connection is cut.</summary>
    /// <param name="close">And the whole line is closed in the same moment.</param>
    public Task CutBefore(string marker, bool close = false) => Set(marker, Fate.NeverArrives, close);

    /// <summary>The next statement with the marker is committed; then its connection is cut, and its answer is lost.</summary>
    /// <param name="close">And the whole line is closed in the same moment.</param>
    public Task CutAfter(string marker, bool close = false) => Set(marker, Fate.AnswerIsLost, close);

    /// <summary>The next statement with the marker never reaches the server; its sender waits.</summary>
    public Task HoldBefore(string marker) => Set(marker, Fate.IsHeldBack);

    /// <summary>The next statement with the marker is committed; its sender waits for the answer.</summary>
    public Task HoldAfter(string marker) => Set(marker, Fate.AnswerIsHeldBack);

    /// <summary>The next statement with the marker returns its rows, but the answer to its commit is lost.</summary>
    public Task SilenceCommit(string marker) => Set(marker, Fate.CommitIsSilent);

    /// <summary>A break that was set and has not happened does not happen any more.</summary>
    public void Spare() => _trap = null;

    /// <summary>Completes when a connection attempt has failed since it was closed.</summary>
    public Task Refused
    {
        get
        {
            lock (_lock)
            {
                return _refused.Task.WaitAsync(Patience);
            }
        }
    }

    /// <summary>Cuts every connection and refuses new ones.</summary>
    public void Close()
    {
        lock (_lock)
        {
            if (!_isClosed)
            {
                _isClosed = true;
                _refused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

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
            _isClosed = false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
        Task[] joins;
        lock (_lock)
        {
            _isClosed = true;
            foreach (var socket in _open)
            {
                socket.Close();
            }

            joins = [.. _joins];
        }

        await Task.WhenAll(joins);
    }

    private Task Set(string marker, Fate fate, bool close = false)
    {
        var trap = new Trap(Encoding.ASCII.GetBytes(marker), fate, close);
        _trap = trap;
        return trap.Sprung.Task.WaitAsync(Patience);
    }

    private async Task Accept()
    {
        while (await _listener.NextClient() is { } client)
        {
            lock (_lock)
            {
                if (_isClosed)
                {
                    client.Close();
                    _refused.TrySetResult();
                    continue;
                }

                var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
                _open.Add(client);
                _open.Add(server);
                _joins.Add(Join(client, server));
            }
        }
    }

    private async Task Join(Socket client, Socket server)
    {
        await Task.Yield();
        var caught = new Caught();
        try
        {
            await server.ConnectAsync(_server);
            await await Task.WhenAny(Requests(client, server, caught), Answers(server, client, caught));
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // One side has closed, so the other is closed too.
        }

        lock (_lock)
        {
            _open.Remove(client);
            _open.Remove(server);
        }

        client.Close();
        server.Close();
    }

    private async Task Requests(Socket client, Socket server, Caught caught)
    {
        var buffer = new byte[1 << 16];
        var editor = _edits is null ? null : new SqlEditor(_edits);
        while (await Receive(client, buffer) is > 0 and var count)
        {
            if (_trap is { } trap && buffer.AsSpan(0, count).IndexOf(trap.Marker) >= 0)
            {
                _trap = null;
                caught.Trap = trap;
                if (trap.Fate is Fate.NeverArrives or Fate.IsHeldBack)
                {
                    Spring(trap);
                }

                if (trap.Fate == Fate.NeverArrives)
                {
                    return;
                }
            }

            if (caught.Trap?.Fate != Fate.IsHeldBack)
            {
                await server.SendAsync(editor?.Take(buffer.AsSpan(0, count)) ?? buffer.AsMemory(0, count));
            }
        }
    }

    private async Task Answers(Socket server, Socket client, Caught caught)
    {
        var buffer = new byte[1 << 16];
        while (await Receive(server, buffer) is > 0 and var count)
        {
            if (caught.Trap is not { } trap)
            {
                await client.SendAsync(buffer.AsMemory(0, count));
                continue;
            }

            var end = buffer.AsSpan(0, count).LastIndexOf(Ready);
            if (trap.Fate == Fate.CommitIsSilent)
            {
                await client.SendAsync(buffer.AsMemory(0, end < 0 ? count : end));
            }

            if (end < 0)
            {
                continue;
            }

            Spring(trap);
            if (trap.Fate == Fate.AnswerIsLost)
            {
                return;
            }

            if (trap.Fate == Fate.CommitIsSilent)
            {
                caught.Trap = null;
            }
        }
    }

    private void Spring(Trap trap)
    {
        if (trap.Close)
        {
            Close();
        }

        trap.Sprung.TrySetResult();
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

    private sealed class Caught
    {
        public Trap? Trap { get; set; }
    }

    private sealed record Trap(byte[] Marker, Fate Fate, bool Close)
    {
        public TaskCompletionSource Sprung { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
