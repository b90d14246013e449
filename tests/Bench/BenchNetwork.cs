using Lakala.Local;
using Npgsql;

namespace Lakala.Bench;

/// <summary>The network in which a bench has terminals pay.</summary>
internal static class BenchNetwork
{
    /// <summary>By which PostgreSQL is called in the figures.</summary>
    public const string ServerName = "PostgreSQL";

    private const int MostSeconds = 1_200;

    /// <summary>Starts it in an empty state folder, with a database of its own. Notices are written and not sent.</summary>
    /// <param name="terminals">Without the spare one.</param>
    /// <param name="bills">Open, each of <see cref="SwarmRun.Amount"/>.</param>
    /// <param name="progress">Called with each step.</param>
    /// <param name="stop">Ends it.</param>
    /// <param name="silos">How many silos serve the terminals.</param>
    /// <param name="checkout">The root folder of another checkout, whose programs run beside those of this one.</param>
    public static async Task<LocalNetwork> Start(int terminals, int bills, Action<string> progress, CancellationToken stop, int silos = 1, string? checkout = null)
    {
        var network = await LocalNetwork.Start(
            await StateFolder.OpenEmpty(Path.Combine(Repository.Home, checkout is null ? "bench" : "bench-other")),
            new LocalNetworkOptions
            {
                Checkout = checkout,
                Silos = silos,
                Terminals = terminals,
                Bills = bills,
                BankFsync = false,
                ThrowawayDatabase = true,
                ProgramsSwipe = true,
                Silo = new Dictionary<string, string> { ["Notices__Dispatch"] = "false", ["MerchantApi__WritesPerMinute"] = "1000000" },
                Progress = progress,
            },
            stop);
        try
        {
            // So that every settled swipe writes its delivery row. The cost of sending notices is not measured.
            using var merchant = new MerchantClient(network.Http, network.Seed.ApiKey);
            await merchant.CreateWebhookEndpoint(new Uri("http://127.0.0.1:9/notices"), stop);
            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    /// <summary>The name and the process of PostgreSQL; none when somebody else runs it.</summary>
    public static IEnumerable<KeyValuePair<string, int>> Server(LocalNetwork network) =>
        network.Postgres.Cluster?.Process is { } process ? [new(ServerName, process)] : [];

    /// <summary>As pgbench does after it has filled its tables: otherwise the first minute would pay for work that the filling left.</summary>
    public static Task Vacuum(LocalNetwork network, CancellationToken stop) => Execute(network, "vacuum analyze bills", stop);

    /// <summary>Runs a statement that may take minutes.</summary>
    public static async Task Execute(LocalNetwork network, string statement, CancellationToken stop)
    {
        await using var database = NpgsqlDataSource.Create(network.ConnectionString);
        await using var command = database.CreateCommand(statement);
        command.CommandTimeout = MostSeconds;
        await command.ExecuteNonQueryAsync(stop);
    }
}
