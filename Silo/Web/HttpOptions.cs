using System.Net;
using Lakala.Silo.Hosting;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Web;

/// <summary>The address of the APIs and pages, over plain HTTP: a proxy before the silo does TLS.</summary>
public sealed class HttpOptions
{
    /// <summary>The address to listen on; the default is reachable from this machine only.</summary>
    public string Address { get; set; } = "127.0.0.1";

    public int Port { get; set; } = 8080;

    /// <summary>The address at which everybody else reaches them: scheme, host and port, without a slash at its end.</summary>
    public string PublicUrl { get; set; } = "http://127.0.0.1:8080";

    public sealed class Validator : IValidateOptions<HttpOptions>
    {
        public ValidateOptionsResult Validate(string? name, HttpOptions options) =>
            !IPAddress.TryParse(options.Address, out _)
                ? ValidateOptionsResult.Fail($"Http:Address must be an IP address, or 0.0.0.0 for all; it is '{options.Address}'.")
            : !ThisMachine.Is(options.Address) && !options.PublicUrl.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
                ? ValidateOptionsResult.Fail(
                    $"Http:Address is {options.Address}, so other machines reach it, and Http:PublicUrl is not https: keys and passwords would travel in the clear. "
                    + "Put a TLS proxy before it and set Http:PublicUrl to the https address of the proxy.")
            : ValidateOptionsResult.Success;
    }
}
