namespace Lakala.Chaos.Audit;

/// <summary>Statement 11, and statements 14, 15, 17 and 24 as far as they are about trades.</summary>
internal sealed class TradeStatements(CrossReference books)
{
    private const string Shipped = "trade.shipped", ShipOverdue = "trade.ship_overdue", DeadlineChanged = "trade.deadline_changed";
    private const string Finished = "trade.finished", Closed = "trade.closed", Stopped = "trade.stopped";

    public const string Resumed = "trade.resumed";

    /// <summary>Who has stopped a trade because the bank has refused its refund.</summary>
    public const string RefundDeclined = "refund-declined";

    private static readonly TimeSpan OverdueTime = TimeSpan.FromDays(7);

    // The sweep comes within a second.
    public static readonly TimeSpan LongestSweep = TimeSpan.FromSeconds(10);

    private static readonly Dictionary<string, string[]> StatesInEvent = new()
    {
        [Shipped] = [TradeStates.Shipped],
        [ShipOverdue] = [TradeStates.Held],
        [DeadlineChanged] = [TradeStates.Held, TradeStates.Shipped],
        [Finished] = [TradeStates.Finished],
        [Closed] = [TradeStates.Closed],
        [Stopped] = [TradeStates.Held, TradeStates.Shipped, TradeStates.Claimed],
        [Resumed] = [TradeStates.Held, TradeStates.Shipped, TradeStates.Claimed],
    };

    public static bool IsOfTrade(string type) => StatesInEvent.ContainsKey(type);

    /// <summary>Whether a merchant was told of a trade what its event says.</summary>
    public static bool IsTrue(CrossReference books, ReceivedEvent received) =>
        books.Trades.ContainsKey(received.Bill!) && StatesInEvent[received.Type].Contains(received.Trade);

    private readonly ILookup<string?, Event> _events = books.Database.Events.Where(told => IsOfTrade(told.Type)).OrderBy(told => told.Time).ToLookup(told => told.Bill);
    private readonly ILookup<string?, Event> _shipBy = books.Database.Events.Where(told => told.ShipBy is not null).OrderBy(told => told.Time).ToLookup(told => told.Bill);
    private readonly ILookup<string, OperatorAct> _acts = books.Database.OperatorActs.ToLookup(act => act.Subject);

    public IEnumerable<Violation> Check() =>
    [
        .. books.Database.Bills.SelectMany(Money), .. Pairs(), .. books.Database.Trades.SelectMany(State), .. books.Database.Trades.SelectMany(WhileStopped),
        .. books.Database.Trades.SelectMany(Path), .. books.Database.Trades.SelectMany(Releases), .. Events(), .. books.Database.Trades.SelectMany(Told),
    ];

    /// <summary>11: what is held, released and refunded of a PAID bill is its amount, from its postings and from its trade.</summary>
    private IEnumerable<Violation> Money(Bill bill)
    {
        if (bill.State != BillStates.Paid)
        {
            yield break;
        }

        var lines = Lines(bill).ToList();
        var left = -lines.Where(line => line.Account is not (Accounts.BankClearing or Accounts.RefundsOut or Accounts.Reserve)).Sum(line => line.Amount);
        var refunded = books.RefundsOfBill[bill.Number].Where(refund => refund.State != RefundStates.Queued && !CrossReference.IsUndone(refund)).Sum(refund => refund.Amount);
        if (left + refunded != bill.Amount)
        {
            yield return new Violation(
                11, $"The postings of a PAID bill leave {left} and {refunded} is refunded, which is not its amount.",
                [Row.Of(bill), .. lines.Select(Row.Of), .. books.RefundsOfBill[bill.Number].Select(Row.Of)]);
        }

        if (books.Trades.TryGetValue(bill.Number, out var trade))
        {
            var back = books.RefundsOfBill[bill.Number].Where(refund => !CrossReference.IsUndone(refund) && books.IsFromHeld(refund)).Sum(refund => refund.Amount);
            if (trade.Held + trade.Released + back != bill.Amount)
            {
                yield return new Violation(
                    11, $"A trade has {trade.Held} held and {trade.Released} released, and {back} was refunded of what was held, which is not the amount of the bill.",
                    [Row.Of(bill), Row.Of(trade), .. books.RefundsOfBill[bill.Number].Select(Row.Of)]);
            }
        }
    }

    /// <summary>14: the PAID escrow bills have a trade, and no others.</summary>
    private IEnumerable<Violation> Pairs()
    {
        foreach (var bill in books.Database.Bills.Where(bill => bill.IsEscrow && bill.State == BillStates.Paid && !books.Trades.ContainsKey(bill.Number)))
        {
            yield return new Violation(14, "An escrow bill is PAID and has no trade.", [Row.Of(bill)]);
        }

        foreach (var trade in books.Database.Trades)
        {
            var bill = books.Bills.GetValueOrDefault(trade.Bill);
            if (bill is not { IsEscrow: true, State: BillStates.Paid } || bill.Merchant != trade.Merchant)
            {
                yield return new Violation(
                    14, "A trade is of no PAID escrow bill of its merchant.", [Row.Of(trade), .. bill is null ? Array.Empty<string>() : [Row.Of(bill)]]);
            }
        }
    }

    /// <summary>14: what a trade says of the money, its timer and its stop agrees with its state and with the postings.</summary>
    private IEnumerable<Violation> State(Trade trade)
    {
        if (!books.Bills.TryGetValue(trade.Bill, out var bill))
        {
            yield break;
        }

        var lines = Lines(bill).Where(line => line.Account == Accounts.HeldOf(bill.Merchant)).ToList();
        var held = -lines.Sum(line => line.Amount);
        if (held != trade.Held)
        {
            yield return new Violation(14, $"The postings of a trade hold {held}, and the trade {trade.Held}.", [Row.Of(bill), Row.Of(trade), .. lines.Select(Row.Of)]);
        }

        var isOver = trade.State is TradeStates.Finished or TradeStates.Closed;
        var isRunning = trade.State is TradeStates.Held or TradeStates.Shipped;
        string?[] wrong =
        [
            isOver != (trade.Held == 0) ? $"A trade is {trade.State} and holds {trade.Held}." : null,
            isRunning != (trade.DueAt is not null) ? $"A trade is {trade.State} {(trade.DueAt is null ? "without" : "with")} a timer." : null,
            trade.State == TradeStates.Finished && trade.Releases == 0 ? "A trade is FINISHED, and nothing was released." : null,
            trade.FrozenBy is not null && (isOver || (trade.Releases > 0 && !CameBack(trade))) ? "A frozen trade has moved." : null,
            trade.FrozenBy is null && trade.DueAt + LongestSweep < books.Database.ReadAt && !(trade.LeasedUntil + LongestSweep > books.Database.ReadAt)
                ? "The timer of a trade has ended, and nothing has happened." : null,
        ];
        foreach (var what in wrong.OfType<string>())
        {
            yield return new Violation(14, what, [Row.Of(bill), Row.Of(trade), .. books.RefundsOfBill[bill.Number].Select(Row.Of)]);
        }
    }

    /// <summary>14: from the commit that stops a trade until it goes on nothing of it is released or given back, but by two operators.</summary>
    private IEnumerable<Violation> WhileStopped(Trade trade)
    {
        var events = _events[trade.Bill].Where(told => told.Type is Stopped or Resumed or Closed or Finished).ToList();
        var stops = _acts[trade.Bill].Where(act => act.What == "trade.freeze").Select(act => act.CommittedAt)
            .Concat(events.Where(told => told.Type == Stopped).Select(told => told.CommittedAt)).Distinct();
        var ruled = books.RefundsOfBill[trade.Bill].SelectMany(refund => _acts[refund.Rrn]).Where(act => act.What == "refund.approve").Select(act => act.CommittedAt).ToHashSet();
        var moves = Lines(books.Bills.GetValueOrDefault(trade.Bill)).Where(line => Accounts.IsHeld(line.Account) && line.Amount > 0 && !ruled.Contains(line.CommittedAt)).ToList();
        foreach (var from in stops.OfType<DateTimeOffset>())
        {
            var to = events.Where(told => told.Type != Stopped && told.CommittedAt > from).Min(told => told.CommittedAt) ?? DateTimeOffset.MaxValue;
            foreach (var line in moves.Where(line => line.CommittedAt > from && line.CommittedAt <= to))
            {
                yield return new Violation(14, "Money of a trade has moved while it was stopped.", [Row.Of(trade), .. _acts[trade.Bill].Select(Row.Of), Row.Of(line)]);
            }
        }
    }

    /// <summary>15: the events of a trade are a path of the rules and lead to its state.</summary>
    private IEnumerable<Violation> Path(Trade trade)
    {
        var events = _events[trade.Bill].ToList();
        var (isShipped, over, isStopped, isPath) = (false, (string?)null, false, true);
        foreach (var type in events.Select(told => told.Type))
        {
            isPath &= type switch
            {
                Shipped or ShipOverdue => !isShipped && over is null,
                Finished => isShipped && over is null && !isStopped,
                Closed => over is null,
                Resumed => isStopped,

                // What was over goes on only because a refund did not happen.
                Stopped => !isStopped && (over is null || CameBack(trade)),
                _ => over is null || CameBack(trade),
            };
            isShipped |= type == Shipped;
            isStopped = type == Stopped || (isStopped && type is not (Resumed or Closed));
            over = type is Finished or Closed ? StatesInEvent[type][0] : type is DeadlineChanged or Stopped ? null : over;
        }

        var isThere = isShipped == trade.IsShipped && over == (trade.State is TradeStates.Finished or TradeStates.Closed ? trade.State : null)
            && isStopped == trade.FrozenBy is not null;
        if (!isPath || !isThere)
        {
            yield return new Violation(15, $"A trade is {trade.State}, and its events do not lead there.", [Row.Of(trade), .. events.Select(Row.Of)]);
        }
    }

    /// <summary>24: the time that a side has is the one that was told last, to the millisecond.</summary>
    private IEnumerable<Violation> Told(Trade trade)
    {
        if (trade.DueAt is not { } due || IsUntold(trade))
        {
            yield break;
        }

        var told = trade.State == TradeStates.Shipped ? _events[trade.Bill].LastOrDefault(told => told.ConfirmBy is not null)?.ConfirmBy
            : _shipBy[trade.Bill].LastOrDefault()?.ShipBy + (trade.IsOverdue ? OverdueTime : TimeSpan.Zero);
        if (trade.State is TradeStates.Shipped or TradeStates.Held && told?.ToUnixTimeMilliseconds() != due.ToUnixTimeMilliseconds())
        {
            yield return new Violation(
                24, "The deadline of a trade is not the one that was told.", [Row.Of(trade), .. _shipBy[trade.Bill].Concat(_events[trade.Bill]).Distinct().Select(Row.Of)]);
        }
    }

    /// <summary>17: the releases of a trade have in sum the shares of what was released.</summary>
    private IEnumerable<Violation> Releases(Trade trade)
    {
        var entries = books.ReleasePostings[trade.Bill].GroupBy(line => (line.Sequence, line.Rrn)).OrderBy(entry => entry.Key).ToList();
        var isCounted = entries.Select(entry => entry.Key.Sequence).SequenceEqual(Enumerable.Range(0, trade.Releases))
            && entries.Sum(entry => Held(entry)) == trade.Released;
        if (!isCounted)
        {
            yield return new Violation(17, "A trade counts other releases than were posted.", [Row.Of(trade), .. entries.SelectMany(entry => entry).Select(Row.Of)]);
        }

        if (books.Bills.GetValueOrDefault(trade.Bill) is { PaidRrn: { } rrn } bill && books.AttemptsOfRrn[rrn].FirstOrDefault() is { } payment)
        {
            var released = 0L;
            foreach (var entry in entries)
            {
                var before = MoneyStatements.ShareOut(payment, bill.Merchant, released);
                released += Held(entry);
                var after = MoneyStatements.ShareOut(payment, bill.Merchant, released);
                var expected = before.Zip(after, (had, has) => (has.Account, Amount: had.Amount - has.Amount)).Append((Account: Accounts.HeldOf(bill.Merchant), Amount: Held(entry)));
                if (!entry.Select(line => (line.Account, line.Amount)).Order().SequenceEqual(expected.Where(line => line.Amount != 0).Order()))
                {
                    yield return new Violation(17, "A release gives other shares than what is released has more.", [Row.Of(bill), Row.Of(payment), Row.Of(trade), .. entry.Select(Row.Of)]);
                }
            }
        }
    }

    /// <summary>24: every move has one event, and a direct bill has none.</summary>
    private IEnumerable<Violation> Events()
    {
        var told = books.Database.Events.Where(told => IsOfTrade(told.Type)).GroupBy(told => (told.Bill, told.Type)).ToDictionary(events => events.Key, events => events.Count());
        var endings = books.Database.Events.Where(ended => ended.Type is Closed or Finished).ToLookup(ended => ended.Bill);
        var claims = ClaimStatements.Ends(books).ToLookup(ended => ended.Bill);
        foreach (var bill in books.Database.Bills)
        {
            var trade = books.Trades.GetValueOrDefault(bill.Number);
            var (isClosed, isFinished, isShipped, isOverdue) =
                (One(trade?.State == TradeStates.Closed), One(trade?.State == TradeStates.Finished), One(trade?.IsShipped == true), One(trade?.IsOverdue == true));

            // A refund that did not happen opens again what was over: a refused one stops it, a withdrawn one is a new deadline. A trade that was overdue may have been shipped since.
            var releases = trade?.Releases ?? 0;
            var undone = books.RefundsOfBill[bill.Number].Count(refund => CrossReference.IsUndone(refund) && books.IsFromHeld(refund));
            var reopened = Math.Max(0, told.GetValueOrDefault((bill.Number, Closed)) - isClosed) + Math.Max(0, releases - isFinished);

            // A claim that has not ended the trade, in the same commit, has given it a new deadline.
            var afterClaims = claims[bill.Number].Count(ended => !endings[bill.Number].Any(end => end.CreatedAt == ended.CreatedAt));
            var deadlines = (trade?.DeadlineChanges ?? 0) + (trade is null ? 0 : reopened - StopsOfWhatWasOver(bill.Number) + afterClaims);
            var stops = _acts[bill.Number].Count(act => act.What == "trade.freeze");
            foreach (var (type, least, most) in new[]
            {
                (Shipped, isShipped, isShipped),
                (ShipOverdue, isOverdue, trade is null ? 0 : 1),
                (DeadlineChanged, deadlines, deadlines),
                (Finished, releases, releases),
                (Closed, isClosed, trade is null ? 0 : isClosed + undone),
                (Stopped, stops, trade is null ? 0 : stops + undone),
            })
            {
                var count = told.GetValueOrDefault((bill.Number, type));
                if (count < least || count > most)
                {
                    yield return new Violation(24, $"A bill has {count} events {type}, which is not what its trade did.", [Row.Of(bill), .. trade is null ? Array.Empty<string>() : [Row.Of(trade)]]);
                }
            }
        }
    }

    // After a claim, a stop or a refund that did not happen an event says of an overdue trade that it goes on, and not when it is closed.
    private bool IsUntold(Trade trade) =>
        trade is { State: TradeStates.Held, IsOverdue: true } && _events[trade.Bill].LastOrDefault(told => told.Type is ShipOverdue or DeadlineChanged or Stopped or Resumed) is not { Type: ShipOverdue };

    private int StopsOfWhatWasOver(string bill) =>
        _events[bill].Where(told => told.Type is Finished or Closed or Stopped or DeadlineChanged).Zip(
            _events[bill].Where(told => told.Type is Finished or Closed or Stopped or DeadlineChanged).Skip(1)).Count(pair => pair is ({ Type: Finished or Closed }, { Type: Stopped }));

    // A trade that was over goes on when a refund of it is refused or withdrawn.
    private bool CameBack(Trade trade) => books.RefundsOfBill[trade.Bill].Any(refund => CrossReference.IsUndone(refund) && books.IsFromHeld(refund));

    private IEnumerable<Posting> Lines(Bill? bill) => bill is null ? [] :
    [
        .. bill.PaidRrn is null ? [] : books.Postings[bill.PaidRrn],
        .. books.ReleasePostings[bill.Number],
        .. books.RefundsOfBill[bill.Number].SelectMany(refund => books.RefundPostings[refund.Rrn]),
    ];

    private static int One(bool so) => so ? 1 : 0;

    private static long Held(IEnumerable<Posting> entry) => entry.Where(line => Accounts.IsHeld(line.Account)).Sum(line => line.Amount);
}
