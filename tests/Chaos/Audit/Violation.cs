namespace Lakala.Chaos.Audit;

/// <summary>One breach of a statement, with the rows that show it. No row has a secret.</summary>
/// <param name="Statement">1 to 25.</param>
public sealed record Violation(int Statement, string What, IReadOnlyList<string> Rows)
{
    /// <summary>For a screen of 80 columns.</summary>
    public override string ToString() => string.Join('\n', AuditReport.Lines(this));
}
