using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Lakala.BankHost;
using Lakala.Wire.Keys;
using Lakala.Wire.Tls;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

// A stand-in for the card network: it speaks the wire as a real host would, and shows its book for comparison.
// Its settings are beside the program, and the book may be below that folder: a watcher for changes would fire at every write.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions
{
    Args = ["--hostBuilder:reloadConfigOnChange=false", .. args],
    ContentRootPath = AppContext.BaseDirectory,
});
var options = builder.Configuration.GetSection("Bank").Get<BankOptions>() ?? new BankOptions();
Directory.CreateDirectory(options.Folder);
using var zoneMaster = new MasterKey(KeyFile.Read(options.ZoneMasterKeyFile, "Bank:ZoneMasterKeyFile"));
using var book = new Book(options.Folder, options.Fsync);

builder.Logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning).AddSimpleConsole(console => console.SingleLine = true);
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddSingleton(zoneMaster);
builder.Services.AddSingleton(book);
builder.Services.AddSingleton(CardFile.Ensure(options.Folder));
builder.Services.AddSingleton<Bank>();
builder.Services.AddSingleton<Faults>();
builder.Services.ConfigureHttpJsonOptions(json =>
{
    json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
    json.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseUpper));
});
builder.WebHost.ConfigureKestrel(kestrel =>
{
    kestrel.AddServerHeader = false;
    kestrel.Listen(IPAddress.Loopback, options.HttpPort);
    kestrel.Listen(IPAddress.Loopback, options.Port, line =>
    {
        line.Protocols = HttpProtocols.None;
        if (options.Certificate.Length > 0)
        {
            var own = new OwnCertificate(options.Certificate, options.CertificateKey, TimeProvider.System);
            line.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(TlsLine.Server(own, offersTls13: false)) });
        }

        line.UseConnectionHandler<BankLine>();
    });
});

var app = builder.Build();
app.MapGet("/healthz", () => Results.Ok(new { Status = "ready" }));
app.MapGet("/book", (Book book) => book.Report());
app.MapPost("/faults", (Fault fault, Faults faults) =>
{
    if (fault.Check() is { } wrong)
    {
        return Results.BadRequest(new { Detail = wrong });
    }

    faults.Plan(fault);
    return Results.Ok(fault);
});
await app.RunAsync();

namespace Lakala.BankHost
{
    public sealed class BankOptions
    {
        /// <summary>Where acquirers connect.</summary>
        public int Port { get; set; } = 8600;

        /// <summary>Book and faults.</summary>
        public int HttpPort { get; set; } = 8601;

        /// <summary>The folder of cards and book: it belongs to the outside world and may have card numbers.</summary>
        public string Folder { get; set; } = "bank";

        /// <summary>An owner-only file with the zone master key in hex, agreed with the acquirer.</summary>
        public string ZoneMasterKeyFile { get; set; } = "";

        /// <summary>False: answered decisions are in the file, but perhaps not on the disk. For benchmarks.</summary>
        public bool Fsync { get; set; } = true;

        /// <summary>PEM file of the line's certificate. Empty: the line runs without TLS.</summary>
        public string Certificate { get; set; } = "";

        public string CertificateKey { get; set; } = "";
    }
}
