using System.Text.Json;

namespace Lakala.Silo.Ops.Audit;

/// <summary>A value of the audit log before and after.</summary>
internal readonly record struct Change(string Name, string Before, string After)
{
    /// <summary>Every member that is another after than before, of two JSON objects; null: an empty one.</summary>
    public static IEnumerable<Change> Between(string? before, string? after)
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

    public override string ToString() => $"{Name}: {Before} → {After}";
}
