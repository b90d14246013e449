using Npgsql;

namespace Lakala.Storage.Postgres;

/// <summary>
/// The input of a batch statement, column by column: name, PostgreSQL type and value are declared in one place. The statement
/// selects from <see cref="Rows"/>, so that no parameters must be counted.
/// </summary>
public sealed class BatchInput<TItem>
{
    private readonly List<Part> _parts = [];

    /// <summary>For a <c>from</c>: the batch as rows <c>i</c>, a row for each item, with its place in the batch as <c>ord</c>.</summary>
    public string Rows
    {
        get
        {
            var columns = _parts.Where(static part => part.IsColumn).ToList();
            return $"unnest({string.Join(", ", columns.Select(static column => column.Sql))}) with ordinality as i({string.Join(", ", columns.Select(static column => column.Name))}, ord)";
        }
    }

    /// <summary>A column as an array, or a constant.</summary>
    public string this[string name] => _parts.Single(part => part.Name == name).Sql;

    /// <param name="type">PostgreSQL's type of <typeparamref name="T"/>.</param>
    public BatchInput<TItem> Column<T>(string name, string type, Func<TItem, T> value) => Add(new ColumnPart<T>(name, Next($"::{type}[]"), value, isSparse: false));

    /// <summary>A column without values in most batches: then it is an empty array, which <c>unnest</c> fills with nulls.</summary>
    public BatchInput<TItem> SparseColumn<T>(string name, string type, Func<TItem, T> value) => Add(new ColumnPart<T>(name, Next($"::{type}[]"), value, isSparse: true));

    /// <summary>A list of texts for each item, which the statement reads as <c>i.name::text[]</c>: an array of arrays has lists of one length only.</summary>
    public BatchInput<TItem> TextsColumn(string name, Func<TItem, IEnumerable<string>?> value) =>
        Column(name, "text", item => value(item) is { } texts ? "{" + string.Join(',', texts.Select(Quote)) + "}" : null);

    /// <summary>One value, the same in every batch.</summary>
    public BatchInput<TItem> Constant<T>(string name, T value) => Add(new ConstantPart<T>(name, Next(""), value));

    /// <summary>Typed and in order, without values.</summary>
    public IEnumerable<NpgsqlParameter> Parameters() => _parts.Select(static part => part.Create());

    public void Bind(NpgsqlParameterCollection parameters, ReadOnlySpan<TItem> batch)
    {
        for (var place = 0; place < _parts.Count; place++)
        {
            _parts[place].Bind(parameters[place], batch);
        }
    }

    private string Next(string cast) => $"${_parts.Count + 1}{cast}";

    private BatchInput<TItem> Add(Part part)
    {
        _parts.Add(part);
        return this;
    }

    private static string Quote(string text) => $"\"{text.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    private abstract class Part(string name, string sql, bool isColumn)
    {
        public string Name => name;

        public string Sql => sql;

        public bool IsColumn => isColumn;

        public abstract NpgsqlParameter Create();

        public abstract void Bind(NpgsqlParameter parameter, ReadOnlySpan<TItem> batch);
    }

    private sealed class ColumnPart<T>(string name, string sql, Func<TItem, T> value, bool isSparse) : Part(name, sql, isColumn: true)
    {
        // Typed, so that the statement is prepared before there are values.
        public override NpgsqlParameter Create() => new NpgsqlParameter<T[]>();

        public override void Bind(NpgsqlParameter parameter, ReadOnlySpan<TItem> batch)
        {
            var (column, isEmpty) = (new T[batch.Length], isSparse);
            for (var place = 0; place < column.Length; place++)
            {
                column[place] = value(batch[place]);
                isEmpty &= column[place] is null;
            }

            ((NpgsqlParameter<T[]>)parameter).TypedValue = isEmpty ? [] : column;
        }
    }

    private sealed class ConstantPart<T>(string name, string sql, T value) : Part(name, sql, isColumn: false)
    {
        public override NpgsqlParameter Create() => new NpgsqlParameter<T> { TypedValue = value };

        public override void Bind(NpgsqlParameter parameter, ReadOnlySpan<TItem> batch)
        {
        }
    }
}
