using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Lakala.Local;

/// <summary>Free loopback ports, below the range from which the kernel takes the ports of outgoing connections.</summary>
public static class FreePorts
{
    private const int First = 20_000, End = 32_000, Attempts = 200;

    // Ports that were given out and may not be in use yet: instances that start at the same time get different ones.
    private static readonly HashSet<int> Given = [];

    public static int[] Take(int count)
    {
        var taken = new HashSet<int>();
        for (var attempt = 0; attempt < Attempts && taken.Count < count; attempt++)
        {
            var port = RandomNumberGenerator.GetInt32(First, End);
            if (IsFree(port) && Reserve(port))
            {
                taken.Add(port);
            }
        }

        return taken.Count == count ? [.. taken] : throw new SetupException("no free loopback ports");
    }

    private static bool Reserve(int port)
    {
        lock (Given)
        {
            return Given.Add(port);
        }
    }

    public static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
