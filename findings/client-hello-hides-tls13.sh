#!/usr/bin/env bash
# A .NET server that chooses its options by what the client offers (ServerOptionsSelectionCallback, also behind Kestrel's
# TlsHandshakeCallbackOptions) is never told of TLS 1.3.
#
#   .NET runtime 10.0.11 (Microsoft.NETCore.App.Runtime.linux-x64): SslClientHelloInfo.SslProtocols is "Tls, Tls12" whatever the client offers:
#   TLS 1.2, TLS 1.3 or both. The extension supported_versions is read only while somebody listens to the runtime's own trace of
#   System.Net.Security: then TLS 1.3 is there, so that the same server decides otherwise while it is traced.
#
# So read the extension yourself. Needs the .NET 10 SDK; the runtime is the pinned package. Exits 1 when it behaves otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > hello.csproj <<'XML'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
    <RuntimeIdentifier>linux-x64</RuntimeIdentifier>
    <RuntimeFrameworkVersion>10.0.11</RuntimeFrameworkVersion>
    <SelfContained>true</SelfContained>
    <DisableTransitiveFrameworkReferenceDownloads>true</DisableTransitiveFrameworkReferenceDownloads>
  </PropertyGroup>
</Project>
XML
cat > Program.cs <<'CS'
using System.Diagnostics.Tracing;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
    .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
Console.WriteLine($"runtime {Environment.Version}");
await Offer(SslProtocols.Tls12);
await Offer(SslProtocols.Tls13);
await Offer(SslProtocols.Tls12 | SslProtocols.Tls13);
using var tracing = new Tracing();
Console.WriteLine("traced");
await Offer(SslProtocols.Tls12);
await Offer(SslProtocols.Tls12 | SslProtocols.Tls13);

async Task Offer(SslProtocols offered)
{
    using var listener = new TcpListener(IPAddress.Loopback, 0);
    listener.Start();
    using var client = new TcpClient();
    await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
    using var server = await listener.AcceptTcpClientAsync();
    await using var theirs = new SslStream(client.GetStream());
    await using var ours = new SslStream(server.GetStream());
    var told = SslProtocols.None;
    await Task.WhenAll(
        ours.AuthenticateAsServerAsync(
            (_, hello, _, _) =>
            {
                told = hello.SslProtocols;
                return ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificate = certificate });
            },
            null),
        theirs.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            EnabledSslProtocols = offered,
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
        }));
    Console.WriteLine($"offered {offered}; the server is told {told}; agreed {ours.SslProtocol}");
}

sealed class Tracing : EventListener
{
    protected override void OnEventSourceCreated(EventSource source)
    {
        if (source.Name == "Private.InternalDiagnostics.System.Net.Security")
        {
            EnableEvents(source, EventLevel.Informational);
        }
    }
}
CS
dotnet build -c Release -v q --nologo -o out >/dev/null
out/hello 2>/dev/null | tee seen
cat > expected <<'TEXT'
runtime 10.0.11
offered Tls12; the server is told Tls, Tls12; agreed Tls12
offered Tls13; the server is told Tls, Tls12; agreed Tls13
offered Tls12, Tls13; the server is told Tls, Tls12; agreed Tls13
traced
offered Tls12; the server is told Tls, Tls12; agreed Tls12
offered Tls12, Tls13; the server is told Tls, Tls12, Tls13; agreed Tls13
TEXT
diff expected seen >&2 || { echo "the runtime behaves otherwise now" >&2; exit 1; }
