using Microsoft.Extensions.Options;

namespace Lakala.Storage.Swipes;

/// <summary>The times of the steps of a swipe. They are checked against each other at the start.</summary>
public sealed class SwipeOptions
{
    /// <summary>The time for the bank's answer.</summary>
    public TimeSpan BankTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The time from C1 after which, by the database's clock, no approval is committed.</summary>
    public TimeSpan CommitDeadline { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>The time from C1 after which the sweeper reverses an attempt that is still SENT.</summary>
    public TimeSpan SweepAfter { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>The time from an attempt's deadline until the sweeper reverses it.</summary>
    public TimeSpan SweepGrace => SweepAfter - CommitDeadline;

    /// <summary>The time for which terminals wait; used only for the check against the others.</summary>
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
