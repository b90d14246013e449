using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using CsvHelper;
using CsvHelper.Configuration;
using Lakala.Grains.Terminals;
using Lakala.Storage;
using Lakala.Storage.Fleet;
using Lakala.Storage.Operators;
using Lakala.Storage.Postgres;
using Lakala.Storage.Stores;
using Lakala.Storage.Terminals;
using Lakala.Wire.Keys;

namespace Lakala.Silo.Ops;

/// <summary>What came of something that an operator wanted.</summary>
/// <param name="Refusals">Why not, for the operator to read; nothing was changed then. None: it is done.</param>
internal sealed record Done<T>(T? Value, IReadOnlyList<string> Refusals)
{
    public bool IsRefused => Refusals.Count > 0;
}

/// <summary>A terminal's master key, on its way to whoever loads it into the terminal. It cannot be shown a second time. Prints itself masked.</summary>
internal sealed record TerminalSecret(string Terminal, string Store, string MasterKey)
{
    public override string ToString() => $"master key of {Terminal}";
}

/// <param name="Stores">How many were added or brought up to date.</param>
/// <param name="Terminals">Those that were added.</param>
internal sealed record Imported(int Stores, IReadOnlyList<TerminalSecret> Terminals);

/// <summary>
/// What operators do, at their pages and by their API alike. Who may do it has been checked before; that it makes sense is
/// checked here, and that it is in the audit log by the statements.
/// </summary>
internal sealed class OperatorDesk(
    CommandRows commands,
    FleetQueries fleet,
    ProvisioningRows provisioning,
    ParameterRows settings,
    IKeyVault vault,
    IGrainFactory grains,
    TimeProvider time)
{
    public const int MostLines = 10_000, MostImportBytes = 4 * 1024 * 1024;

    private const int RunAtOnce = 500, Few = 50, MostNamed = 20;

    private static readonly TimeSpan LatestDue = TimeSpan.FromDays(90);

    /// <summary>Commands terminals: those that are named, or all that the filter leaves. A command that is due, to not too many, is carried out before this returns.</summary>
    /// <param name="dueAt">Null: at once.</param>
    public async Task<Done<Guid>> GiveCommand(
        CommandKind kind, string? argument, DateTimeOffset? dueAt, IReadOnlyList<string> terminals, FleetFilter? filter, Operator who, CancellationToken stop)
    {
        var now = time.GetUtcNow();
        if ((kind == CommandKind.Move) != (argument is not null))
        {
            return Refused<Guid>(kind == CommandKind.Move ? "Name the store to which the terminals move." : "Only the command to move names a store.");
        }

        if (dueAt > now + LatestDue)
        {
            return Refused<Guid>($"The time is more than {LatestDue.TotalDays:0} days ahead. Choose an earlier one.");
        }

        if (filter?.Fault() is { } fault)
        {
            return Refused<Guid>(fault + ".");
        }

        var targets = filter is null ? terminals : await fleet.Ids(filter, TerminalCommand.MostTerminals + 1, stop);
        if (targets.Count is 0 or > TerminalCommand.MostTerminals)
        {
            return Refused<Guid>(
                targets.Count == 0 ? "No terminal is meant. Choose terminals, or a filter that shows some." : $"A command goes to {TerminalCommand.MostTerminals} terminals at most. Narrow the filter.");
        }

        var id = Guid.CreateVersion7(now);
        var unknown = await commands.Add(id, new TerminalCommand(kind, argument, dueAt ?? now, targets, who.Role == OperatorRole.Administer), who.Name, stop);
        if (unknown.Count > 0)
        {
            return Refused<Guid>($"These are not known: {string.Join(", ", unknown.Take(MostNamed))}{(unknown.Count > MostNamed ? " and more" : "")}.");
        }

        // Many are done by whichever silo comes to it: nobody waits for them at a page. What is done is told to the grains, whoever leaves.
        if (targets.Count <= RunAtOnce && (dueAt is null || dueAt <= now))
        {
            await RunDue(CancellationToken.None);
        }

        return new(id, []);
    }

    /// <summary>
    /// Carries out what is due. Terminals that may no longer do what they could hear of it at once; of what they are asked for they
    /// do when they are few, else within half a minute.
    /// </summary>
    public async Task RunDue(CancellationToken stop)
    {
        IReadOnlyList<(string Terminal, CommandKind Kind)> changed;
        do
        {
            changed = await commands.RunDue(RunAtOnce, stop);
            await Refresh(changed
                .Where(change => changed.Count <= Few || change.Kind is CommandKind.Block or CommandKind.Unblock or CommandKind.Retire or CommandKind.Move)
                .Select(change => change.Terminal));
        }
        while (changed.Count > 0);
    }

    /// <param name="what"><c>block</c>, <c>unblock</c> or <c>retire</c>.</param>
    public async Task<Done<string>> ChangeStore(string id, string what, string who, CancellationToken stop)
    {
        if (await provisioning.ChangeStore(id, what, who, stop) is not { } terminals)
        {
            return Refused<string>($"There is no store {id}, or it is retired.");
        }

        foreach (var some in terminals.Chunk(RunAtOnce))
        {
            await Refresh(some);
        }

        return new(id, []);
    }

    public async Task<Done<string>> PutStore(Store store, string who, CancellationToken stop)
    {
        if (store.Fault() is { } fault)
        {
            return Refused<string>(fault + ".");
        }

        await provisioning.PutStores([store], who);
        return new(store.Id, []);
    }

    public async Task<Done<IReadOnlyList<TerminalSecret>>> AddTerminals(
        IReadOnlyList<(string Id, string Store)> terminals, string who, CancellationToken stop)
    {
        var faults = terminals.Select(terminal => IsTerminalId(terminal.Id) ? null : $"{terminal.Id}: a terminal's id has 8 letters and digits.")
            .OfType<string>().ToList();
        faults.AddRange(terminals.GroupBy(terminal => terminal.Id).Where(group => group.Count() > 1).Select(group => $"{group.Key} is there twice."));
        if (faults.Count > 0)
        {
            return new(null, faults);
        }

        var keys = terminals.Select(_ => MasterKey.NewKey()).ToArray();
        try
        {
            var bad = await provisioning.AddTerminals(terminals, [.. keys.Select(key => vault.Wrap(key))], who, stop);
            return bad.Count > 0
                ? new(null, [.. bad.Select(one => $"{terminals[one.Place].Id}: {one.Why}.")])
                : new([.. terminals.Zip(keys, (terminal, key) => new TerminalSecret(terminal.Id, terminal.Store, Convert.ToHexStringLower(key)))], []);
        }
        finally
        {
            Array.ForEach(keys, key => CryptographicOperations.ZeroMemory(key));
        }
    }

    public async Task<Done<TerminalSecret>> ReplaceMasterKey(string id, string who, CancellationToken stop)
    {
        var key = MasterKey.NewKey();
        try
        {
            if (await fleet.Find(id, stop) is not { } found || !await provisioning.ReplaceMasterKey(id, vault.Wrap(key), who, stop))
            {
                return Refused<TerminalSecret>($"There is no terminal {id}, or it is retired.");
            }

            await Refresh([id]);
            return new(new TerminalSecret(id, found.Terminal.Store, Convert.ToHexStringLower(key)), []);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    public async Task<Done<int>> PutSettings(SettingLevel level, string? subject, string body, string who, CancellationToken stop)
    {
        if ((level == SettingLevel.Platform) != (subject is null))
        {
            return Refused<int>(level == SettingLevel.Platform ? "The platform has no subject." : "Name the chain, store or terminal.");
        }

        JsonElement parsed;
        try
        {
            parsed = JsonElement.Parse(body, new JsonDocumentOptions { AllowDuplicateProperties = false });
        }
        catch (JsonException)
        {
            return Refused<int>("Settings are a JSON object, each member once.");
        }

        return TerminalSettings.Fault(parsed) is { } fault ? Refused<int>($"{char.ToUpperInvariant(fault[0])}{fault[1..]}.")
            : await settings.Put(level, subject, parsed.GetRawText(), who, stop) is { } version ? new(version, [])
            : Refused<int>($"There is no {level.ToString().ToLowerInvariant()} {subject}.");
    }

    /// <summary>Stores, or terminals, from a CSV file whose first line names the columns. All or nothing; every bad line is named.</summary>
    public async Task<Done<Imported>> Import(Stream file, string who, CancellationToken stop)
    {
        using var bytes = new MemoryStream();
        await file.CopyToAsync(bytes, stop);
        var (csv, unreadable) = UploadedText.Read(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
        if (csv is null)
        {
            return Refused<Imported>(unreadable!);
        }

        var (lines, faults) = ImportFile.Read(csv, MostLines);
        if (faults.Count > 0)
        {
            return new(null, faults);
        }

        if (lines.OfType<StoreLine>().ToList() is { Count: > 0 } stores)
        {
            await provisioning.PutStores([.. stores.Select(line => line.Store)], who);
            return new(new Imported(stores.Count, []), []);
        }

        var terminals = lines.OfType<TerminalLineIn>().ToList();
        var added = await AddTerminals([.. terminals.Select(line => (line.Id, line.Store))], who, stop);
        return added.IsRefused
            ? new(null, [.. added.Refusals.Select(why => Locate(why, terminals))])
            : new(new Imported(0, added.Value!), []);

        static string Locate(string why, List<TerminalLineIn> terminals) =>
            terminals.LastOrDefault(line => why.StartsWith(line.Id, StringComparison.Ordinal)) is { } line ? $"Line {line.Number}: {why}" : why;
    }

    internal static bool IsTerminalId(string? id) => id is { Length: 8 } && id.All(char.IsAsciiLetterOrDigit);

    // A grain that cannot be reached reads its row again by itself, within half a minute.
    private Task Refresh(IEnumerable<string> terminals) => Task.WhenAll(terminals.Select(async id =>
    {
        try
        {
            await grains.GetGrain<ITerminalGrain>(id).Refresh();
        }
        catch (Exception fault) when (fault is OrleansException or TimeoutException)
        {
        }
    }));

    private static Done<T> Refused<T>(string why) => new(default, [why]);
}

internal abstract record ImportLine(int Number);

internal sealed record StoreLine(int Number, Store Store) : ImportLine(Number);

internal sealed record TerminalLineIn(int Number, string Id, string Store) : ImportLine(Number);

/// <summary>The files that are imported: <c>id,store</c> for terminals; <c>id,name,commission_percent</c> and what else a store has for stores.</summary>
internal static class ImportFile
{
    private const int MostFaults = 200;

    private static readonly string[] TerminalColumns = ["id", "store"];

    private static readonly string[] StoreColumns =
        ["id", "name", "commission_percent", "name_zh", "chain", "region", "district", "address", "latitude", "longitude", "hours", "phone"];

    /// <summary>Every line that is right, or what is wrong with every line that is not.</summary>
    public static (IReadOnlyList<ImportLine> Lines, IReadOnlyList<string> Faults) Read(string csv, int mostLines)
    {
        var (lines, faults) = (new List<ImportLine>(), new List<string>());
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
        var known = isStores ? StoreColumns : TerminalColumns;
        if (columns.FirstOrDefault(column => !known.Contains(column)) is { } strange)
        {
            return ([], [$"Column {strange} is not known. Columns are apart by a comma. For stores there are {string.Join(", ", StoreColumns)}; for terminals {string.Join(", ", TerminalColumns)}."]);
        }

        if ((isStores ? StoreColumns[..3] : TerminalColumns).FirstOrDefault(column => !columns.Contains(column)) is { } missing)
        {
            return ([], [$"Column {missing} is missing."]);
        }

        while (reader.Read())
        {
            var number = reader.Context.Parser!.RawRow;
            if (lines.Count == mostLines)
            {
                return ([], [$"At most {mostLines} lines at once."]);
            }

            if (reader.Parser.Count != columns.Length)
            {
                faults.Add($"Line {number}: it has {reader.Parser.Count} columns, not {columns.Length}.");
            }
            else if (isStores)
            {
                var (store, fault) = Store(column => columns.Contains(column) ? reader.GetField(column) : null);
                lines.Add(new StoreLine(number, store));
                AddFault(number, fault);
            }
            else
            {
                var line = new TerminalLineIn(number, reader.GetField("id") ?? "", reader.GetField("store") ?? "");
                lines.Add(line);
                AddFault(number, OperatorDesk.IsTerminalId(line.Id) ? null : $"a terminal's id has 8 letters and digits, not '{line.Id}'");
            }

            if (faults.Count >= MostFaults)
            {
                faults.Add("There may be more: this list ends here.");
                return ([], faults);
            }
        }

        foreach (var twice in lines.GroupBy(Id).Where(group => group.Count() > 1))
        {
            faults.Add($"Line {twice.Last().Number}: {twice.Key} is there already, in line {twice.First().Number}.");
        }

        return faults.Count > 0 ? ([], faults) : lines.Count == 0 ? ([], ["The file has no lines but its first."]) : (lines, []);

        void AddFault(int number, string? fault)
        {
            if (fault is not null)
            {
                faults.Add($"Line {number}: {fault}.");
            }
        }
    }

    private static string Id(ImportLine line) => line is StoreLine store ? store.Store.Id : ((TerminalLineIn)line).Id;

    /// <summary>A store from texts by the names of their columns; an empty one is none.</summary>
    public static (Store Store, string? Fault) Store(Func<string, string?> column)
    {
        string? fault = null;
        var store = new Store(
            Text("id") ?? "",
            Text("name") ?? "",
            (int)(Number("commission_percent", isWhole: true) ?? -1),
            Text("name_zh"),
            Text("chain"),
            Text("region"),
            Text("district"),
            Text("address"),
            Number("latitude"),
            Number("longitude"),
            Text("hours"),
            Text("phone"));
        return (store, fault ?? store.Fault());

        string? Text(string name) => column(name)?.Trim() is { Length: > 0 } text ? text : null;

        double? Number(string name, bool isWhole = false)
        {
            if (Text(name) is not { } text)
            {
                return null;
            }

            if (double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                && (!isWhole || number == Math.Floor(number)))
            {
                return number;
            }

            fault = $"{name} is no number: '{text}'";
            return null;
        }
    }
}
