using Npgsql;

namespace Lakala.Storage.Postgres;

/// <summary>A batch statement on one connection.</summary>
public sealed class BatchCommand<TItem, TOutcome> : IAsyncDisposable
    where TOutcome : class
{
    private readonly NpgsqlCommand _command;
    private readonly NpgsqlCommand? _losers;

    public BatchCommand(BatchStatement<TItem, TOutcome> statement, NpgsqlConnection connection)
    {
        Statement = statement;
        _command = Create(statement.Sql, connection);
        _losers = statement.LosersSql is { } losers ? Create(losers, connection) : null;
    }

    public BatchStatement<TItem, TOutcome> Statement { get; }

    public async Task Prepare()
    {
        await _command.PrepareAsync();
        await (_losers?.PrepareAsync() ?? Task.CompletedTask);
    }

    /// <summary>Has PostgreSQL make its plans anew.</summary>
    public async Task PrepareAgain()
    {
        await _command.UnprepareAsync();
        await (_losers?.UnprepareAsync() ?? Task.CompletedTask);
        await Prepare();
    }

    /// <summary>One commit over the items, and then a read about those that it did not decide.</summary>
    /// <returns>An outcome for each item; null where the item must run again.</returns>
    public async Task<TOutcome?[]> Run(TItem[] items)
    {
        var outcomes = await Run(_command, items, Statement.Read);
        if (_losers is not null && Array.IndexOf(outcomes, null) >= 0)
        {
            var places = Enumerable.Range(0, items.Length).Where(place => outcomes[place] is null).ToArray();
            var found = await Run(_losers, Array.ConvertAll(places, place => items[place]), Statement.ReadLoser);
            for (var i = 0; i < places.Length; i++)
            {
                outcomes[places[i]] = found[i];
            }
        }

        return outcomes;
    }

    public async ValueTask DisposeAsync()
    {
        await _command.DisposeAsync();
        await (_losers?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    private async Task<TOutcome?[]> Run(NpgsqlCommand command, TItem[] items, Func<NpgsqlDataReader, TItem, TOutcome?> read)
    {
        Statement.Input.Bind(command.Parameters, items);
        var outcomes = new TOutcome?[items.Length];

        // No cancellation token: a cancelled commit may report success although it was not stored.
        await using var rows = await command.ExecuteReaderAsync(CancellationToken.None);
        while (await rows.ReadAsync(CancellationToken.None))
        {
            var place = (int)rows.Get<long>("ord") - 1;
            outcomes[place] = read(rows, items[place]);
        }

        // The rows come before the commit. Its end is awaited here, where a fault is thrown: the close of a reader hides it.
        await rows.NextResultAsync(CancellationToken.None);
        return outcomes;
    }

    private NpgsqlCommand Create(string sql, NpgsqlConnection connection)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        foreach (var parameter in Statement.Input.Parameters())
        {
            command.Parameters.Add(parameter);
        }

        return command;
    }
}
