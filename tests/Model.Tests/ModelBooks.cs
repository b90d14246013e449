using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;
using Lakala.Rules.Ledger;
using Lakala.Storage;
using Lakala.Storage.Bills;
using Lakala.Storage.Postgres;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;

namespace Lakala.Model.Tests;

public sealed record BookedAttempt(AttemptRow Row, DateTimeOffset? Deadline);

public sealed record BookedPosting(long Rrn, int Line, string Account, long Amount, string Currency, DateOnly BusinessDate);

public sealed record BookedEvent(Guid Id, string Merchant, string Type, long Bill, string Data);

public sealed record BookedDelivery(Guid Event, string Endpoint, string Merchant);

public sealed record BookedReversal(ReversalRow Row, DateTimeOffset DueAt, bool IsAcknowledged);

public sealed record BookedLateAnswer(long Rrn, string ResponseCode, string? AuthorisationCode, bool IsJudged);

/// <summary>
/// The contract of the storage, in memory: each method is one item and one commit, with the effect of the statement of the
/// same name in PostgreSQL. The allowed moves are those of <c>Rules</c>; <c>ContractTests</c> compare it with
/// the statements.
/// </summary>
public sealed class ModelBooks
{
    public const string PaidEvent = "bill.paid";

    private readonly Mutation _broken;
    private readonly TimeSpan _commitDeadline;
    private readonly Dictionary<long, BillRow> _bills;
    private readonly Dictionary<SwipeKey, BookedAttempt> _attempts;
    private readonly Dictionary<long, BookedReversal> _reversals;
    private readonly HashSet<long> _watched;
    private readonly List<BookedPosting> _postings;
    private readonly List<BookedEvent> _events;
    private readonly List<BookedDelivery> _deliveries;
    private readonly List<BookedLateAnswer> _lateAnswers;

    public ModelBooks(TimeSpan commitDeadline, Mutation broken = Mutation.None)
    {
        (_commitDeadline, _broken) = (commitDeadline, broken);
        (_bills, _attempts, _reversals, _watched, _postings, _events, _deliveries, _lateAnswers) = ([], [], [], [], [], [], [], []);
    }

    private ModelBooks(ModelBooks other)
    {
        (_commitDeadline, _broken, Now, Rates, Endpoints) = (other._commitDeadline, other._broken, other.Now, other.Rates, other.Endpoints);
        (_bills, _attempts, _reversals, _watched) = (new(other._bills), new(other._attempts), new(other._reversals), new(other._watched));
        (_postings, _events, _deliveries, _lateAnswers) = ([.. other._postings], [.. other._events], [.. other._deliveries], [.. other._lateAnswers]);
    }

    /// <summary>The database's clock.</summary>
    public DateTimeOffset Now { get; set; }

    /// <summary>The merchant's and the store's rates in force.</summary>
    public Rates Rates { get; set; }

    /// <summary>The merchant's receivers of notices.</summary>
    public IReadOnlyList<string> Endpoints { get; set; } = [];

    public IReadOnlyDictionary<long, BillRow> Bills => _bills;

    public IReadOnlyDictionary<SwipeKey, BookedAttempt> Attempts => _attempts;

    public IReadOnlyDictionary<long, BookedReversal> Reversals => _reversals;

    public IReadOnlySet<long> Watched => _watched;

    public IReadOnlyList<BookedPosting> Postings => _postings;

    public IReadOnlyList<BookedEvent> Events => _events;

    public IReadOnlyList<BookedDelivery> Deliveries => _deliveries;

    public IReadOnlyList<BookedLateAnswer> LateAnswers => _lateAnswers;

    public ModelBooks Copy() => new(this);

    public void Put(BillRow bill)
    {
        _bills.Add(bill.Number, bill);
        _watched.Add(bill.Number);
    }

    /// <summary>C1. The key is checked before the bill.</summary>
    public StartOutcome Start(StartAttempt item)
    {
        var bill = _bills.GetValueOrDefault(item.Bill);
        var decision = bill?.Bill.Decide(new BillStep.StartPayment(item.Amount), Now) ?? Refusal.BillUnknown;
        if (_broken == Mutation.NoGuardInC1 && decision.Refusal == Refusal.BillBeingPaid)
        {
            decision = new BillEvent.PaymentStarted();
        }

        if (_broken == Mutation.BillFirstInC1 && decision.Event is { } early)
        {
            _bills[item.Bill] = bill! with { Bill = bill.Bill.Apply(early) };
        }

        if (_attempts.TryGetValue(item.Key, out var known))
        {
            return known.Row.Id == item.Id && known.Row.State == AttemptState.Sent && bill is not null
                ? new StartOutcome.Started(bill, known.Row.Rates, known.Row.StartedAt)
                : new StartOutcome.KeyKnown(known.Row);
        }

        if (decision.Refusal is { } reason)
        {
            return new StartOutcome.Refused(reason, bill);
        }

        var paying = bill! with { Bill = bill.Bill.Apply(decision.Event!) };
        _bills[item.Bill] = paying;
        var row = new AttemptRow(
            Key: item.Key,
            Id: item.Id,
            State: AttemptState.Sent,
            Bill: item.Bill,
            Amount: bill.Bill.Amount,
            MaskedPan: item.MaskedPan,
            Store: item.Store,
            Rrn: item.Rrn,
            Rates: Rates,
            StartedAt: Now,
            SettledAt: null,
            ResponseCode: null,
            Reason: null,
            AuthorisationCode: null,
            Payee: bill.MerchantName,
            OrderId: bill.OrderId);
        _attempts.Add(item.Key, new BookedAttempt(row, Now + _commitDeadline));
        return new StartOutcome.Started(paying, Rates, Now);
    }

    /// <summary>C2 and the other moves out of SENT.</summary>
    /// <exception cref="CommitUnknownException">The key has no row: nothing is decided.</exception>
    public FinishOutcome Finish(FinishAttempt item)
    {
        var found = _attempts.GetValueOrDefault(item.Key) ?? throw new CommitUnknownException("Still undecided.");
        var maySettle = item.Move.To != AttemptState.Approved || found.Deadline > Now;
        var mayMove = Attempt.CanMove(found.Row.State, item.Move.To) && maySettle;
        if (found.Row.Id != item.Id || found.Row.Bill != item.Bill || !(mayMove || IgnoresState(found.Row.State, item.Move.To)))
        {
            return new FinishOutcome(found.Row);
        }

        var moved = found.Row with
        {
            State = item.Move.To,
            ResponseCode = item.Move.ResponseCode,
            Reason = item.Move.Reason,
            AuthorisationCode = item.Move.AuthorisationCode,
            SettledAt = item.At,
        };
        _attempts[item.Key] = found with { Row = moved };
        if (moved.State == AttemptState.Approved)
        {
            Settle(item, moved);
        }
        else if (_broken != Mutation.ReopenedApart)
        {
            Reopen(item.Bill);
        }

        if (moved.State == AttemptState.Reversing)
        {
            QueueReversal(moved);
        }

        return FinishOutcome.HasMoved;
    }

    /// <summary>The bill's part of a move out of SENT without money.</summary>
    public void Reopen(long number)
    {
        var bill = _bills[number];
        if (bill.Bill.Decide(new BillStep.Reopen(), Now).Event is { } reopened)
        {
            _bills[number] = bill with { Bill = bill.Bill.Apply(reopened) };
        }
    }

    /// <summary>Stores REFUSED or VOID under the key; an existing row stays, and is the answer.</summary>
    public AttemptRow CloseKey(CloseKey item)
    {
        if (_attempts.TryGetValue(item.Key, out var known))
        {
            return known.Row;
        }

        var bill = item.Bill is { } number ? _bills.GetValueOrDefault(number) : null;
        var row = new AttemptRow(
            Key: item.Key,
            Id: item.Id,
            State: item.State,
            Bill: item.Bill,
            Amount: item.Amount,
            MaskedPan: item.MaskedPan,
            Store: null,
            Rrn: null,
            Rates: default,
            StartedAt: Now,
            SettledAt: Now,
            ResponseCode: item.ResponseCode,
            Reason: item.Reason,
            AuthorisationCode: null,
            Payee: bill?.MerchantName,
            OrderId: bill?.OrderId);
        var isForgotten = (_broken == Mutation.NoVoidOnEnquiry && item.State == AttemptState.Void)
            || (_broken == Mutation.RefusalNotStored && item.State == AttemptState.Refused);
        if (!isForgotten)
        {
            _attempts.Add(item.Key, new BookedAttempt(row, null));
        }

        return row;
    }

    public BillSeen Read(long number) => new(_bills.GetValueOrDefault(number), Now);

    public BillSeen Hold(long number)
    {
        if (_bills.TryGetValue(number, out var bill) && bill.Bill.Decide(new BillStep.Hold(), Now).Event is { } held)
        {
            _bills[number] = bill with { Bill = bill.Bill.Apply(held) };
        }

        return Read(number);
    }

    /// <returns>Null when there is no such bill.</returns>
    public CloseOutcome? Close(CloseBill item)
    {
        if (!_bills.TryGetValue(item.Number, out var before))
        {
            return null;
        }

        BillStep closing = item.State == BillState.Expired ? new BillStep.Expire() : new BillStep.Cancel();
        var decided = before.Bill.Decide(closing, Now);
        if (_broken == Mutation.ClosesWhilePaying && before.Bill.State == BillState.Paying)
        {
            decided = new BillEvent.Cancelled();
        }

        if (decided.Event is not { } closed)
        {
            return new CloseOutcome(false, before, Now);
        }

        _bills[item.Number] = before with { Bill = before.Bill.Apply(closed), ClosedAt = item.At };
        _watched.Remove(item.Number);
        Publish(item.EventId, item.MerchantId, item.EventType, item.Number, item.EventData);
        return new CloseOutcome(true, before, Now);
    }

    /// <summary>Attempts that are SENT past the sweeper's time.</summary>
    public IReadOnlyList<AttemptRow> Overdue(TimeSpan pastDeadline, int limit) =>
    [
        .. _attempts.Values
            .Where(attempt => attempt.Row.State == AttemptState.Sent && attempt.Deadline + pastDeadline < Now)
            .OrderBy(attempt => attempt.Deadline)
            .Take(limit)
            .Select(attempt => attempt.Row),
    ];

    /// <summary>Open bills past their time that no counter holds. Closed bills are left out.</summary>
    public IReadOnlyList<long> Expiring(int limit)
    {
        var due = _bills.Values
            .Where(bill => _watched.Contains(bill.Number) && bill.Bill.ExpiresAt <= Now && bill.Bill.State != BillState.Paying && !bill.Bill.IsHeld(Now))
            .OrderBy(bill => bill.Bill.ExpiresAt)
            .Take(limit)
            .ToList();
        _watched.ExceptWith(due.Where(bill => bill.Bill.State != BillState.Open).Select(bill => bill.Number));
        return [.. due.Where(bill => bill.Bill.State == BillState.Open).Select(bill => bill.Number)];
    }

    public AttemptRow? FindByRrn(long rrn)
    {
        foreach (var attempt in _attempts.Values)
        {
            if (attempt.Row.Rrn == rrn)
            {
                return attempt.Row;
            }
        }

        return null;
    }

    /// <summary>Takes the due entries; no other sender gets them before the lease ends.</summary>
    public IReadOnlyList<ReversalRow> TakeDue(TimeSpan lease, int limit)
    {
        var due = _reversals.Values.Where(reversal => !reversal.IsAcknowledged && reversal.DueAt <= Now).OrderBy(reversal => reversal.DueAt).Take(limit).ToList();
        foreach (var reversal in due)
        {
            _reversals[reversal.Row.Rrn] = reversal with { DueAt = Now + lease };
        }

        return [.. due.Select(reversal => reversal.Row)];
    }

    /// <summary>The bank's 0430: the entry is done and the attempt REVERSED.</summary>
    public void Acknowledged(long rrn)
    {
        if (!_reversals.TryGetValue(rrn, out var reversal) || reversal.IsAcknowledged)
        {
            return;
        }

        _reversals[rrn] = reversal with { IsAcknowledged = true, Row = reversal.Row with { Tries = reversal.Row.Tries + 1 } };
        var attempt = _attempts.Values.Single(attempt => attempt.Row.Rrn == rrn);
        if (Attempt.CanMove(attempt.Row.State, AttemptState.Reversed))
        {
            _attempts[attempt.Row.Key] = attempt with { Row = attempt.Row with { State = AttemptState.Reversed } };
        }
    }

    public void TryAgain(long rrn, TimeSpan wait)
    {
        if (_reversals.TryGetValue(rrn, out var reversal) && !reversal.IsAcknowledged)
        {
            _reversals[rrn] = reversal with { DueAt = Now + wait, Row = reversal.Row with { Tries = reversal.Row.Tries + 1 } };
        }
    }

    /// <summary>Records an answer. An approval is evaluated once its attempt has left SENT.</summary>
    public void RecordLateAnswer(long rrn, string responseCode, string? authorisationCode)
    {
        var isJudged = responseCode != Attempt.ApprovedCode
            || (_broken == Mutation.LateApprovalJudgedTooEarly && FindByRrn(rrn) is { State: AttemptState.Sent });
        _lateAnswers.Add(new BookedLateAnswer(rrn, responseCode, authorisationCode, isJudged));
    }

    /// <returns>The approvals of attempts that the bank had declined or was never sent, and those without an attempt.</returns>
    public IReadOnlyList<(long Rrn, bool Reversing)> ReverseFalseApprovals(int limit)
    {
        var alarms = new HashSet<(long Rrn, bool Reversing)>();
        for (var at = 0; at < _lateAnswers.Count && limit > 0; at++)
        {
            var late = _lateAnswers[at];
            var attempt = FindByRrn(late.Rrn);
            if (late.IsJudged || attempt is { State: AttemptState.Sent })
            {
                continue;
            }

            limit--;
            _lateAnswers[at] = late with { IsJudged = true };
            if (attempt is null)
            {
                alarms.Add((late.Rrn, false));
            }
            else if (attempt.State is AttemptState.NotSent or AttemptState.Declined && !_reversals.ContainsKey(late.Rrn)
                && _broken != Mutation.FalseApprovalStands)
            {
                QueueReversal(attempt);
                alarms.Add((late.Rrn, true));
            }
        }

        return [.. alarms];
    }

    private void Settle(FinishAttempt item, AttemptRow attempt)
    {
        var paid = item.Paid!;
        var bill = _bills[item.Bill];
        if (bill.Bill.Decide(new BillStep.Settle(), Now).Event is { } settled)
        {
            _bills[item.Bill] = bill with
            {
                Bill = bill.Bill.Apply(settled),
                Payment = new Payment(
                    PaidAt: item.At,
                    Rrn: Rrn.ToText(attempt.Rrn!.Value),
                    AuthorisationCode: attempt.AuthorisationCode!,
                    MaskedCard: attempt.MaskedPan!,
                    Store: attempt.Store!,
                    Terminal: attempt.Key.Terminal,
                    Rates: attempt.Rates),
                ClosedAt = item.At,
                Trade = paid.Trade,
            };
        }

        _postings.AddRange(paid.Entry.Lines.Select((line, place) => new BookedPosting(
            attempt.Rrn!.Value, place + 1, StateNames.Format(line.Account), line.Amount, line.Account.Currency, BeijingTime.BusinessDate(item.At))));
        Publish(paid.EventId, paid.MerchantId, PaidEvent, item.Bill, paid.EventData);
    }

    private void Publish(Guid id, string merchant, string type, long bill, string data)
    {
        _events.Add(new BookedEvent(id, merchant, type, bill, data));
        _deliveries.AddRange(Endpoints.Select(endpoint => new BookedDelivery(id, endpoint, merchant)));
    }

    private void QueueReversal(AttemptRow attempt) => _reversals[attempt.Rrn!.Value] = new BookedReversal(
        new ReversalRow(
            Rrn: attempt.Rrn.Value,
            Terminal: attempt.Key.Terminal,
            Stan: attempt.Key.Stan,
            Store: attempt.Store!,
            Amount: attempt.Amount!.Value.Minor,
            Currency: attempt.Amount.Value.Currency,
            StartedAt: attempt.StartedAt,
            Tries: 0),
        Now,
        false);

    private bool IgnoresState(AttemptState from, AttemptState to) => _broken switch
    {
        Mutation.NoStateInC2 => from is not (AttemptState.Void or AttemptState.Refused),
        Mutation.AbandonReversesApproved => (from, to) == (AttemptState.Approved, AttemptState.Reversing),
        Mutation.LateApprovalSettlesReversing => (from, to) == (AttemptState.Reversing, AttemptState.Approved),
        _ => false,
    };
}
