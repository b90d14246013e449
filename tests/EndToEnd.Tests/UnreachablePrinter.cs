using System.Net;
using System.Net.Sockets;

namespace Lakala.EndToEnd.Tests;

/// <summary>An address that neither answers nor refuses: the queue of its port is full, and further connections are ignored.</summary>
internal sealed class UnreachablePrinter : IDisposable
{
    private readonly Socket _port = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> _queue = [];

    public UnreachablePrinter()
    {
        const int More = 4;
        _port.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _port.Listen(0);
        for (var i = 0; i < More; i++)
        {
            var waiting = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _queue.Add(waiting);
            _ = waiting.ConnectAsync(_port.LocalEndPoint!).ContinueWith(refused => refused.Exception, TaskScheduler.Default);
        }
    }

    public string Setting => $"tcp:127.0.0.1:{((IPEndPoint)_port.LocalEndPoint!).Port}";

    public void Dispose()
    {
        foreach (var waiting in _queue)
        {
            waiting.Dispose();
        }

        _port.Dispose();
    }
}
