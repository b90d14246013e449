using System.Net;
using Lakala.Grains.Notices;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Lakala.Silo.Hosting;

/// <summary>Merchant API and bill pages over plain HTTP: TLS is the business of the front before it.</summary>
public sealed class HttpOptions
{
    /// <summary>The address to listen on; nobody but this machine reaches the default.</summary>
    public string Address { get; set; } = "127.0.0.1";

    public int Port { get; set; } = 8080;

    public sealed class Validator(IOptions<BillPageOptions> pages) : IValidateOptions<HttpOptions>
    {
        public ValidateOptionsResult Validate(string? name, HttpOptions options) =>
            !IPAddress.TryParse(options.Address, out _)
                ? ValidateOptionsResult.Fail($"Http:Address is an IP address, or 0.0.0.0 for all; '{options.Address}' is none.")
            : !ThisMachine.Is(options.Address) && !pages.Value.PublicUrl.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
                ? ValidateOptionsResult.Fail(
                    $"Http:Address is {options.Address}, so others reach it, and Http:PublicUrl is not https: keys and passwords would travel in the clear. "
                    + "Put a TLS front before it and its https address into Http:PublicUrl.")
            : ValidateOptionsResult.Success;
    }
}

public sealed class ManagementOptions
{
    /// <summary>Loopback port of <c>/metrics</c>; 0 turns it off.</summary>
    public int Port { get; set; }
}

/// <summary>The way to the database.</summary>
public static class DatabaseLine
{
    /// <summary>Says that the way to the database is protected by other means.</summary>
    public const string TrustedNetwork = "Database:TrustedNetwork";

    /// <returns>Why the connection string is not accepted; null: it is.</returns>
    public static string? Fault(string connectionString, bool isTrustedNetwork)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        var elsewhere = (settings.Host ?? "localhost").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(host => !IsHere(host));
        return elsewhere is null || isTrustedNetwork || settings.SslMode == SslMode.VerifyFull
            ? null
            : $"ConnectionStrings__Lakala leads to {elsewhere} with SSL Mode={settings.SslMode}: bills, people and wrapped keys would travel in the clear, or to whoever "
                + $"answers there. Say SSL Mode=VerifyFull and Root Certificate, or {TrustedNetwork.Replace(":", "__", StringComparison.Ordinal)}=true where the network itself protects the way.";
    }

    // A host may have its port with it; a socket in a folder, or an abstract one, is on this machine.
    private static bool IsHere(string host) =>
        host[0] is '/' or '@'
        || ThisMachine.Is(host)
        || (host.LastIndexOf(':') is > 0 and var colon && ThisMachine.Is(host[..colon].Trim('[', ']')));
}
