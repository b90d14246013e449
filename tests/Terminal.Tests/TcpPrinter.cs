using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Lakala.Terminal.Tests;

/// <summary>A receipt printer on a TCP port, as its maker's manual says: it answers DLE EOT, and prints while it has paper.</summary>
public sealed class TcpPrinter : IDisposable
{
    /// <summary>GS V B 3.</summary>
    private const uint Cut = 0x1D564203;

    private readonly TcpListener _listener;
    private readonly ConcurrentQueue<byte> _paper = new();
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _cuts;
    private uint _last;
    private byte? _before;

    /// <param name="port">0: any that is free.</param>
    public TcpPrinter(int port = 0)
    {
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _ = Run();
    }

    public int Port { get; }

    public string Setting => $"tcp:127.0.0.1:{Port}";

    public bool HasPaper { get; set; } = true;

    public bool IsLow { get; set; }

    public bool IsOpen { get; set; }

    /// <summary>It no longer answers.</summary>
    public bool IsMute { get; set; }

    /// <summary>It no longer answers after this number of bytes of paper.</summary>
    public int SpeaksForBytes { get; set; } = int.MaxValue;

    /// <summary>It does not know GS r, like some cheap printers.</summary>
    public bool SaysNotWhenOut { get; set; }

    /// <summary>The bytes that it sends by itself after a connection.</summary>
    public byte[] Greeting { get; set; } = [];

    /// <summary>The number of times that it sends each answer.</summary>
    public int Answers { get; set; } = 1;

    /// <summary>It sends the previous answer: always one behind.</summary>
    public bool IsOneBehind { get; set; }

    /// <summary>It answers nothing before this is done.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>It reads this number of bytes at once, then pauses.</summary>
    public (int Bytes, TimeSpan Pause)? Pace { get; set; }

    /// <summary>It goes on serving a connection that is closed until this is done.</summary>
    public Task Hold { get; set; } = Task.CompletedTask;

    /// <summary>The roll ends after this number of bytes of paper.</summary>
    public int PaperForBytes { get; set; } = int.MaxValue;

    public int Connections { get; private set; }

    /// <summary>The first connection has come.</summary>
    public Task Connected => _connected.Task;

    /// <summary>All questions, by their last byte; 'r' is GS r.</summary>
    public ConcurrentQueue<byte> Asked { get; } = new();

    /// <summary>The roll ends after this number of receipts.</summary>
    public int PaperFor { get; set; } = int.MaxValue;

    /// <summary>All that was printed.</summary>
    public byte[] Paper => [.. _paper];

    public int Cuts => _cuts;

    public void Dispose() => _listener.Dispose();

    private async Task Run()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync();
                Connections++;
                _connected.TrySetResult();
                await Serve(client.GetStream());
                await Hold;
            }
        }
        catch (Exception fault) when (fault is ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task Serve(NetworkStream stream)
    {
        var bytes = new byte[Pace?.Bytes ?? 4096];
        try
        {
            await stream.WriteAsync(Greeting);
            for (var count = await stream.ReadAsync(bytes); count > 0; count = await stream.ReadAsync(bytes))
            {
                for (var at = 0; at < count; at++)
                {
                    // DLE EOT n comes alone, each command in a write of its own.
                    if (bytes[at] == 0x10 && at + 2 < count && bytes[at + 1] == 0x04)
                    {
                        await Answer(stream, bytes[at + 2]);
                        at += 2;
                    }
                    else if (bytes[at] == 0x1D && at + 2 < count && bytes[at + 1] == 'r')
                    {
                        // Not a real-time command: without paper it waits.
                        await (HasPaper && !SaysNotWhenOut ? Say(stream, (byte)'r', 0) : Task.CompletedTask);
                        at += 2;
                    }
                    else if (HasPaper)
                    {
                        Take(bytes[at]);
                    }
                }

                await (Pace is { } pace ? Task.Delay(pace.Pause) : Task.CompletedTask);
            }
        }
        catch (IOException)
        {
            // The terminal is gone.
        }
    }

    private void Take(byte sign)
    {
        _paper.Enqueue(sign);
        HasPaper = _paper.Count < PaperForBytes;
        _last = (_last << 8) | sign;
        if (_last == Cut && ++_cuts >= PaperFor)
        {
            HasPaper = false;
        }
    }

    private async Task Answer(NetworkStream stream, byte what)
    {
        await Gate;
        var bits = what == 2 ? (IsOpen ? 0x04 : 0) | (HasPaper ? 0 : 0x20) : (IsLow ? 0x0C : 0) | (HasPaper ? 0 : 0x60);
        await Say(stream, what, (byte)(0x12 | bits));
    }

    private async Task Say(NetworkStream stream, byte asked, byte answer)
    {
        Asked.Enqueue(asked);
        (_before, var said) = (answer, IsOneBehind ? _before : answer);
        if (!IsMute && _paper.Count < SpeaksForBytes && said is { } one)
        {
            await stream.WriteAsync(Enumerable.Repeat(one, Answers).ToArray());
        }
    }
}
