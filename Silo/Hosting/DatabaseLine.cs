using Npgsql;

namespace Lakala.Silo.Hosting;

/// <summary>Checks that the connection to the database is protected.</summary>
public static class DatabaseLine
{
    /// <summary>The setting that says that other means protect the connection to the database.</summary>
    public const string TrustedNetwork = "Database:TrustedNetwork";

    /// <returns>Why the connection string is not accepted; null when it is.</returns>
    public static string? Fault(string connectionString, bool isTrustedNetwork)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        var elsewhere = (settings.Host ?? "localhost").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(host => !IsHere(host));
        return elsewhere is null || isTrustedNetwork || settings.SslMode == SslMode.VerifyFull
            ? null
            : $"ConnectionStrings__Lakala leads to {elsewhere} with SSL Mode={settings.SslMode}: bills, people and wrapped keys would travel in the clear, or to whoever "
                + $"answers there. Say SSL Mode=VerifyFull and Root Certificate, or {TrustedNetwork.Replace(":", "__", StringComparison.Ordinal)}=true where the network itself protects the way.";
    }

    // A host may include its port; a Unix socket, also an abstract one, is on this machine.
    private static bool IsHere(string host) =>
        host[0] is '/' or '@'
        || ThisMachine.Is(host)
        || (host.LastIndexOf(':') is > 0 and var colon && ThisMachine.Is(host[..colon].Trim('[', ']')));
}
