using Lakala.Vocabulary;

namespace Lakala.Rules.Bills;

/// <summary>The states of a bill. PAID is the only one with money in it.</summary>
public enum BillState
{
    Open,
    Paying,
    Paid,
    Expired,
    Cancelled,
}

/// <summary>The part of a bill that the rules need. A value: <see cref="Apply"/> gives the next one.</summary>
/// <param name="Holds">How often a lookup has held the bill; at most <see cref="MaxHolds"/>.</param>
public readonly record struct Bill(BillState State, Money Amount, DateTimeOffset ExpiresAt, DateTimeOffset? HeldUntil, int Holds)
{
    /// <summary>The time for which a lookup at a counter holds a bill: meanwhile it neither expires nor is cancelled.</summary>
    public static readonly TimeSpan HoldTime = TimeSpan.FromMinutes(3);

    public const int MaxHolds = 2;

    private const int ReminderShare = 8;
    private static readonly TimeSpan EarliestReminder = TimeSpan.FromHours(6);
    private static readonly TimeSpan ShortestReminded = TimeSpan.FromHours(1);

    /// <summary>The time of the reminder for an unpaid bill: an eighth of its time before it expires, six hours at the most.</summary>
    /// <returns>Null: a bill that can be paid for less than an hour has none.</returns>
    public static DateTimeOffset? ReminderAt(DateTimeOffset createdAt, DateTimeOffset expiresAt)
    {
        var life = expiresAt - createdAt;
        var ahead = life / ReminderShare;
        return life < ShortestReminded ? null : expiresAt - (ahead < EarliestReminder ? ahead : EarliestReminder);
    }

    public bool IsHeld(DateTimeOffset now) => HeldUntil > now;

    private bool IsOver(DateTimeOffset now) => ExpiresAt <= now && !IsHeld(now);

    /// <summary>The event that follows from the step, or the reason why there is none. Changes nothing.</summary>
    public BillDecision Decide(BillStep step, DateTimeOffset now) => step switch
    {
        BillStep.Hold => WhyNotPayable(now) is { } no ? no
            : Holds < MaxHolds ? new BillEvent.Held(now + HoldTime)
            : BillDecision.Nothing,
        BillStep.StartPayment start => WhyNotPayable(now) is { } no ? no
            : start.Amount.Currency != Amount.Currency ? Refusal.CurrencyWrong
            : start.Amount.Minor != Amount.Minor ? Refusal.AmountWrong
            : new BillEvent.PaymentStarted(),
        BillStep.Settle => State == BillState.Paying ? new BillEvent.Paid() : WhyNotPaying(),
        BillStep.Reopen => State == BillState.Paying ? new BillEvent.Reopened() : WhyNotPaying(),
        BillStep.Expire => WhyNotClosable(now) is { } no ? no
            : ExpiresAt <= now ? new BillEvent.Expired()
            : BillDecision.Nothing,
        BillStep.Cancel => WhyNotClosable(now) is { } no ? no : new BillEvent.Cancelled(),
        _ => throw new ArgumentOutOfRangeException(nameof(step), step, "No such step."),
    };

    public Bill Apply(BillEvent happened) => happened switch
    {
        BillEvent.Held held => this with { HeldUntil = held.Until, Holds = Holds + 1 },
        BillEvent.PaymentStarted => this with { State = BillState.Paying },
        BillEvent.Paid => this with { State = BillState.Paid },
        BillEvent.Reopened => this with { State = BillState.Open },
        BillEvent.Expired => this with { State = BillState.Expired },
        BillEvent.Cancelled => this with { State = BillState.Cancelled },
        _ => throw new ArgumentOutOfRangeException(nameof(happened), happened, "No such event."),
    };

    // An expired bill is refused at once, also before the sweeper has expired it.
    private Refusal? WhyNotPayable(DateTimeOffset now) => State switch
    {
        BillState.Open => IsOver(now) ? Refusal.BillExpired : null,
        BillState.Paying => Refusal.BillBeingPaid,
        _ => WhyClosed(),
    };

    private Refusal? WhyNotClosable(DateTimeOffset now) => State switch
    {
        BillState.Open => IsHeld(now) ? Refusal.BillHeld : null,
        BillState.Paying => Refusal.BillBeingPaid,
        _ => WhyClosed(),
    };

    // The bill is not PAYING: meanwhile the sweeper or an abandonment has moved its attempt.
    private Refusal WhyNotPaying() => State == BillState.Open ? Refusal.NoAnswerFromBank : WhyClosed();

    private Refusal WhyClosed() => State switch
    {
        BillState.Paid => Refusal.BillPaid,
        BillState.Expired => Refusal.BillExpired,
        BillState.Cancelled => Refusal.BillCancelled,
        _ => throw new InvalidOperationException($"A bill that is {State} is not closed."),
    };
}

/// <summary>What may be done with a bill.</summary>
public abstract record BillStep
{
    private BillStep()
    {
    }

    /// <summary>A lookup: other terminals can still pay the bill, but it neither expires nor is cancelled.</summary>
    public sealed record Hold : BillStep;

    public sealed record StartPayment(Money Amount) : BillStep;

    public sealed record Settle : BillStep;

    /// <summary>The attempt ended without money: declined, not sent, or reversing.</summary>
    public sealed record Reopen : BillStep;

    public sealed record Expire : BillStep;

    public sealed record Cancel : BillStep;
}

/// <summary>What happened to a bill.</summary>
public abstract record BillEvent
{
    private BillEvent()
    {
    }

    public sealed record Held(DateTimeOffset Until) : BillEvent;

    public sealed record PaymentStarted : BillEvent;

    public sealed record Paid : BillEvent;

    public sealed record Reopened : BillEvent;

    public sealed record Expired : BillEvent;

    public sealed record Cancelled : BillEvent;
}

/// <summary>An event, a refusal, or neither if there was nothing to do.</summary>
public readonly record struct BillDecision(BillEvent? Event, Refusal? Refusal)
{
    public static BillDecision Nothing => default;

    public static implicit operator BillDecision(BillEvent happened) => new(happened, null);

    public static implicit operator BillDecision(Refusal refusal) => new(null, refusal);
}
