using System.Net;
using Lakala.Grains.Bills;
using Lakala.Grains.Swipes;
using Lakala.Grains.Terminals;
using Lakala.Silo;
using Lakala.Silo.Bank;
using Lakala.Silo.BillPages;
using Lakala.Silo.Gateway;
using Lakala.Silo.Hosting;
using Lakala.Silo.Ledger;
using Lakala.Silo.MerchantPages;
using Lakala.Silo.Merchants;
using Lakala.Silo.Notices;
using Lakala.Silo.Ops.Operators;
using Lakala.Silo.Security;
using Lakala.Silo.Sweeping;
using Lakala.Silo.Telemetry;
using Lakala.Silo.Web;
using Lakala.Storage;
using Lakala.Storage.Claims;
using Lakala.Storage.Due;
using Lakala.Storage.Ledger;
using Lakala.Storage.Postgres;
using Lakala.Storage.Refunds;
using Lakala.Storage.Stores;
using Lakala.Storage.Swipes;
using Lakala.Storage.Terminals;
using Lakala.Wire.Tls;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Options;
using Npgsql;

// The settings beside the program count, whatever the working directory.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
var database = builder.Configuration.GetConnectionString("Lakala")
    ?? throw new InvalidOperationException("ConnectionStrings__Lakala is not set: it names the PostgreSQL database.");

if (DatabaseLine.Fault(database, builder.Configuration.GetValue<bool>(DatabaseLine.TrustedNetwork)) is { } plain)
{
    throw new InvalidOperationException(plain);
}

// Swipes under way may finish: none takes longer than until the sweeper's time. Notices come after them.
var LongestDrain = TimeSpan.FromSeconds(45);

switch (args)
{
    case ["provision"]:
        return await Provisioning.Run(builder, database);
    case ["books"]:
        return await TrialBalance.Print(database, Console.Out);
    case ["migrate"]:
        using (var logs = VerbLog())
        {
            await using var source = Database.Open(database);
            await Database.Migrate(source, database, logs.CreateLogger("Lakala.Silo"));
        }

        return 0;
    case ["operator", var name, var role]:
        return await OperatorChanges.SetUp(database, name, role);
    case []:
        break;
    default:
        await Console.Error.WriteLineAsync("Usage: Lakala.Silo [migrate | provision | operator NAME ROLE | books]; without a verb the silo runs.");
        return 64;
}

AddOptions(builder);
AddStorage(builder.Services, database);
AddSwipe(builder.Services);
builder.AddWebPipeline();
builder.AddMerchantApi();
builder.AddBillPages();
builder.AddMerchantPages();
builder.AddNotices();
builder.AddOperations();
builder.AddCluster();
builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = LongestDrain);
builder.AddTelemetry();
ListenOn(builder);

var app = builder.Build();
var log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Lakala.Silo");
var stopping = app.Lifetime.ApplicationStopping;
await Database.WaitUntilUp(app.Services.GetRequiredService<NpgsqlDataSource>(), TimeProvider.System, log, stopping);
await Database.Migrate(app.Services.GetRequiredService<NpgsqlDataSource>(), database, log);

app.UseWebPipeline();
app.MapMerchantApi();
app.MapBillPages();
app.MapMerchantPages();
app.MapOperations();
app.MapGet("/healthz", (Health health) => health.Check()).AllowAnonymous().ExcludeFromDescription();
app.MapGet("/livez", () => Results.Ok(new { status = "alive" })).AllowAnonymous().ExcludeFromDescription();
app.RequireStatedAccess();
if (app.Services.GetRequiredService<IOptions<ManagementOptions>>().Value.Port is > 0 and var management)
{
    app.UseOpenTelemetryPrometheusScrapingEndpoint(context => context.Connection.LocalPort == management && context.Request.Path == "/metrics");
}

await app.RunAsync();
return 0;

// Logs go to standard error, because a verb prints to standard output.
static ILoggerFactory VerbLog() =>
    LoggerFactory.Create(static logs => logs.AddConsole(static console => console.LogToStandardErrorThreshold = LogLevel.Trace));

static void AddOptions(WebApplicationBuilder builder)
{
    Bind<ManagementOptions>("Management");
    Bind<SiloClusterOptions>("Cluster").Services.AddSingleton<IValidateOptions<SiloClusterOptions>, SiloClusterOptions.Validator>();
    Bind<KeysOptions>("Keys");
    Bind<TraceOptions>("Traces").Services.AddSingleton<IValidateOptions<TraceOptions>, TraceOptions.Validator>();
    Bind<SwipeOptions>("Swipe").Services.AddSingleton<IValidateOptions<SwipeOptions>, SwipeOptions.Validator>();
    Bind<TerminalQuotaOptions>("Terminals").Services.AddSingleton<IValidateOptions<TerminalQuotaOptions>, TerminalQuotaOptions.Validator>();
    Bind<BankLinkOptions>("BankLink").Services.AddSingleton<IValidateOptions<BankLinkOptions>, BankLinkOptions.Validator>();
    Bind<TerminalGatewayOptions>("TerminalGateway").Services
        .AddSingleton<IValidateOptions<TerminalGatewayOptions>, TerminalGatewayOptions.Validator>();

    OptionsBuilder<T> Bind<T>(string section)
        where T : class => builder.Services.AddOptions<T>().BindConfiguration(section).ValidateOnStart();
}

static void AddStorage(IServiceCollection services, string database)
{
    services.AddSingleton(TimeProvider.System);
    services.AddSingleton(provider => Database.Open(database, provider.GetRequiredService<ILoggerFactory>(), share: 0.5));
    services.AddKeyedSingleton(
        Database.Visitors, (provider, _) => Database.Open(database, provider.GetRequiredService<ILoggerFactory>(), share: 0.3));
    services.AddKeyedSingleton(Database.Moves, (_, _) => Database.OpenForMoves(database, share: 0.2));
    services.AddKeyedSingleton(Database.Writers, (_, _) => Database.OpenForCommits(database));
    services.AddSingleton<TerminalRows>();
    services.AddSingleton<HealthRows>();
    services.AddSingleton<Health>();
    services.AddSingleton<ClerkRows>();
    services.AddSingleton<ReversalRows>();
    services.AddSingleton<IReversalRows>(provider => provider.GetRequiredService<ReversalRows>());
    services.AddSingleton<StoreFinder>();
    services.AddSingleton<IKeyVault, SoftwareKeyVault>();
}

static void AddSwipe(IServiceCollection services)
{
    services.AddSwipes();
    services.AddBills();
    services.AddSingleton<IPinTranslator, SoftwarePinTranslator>();
    services.AddSingleton<LateAnswers>();
    services.AddSingleton<ILateRefunds>(static provider => provider.GetRequiredService<RefundRows>());
    services.AddSingleton(Random.Shared);
    services.AddSingleton<Reversals>();
    services.AddSingleton<IRefundRows>(static provider => provider.GetRequiredService<RefundRows>());
    services.AddSingleton<Refunds>();
    services.AddSingleton<DueRows>();
    services.AddSingleton<DueWatch>();
    services.AddSingleton<SweepRounds>();
    services.AddSingleton<TradeSweeps>();
    services.AddSingleton<ClaimSweeps>();
    services.AddSingleton<EvidenceRows>();
    services.AddSingleton<BankLink>();
    services.AddSingleton<IBankLine>(static provider => provider.GetRequiredService<BankLink>());
    services.AddSingleton<IRefundLine>(static provider => provider.GetRequiredService<BankLink>());
    services.AddSingleton(static provider => TerminalCertificate(
        provider.GetRequiredService<IOptions<TerminalGatewayOptions>>().Value, provider.GetRequiredService<TimeProvider>()));
    services.AddSingleton<OwnCertificates>();
    services.AddSingleton<LineWatch>();
    services.AddSingleton<MacFailures>();
    services.AddHostedService(provider => provider.GetRequiredService<LineWatch>());
    services.AddHostedService<ReadyTerminals>();
    services.AddHostedService<Retention>();
    services.AddHostedService(provider => provider.GetRequiredService<DueWatch>());
    services.AddHostedService<Sweeper>();
    services.AddSingleton<LedgerRows>();
    services.AddHostedService<LedgerWork>();
    services.AddSingleton<LateIndexes>();
    services.AddHostedService<IndexWork>();
    services.AddHostedService<ReversalSender>();
    services.AddHostedService<RefundSender>();
}

static NamedCertificate TerminalCertificate(TerminalGatewayOptions gateway, TimeProvider time) =>
    new(TerminalGateway.CertificateUse, new OwnCertificate(gateway.Certificate, gateway.CertificateKey, time));

static void ListenOn(WebApplicationBuilder builder) => builder.WebHost.ConfigureKestrel((context, kestrel) =>
{
    kestrel.AddServerHeader = false;
    var services = kestrel.ApplicationServices;
    var gateway = services.GetRequiredService<IOptions<TerminalGatewayOptions>>().Value;

    // For each port. Terminals are counted one by one, and there a new one may take the place of one that is silent.
    kestrel.Limits.MaxConcurrentConnections = gateway.MaxConnections + gateway.MaxSilent;
    var http = services.GetRequiredService<IOptions<HttpOptions>>().Value;
    kestrel.Listen(IPAddress.Parse(http.Address), http.Port);
    if (services.GetRequiredService<IOptions<ManagementOptions>>().Value.Port is > 0 and var management)
    {
        kestrel.Listen(IPAddress.Loopback, management);
    }

    kestrel.Listen(IPAddress.Parse(gateway.Address), gateway.Port, line => Terminals(line, gateway, services));
});

static void Terminals(ListenOptions line, TerminalGatewayOptions gateway, IServiceProvider services)
{
    var watch = services.GetRequiredService<LineWatch>();
    line.Protocols = HttpProtocols.None;
    line.Use(next => connection => watch.Admit(connection, () => next(connection)));
    var own = services.GetRequiredService<OwnCertificates>().Find(TerminalGateway.CertificateUse);
    var clients = gateway.ClientCa.Length > 0 ? TrustedCas.Read(gateway.ClientCa) : null;
    var log = services.GetRequiredService<ILogger<TerminalGateway>>();
    line.UseHttps(new TlsHandshakeCallbackOptions
    {
        HandshakeTimeout = gateway.HandshakeTimeout,
        OnConnection = handshake => ValueTask.FromResult(TlsLine.Server(
            own,
            LineWatch.OffersTls13(handshake.Connection),
            clients,
            why => log.LogWarning("A connection from {Address} is refused, its certificate is not accepted: {Why}.", handshake.Connection.RemoteEndPoint, why))),
    });
    line.UseConnectionHandler<TerminalGateway>();
}
