namespace Lakala.Local;

/// <summary>The order in which <c>dotnet format</c> puts usings: System first, then by name; static ones and aliases after the others.</summary>
public static class UsingOrder
{
    private const string Using = "using ", Static = "static ";

    public static bool Holds(IEnumerable<string> lines)
    {
        var names = lines.TakeWhile(line => !line.StartsWith("namespace ", StringComparison.Ordinal))
            .Where(line => line.StartsWith(Using, StringComparison.Ordinal) && line.EndsWith(';') && !line.Contains('(', StringComparison.Ordinal))
            .Select(line => line[Using.Length..^1])
            .ToList();
        return names.SequenceEqual(names
            .OrderBy(Kind)
            .ThenBy(name => name == "System" || name.StartsWith("System.", StringComparison.Ordinal) ? 0 : 1)
            .ThenBy(name => name, StringComparer.OrdinalIgnoreCase));
    }

    private static int Kind(string name) => name.Contains('=', StringComparison.Ordinal) ? 2 : name.StartsWith(Static, StringComparison.Ordinal) ? 1 : 0;
}
