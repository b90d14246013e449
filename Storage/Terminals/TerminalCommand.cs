namespace Lakala.Storage.Terminals;

/// <summary>What an operator asks of terminals.</summary>
/// <param name="Argument">For <see cref="CommandKind.Move"/>: the store.</param>
/// <param name="ByAdministrator">True: an administrator gives it, who may unblock a terminal whose case was opened.</param>
public sealed record TerminalCommand(
    CommandKind Kind, string? Argument, DateTimeOffset DueAt, IReadOnlyList<string> Terminals, bool ByAdministrator = false)
{
    public const int MostTerminals = 100_000;
}

public sealed record CommandSummary(
    Guid Id, CommandKind Kind, string? Argument, string Who, DateTimeOffset CreatedAt, DateTimeOffset DueAt, int Waiting, int Asked, int Done, int Failed, int Cancelled)
{
    public int All => Waiting + Asked + Done + Failed + Cancelled;
}

/// <param name="State">WAITING, ASKED, DONE, FAILED or CANCELLED.</param>
public sealed record CommandTarget(Guid Command, string Terminal, CommandKind Kind, string State, string Outcome, DateTimeOffset ChangedAt, DateTimeOffset DueAt, string Who);
