using Lakala.Chaos.Audit;

namespace Lakala.Chaos.Tests;

/// <summary>The evidence of a database that was filled without a network: no bank, no terminals, no receivers.</summary>
internal static class DatabaseAlone
{
    public static async Task<Evidence> Read(string connectionString, CancellationToken stop) => new()
    {
        Database = await DatabaseReader.Read(connectionString, stop),
        Bank = [],
        Terminals = [],
        Receivers = [],
        Acknowledged = new Acknowledged([], [], []),
    };
}
