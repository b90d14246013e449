using Npgsql;

namespace Lakala.Storage.Postgres;

internal static class ReaderExtensions
{
    public static string? Text(this NpgsqlDataReader row, int at) => row.IsDBNull(at) ? null : row.GetString(at);

    public static T? Nullable<T>(this NpgsqlDataReader row, int at)
        where T : struct => row.IsDBNull(at) ? null : row.GetFieldValue<T>(at);

    public static string? TraceId(this NpgsqlDataReader row, int at) => row.Nullable<Guid>(at)?.ToString("N");
}
