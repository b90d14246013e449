using Npgsql;

namespace Lakala.Storage.Postgres;

/// <summary>Reads the columns of a row by the names that the statement gives them.</summary>
/// <remarks>Npgsql keeps a table of the names with each prepared statement, so a name costs one look into it and no allocation.</remarks>
internal static class NamedColumns
{
#pragma warning disable RS0030 // Everywhere else a column is asked for by its name.
    /// <param name="column">Not null there, unless <typeparamref name="T"/> is a nullable value.</param>
    public static T Get<T>(this NpgsqlDataReader row, string column) => row.GetFieldValue<T>(row.GetOrdinal(column));

    public static T? GetOrNull<T>(this NpgsqlDataReader row, string column)
        where T : class => row.GetOrdinal(column) is var place && row.IsDBNull(place) ? null : row.GetFieldValue<T>(place);

    public static bool IsNull(this NpgsqlDataReader row, string column) => row.IsDBNull(row.GetOrdinal(column));

#pragma warning restore RS0030

    public static string? GetTraceId(this NpgsqlDataReader row, string column) => row.Get<Guid?>(column)?.ToString("N");

    /// <param name="columns">A list for a select, in which no column's expression has a comma.</param>
    public static string Names(string columns) => string.Join(
        ", ", columns.Split(',', StringSplitOptions.TrimEntries).Select(static column => column[(column.LastIndexOfAny([' ', '.']) + 1)..]));
}
