using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;
using Lakala.Silo.Ops.Stores;
using Lakala.Silo.Ops.Terminals;
using Lakala.Storage.Stores;

namespace Lakala.Silo.Ops.Import;

internal abstract record ImportLine(int Number, string Id);

internal sealed record StoreImportLine(int Number, Store Store) : ImportLine(Number, Store.Id);

internal sealed record TerminalImportLine(int Number, string Id, string Store) : ImportLine(Number, Id);

/// <summary>The files that are imported: <c>id,store</c> for terminals; <c>id,name,commission_percent</c> and what else a store has for stores.</summary>
internal static class ImportFile
{
    private const int MostFaults = 200;

    private static readonly string[] TerminalColumns = ["id", "store"];

    /// <summary>Every line that is right, or what is wrong with every line that is not.</summary>
    public static (IReadOnlyList<ImportLine> Lines, IReadOnlyList<string> Faults) Read(string csv, int mostLines)
    {
        var (lines, faults, places) = (new List<ImportLine>(), new List<string>(), new List<(string Id, int Number)>());
        using var reader = new CsvReader(new StringReader(csv), new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            TrimOptions = TrimOptions.Trim,
            MissingFieldFound = null,
            BadDataFound = bad => faults.Add($"Line {bad.Context.Parser!.RawRow}: a quotation mark is out of place."),
        });
        if (!reader.Read() || !reader.ReadHeader() || reader.HeaderRecord is not { } columns)
        {
            return ([], ["The file is empty: its first line names the columns."]);
        }

        var isStores = columns.Contains("name");
        var known = isStores ? StoreFields.Names : TerminalColumns;
        if (columns.FirstOrDefault(column => !known.Contains(column)) is { } strange)
        {
            return ([], [$"Column {strange} is not known. Columns are apart by a comma. For stores there are {string.Join(", ", StoreFields.Names)}; for terminals {string.Join(", ", TerminalColumns)}."]);
        }

        if ((isStores ? StoreFields.Required : TerminalColumns).FirstOrDefault(column => !columns.Contains(column)) is { } missing)
        {
            return ([], [$"Column {missing} is missing."]);
        }

        while (reader.Read())
        {
            var number = reader.Context.Parser!.RawRow;
            if (places.Count == mostLines)
            {
                return ([], [$"At most {mostLines} lines at once."]);
            }

            if (reader.Parser.Count != columns.Length)
            {
                faults.Add($"Line {number}: it has {reader.Parser.Count} columns, not {columns.Length}.");
            }
            else
            {
                places.Add((reader.GetField("id")?.Trim() ?? "", number));
                var line = isStores ? ReadStore(number, column => columns.Contains(column) ? reader.GetField(column) : null) : ReadTerminal(number, reader);
                if (line.Refused is { } refused)
                {
                    faults.Add($"Line {number}: {refused.Reasons[0]}");
                }
                else
                {
                    lines.Add(line.Value);
                }
            }

            if (faults.Count >= MostFaults)
            {
                faults.Add("There may be more: this list ends here.");
                return ([], faults);
            }
        }

        foreach (var twice in places.GroupBy(place => place.Id).Where(group => group.Count() > 1))
        {
            faults.Add($"Line {twice.Last().Number}: {twice.Key} is there already, in line {twice.First().Number}.");
        }

        return faults.Count > 0 ? ([], faults) : lines.Count == 0 ? ([], ["The file has no lines but its first."]) : (lines, []);
    }

    private static Result<ImportLine> ReadStore(int number, Func<string, string?> column)
    {
        var store = StoreFields.Read(column);
        return store.Refused is { } refused ? refused : new StoreImportLine(number, store.Value);
    }

    private static Result<ImportLine> ReadTerminal(int number, CsvReader reader)
    {
        var line = new TerminalImportLine(number, reader.GetField("id") ?? "", reader.GetField("store") ?? "");
        return TerminalProvisioning.IsId(line.Id) ? line : Refused.Invalid(null, $"a terminal's id has 8 letters and digits, not '{line.Id}'.");
    }
}
