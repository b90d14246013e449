using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Lakala.Terminal.Tests;

/// <summary>A receipt printer on a TCP port, as its maker's manual says: it answers DLE EOT, and prints while it has paper.</summary>
public sealed class TcpPrinter : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentQueue<byte> _paper = new();
    private int _cuts;

    public TcpPrinter()
    {
        _listener.Start();
        Setting = $"tcp:127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        _ = Run();
    }

    public string Setting { get; }

    public bool HasPaper { get; set; } = true;

    public bool IsLow { get; set; }

    public bool IsOpen { get; set; }

    /// <summary>Says nothing any more.</summary>
    public bool IsMute { get; set; }

    /// <summary>The roll ends after so many receipts.</summary>
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
                await Serve(client.GetStream());
            }
        }
        catch (Exception fault) when (fault is ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task Serve(NetworkStream stream)
    {
        var bytes = new byte[4096];
        try
        {
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
                    else if (HasPaper)
                    {
                        Take(bytes[at]);
                    }
                }
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
        if (_paper.TakeLast(4).SequenceEqual<byte>([0x1D, 0x56, 0x42, 3]) && ++_cuts >= PaperFor)
        {
            HasPaper = false;
        }
    }

    private async Task Answer(NetworkStream stream, byte what)
    {
        if (!IsMute)
        {
            var bits = what == 2 ? (IsOpen ? 0x04 : 0) | (HasPaper ? 0 : 0x20) : (IsLow ? 0x0C : 0) | (HasPaper ? 0 : 0x60);
            await stream.WriteAsync(new[] { (byte)(0x12 | bits) });
        }
    }
}
