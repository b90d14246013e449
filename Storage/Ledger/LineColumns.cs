using Lakala.Rules.Ledger;
using Lakala.Storage.Postgres;

namespace Lakala.Storage.Ledger;

/// <summary>The columns of an entry's lines, in a statement's input and in its insert.</summary>
internal static class LineColumns
{
    /// <summary>For an insert into entries, and for the select of it.</summary>
    public static readonly string Names = string.Join(", ", Enumerable.Range(1, Entry.MostLines).Select(static line => $"account_{line}, amount_{line}"));

    /// <summary>Adds the columns. A line that no item of the batch has costs nothing.</summary>
    /// <param name="entry">Null when the item posts nothing.</param>
    public static BatchInput<TItem> Lines<TItem>(this BatchInput<TItem> input, Func<TItem, Entry?> entry, AccountNumbers numbers)
    {
        for (var place = 0; place < Entry.MostLines; place++)
        {
            var at = place;
            input
                .SparseColumn($"account_{at + 1}", "int", item => Line(item) is { } line ? numbers[line.Account] : (int?)null)
                .SparseColumn($"amount_{at + 1}", "bigint", item => Line(item) is { } line ? line.Amount : (long?)null);

            EntryLine? Line(TItem item) => entry(item) is { } all && at < all.Lines.Count ? all.Lines[at] : null;
        }

        return input;
    }
}
