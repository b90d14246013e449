using System.Net;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Gateway;

public sealed class TerminalGatewayOptions
{
    /// <summary>The address to listen on; the default is reachable from this machine only.</summary>
    public string Address { get; set; } = "127.0.0.1";

    public int Port { get; set; } = 8583;

    /// <summary>PEM files of the server's certificate and its key.</summary>
    public string Certificate { get; set; } = "";

    public string CertificateKey { get; set; } = "";

    /// <summary>PEM file of the CAs of the terminals' certificates. Empty: terminals are authenticated by their keys only.</summary>
    public string ClientCa { get; set; } = "";

    public int MaxConnections { get; set; } = 20_000;

    /// <summary>In IPv6 a /64 counts as one address. A balancer that hides the terminals' addresses, or a large NAT, needs more.</summary>
    public int MaxConnectionsPerAddress { get; set; } = 512;

    /// <summary>Connections that have sent nothing yet; the oldest makes room for a new one.</summary>
    public int MaxSilent { get; set; } = 4_096;

    /// <summary>Messages of one address within a minute that cannot be authenticated.</summary>
    public int MaxRejectsPerAddress { get; set; } = 600;

    /// <summary>Handshakes at once. More would delay the open lines; fewer do not lengthen a storm of reconnects.</summary>
    public int MaxHandshakes { get; set; } = 8;

    /// <summary>For the first bytes, and then for the handshake.</summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>From the handshake to the first message that is authentic.</summary>
    public TimeSpan FirstMessageTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>From the first byte of a frame to its last.</summary>
    public TimeSpan FrameTimeout { get; set; } = TimeSpan.FromSeconds(10);

    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(5);

    public sealed class Validator : IValidateOptions<TerminalGatewayOptions>
    {
        public ValidateOptionsResult Validate(string? name, TerminalGatewayOptions options) =>
            !IPAddress.TryParse(options.Address, out _)
                ? ValidateOptionsResult.Fail($"TerminalGateway:Address must be an IP address, or 0.0.0.0 for all; it is '{options.Address}'.")
            : !File.Exists(options.Certificate) ? Missing(nameof(Certificate), options.Certificate)
            : !File.Exists(options.CertificateKey) ? Missing(nameof(CertificateKey), options.CertificateKey)
            : new[] { options.MaxConnections, options.MaxConnectionsPerAddress, options.MaxSilent, options.MaxHandshakes, options.MaxRejectsPerAddress }.Min() < 1
                ? ValidateOptionsResult.Fail("TerminalGateway:MaxConnections, MaxConnectionsPerAddress, MaxSilent, MaxHandshakes and MaxRejectsPerAddress must be 1 or more.")
            : ValidateOptionsResult.Success;

        private static ValidateOptionsResult Missing(string key, string path) =>
            ValidateOptionsResult.Fail($"TerminalGateway:{key} must name a PEM file; there is no file '{path}'.");
    }
}
