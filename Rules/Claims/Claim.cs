using Lakala.Rules.Trades;
using Lakala.Vocabulary;

namespace Lakala.Rules.Claims;

/// <summary>What the shopper says about the goods.</summary>
public enum ClaimKind
{
    NotReceived,

    NotAsDescribed,

    /// <summary>They are as described, and she wants to give them back.</summary>
    Return,
}

/// <summary>The states of a claim. AGREED, JUDGED and WITHDRAWN are final.</summary>
public enum ClaimState
{
    /// <summary>The merchant has to answer; with an offer, the shopper.</summary>
    Asked,

    /// <summary>The shopper gets the money.</summary>
    Agreed,

    /// <summary>The shopper has to send the goods back.</summary>
    Returning,

    /// <summary>The goods are on their way back: the merchant has to look at them.</summary>
    Back,

    /// <summary>By the merchant: the shopper may call for a ruling.</summary>
    Refused,

    /// <summary>Two operators have to rule.</summary>
    Judging,

    Judged,

    Withdrawn,
}

/// <param name="Carrier">The company that carries the goods back.</param>
public sealed record ReturnParcel(string Carrier, string TrackingNumber);

/// <summary>A ruling about the claimed amount, in minor units.</summary>
/// <param name="ToShopper">Of the merchant's money.</param>
/// <param name="ToMerchant">What stays with the merchant.</param>
/// <param name="FromGuarantee">To the shopper, out of the guarantee fund: the merchant owes it from then on.</param>
public readonly record struct Split(long ToShopper, long ToMerchant, long FromGuarantee)
{
    /// <summary>What the shopper gets.</summary>
    public long Granted => ToShopper + FromGuarantee;
}

/// <summary>A shopper's request to get money of an escrow bill back. A value: <see cref="Apply"/> gives the next one.</summary>
/// <param name="Amount">What is claimed, in minor units.</param>
/// <param name="Since">The time of the state; of a claim that is over, its end.</param>
/// <param name="DueAt">The end of the time for the next move, by the database's clock; null: no time runs.</param>
/// <param name="IsAfterSale">True: the trade was finished already, so that it is about the merchant's own money.</param>
/// <param name="Offer">What the merchant has offered, in minor units, below what is claimed; null: nothing.</param>
/// <param name="Parcel">How the goods went back; null: they did not.</param>
/// <param name="Granted">What the shopper gets, in minor units; null until it is decided.</param>
/// <param name="Moves">The number of changes so far.</param>
public sealed record Claim(
    ClaimKind Kind,
    long Amount,
    ClaimState State,
    DateTimeOffset Since,
    DateTimeOffset? DueAt,
    bool IsAfterSale = false,
    long? Offer = null,
    ReturnParcel? Parcel = null,
    long? Granted = null,
    int Moves = 0)
{
    /// <summary>The most claims about one bill, one after the other.</summary>
    public const int MostOfBill = 5;

    /// <summary>The merchant's time to answer.</summary>
    public static readonly TimeSpan AnswerTime = TimeSpan.FromHours(48);

    /// <summary>The merchant's time to answer when the goods should have been shipped by then and have not been received.</summary>
    public static readonly TimeSpan LateAnswerTime = TimeSpan.FromHours(24);

    /// <summary>The shopper's time to turn an offer down.</summary>
    public static readonly TimeSpan OfferTime = TimeSpan.FromDays(7);

    /// <summary>The shopper's time to send the goods back.</summary>
    public static readonly TimeSpan ReturnTime = TimeSpan.FromDays(7);

    /// <summary>The merchant's time to look at the goods that went back.</summary>
    public static readonly TimeSpan CheckTime = TimeSpan.FromDays(10);

    /// <summary>The shopper's time to call for a ruling.</summary>
    public static readonly TimeSpan EscalateTime = TimeSpan.FromDays(7);

    /// <summary>The operators' time to rule. After it there is an alarm, and no silent decision.</summary>
    public static readonly TimeSpan RulingTime = TimeSpan.FromDays(15);

    /// <summary>The time after the end of a trade in which a claim can still be opened.</summary>
    public static readonly TimeSpan AfterSaleTime = TimeSpan.FromDays(7);

    public bool IsOver => State is ClaimState.Agreed or ClaimState.Judged or ClaimState.Withdrawn;

    /// <summary>Why a claim cannot be opened; null when it can.</summary>
    /// <param name="trade">Of the bill; null: it has none.</param>
    /// <param name="left">What is left of the bill, in minor units: neither refunded nor on its way back.</param>
    /// <param name="refused">What the bank has refused to give back of that, or of what a running trade holds, and two operators have not decided about, in minor units.</param>
    /// <param name="claims">The number of claims about the bill so far.</param>
    /// <param name="isOpen">True: one of them is not over.</param>
    public static Refusal? WhyNot(Trade? trade, long left, long refused, long amount, int claims, bool isOpen, DateTimeOffset now) =>
        trade is null ? Refusal.TradeNone
        : trade.State == TradeState.Closed ? Refusal.TradeClosed
        : isOpen ? Refusal.ClaimOpen
        : claims >= MostOfBill ? Refusal.ClaimsUsedUp
        : trade.EndedAt + AfterSaleTime <= now ? Refusal.ClaimTooLate
        : amount > (trade.IsOver ? left : trade.Held) - refused ? Refusal.ClaimExceeds
        : null;

    /// <summary>A new claim. Only after <see cref="WhyNot"/> has found no reason against it.</summary>
    public static Claim Open(ClaimKind kind, long amount, Trade trade, DateTimeOffset now) =>
        new(
            kind, amount, ClaimState.Asked, now, now + (kind == ClaimKind.NotReceived && now >= trade.ShipBy ? LateAnswerTime : AnswerTime), IsAfterSale: trade.IsOver);

    /// <summary>The event that follows from the step, or the reason why there is none. Changes nothing.</summary>
    public ClaimDecision Decide(ClaimStep step, DateTimeOffset now) => step switch
    {
        // Who has agreed to a part has not given all.
        ClaimStep.Agree => !IsOver ? new ClaimEvent.Agreed(Amount, now) : Granted == Amount ? Again(ClaimState.Agreed) : WhyNotNow(),
        ClaimStep.MakeOffer offer => MakeOffer(offer.Amount, now),
        ClaimStep.AskBack => State == ClaimState.Returning ? ClaimDecision.Nothing
            : WhyNotAnswered() is { } no ? no
            : Kind == ClaimKind.NotReceived ? Refusal.ClaimNotNow
            : new ClaimEvent.AskedBack(now, now + ReturnTime),
        ClaimStep.Refuse => State == ClaimState.Refused ? ClaimDecision.Nothing
            : State == ClaimState.Back || WhyNotAnswered() is not { } no ? new ClaimEvent.Refused(now, now + EscalateTime)
            : no,
        ClaimStep.ConfirmReturn => State == ClaimState.Back ? new ClaimEvent.Agreed(Amount, now) : Parcel is not null ? Again(ClaimState.Agreed) : WhyNotNow(),
        ClaimStep.AcceptOffer => State == ClaimState.Asked && Offer is { } offer ? new ClaimEvent.Agreed(offer, now) : Again(ClaimState.Agreed),
        ClaimStep.Escalate => State is ClaimState.Refused or ClaimState.Returning || (State == ClaimState.Asked && Offer is not null)
            ? new ClaimEvent.Escalated(now)
            : Again(ClaimState.Judging),
        ClaimStep.SendBack back => State == ClaimState.Back && Parcel == back.Parcel ? ClaimDecision.Nothing
            : State == ClaimState.Returning ? new ClaimEvent.SentBack(back.Parcel, now, now + CheckTime)
            : WhyNotNow(),
        ClaimStep.Withdraw => IsOver ? Again(ClaimState.Withdrawn) : new ClaimEvent.Withdrawn(now),
        ClaimStep.Judge judge => State != ClaimState.Judging ? WhyNotNow()
            : WhyNotJudged(judge.Split) is { } no ? no
            : new ClaimEvent.Judged(judge.Split, now),
        ClaimStep.TimeUp => DueAt is null || DueAt > now ? ClaimDecision.Nothing
            : State is ClaimState.Asked or ClaimState.Back ? new ClaimEvent.Agreed(State == ClaimState.Asked ? Offer ?? Amount : Amount, now)
            : new ClaimEvent.Withdrawn(now),
        _ => throw new ArgumentOutOfRangeException(nameof(step), step, "No such step."),
    };

    /// <summary>Why the claim cannot be judged so, now or later; null when it can.</summary>
    public Refusal? WhyNotJudged(Split split) =>
        split is { ToShopper: >= 0, ToMerchant: >= 0, FromGuarantee: >= 0 }
        && (Int128)split.ToShopper + split.ToMerchant + split.FromGuarantee == Amount

        // What is held is there: the fund is for a merchant who has the money already.
        && (IsAfterSale || split.FromGuarantee == 0)
            ? null
            : Refusal.RulingWrong;

    public Claim Apply(ClaimEvent happened) => Change(happened) with { Moves = Moves + 1 };

    /// <summary>The same with at most this time for the next move. No time is given where none runs.</summary>
    public Claim Within(TimeSpan longest, DateTimeOffset now) => DueAt > now + longest ? this with { DueAt = now + longest } : this;

    /// <summary>How the trade goes on after a claim that is over.</summary>
    /// <param name="given">What the shopper gets of the held money.</param>
    /// <remarks>A ruling against the shopper ends the trade. What was never shipped is not paid for, whatever was ruled.</remarks>
    public ClaimEnd EndOf(Trade trade, long given) =>
        given == trade.Held ? ClaimEnd.Granted
        : State == ClaimState.Judged && given == 0 && trade.Shipping is not null ? ClaimEnd.Rejected
        : ClaimEnd.Unchanged;

    private Claim Change(ClaimEvent happened) => happened switch
    {
        ClaimEvent.Agreed agreed => End(ClaimState.Agreed, agreed.Amount, agreed.At),
        ClaimEvent.Offered offered => this with { Offer = offered.Amount, DueAt = offered.DueAt },
        ClaimEvent.AskedBack asked => this with { State = ClaimState.Returning, Since = asked.At, DueAt = asked.DueAt },
        ClaimEvent.Refused refused => this with { State = ClaimState.Refused, Since = refused.At, DueAt = refused.DueAt },
        ClaimEvent.SentBack back => this with { State = ClaimState.Back, Since = back.At, DueAt = back.DueAt, Parcel = back.Parcel },
        ClaimEvent.Escalated escalated => this with { State = ClaimState.Judging, Since = escalated.At, DueAt = null },
        ClaimEvent.Judged judged => End(ClaimState.Judged, judged.Split.Granted, judged.At),
        ClaimEvent.Withdrawn withdrawn => End(ClaimState.Withdrawn, null, withdrawn.At),
        _ => throw new ArgumentOutOfRangeException(nameof(happened), happened, "No such event."),
    };

    private Claim End(ClaimState state, long? granted, DateTimeOffset at) => this with { State = state, Since = at, DueAt = null, Granted = granted };

    // An offer binds the merchant: it only gets better, and a better one gives no new time.
    private ClaimDecision MakeOffer(long amount, DateTimeOffset now) =>
        State != ClaimState.Asked ? WhyNotNow()
        : Offer == amount ? ClaimDecision.Nothing
        : amount <= (Offer ?? 0) || amount >= Amount ? Refusal.OfferWrong
        : new ClaimEvent.Offered(amount, Offer is null ? now + OfferTime : DueAt!.Value);

    private Refusal? WhyNotAnswered() => State != ClaimState.Asked ? WhyNotNow() : Offer is not null ? Refusal.ClaimOffered : null;

    private Refusal WhyNotNow() => IsOver ? Refusal.ClaimOver : Refusal.ClaimNotNow;

    // The same again changes nothing.
    private ClaimDecision Again(ClaimState done) => State == done ? ClaimDecision.Nothing : WhyNotNow();
}

/// <summary>What may be done with a claim. The same step again changes nothing.</summary>
public abstract record ClaimStep
{
    private ClaimStep()
    {
    }

    /// <summary>By the merchant, at any time: the shopper gets what she claims.</summary>
    public sealed record Agree : ClaimStep;

    /// <summary>By the merchant. If the shopper says nothing to it, it is what she gets.</summary>
    public sealed record MakeOffer(long Amount) : ClaimStep;

    /// <summary>By the merchant: the money goes back after the goods.</summary>
    public sealed record AskBack : ClaimStep;

    /// <summary>By the merchant, who owes nothing in its view.</summary>
    public sealed record Refuse : ClaimStep;

    /// <summary>By the merchant, who has the goods again.</summary>
    public sealed record ConfirmReturn : ClaimStep;

    /// <summary>By the shopper.</summary>
    public sealed record AcceptOffer : ClaimStep;

    /// <summary>By the shopper: operators have to rule.</summary>
    public sealed record Escalate : ClaimStep;

    /// <summary>By the shopper.</summary>
    public sealed record SendBack(ReturnParcel Parcel) : ClaimStep;

    /// <summary>By the shopper.</summary>
    public sealed record Withdraw : ClaimStep;

    /// <summary>By two operators.</summary>
    public sealed record Judge(Split Split) : ClaimStep;

    /// <summary>The sweep, when the time for the next move is over.</summary>
    public sealed record TimeUp : ClaimStep;
}

/// <summary>What happened to a claim.</summary>
public abstract record ClaimEvent
{
    private ClaimEvent()
    {
    }

    /// <param name="Amount">What the shopper gets.</param>
    public sealed record Agreed(long Amount, DateTimeOffset At) : ClaimEvent;

    public sealed record Offered(long Amount, DateTimeOffset DueAt) : ClaimEvent;

    public sealed record AskedBack(DateTimeOffset At, DateTimeOffset DueAt) : ClaimEvent;

    public sealed record Refused(DateTimeOffset At, DateTimeOffset DueAt) : ClaimEvent;

    public sealed record SentBack(ReturnParcel Parcel, DateTimeOffset At, DateTimeOffset DueAt) : ClaimEvent;

    public sealed record Escalated(DateTimeOffset At) : ClaimEvent;

    public sealed record Judged(Split Split, DateTimeOffset At) : ClaimEvent;

    public sealed record Withdrawn(DateTimeOffset At) : ClaimEvent;
}

/// <summary>An event, a refusal, or neither if there was nothing to do.</summary>
public readonly record struct ClaimDecision(ClaimEvent? Event, Refusal? Refusal)
{
    public static ClaimDecision Nothing => default;

    public static implicit operator ClaimDecision(ClaimEvent happened) => new(happened, null);

    public static implicit operator ClaimDecision(Refusal refusal) => new(null, refusal);
}
