using Lakala.Rules.Claims;
using Lakala.Rules.Trades;
using Lakala.Vocabulary;

namespace Lakala.Silo.Ops.Disputes;

/// <summary>Claims as operators read them.</summary>
internal static class ClaimWords
{
    public static string Of(ClaimKind kind) => kind switch
    {
        ClaimKind.NotReceived => "the goods did not come",
        ClaimKind.NotAsDescribed => "the goods are not as described",
        ClaimKind.Return => "she wants to give the goods back",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such kind."),
    };

    /// <summary>Who has to move.</summary>
    public static string Of(Claim claim) => claim.State switch
    {
        ClaimState.Asked => claim.Offer is null ? "the merchant has to answer" : "the shopper has to answer the offer",
        ClaimState.Returning => "the shopper has to send the goods back",
        ClaimState.Back => "the merchant has to look at the goods",
        ClaimState.Refused => "the shopper may ask for a ruling",
        ClaimState.Judging => "two operators have to rule",
        _ => "over",
    };

    /// <param name="what">Of <see cref="EventTypes"/>.</param>
    public static string OfMove(string what) => what switch
    {
        EventTypes.ClaimOpened => "the shopper claims",
        EventTypes.ClaimOffered => "the merchant offers",
        EventTypes.ClaimReturning => "the merchant asks for the goods",
        EventTypes.ClaimRefused => "the merchant refuses",
        EventTypes.ClaimBack => "the shopper has sent the goods back",
        EventTypes.ClaimJudging => "the shopper asks for a ruling",
        EventTypes.ClaimAgreed => "agreed: the shopper gets",
        EventTypes.ClaimJudged => "ruled: the shopper gets",
        EventTypes.ClaimWithdrawn => "withdrawn",
        _ => what,
    };

    public static string OfStop(string frozenBy) => frozenBy == Trade.RefundDeclined ? "by itself: the bank refused the refund" : frozenBy;

    /// <summary>It has waited for a ruling for longer than it should.</summary>
    public static bool IsLate(Claim claim, DateTimeOffset now) => claim.State == ClaimState.Judging && claim.Since + Claim.RulingTime <= now;
}
