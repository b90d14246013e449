using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Tests;

/// <summary>The schema of a version before, in an empty database, as its migrations have left it.</summary>
internal static class OldSchema
{
    /// <param name="before">The first script that the version did not have.</param>
    public static async Task Make(NpgsqlDataSource database, string before)
    {
        await Execute("create table schemaversions (schemaversionsid serial primary key, scriptname varchar(255) not null, applied timestamp not null)");
        foreach (var script in typeof(Database).Assembly.GetManifestResourceNames().Where(name => name.EndsWith(".sql", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
            .TakeWhile(name => !name.EndsWith(before, StringComparison.Ordinal)))
        {
            using var text = new StreamReader(typeof(Database).Assembly.GetManifestResourceStream(script)!);
            await Execute(await text.ReadToEndAsync());
            await Execute($"insert into schemaversions (scriptname, applied) values ('{script}', now())");
        }

        async Task Execute(string sql)
        {
            await using var command = database.CreateCommand(sql);
            await command.ExecuteNonQueryAsync();
        }
    }
}
