using Markdig;
using Markdig.Extensions.AutoIdentifiers;
using Markdig.Renderers.Html;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;
using Microsoft.AspNetCore.Components;

namespace Lakala.Silo.Ops.Alarms;

/// <summary>docs/runbook.md, which is part of the program, as a page with an anchor at each heading: alarms and alerts link to them.</summary>
/// <param name="Sections">Its headings of the second level.</param>
/// <param name="Html">All of it but its title.</param>
internal sealed record Runbook(IReadOnlyList<RunbookSection> Sections, MarkupString Html)
{
    // Anchors as the places that show Markdown name them. HTML in the text is shown as text.
    private static readonly MarkdownPipeline Markdown =
        new MarkdownPipelineBuilder().DisableHtml().UsePipeTables().UseAutoIdentifiers(AutoIdentifierOptions.GitHub).Build();

    public static Runbook Own { get; } = Parse(ReadOwn());

    public bool Has(string name) => Sections.Any(section => section.Name == name);

    public static Runbook Parse(string text)
    {
        var document = Markdig.Markdown.Parse(text, Markdown);
        foreach (var title in document.OfType<HeadingBlock>().Where(static heading => heading.Level == 1).ToList())
        {
            document.Remove(title);
        }

        // Files that lie beside it are not served: their names stay, as words.
        foreach (var link in document.Descendants<LinkInline>().Where(static link => !IsServed(link.Url)).ToList())
        {
            link.ReplaceBy(new ContainerInline());
        }

        return new Runbook(
            [.. document.OfType<HeadingBlock>().Where(static heading => heading.Level == 2).Select(static heading => new RunbookSection(
                heading.GetAttributes().Id!, string.Concat(heading.Inline!.Descendants<LiteralInline>())))],
            new MarkupString(document.ToHtml(Markdown)));
    }

    private static bool IsServed(string? address) =>
        address is not null && (address.StartsWith('#') || address.StartsWith("https://", StringComparison.Ordinal));

    private static string ReadOwn()
    {
        using var stream = typeof(Runbook).Assembly.GetManifestResourceStream("runbook.md")
            ?? throw new InvalidOperationException("The runbook is not part of the program.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}

/// <param name="Name">Its anchor.</param>
public sealed record RunbookSection(string Name, string Title);
