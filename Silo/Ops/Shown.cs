using System.Globalization;
using System.Text.Json;
using Lakala.Storage.Fleet;
using Lakala.Storage.Operators;
using Lakala.Storage.Terminals;
using Lakala.Vocabulary;

namespace Lakala.Silo.Ops;

/// <summary>What every page of the operators knows.</summary>
/// <param name="Who">Null: nobody has signed in.</param>
/// <param name="Alarms">How many are raised.</param>
/// <param name="Again">The page's address for when it loads itself again.</param>
public sealed record Here(Operator? Who, DateTimeOffset Now, int Alarms, string Again)
{
    public bool May(OperatorRole role) => Who?.Role >= role;
}

/// <summary>Things as operators read them.</summary>
internal static class Shown
{
    public static string Time(DateTimeOffset? at) => at is { } time ? time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) : "never";

    /// <summary>How long ago, in the largest unit that says enough.</summary>
    public static string Ago(DateTimeOffset? at, DateTimeOffset now) => at is { } time ? $"{Span(now - time)} ago" : "never";

    public static string Span(TimeSpan span) => span.Duration() switch
    {
        { TotalSeconds: < 100 } some => $"{some.TotalSeconds:0} s",
        { TotalMinutes: < 100 } some => $"{some.TotalMinutes:0} min",
        { TotalHours: < 48 } some => $"{some.TotalHours:0} h",
        var some => $"{some.TotalDays:0} days",
    };

    public static string Name(TerminalState state) => state switch
    {
        TerminalState.NeverSeen => "never seen",
        _ => state.ToString().ToLowerInvariant(),
    };

    /// <summary>As it stands in addresses and answers.</summary>
    public static string Key(TerminalState state) => state == TerminalState.NeverSeen ? "never_seen" : Name(state);

    /// <returns>Null when there is no such state.</returns>
    public static TerminalState? ParseState(string? text) =>
        Enum.GetValues<TerminalState>().Cast<TerminalState?>().FirstOrDefault(state => Key(state!.Value) == text);

    public static string Name(CommandKind kind) => kind switch
    {
        CommandKind.RotateKeys => "new working keys",
        CommandKind.SendParameters => "fetch settings",
        CommandKind.SendStatus => "send status",
        CommandKind.Move => "move to another store",
        _ => CommandKinds.Text(kind),
    };

    public static string Area(string? name) => string.IsNullOrEmpty(name) ? "(none)" : name;

    public static string Money(long? minor) => minor is { } amount ? Vocabulary.Money.Figure(amount) : "";

    public static string Bill(long? number) => number is { } bill ? BillNumber.FromStored(bill).ToString() : "";

    /// <summary>An attempt's state, as a colour of the pages.</summary>
    public static string Colour(string state) => state switch
    {
        "APPROVED" or "DONE" or "ACCEPTED" => "good",
        "SENT" or "WAITING" or "ASKED" or "REVERSING" => "open",
        "DECLINED" or "REFUSED" or "VOID" or "NOT_SENT" or "CANCELLED" => "plain",
        _ => "bad",
    };

    /// <summary>Every member that is another after than before, of two JSON objects; null: an empty one.</summary>
    public static IEnumerable<Change> Changes(string? before, string? after)
    {
        var (old, now) = (Members(before), Members(after));
        foreach (var name in old.Keys.Union(now.Keys))
        {
            var (was, value) = (old.GetValueOrDefault(name), now.GetValueOrDefault(name));
            if (was != value)
            {
                yield return new Change(name.Replace('_', ' '), was ?? "–", value ?? "–");
            }
        }

        static Dictionary<string, string> Members(string? json) =>
            json is null ? [] : JsonElement.Parse(json).EnumerateObject().ToDictionary(member => member.Name, member => member.Value.ToString());
    }

    public static string Query(params (string Name, string? Value)[] values) =>
        string.Join('&', values.Where(value => !string.IsNullOrEmpty(value.Value)).Select(value => $"{value.Name}={Uri.EscapeDataString(value.Value!)}"));
}

/// <summary>A value of the audit log before and after.</summary>
internal readonly record struct Change(string Name, string Before, string After)
{
    public override string ToString() => $"{Name}: {Before} → {After}";
}
