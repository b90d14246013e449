using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Lakala.Local;

/// <summary>
/// Free loopback ports, below the range from which the kernel takes the ports of outgoing connections. A port that was given out stays this
/// process's until it ends, also while nobody listens there: programs that start instances at the same time get different ones.
/// </summary>
public static class FreePorts
{
    private const int First = 20_000, End = 32_000, Attempts = 200;

    // A locked file for each port that was given out.
    private static readonly DirectoryInfo Claims =
        Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"lakala-ports-{Environment.UserName}"));

    private static readonly ConcurrentDictionary<int, FileStream> Claimed = new();

    public static int[] Take(int count)
    {
        var taken = new HashSet<int>();
        for (var attempt = 0; attempt < Attempts && taken.Count < count; attempt++)
        {
            var port = RandomNumberGenerator.GetInt32(First, End);
            if (IsFree(port) && Claim(port))
            {
                taken.Add(port);
            }
        }

        return taken.Count == count ? [.. taken] : throw new SetupException("no free loopback ports");
    }

    private static bool Claim(int port)
    {
        try
        {
            var claim = new FileStream(
                Path.Combine(Claims.FullName, port.ToString(CultureInfo.InvariantCulture)), FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
            return Claimed.TryAdd(port, claim);
        }
        catch (IOException)
        {
            // Somebody has it.
            return false;
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
