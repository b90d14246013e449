using Lakala.Vocabulary;

namespace Lakala.Rules.Trades;

/// <summary>The states of the money of an escrow bill. It is held in the first three. FINISHED is final; CLOSED opens again when the bank refuses its refund.</summary>
public enum TradeState
{
    /// <summary>Paid, not shipped.</summary>
    Held,

    Shipped,

    /// <summary>The shopper has an open claim; no timer of the trade runs.</summary>
    Claimed,

    /// <summary>The merchant has the money.</summary>
    Finished,

    /// <summary>The shopper gets the money back.</summary>
    Closed,
}

public enum Side
{
    Shopper,
    Merchant,
}

/// <param name="Carrier">The company that carries the goods; empty for what needs none.</param>
/// <param name="TrackingNumber">Empty when there is none.</param>
public sealed record Shipping(DeliveryMethod Method, string Carrier, string TrackingNumber);

/// <summary>What happens to the money of an escrow bill after the swipe. A value: <see cref="Apply"/> gives the next one.</summary>
/// <param name="Held">What is held of the amount, in minor units: neither released nor on its way back.</param>
/// <param name="Released">What the merchant, the store and the platform got, in minor units.</param>
/// <param name="Releases">How often a part was released.</param>
/// <param name="HeldSince">The payment.</param>
/// <param name="DueAt">The end of the timer that runs, by the database's clock; null: none runs.</param>
/// <param name="IsOverdue">The time for shipping is over: the shopper may take the money back alone.</param>
/// <param name="ShopperExtended">The days by which she has extended the time for her confirmation; null: she may still do so.</param>
/// <param name="MerchantExtended">As above, of the merchant.</param>
/// <param name="Left">While CLAIMED: what was left of the timer.</param>
/// <param name="LeasedUntil">The time until which a claim's form delays a release.</param>
/// <param name="Leases">How often it did; at most <see cref="MostLeases"/>.</param>
/// <param name="FrozenBy">The operator who has stopped the trade; null: nobody.</param>
/// <param name="Moves">The number of changes so far. A change is stored only on the trade that it was decided on.</param>
public sealed record Trade(
    EscrowTerms Terms,
    TradeState State,
    long Held,
    DateTimeOffset HeldSince,
    DateTimeOffset? DueAt,
    long Released = 0,
    int Releases = 0,
    bool IsOverdue = false,
    Shipping? Shipping = null,
    DateTimeOffset? ShippedAt = null,
    bool IsCorrected = false,
    int? ShopperExtended = null,
    int? MerchantExtended = null,
    TimeSpan? Left = null,
    DateTimeOffset? LeasedUntil = null,
    int Leases = 0,
    string? FrozenBy = null,
    DateTimeOffset? EndedAt = null,
    int Moves = 0)
{
    public const int MostLeases = 2;
    public const int MostExtraDays = 15;

    /// <summary>Who has stopped a trade whose refund the bank has refused: two operators decide how the shopper gets the money.</summary>
    public const string RefundDeclined = "refund-declined";

    /// <summary>The time for which the form of a claim delays a release.</summary>
    public static readonly TimeSpan LeaseTime = TimeSpan.FromMinutes(30);

    /// <summary>The time after the shipping beyond which no timer of the confirmation goes.</summary>
    public static readonly TimeSpan LongestConfirmTime = TimeSpan.FromDays(60);

    /// <summary>The time from the end of the time for shipping until the trade is closed.</summary>
    public static readonly TimeSpan OverdueTime = TimeSpan.FromDays(7);

    /// <summary>What both sides get at least after a claim that changed nothing, and after a stop.</summary>
    public static readonly TimeSpan LeastTime = TimeSpan.FromHours(24);

    /// <summary>A trade begins with the payment.</summary>
    public static Trade Begin(EscrowTerms terms, long amount, DateTimeOffset paidAt) =>
        new(terms, TradeState.Held, amount, paidAt, paidAt + terms.ShipWithin);

    public bool IsOver => State is TradeState.Finished or TradeState.Closed;

    /// <summary>The end of the time for shipping. A claim and a refund that the bank has refused may move it while nothing is shipped.</summary>
    public DateTimeOffset ShipBy => State == TradeState.Held && !IsOverdue && DueAt is { } due ? due : HeldSince + Terms.ShipWithin;

    /// <summary>The end of the time for the shopper's confirmation; null while it does not run.</summary>
    public DateTimeOffset? ConfirmBy => State == TradeState.Shipped ? DueAt : null;

    public bool IsLeased(DateTimeOffset now) => LeasedUntil > now;

    /// <summary>The event that follows from the step, or the reason why there is none. Changes nothing.</summary>
    public TradeDecision Decide(TradeStep step, DateTimeOffset now) => step switch
    {
        TradeStep.Ship ship => Ship(ship.Shipping, now),
        TradeStep.Extend extend => Extend(extend.By, extend.Days),
        TradeStep.Confirm => WhyNotShipped() is { } no ? no : WhyNotReleased(now) is { } wait ? wait : new TradeEvent.Released(Held, now),
        TradeStep.Close close => Close(close.By, now),
        TradeStep.GiveBack back => GiveBack(back.Amount, now),
        TradeStep.TakeBack back => new TradeEvent.CameBack(back.Amount, DueAgain(), back.IsRefused),
        TradeStep.Settle settle => Settle(settle.Amount, settle.IsLast, now),
        TradeStep.TimeUp => TimeUp(now),
        TradeStep.Freeze freeze => IsOver ? WhyOver() : FrozenBy is null ? new TradeEvent.Frozen(freeze.By) : TradeDecision.Nothing,
        TradeStep.Unfreeze unfreeze => IsOver ? WhyOver()
            : FrozenBy is null ? TradeDecision.Nothing
            : !unfreeze.HasRefused ? new TradeEvent.Unfrozen(DueAfterStop(now))
            : FrozenBy == RefundDeclined ? Refusal.RefundUndecided
            : new TradeEvent.Frozen(RefundDeclined),
        TradeStep.Lease => WhyNotRunning() is { } no ? no
            : Leases < MostLeases && !IsLeased(now) ? new TradeEvent.Leased(now + LeaseTime)
            : TradeDecision.Nothing,
        TradeStep.OpenClaim => WhyNotRunning() is { } no ? no : new TradeEvent.Claimed(TimeLeft(now)),
        TradeStep.EndClaim end => EndClaim(end.Outcome, now),
        _ => throw new ArgumentOutOfRangeException(nameof(step), step, "No such step."),
    };

    public Trade Apply(TradeEvent happened) => Change(happened) with { Moves = Moves + 1 };

    private Trade Change(TradeEvent happened) => happened switch
    {
        TradeEvent.Shipped shipped => this with
        {
            State = TradeState.Shipped,
            Shipping = shipped.Shipping,
            ShippedAt = shipped.At,
            DueAt = shipped.ConfirmBy,
            IsOverdue = false,
        },
        TradeEvent.Corrected corrected => this with { Shipping = corrected.Shipping, IsCorrected = true, DueAt = corrected.ConfirmBy },
        TradeEvent.Extended { By: Side.Shopper } extended => this with { ShopperExtended = extended.Days, DueAt = extended.ConfirmBy },
        TradeEvent.Extended extended => this with { MerchantExtended = extended.Days, DueAt = extended.ConfirmBy },
        TradeEvent.ShippingOverdue overdue => this with { IsOverdue = true, DueAt = overdue.ClosesAt },
        TradeEvent.Released released => End(TradeState.Finished, released.At) with { Released = Released + released.Amount, Releases = Releases + 1 },
        TradeEvent.GivenBack back => back.Amount == Held ? End(TradeState.Closed, back.At) : this with { Held = Held - back.Amount },
        TradeEvent.CameBack back => Stop(back.IsRefused ? RefundDeclined : null).Hold(back),
        TradeEvent.Settled settled => (settled.GoesOn ? this with { FrozenBy = null } : this).Settle(settled),
        TradeEvent.Frozen frozen => this with { FrozenBy = frozen.By },
        TradeEvent.Unfrozen unfrozen => this with { FrozenBy = null, DueAt = unfrozen.DueAt },
        TradeEvent.Leased leased => this with { LeasedUntil = leased.Until, Leases = Leases + 1 },
        TradeEvent.Claimed claimed => this with { State = TradeState.Claimed, DueAt = null, Left = claimed.Left, LeasedUntil = null },
        TradeEvent.ClaimEnded ended => this with { State = Shipping is null ? TradeState.Held : TradeState.Shipped, DueAt = ended.DueAt, Left = null },
        _ => throw new ArgumentOutOfRangeException(nameof(happened), happened, "No such event."),
    };

    private Trade End(TradeState state, DateTimeOffset at) =>
        this with { State = state, Held = 0, DueAt = null, Left = null, LeasedUntil = null, EndedAt = at };

    private TradeDecision Ship(Shipping shipping, DateTimeOffset now)
    {
        if (Shipping == shipping)
        {
            return TradeDecision.Nothing;
        }

        if (WhyNotRunning() is { } no)
        {
            return no;
        }

        if (State == TradeState.Held)
        {
            return new TradeEvent.Shipped(shipping, now, now + Terms.ConfirmTime(shipping.Method));
        }

        // The clock of the new method starts again; it never takes time from the shopper, and has the bound of all extensions.
        var (again, bound) = (now + Terms.ConfirmTime(shipping.Method), ShippedAt!.Value + LongestConfirmTime);
        var confirmBy = again > bound ? bound : again;
        return IsCorrected ? Refusal.TradeShipped : new TradeEvent.Corrected(shipping, confirmBy > DueAt ? confirmBy : DueAt!.Value);
    }

    private TradeDecision Extend(Side by, int days)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(days, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(days, MostExtraDays);
        var before = by == Side.Shopper ? ShopperExtended : MerchantExtended;
        if (WhyNotShipped() is { } no)
        {
            return no;
        }

        var confirmBy = DueAt!.Value.AddDays(days);
        return before == days ? TradeDecision.Nothing
            : before is not null ? Refusal.TradeExtended
            : confirmBy > ShippedAt!.Value + LongestConfirmTime ? Refusal.ExtensionTooLong
            : new TradeEvent.Extended(by, days, confirmBy);
    }

    /// <summary>By how many days the time to confirm can still be extended. Only of a trade that is SHIPPED.</summary>
    public int FindDaysLeft() => Math.Clamp((ShippedAt!.Value + LongestConfirmTime - DueAt!.Value).Days, 0, MostExtraDays);

    private TradeDecision Close(Side by, DateTimeOffset now) =>
        State == TradeState.Closed ? TradeDecision.Nothing
        : WhyNotRunning() is { } no ? no
        : State == TradeState.Shipped ? Refusal.TradeShipped
        : WhyStopped() is { } stop ? stop
        : by == Side.Shopper && !IsOverdue ? Refusal.TradeNotOverdue
        : new TradeEvent.GivenBack(Held, now);

    private TradeDecision GiveBack(long amount, DateTimeOffset now) =>
        WhyNotRunning() is { } no ? no
        : WhyStopped() is { } stop ? stop
        : amount > Held ? Refusal.RefundExceeds
        : new TradeEvent.GivenBack(amount, now);

    // What came back is held beside what a claim is about: it can be given back while the claim is open.
    private TradeDecision Settle(long amount, bool isLast, DateTimeOffset now) =>
        IsOver ? WhyOver()
        : FrozenBy is not null and not RefundDeclined ? Refusal.TradeFrozen
        : amount > Held || (amount == Held && State == TradeState.Claimed) ? Refusal.RefundExceeds
        : new TradeEvent.Settled(amount, now, isLast ? DueAfterStop(now) : DueAt, isLast);

    // Who has stopped it before is not forgotten.
    private Trade Stop(string? by) => this with { FrozenBy = FrozenBy ?? by };

    private Trade Hold(TradeEvent.CameBack back) => IsOver
        ? this with { State = Shipping is null ? TradeState.Held : TradeState.Shipped, Held = back.Amount, DueAt = back.DueAt, EndedAt = null }
        : this with { Held = Held + back.Amount };

    private Trade Settle(TradeEvent.Settled settled) => settled.Amount == Held
        ? End(TradeState.Closed, settled.At)
        : this with { Held = Held - settled.Amount, DueAt = settled.DueAt };

    // No time gets shorter by a refund that did not happen, and none longer by one that the merchant withdraws. When its goods were corrected is not known
    // any more: then it is the longest that it can have been.
    private DateTimeOffset DueAgain() => ShippedAt is not { } shipped
        ? HeldSince + Terms.ShipWithin + (IsOverdue ? OverdueTime : TimeSpan.Zero)
        : shipped + TimeSpan.FromTicks(Math.Min(
            LongestConfirmTime.Ticks,
            (Terms.ConfirmTime(Shipping!.Method) * (IsCorrected ? 2 : 1) + TimeSpan.FromDays((ShopperExtended ?? 0) + (MerchantExtended ?? 0))).Ticks));

    // Nobody could act while it was stopped.
    private DateTimeOffset? DueAfterStop(DateTimeOffset now) => DueAt < now + LeastTime ? now + LeastTime : DueAt;

    // The action follows from the state and not from the timer.
    private TradeDecision TimeUp(DateTimeOffset now) =>
        DueAt is null || DueAt > now || WhyNotReleased(now) is not null ? TradeDecision.Nothing
        : State == TradeState.Shipped ? new TradeEvent.Released(Held, now)
        : !IsOverdue ? new TradeEvent.ShippingOverdue(DueAt.Value + OverdueTime)
        : new TradeEvent.GivenBack(Held, now);

    private TradeDecision EndClaim(ClaimEnd outcome, DateTimeOffset now) =>
        State != TradeState.Claimed ? (IsOver ? WhyOver() : Refusal.TradeNotClaimed)
        : outcome == ClaimEnd.Unchanged ? new TradeEvent.ClaimEnded(now + (Left > LeastTime ? Left.Value : LeastTime))
        : FrozenBy is not null ? Refusal.TradeFrozen
        : outcome == ClaimEnd.Granted ? new TradeEvent.GivenBack(Held, now)
        : new TradeEvent.Released(Held, now);

    private TimeSpan TimeLeft(DateTimeOffset now) => DueAt > now ? DueAt.Value - now : TimeSpan.Zero;

    private Refusal? WhyStopped() => FrozenBy is null ? null : FrozenBy == RefundDeclined ? Refusal.RefundUndecided : Refusal.TradeFrozen;

    private Refusal? WhyNotReleased(DateTimeOffset now) => WhyStopped() is { } stop ? stop : IsLeased(now) ? Refusal.TradeLeased : null;

    private Refusal? WhyNotShipped() => WhyNotRunning() ?? (State == TradeState.Held ? Refusal.TradeNotShipped : null);

    private Refusal? WhyNotRunning() => State == TradeState.Claimed ? Refusal.TradeClaimed : IsOver ? WhyOver() : null;

    private Refusal WhyOver() => State == TradeState.Finished ? Refusal.TradeFinished : Refusal.TradeClosed;
}

/// <summary>How a claim ends for the trade.</summary>
public enum ClaimEnd
{
    /// <summary>Withdrawn, or with a part of the money: the trade goes on.</summary>
    Unchanged,

    /// <summary>The shopper gets all that is held.</summary>
    Granted,

    /// <summary>An operator's final ruling: the merchant gets all that is held.</summary>
    Rejected,
}

/// <summary>What may be done with a trade.</summary>
public abstract record TradeStep
{
    private TradeStep()
    {
    }

    /// <summary>By the merchant. The same data again changes nothing; other data is the one correction.</summary>
    public sealed record Ship(Shipping Shipping) : TradeStep;

    /// <summary>More time for the confirmation: 1 to 15 days, once for each side.</summary>
    public sealed record Extend(Side By, int Days) : TradeStep;

    /// <summary>The shopper has the goods.</summary>
    public sealed record Confirm : TradeStep;

    /// <summary>The money goes back: the merchant does not ship, or the shopper waits no longer.</summary>
    public sealed record Close(Side By) : TradeStep;

    /// <summary>A refund by the merchant, of a part or of all that is held.</summary>
    public sealed record GiveBack(long Amount) : TradeStep;

    /// <summary>A refund of held money did not happen: it is held again, and a trade that was over goes on.</summary>
    /// <param name="IsRefused">By the bank: the trade is stopped. False: the merchant has withdrawn it.</param>
    public sealed record TakeBack(long Amount, bool IsRefused) : TradeStep;

    /// <summary>Two operators have decided about money that came back.</summary>
    /// <param name="Amount">What goes to the shopper; 0: it stays held.</param>
    /// <param name="IsLast">No other refund of the trade waits for them: it goes on.</param>
    public sealed record Settle(long Amount, bool IsLast) : TradeStep;

    /// <summary>The sweep, when the timer has ended.</summary>
    public sealed record TimeUp : TradeStep;

    /// <param name="By">The operator.</param>
    public sealed record Freeze(string By) : TradeStep;

    /// <param name="HasRefused">Two operators have not decided yet about a refund of it that the bank has refused: it stays stopped for them.</param>
    public sealed record Unfreeze(bool HasRefused) : TradeStep;

    /// <summary>The form of a claim was opened.</summary>
    public sealed record Lease : TradeStep;

    public sealed record OpenClaim : TradeStep;

    public sealed record EndClaim(ClaimEnd Outcome) : TradeStep;
}

/// <summary>What happened to a trade.</summary>
public abstract record TradeEvent
{
    private TradeEvent()
    {
    }

    public sealed record Shipped(Shipping Shipping, DateTimeOffset At, DateTimeOffset ConfirmBy) : TradeEvent;

    public sealed record Corrected(Shipping Shipping, DateTimeOffset ConfirmBy) : TradeEvent;

    public sealed record Extended(Side By, int Days, DateTimeOffset ConfirmBy) : TradeEvent;

    public sealed record ShippingOverdue(DateTimeOffset ClosesAt) : TradeEvent;

    /// <summary>All that is held goes to the merchant, the store and the platform.</summary>
    public sealed record Released(long Amount, DateTimeOffset At) : TradeEvent;

    /// <summary>What is held, or a part of it, goes back to the shopper. When it is all, the trade is closed.</summary>
    public sealed record GivenBack(long Amount, DateTimeOffset At) : TradeEvent;

    /// <param name="DueAt">For a trade that was over.</param>
    /// <param name="IsRefused">By the bank.</param>
    public sealed record CameBack(long Amount, DateTimeOffset DueAt, bool IsRefused) : TradeEvent;

    /// <param name="GoesOn">It is not stopped any more.</param>
    public sealed record Settled(long Amount, DateTimeOffset At, DateTimeOffset? DueAt, bool GoesOn) : TradeEvent;

    public sealed record Frozen(string By) : TradeEvent;

    public sealed record Unfrozen(DateTimeOffset? DueAt) : TradeEvent;

    public sealed record Leased(DateTimeOffset Until) : TradeEvent;

    public sealed record Claimed(TimeSpan Left) : TradeEvent;

    public sealed record ClaimEnded(DateTimeOffset DueAt) : TradeEvent;
}

/// <summary>An event, a refusal, or neither if there was nothing to do.</summary>
public readonly record struct TradeDecision(TradeEvent? Event, Refusal? Refusal)
{
    public static TradeDecision Nothing => default;

    public static implicit operator TradeDecision(TradeEvent happened) => new(happened, null);

    public static implicit operator TradeDecision(Refusal refusal) => new(null, refusal);
}
