using System.Net.Sockets;

namespace Lakala.Testing;

/// <summary>For the servers that a test plays itself.</summary>
public static class Listening
{
    /// <returns>The next client; null when the listener is stopped.</returns>
    public static async Task<Socket?> NextClient(this TcpListener listener)
    {
        try
        {
            return await listener.AcceptSocketAsync();
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            return null;
        }
    }
}
