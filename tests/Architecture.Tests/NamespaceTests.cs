using System.Text.RegularExpressions;
using Lakala.Local;
using Mono.Cecil;

namespace Lakala.Architecture.Tests;

/// <summary>No two namespaces of a project need each other, neither directly nor through others.</summary>
public sealed partial class NamespaceTests
{
    public static TheoryData<string> Rooms => [.. Arrows.Allowed.Keys];

    [Theory]
    [MemberData(nameof(Rooms))]
    public void No_two_namespaces_need_each_other(string room)
    {
        var needs = NamesOf(Room.Of(room)).Concat(UsingsOf(room)).ToArray();
        var reach = needs.Select(static need => need.From).Distinct().ToDictionary(static from => from, from => Reach(from, needs));

        var circles = needs.Where(need => reach.TryGetValue(need.To, out var back) && back.Contains(need.From))
            .GroupBy(static need => $"{need.From} -> {need.To}", static need => need.Why)
            .Select(static arrow => $"{arrow.Key}: {string.Join(", ", arrow.Distinct().Order())}");
        string.Join('\n', circles.Order()).Should().BeEmpty("these namespaces need each other");
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void No_type_is_called_as_its_namespace(string room) =>
        Room.Of(room).Types.Where(static type => type.Name == type.Namespace.Split('.')[^1]).Select(static type => type.FullName).ToArray().Should().BeEmpty();

    private static IEnumerable<Need> NamesOf(Room room) =>
        from type in room.Types
        from named in Room.Named(type).OfType<TypeDefinition>()
        where named.Namespace != type.Namespace && room.Types.Contains(named)
        select new Need(type.Namespace, named.Namespace, $"{type.Name} names {named.Name}");

    /// <summary>A constant leaves no reference in compiled code, so its use is found by the usings of the file, which has no unneeded ones.</summary>
    private static IEnumerable<Need> UsingsOf(string room) =>
        from file in Directory.EnumerateFiles(Path.Combine(Repository.Root, Arrows.Folder(room)), "*.cs", SearchOption.AllDirectories)
        let text = File.ReadAllText(file)
        let own = Namespace().Match(text) is { Success: true } match ? match.Groups[1].Value : null
        where own is not null
        from Match used in Using().Matches(text)
        let other = used.Groups[1].Value
        where other.StartsWith($"Lakala.{room}.", StringComparison.Ordinal) && other != own
        select new Need(own, other, $"{Path.GetFileName(file)} uses it");

    private static HashSet<string> Reach(string from, Need[] needs)
    {
        var (reached, next) = (new HashSet<string>(), new Queue<string>([from]));
        while (next.TryDequeue(out var at))
        {
            foreach (var need in needs.Where(need => need.From == at && reached.Add(need.To)))
            {
                next.Enqueue(need.To);
            }
        }

        return reached;
    }

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^using ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Using();

    private sealed record Need(string From, string To, string Why);
}
