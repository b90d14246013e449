using Lakala.Plain;
using Npgsql;

// The plain way to take a swipe with Orleans, to compare with: a grain for each terminal and each bill, their states in the grain
// storage of a public package, three writes for a swipe. Without TLS, MAC, PIN, bank, ledger and notices.
var builder = WebApplication.CreateBuilder(args);
var database = builder.Configuration.GetConnectionString("Plain") ?? throw new InvalidOperationException("ConnectionStrings__Plain is not set.");
await MakeTables(database);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(builder.Configuration.GetValue<int>("Http:Port")));
builder.UseOrleans(silo => silo
    .UseLocalhostClustering(builder.Configuration.GetValue<int>("Cluster:SiloPort"), gatewayPort: 0)
    .AddAdoNetGrainStorageAsDefault(storage => (storage.Invariant, storage.ConnectionString) = ("Npgsql", database)));
var app = builder.Build();
app.MapGet("/healthz", () => Results.Ok());
app.MapPost("/swipes", (Swipe swipe, IGrainFactory grains) => grains.GetGrain<ITerminalGrain>(swipe.Terminal).Pay(swipe.Bill, swipe.Amount));
await app.RunAsync();

static async Task MakeTables(string connectionString)
{
    using var script = new StreamReader(typeof(Swipe).Assembly.GetManifestResourceStream("grain_storage.sql")!);
    await using var database = NpgsqlDataSource.Create(connectionString);
    await using var command = database.CreateCommand(await script.ReadToEndAsync());
    await command.ExecuteNonQueryAsync();
}
