using Microsoft.Extensions.Options;

namespace Lakala.Storage.Swipes;

/// <summary>How long the steps of a swipe may take. They are checked against each other at start-up.</summary>
public sealed class SwipeOptions
{
    /// <summary>How long the bank may take to answer.</summary>
    public TimeSpan BankTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>From C1: past this, by the database's clock, no approval is committed any more.</summary>
    public TimeSpan CommitDeadline { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>From C1: past this the sweeper reverses what is still SENT.</summary>
    public TimeSpan SweepAfter { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>What the terminals are told to wait; here only to be checked against the others.</summary>
    public TimeSpan TerminalTimeout { get; set; } = TimeSpan.FromSeconds(30);

    public sealed class Validator : IValidateOptions<SwipeOptions>
    {
        public ValidateOptionsResult Validate(string? name, SwipeOptions options) =>
            TimeSpan.Zero < options.BankTimeout && options.BankTimeout < options.CommitDeadline
            && options.CommitDeadline < options.SweepAfter && options.SweepAfter < options.TerminalTimeout
                ? ValidateOptionsResult.Success
                : ValidateOptionsResult.Fail(
                    "Swipe: BankTimeout < CommitDeadline < SweepAfter < TerminalTimeout must hold, "
                    + $"but they are {options.BankTimeout}, {options.CommitDeadline}, {options.SweepAfter}, {options.TerminalTimeout}.");
    }
}
