using Npgsql;

namespace Lakala.Storage.Postgres;

/// <summary>
/// One set-based SQL statement over many commands, each with its own outcome. The first column of every returned row is
/// the command's place in the batch, counted from 1.
/// </summary>
public abstract class BatchStatement<TCommand, TOutcome>
    where TOutcome : class
{
    public abstract string Name { get; }

    public abstract string Sql { get; }

    /// <summary>The parameters, typed and in order, without values.</summary>
    public abstract IEnumerable<NpgsqlParameter> Parameters();

    public abstract void Bind(NpgsqlParameterCollection parameters, ReadOnlySpan<TCommand> batch);

    /// <summary>Null when the row does not decide the outcome: the command runs again as a new statement.</summary>
    public abstract TOutcome? Read(NpgsqlDataReader row, TCommand command);

    protected static T[] Column<T>(ReadOnlySpan<TCommand> batch, Func<TCommand, T> value)
    {
        var column = new T[batch.Length];
        for (var i = 0; i < column.Length; i++)
        {
            column[i] = value(batch[i]);
        }

        return column;
    }

    protected static void Set<T>(NpgsqlParameterCollection parameters, int place, T[] column) =>
        ((NpgsqlParameter<T[]>)parameters[place]).TypedValue = column;
}
