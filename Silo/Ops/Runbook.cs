using System.Text.RegularExpressions;

namespace Lakala.Silo.Ops;

/// <summary>docs/runbook.md, which is part of the program, by its sections: alarms and alerts link to them.</summary>
internal static partial class Runbook
{
    /// <summary>The first is what stands before all sections; its name is empty.</summary>
    public static IReadOnlyList<RunbookSection> Sections { get; } = Read();

    /// <returns>Null when there is no such section.</returns>
    public static RunbookSection? Find(string name) => Sections.FirstOrDefault(section => section.Name == name && name.Length > 0);

    private static RunbookSection[] Read()
    {
        using var stream = typeof(Runbook).Assembly.GetManifestResourceStream("runbook.md")
            ?? throw new InvalidOperationException("The runbook is not part of the program.");
        using var reader = new StreamReader(stream);
        return [.. Beginning().Split(reader.ReadToEnd()).Select(static (text, at) =>
        {
            var title = at == 0 ? "" : text.AsSpan(0, text.AsSpan().IndexOf('\n')).Trim().ToString();
            return new RunbookSection(NotInNames().Replace(title.ToLowerInvariant(), "").Replace(' ', '-'), title, text[title.Length..].Trim());
        })];
    }

    [GeneratedRegex("^## ", RegexOptions.Multiline)]
    private static partial Regex Beginning();

    // As the places that show Markdown name its headings.
    [GeneratedRegex("[^a-z0-9 -]")]
    private static partial Regex NotInNames();
}

/// <param name="Name">In addresses.</param>
/// <param name="Text">Markdown.</param>
public sealed record RunbookSection(string Name, string Title, string Text);
