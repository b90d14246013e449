using Lakala.Rules.Claims;
using Lakala.Rules.Trades;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Merchants;

/// <summary>The bounds of the timers of escrow bills and of their claims. Shorter ones than the usual are for a trial.</summary>
internal sealed class TradeOptions
{
    /// <summary>The shortest time from the payment to the shipping that a merchant may choose.</summary>
    public TimeSpan ShortestShipTime { get; set; } = EscrowTerms.ShortestShipTime;

    /// <summary>The shortest time from the shipping to the confirmation that a merchant may choose.</summary>
    public TimeSpan ShortestConfirmTime { get; set; } = EscrowTerms.ShortestConfirmTime;

    /// <summary>The most that a side of a claim gets for its next move, where the rules give more.</summary>
    public TimeSpan LongestClaimTime { get; set; } = Claim.CheckTime;

    public sealed class Validator : IValidateOptions<TradeOptions>
    {
        public ValidateOptionsResult Validate(string? name, TradeOptions options) =>
            IsGood(options.ShortestShipTime, EscrowTerms.ShortestShipTime) && IsGood(options.ShortestConfirmTime, EscrowTerms.ShortestConfirmTime)
            && IsGood(options.LongestClaimTime, Claim.CheckTime)
                ? ValidateOptionsResult.Success
                : ValidateOptionsResult.Fail(
                    $"Trades: ShortestShipTime must be from 1 s to {EscrowTerms.ShortestShipTime}, ShortestConfirmTime from 1 s to {EscrowTerms.ShortestConfirmTime}, "
                    + $"LongestClaimTime from 1 s to {Claim.CheckTime}, but they are {options.ShortestShipTime}, {options.ShortestConfirmTime} and {options.LongestClaimTime}.");

        private static bool IsGood(TimeSpan time, TimeSpan usual) => time >= TimeSpan.FromSeconds(1) && time <= usual;
    }
}
