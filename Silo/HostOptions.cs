using System.Net;
using Microsoft.Extensions.Options;

namespace Lakala.Silo;

/// <summary>Merchant API and bill pages over plain HTTP: TLS is the business of the front before it.</summary>
public sealed class HttpOptions
{
    /// <summary>The address to listen on; nobody but this machine reaches the default.</summary>
    public string Address { get; set; } = "127.0.0.1";

    public int Port { get; set; } = 8080;

    public sealed class Validator : IValidateOptions<HttpOptions>
    {
        public ValidateOptionsResult Validate(string? name, HttpOptions options) => IPAddress.TryParse(options.Address, out _)
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail($"Http:Address is an IP address, or 0.0.0.0 for all; '{options.Address}' is none.");
    }
}

public sealed class ManagementOptions
{
    /// <summary>Loopback port of <c>/metrics</c>; 0 turns it off.</summary>
    public int Port { get; set; }
}
