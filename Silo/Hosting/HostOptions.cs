using System.Net;
using Lakala.Grains.Notices;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Lakala.Silo.Hosting;

/// <summary>Merchant API and bill pages over plain HTTP: a proxy before the silo does TLS.</summary>
public sealed class HttpOptions
{
    /// <summary>The address to listen on; the default is reachable from this machine only.</summary>
    public string Address { get; set; } = "127.0.0.1";

    public int Port { get; set; } = 8080;

    public sealed class Validator(IOptions<BillPageOptions> pages) : IValidateOptions<HttpOptions>
    {
        public ValidateOptionsResult Validate(string? name, HttpOptions options) =>
            !IPAddress.TryParse(options.Address, out _)
                ? ValidateOptionsResult.Fail($"Http:Address must be an IP address, or 0.0.0.0 for all; it is '{options.Address}'.")
            : !ThisMachine.Is(options.Address) && !pages.Value.PublicUrl.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
                ? ValidateOptionsResult.Fail(
                    $"Http:Address is {options.Address}, so other machines reach it, and Http:PublicUrl is not https: keys and passwords would travel in the clear. "
                    + "Put a TLS proxy before it and set Http:PublicUrl to the https address of the proxy.")
            : ValidateOptionsResult.Success;
    }
}

public sealed class ManagementOptions
{
    /// <summary>Loopback port of <c>/metrics</c>; 0 turns it off.</summary>
    public int Port { get; set; }
}

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
