using Lakala.Rules.Trades;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Merchants;

/// <summary>The shortest timers that a merchant may choose for an escrow bill. Shorter ones than the usual are for a trial.</summary>
internal sealed class TradeOptions
{
    /// <summary>From the payment to the shipping.</summary>
    public TimeSpan ShortestShipTime { get; set; } = EscrowTerms.ShortestShipTime;

    /// <summary>From the shipping to the confirmation.</summary>
    public TimeSpan ShortestConfirmTime { get; set; } = EscrowTerms.ShortestConfirmTime;

    public sealed class Validator : IValidateOptions<TradeOptions>
    {
        public ValidateOptionsResult Validate(string? name, TradeOptions options) =>
            IsGood(options.ShortestShipTime, EscrowTerms.ShortestShipTime) && IsGood(options.ShortestConfirmTime, EscrowTerms.ShortestConfirmTime)
                ? ValidateOptionsResult.Success
                : ValidateOptionsResult.Fail(
                    $"Trades: ShortestShipTime must be from 1 s to {EscrowTerms.ShortestShipTime}, ShortestConfirmTime from 1 s to {EscrowTerms.ShortestConfirmTime}, "
                    + $"but they are {options.ShortestShipTime} and {options.ShortestConfirmTime}.");

        private static bool IsGood(TimeSpan shortest, TimeSpan usual) => shortest >= TimeSpan.FromSeconds(1) && shortest <= usual;
    }
}
