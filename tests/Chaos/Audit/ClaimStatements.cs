namespace Lakala.Chaos.Audit;

/// <summary>Statements 15 and 25, and 14 and 24 as far as they are about claims.</summary>
internal sealed class ClaimStatements(CrossReference books)
{
    public const string Opened = "claim.opened", Offered = "claim.offered", Returning = "claim.returning", Back = "claim.back", Refused = "claim.refused";
    public const string Judging = "claim.judging", Agreed = "claim.agreed", Judged = "claim.judged", Withdrawn = "claim.withdrawn";
    public const string BalanceOwed = "balance.owed";
    private const string Finished = "trade.finished";
    private const int MostOfBill = 5;

    private static readonly Dictionary<string, string> StateAfter = new()
    {
        [Opened] = ClaimStates.Asked,
        [Offered] = ClaimStates.Asked,
        [Returning] = ClaimStates.Returning,
        [Back] = ClaimStates.Back,
        [Refused] = ClaimStates.Refused,
        [Judging] = ClaimStates.Judging,
        [Agreed] = ClaimStates.Agreed,
        [Judged] = ClaimStates.Judged,
        [Withdrawn] = ClaimStates.Withdrawn,
    };

    private static readonly Dictionary<string, string[]> Next = new()
    {
        [Opened] = [Offered, Returning, Refused, Agreed, Withdrawn],
        [Offered] = [Offered, Judging, Agreed, Withdrawn],
        [Returning] = [Back, Judging, Agreed, Withdrawn],
        [Back] = [Refused, Agreed, Withdrawn],
        [Refused] = [Judging, Agreed, Withdrawn],
        [Judging] = [Judged, Agreed, Withdrawn],
        [Agreed] = [],
        [Judged] = [],
        [Withdrawn] = [],
    };

    private readonly ILookup<string?, Event> _events = books.Database.Events.Where(told => IsOfClaim(told.Type))
        .OrderBy(told => told.Time).ToLookup(told => told.Claim);

    private readonly ILookup<string?, Event> _finished = books.Database.Events.Where(told => told.Type == Finished).ToLookup(told => told.Bill);
    private readonly HashSet<string> _ids = [.. books.Database.Claims.Select(claim => claim.Id)];
    private readonly ILookup<string, Refund> _refunds = books.Database.Refunds.ToLookup(refund => refund.Rrn);
    private readonly Dictionary<string, string> _insteadOf = books.Database.RefusedRefunds.Where(refused => refused.Next is not null).ToDictionary(refused => refused.Next!, refused => refused.Refund);
    private readonly HashSet<string> _lent =
        [.. books.Database.RefundRulings.Where(ruling => ruling is { State: Verdicts.LendIt, ApprovedBy: not null }).Select(ruling => ruling.Refund)];
    private readonly ILookup<string, Ruling> _rulings = books.Database.Rulings.Where(ruling => ruling.ApprovedBy is not null).ToLookup(ruling => ruling.Claim);

    public static bool IsOfClaim(string type) => StateAfter.ContainsKey(type);

    /// <summary>Whether a merchant was told of a claim what is so.</summary>
    public static bool IsTrue(CrossReference books, ReceivedEvent received) =>
        books.ClaimsOfBill[received.Bill!].FirstOrDefault(claim => claim.Id == received.Rrn) is { } claim
        && claim.Amount == received.Amount && StateAfter[received.Type] == received.Status;

    /// <summary>Whether a merchant was told of a debt what is so.</summary>
    public static bool IsDebt(CrossReference books, ReceivedEvent received) =>
        books.Database.Debts.Any(debt => debt.Refund == received.Rrn && debt.Amount == received.Amount);

    /// <summary>The events with which claims ended that stopped their trades.</summary>
    public static IEnumerable<Event> Ends(CrossReference books)
    {
        var stopping = books.Database.Claims.Where(claim => !claim.IsAfterSale).Select(claim => claim.Id).ToHashSet();
        return books.Database.Events.Where(told => told.Type is Agreed or Judged or Withdrawn && told.Claim is { } claim && stopping.Contains(claim));
    }

    public IEnumerable<Violation> Check() =>
        [.. books.Database.Claims.SelectMany(Path), .. books.Database.Claims.SelectMany(Due), .. books.Database.Trades.SelectMany(Open), .. Strays(), .. books.Database.Claims.SelectMany(Money), .. Frozen(), .. Compensations(), .. Fund(), .. Owed(), .. DebtsTold()];

    /// <summary>15 and 24: the events of a claim are a path of the rules, one for each move, and end in its state; no release was in between.</summary>
    private IEnumerable<Violation> Path(Claim claim)
    {
        var events = _events[claim.Id].ToList();
        string[] rows = [Row.Of(claim), .. events.Select(Row.Of)];
        if (events.Count != claim.Moves + 1 || events.Any(told => told.Bill != claim.Bill || told.Merchant != claim.Merchant))
        {
            yield return new Violation(24, $"A claim has moved {claim.Moves} times and has {events.Count} events of its own.", rows);
        }

        var isPath = events.Count > 0 && events[0].Type == Opened && events.Zip(events.Skip(1)).All(pair => Next[pair.First.Type].Contains(pair.Second.Type));
        if (!isPath || StateAfter[events[^1].Type] != claim.State)
        {
            yield return new Violation(15, $"A claim is {claim.State}, and its events do not lead there.", rows);
            yield break;
        }

        var (opened, ended) = (events[0].Time, IsOver(claim) ? events[^1].Time : (DateTimeOffset?)null);
        var releases = _finished[claim.Bill].Select(told => (At: (DateTimeOffset?)told.Time, Row: Row.Of(told)))
            .Concat(books.ReleasePostings[claim.Bill].Select(line => (At: line.CommittedAt, Row: Row.Of(line))));
        foreach (var release in releases.Where(release => !claim.IsAfterSale && release.At > opened && (ended is null || release.At < ended)))
        {
            yield return new Violation(15, "Money was released while a claim was open.", [.. rows, release.Row]);
        }

        if (claim.IsAfterSale && _finished[claim.Bill].All(told => told.Time > opened))
        {
            yield return new Violation(15, "A claim counts as one after the release, and nothing was released before.", rows);
        }
    }

    /// <summary>14: the time of an open claim is not over. Money waits while its trade is stopped.</summary>
    private IEnumerable<Violation> Due(Claim claim)
    {
        var givesMoney = claim.State is not (ClaimStates.Refused or ClaimStates.Returning);
        if (claim.DueAt + TradeStatements.LongestSweep < books.Database.ReadAt && !(givesMoney && books.Trades.GetValueOrDefault(claim.Bill)?.FrozenBy is not null))
        {
            yield return new Violation(14, "The time of a claim has ended, and nothing has happened.", [Row.Of(claim)]);
        }
    }

    /// <summary>15: a trade is CLAIMED exactly while a claim about its held money is open; a bill has five claims, one after the other.</summary>
    private IEnumerable<Violation> Open(Trade trade)
    {
        var claims = books.ClaimsOfBill[trade.Bill].OrderBy(claim => claim.Place).ToList();
        var open = claims.Where(claim => !IsOver(claim)).ToList();
        var stops = open.Count(claim => !claim.IsAfterSale);
        var wrong = (trade.State == TradeStates.Claimed) != (stops > 0) ? $"A trade is {trade.State} with {stops} open claims about what it holds."
            : open.Count > 1 ? $"A bill has {open.Count} open claims."
            : claims.Count > MostOfBill || !claims.Select(claim => claim.Place).SequenceEqual(Enumerable.Range(1, claims.Count)) ? "A bill has other claims than the first to the fifth."
            : null;
        if (wrong is not null)
        {
            yield return new Violation(15, wrong, [Row.Of(trade), .. claims.Select(Row.Of)]);
        }
    }

    /// <summary>15: a claim is of a trade, and an event of a claim.</summary>
    private IEnumerable<Violation> Strays() =>
    [
        .. books.Database.Claims.Where(claim => books.Trades.GetValueOrDefault(claim.Bill)?.Merchant != claim.Merchant)
            .Select(claim => new Violation(15, "A claim is of no trade of its merchant.", [Row.Of(claim)])),
        .. books.Database.Events.Where(told => IsOfClaim(told.Type) && !_ids.Contains(told.Claim ?? ""))
            .Select(told => new Violation(15, "An event is of no claim.", [Row.Of(told)])),
    ];

    /// <summary>15: what a claim has granted is what its refunds give.</summary>
    private IEnumerable<Violation> Money(Claim claim)
    {
        var (refund, compensation) = (Find(claim.Refund), Find(claim.Compensation));
        var (given, left) = ((refund?.Amount ?? 0) + (compensation?.Amount ?? 0), claim.Granted ?? 0);
        var wrong = (claim.Refund is not null && refund?.Bill != claim.Bill) || (claim.Compensation is not null && compensation?.Bill != claim.Bill)
            ? "A claim names a refund that is none of its bill."

            // After the release the merchant may have refunded a part meanwhile.
            : claim.IsAfterSale ? given > left ? $"A claim has given {given}, more than the {left} that it has granted." : null
            : given != left ? $"A claim has given {given}, and not the {left} that it has granted."
            : refund is not null && !books.IsFromHeld(refund) ? "A claim about held money was refunded from elsewhere."
            : null;
        if (wrong is not null || (claim.Granted is not null) != claim.State is ClaimStates.Agreed or ClaimStates.Judged)
        {
            yield return new Violation(
                15, wrong ?? $"A claim is {claim.State} and has granted {claim.Granted?.ToString(null, null) ?? "nothing"}.",
                [Row.Of(claim), .. new[] { refund, compensation }.OfType<Refund>().Select(Row.Of)]);
        }
    }

    /// <summary>15: what is frozen of a merchant's money is what its open claims have frozen, and its refused refunds that nobody has decided.</summary>
    private IEnumerable<Violation> Frozen()
    {
        var posted = books.Database.Postings.Where(line => Accounts.IsFrozen(line.Account)).GroupBy(line => line.Account).ToDictionary(lines => lines.Key, lines => -lines.Sum(line => line.Amount));
        var claims = books.Database.Claims.GroupBy(claim => Accounts.FrozenOf(claim.Merchant)).ToDictionary(all => all.Key, all => all.ToList());
        var refused = books.Database.RefusedRefunds.Where(refused => refused.IsOpen && Find(refused.Refund) is not null)
            .ToLookup(refused => Accounts.FrozenOf(books.Bills[Find(refused.Refund)!.Bill].Merchant));
        foreach (var account in posted.Keys.Union(claims.Keys).Union(refused.Select(all => all.Key)))
        {
            var frozen = claims.GetValueOrDefault(account, []).Where(claim => !IsOver(claim)).Sum(claim => claim.Frozen) + refused[account].Sum(one => one.Frozen);
            if (frozen != posted.GetValueOrDefault(account))
            {
                yield return new Violation(
                    15, $"The account {account} has {posted.GetValueOrDefault(account)}, and open claims and refused refunds have frozen {frozen}.",
                    [.. refused[account].Select(Row.Of), .. claims.GetValueOrDefault(account, []).Select(Row.Of), .. books.Database.Postings.Where(line => line.Account == account).Select(Row.Of)]);
            }
        }
    }

    /// <summary>25: a JUDGED claim has a ruling by two people; what the fund has paid is in it, and is owed by the merchant.</summary>
    private IEnumerable<Violation> Compensations()
    {
        foreach (var claim in books.Database.Claims)
        {
            var rulings = _rulings[claim.Id].ToList();
            var compensation = Find(claim.Compensation);
            var debts = books.Database.Debts.Where(debt => debt.Claim == claim.Id && !IsLent(debt.Refund) && books.Refused.GetValueOrDefault(debt.Refund)?.Next is null).ToList();
            var wrong = rulings.Count != (claim.State == ClaimStates.Judged ? 1 : 0) ? $"A claim is {claim.State} and has {rulings.Count} approved rulings."
                : rulings is not [var ruling] ? debts.Count > 0 || claim.Compensation is not null ? "The fund has paid without a ruling." : null
                : ruling.ApprovedBy == ruling.MadeBy ? "One person alone has ruled."
                : ruling.ToShopper + ruling.ToMerchant + ruling.FromGuarantee != claim.Amount || ruling.ToShopper + ruling.FromGuarantee != claim.Granted ? "A ruling is not what its claim has granted."
                : (compensation?.Amount ?? 0) != ruling.FromGuarantee ? "The fund has paid another amount than was ruled."
                : debts.Sum(debt => debt.Amount) != ruling.FromGuarantee || debts.Any(debt => debt.Refund != claim.Compensation || debt.Merchant != claim.Merchant)
                    ? "A merchant owes another amount than the fund has paid for it."
                : null;
            if (wrong is not null)
            {
                yield return new Violation(
                    25, wrong, [Row.Of(claim), .. rulings.Select(Row.Of), .. debts.Select(Row.Of), .. compensation is null ? Array.Empty<string>() : [Row.Of(compensation)]]);
            }
        }

        foreach (var debt in books.Database.Debts.Where(debt => debt.Claim is { } claim ? !_ids.Contains(claim) : !IsLent(debt.Refund)))
        {
            yield return new Violation(25, "A debt is of no claim.", [Row.Of(debt)]);
        }

        foreach (var refund in books.Database.Refunds)
        {
            var lines = books.RefundPostings[refund.Rrn].Where(line => line.Kind == EntryKinds.Refund).ToList();
            var debt = books.Database.Debts.FirstOrDefault(debt => debt.Refund == refund.Rrn);
            (string, long)[] expected = debt is null
                ? []
                :
                [
                    (Accounts.Guarantee, refund.Amount), (Accounts.GuaranteeLent, -refund.Amount), (Accounts.OwedOf(debt.Merchant), refund.Amount),
                    (Accounts.RefundsOut, -refund.Amount),
                ];
            var isRight = debt is null
                ? !lines.Exists(line => line.Account is Accounts.Guarantee or Accounts.GuaranteeLent)
                : debt.Amount == refund.Amount && lines.Select(line => (line.Account, line.Amount)).Order().SequenceEqual(expected.Order());
            if (!isRight)
            {
                yield return new Violation(
                    25, "The entry of a refund and the debt of the merchant do not agree.",
                    [Row.Of(refund), .. debt is null ? Array.Empty<string>() : [Row.Of(debt)], .. lines.Select(Row.Of)]);
            }
        }
    }

    /// <summary>25: money comes into the fund by two people, each time once.</summary>
    private IEnumerable<Violation> Fund()
    {
        var posted = books.Database.Postings.Where(line => line.Kind == EntryKinds.Fund).ToLookup(line => line.Rrn);
        foreach (var number in books.Database.GuaranteePayments.Select(payment => payment.Number).Union(posted.Select(lines => lines.Key)))
        {
            var payment = books.Database.GuaranteePayments.FirstOrDefault(payment => payment.Number == number);
            var isApproved = payment is { ApprovedBy: { } approvedBy } && approvedBy != payment.MadeBy;
            var expected = isApproved ? [(Accounts.Guarantee, -payment!.Amount), (Accounts.Reserve, payment.Amount)] : Array.Empty<(string, long)>();
            if (payment is { ApprovedBy: not null } != isApproved || !posted[number].Select(line => (line.Account, line.Amount)).Order().SequenceEqual(expected.Order()))
            {
                yield return new Violation(
                    25, "The guarantee fund has got other money than two people have given.", [.. payment is null ? Array.Empty<string>() : [Row.Of(payment)], .. posted[number].Select(Row.Of)]);
            }
        }
    }

    /// <summary>25: a merchant owes what the fund has paid for it and it has not paid back.</summary>
    private IEnumerable<Violation> Owed()
    {
        var posted = books.Database.Postings.Where(line => line.Account.StartsWith(Accounts.Owed, StringComparison.Ordinal)).ToLookup(line => line.Account);
        var debts = books.Database.Debts.ToLookup(debt => Accounts.OwedOf(debt.Merchant));
        foreach (var account in posted.Select(lines => lines.Key).Union(debts.Select(all => all.Key)))
        {
            // What the bank has refused is not owed.
            var owed = debts[account].Where(debt => Find(debt.Refund) is not { State: RefundStates.Declined }).Sum(debt => debt.Amount - debt.Repaid);
            if (posted[account].Sum(line => line.Amount) != owed || debts[account].Any(debt => debt.Repaid < 0 || debt.Repaid > debt.Amount))
            {
                yield return new Violation(
                    25, $"The account {account} has {posted[account].Sum(line => line.Amount)}, and {owed} is owed.", [.. debts[account].Select(Row.Of), .. posted[account].Select(Row.Of)]);
            }
        }
    }

    /// <summary>24: the merchant was told once of each debt, in the commit that has made it.</summary>
    private IEnumerable<Violation> DebtsTold()
    {
        var told = books.Database.Events.Where(one => one.Type == BalanceOwed).ToLookup(one => one.Refund);
        foreach (var debt in books.Database.Debts)
        {
            var events = told[debt.Refund].ToList();
            if (events is not [var only] || only.Merchant != debt.Merchant || only.Claim != debt.Claim || only.Bill != Find(debt.Refund)?.Bill)
            {
                yield return new Violation(24, $"A debt has {events.Count} events {BalanceOwed} of its own.", [Row.Of(debt), .. events.Select(Row.Of)]);
            }
            else if (only.CommittedAt is { } at && books.RefundPostings[debt.Refund].Any(line => line.Kind == EntryKinds.Refund && line.CommittedAt is { } posted && posted != at))
            {
                yield return new Violation(24, "A debt was told in another commit than it was made in.", [Row.Of(debt), Row.Of(only)]);
            }
        }

        var refunds = books.Database.Debts.Select(debt => debt.Refund).ToHashSet();
        foreach (var stray in told.Where(events => !refunds.Contains(events.Key ?? "")).SelectMany(events => events))
        {
            yield return new Violation(24, $"An event {BalanceOwed} is of no debt.", [Row.Of(stray)]);
        }
    }

    // Two operators have lent it, or that in whose place it is.
    private bool IsLent(string refund) => _lent.Contains(refund) || (_insteadOf.TryGetValue(refund, out var before) && IsLent(before));

    private Refund? Find(string? rrn) => rrn is null ? null : _refunds[rrn].FirstOrDefault();

    private static bool IsOver(Claim claim) => claim.State is ClaimStates.Agreed or ClaimStates.Judged or ClaimStates.Withdrawn;
}
