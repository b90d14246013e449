using Lakala.Rules.Claims;

namespace Lakala.Silo.MerchantPages;

/// <summary>What a page says of a claim, and what it offers. The rules decide again when it is asked for.</summary>
internal static class ClaimShown
{
    public static string Status(Claim claim, MerchantTexts texts) =>
        claim is { State: ClaimState.Asked, Offer: not null } ? texts.WaitsForOffer : texts.ClaimStates(claim.State);

    /// <summary>An offer binds: after it the merchant neither asks for the goods nor refuses.</summary>
    public static bool CanAnswer(Claim claim) => claim is { State: ClaimState.Asked, Offer: null };
}
