using System.Globalization;
using System.Text.RegularExpressions;
using Lakala.Local;
using Npgsql;

namespace Lakala.Bench;

/// <summary>The yardstick: TPC-B at scale 20, prepared, 32 clients on 2 threads.</summary>
public static partial class Pgbench
{
    private const string Scale = "20", Database = "pgbench";
    private static readonly string[] Load = ["-n", "-M", "prepared", "-c", "32", "-j", "2"];

    public static readonly TimeSpan UsualTime = TimeSpan.FromSeconds(30);

    public static async Task<double> Run(PostgresServer server, TimeSpan time, CancellationToken stop)
    {
        var parts = new NpgsqlConnectionStringBuilder(await server.CreateDatabase(Database, stop));
        var environment = new Dictionary<string, string>
        {
            ["PGHOST"] = parts.Host!,
            ["PGPORT"] = parts.Port.ToString(CultureInfo.InvariantCulture),
            ["PGUSER"] = parts.Username!,
            ["PGPASSWORD"] = parts.Password ?? "",
        };
        var program = Path.Combine(await PostgresBinaries.Find(stop), "pgbench");
        await Tool.RunOrFail([program, "-i", "-q", "-s", Scale, Database], environment, cancel: stop);
        var seconds = time.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
        var report = await Tool.RunOrFail([program, .. Load, "-T", seconds, Database], environment, cancel: stop);
        return Tps().Match(report) is { Success: true } match
            ? double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)
            : throw new SetupException($"pgbench reports no tps:\n{report}");
    }

    /// <summary>Called after all measurements: to drop a database makes a checkpoint, after which every page is logged whole once more.</summary>
    public static Task Drop(PostgresServer server) => server.DropDatabase(Database);

    [GeneratedRegex(@"^tps = ([0-9.]+)", RegexOptions.Multiline)]
    private static partial Regex Tps();
}
