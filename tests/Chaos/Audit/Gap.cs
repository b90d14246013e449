namespace Lakala.Chaos.Audit;

/// <summary>What a statement could not check, because the books do not have it.</summary>
/// <param name="Statement">As of a <see cref="Violation"/>.</param>
public sealed record Gap(int Statement, string What);
