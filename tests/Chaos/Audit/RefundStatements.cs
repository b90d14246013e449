namespace Lakala.Chaos.Audit;

/// <summary>Statements 12, 13, 15, 17 and 24, as far as they are about refunds.</summary>
internal sealed class RefundStatements(CrossReference books)
{
    private const string Created = "refund.created", Done = "refund.done", Declined = "refund.declined", Withdrawn = "refund.withdrawn";

    // What was withdrawn had waited for money, or its money had been set aside.
    private static readonly Dictionary<string, string[][]> EntriesOfState = new()
    {
        [RefundStates.Queued] = [[]],
        [RefundStates.Requested] = [[EntryKinds.Refund]],
        [RefundStates.Sent] = [[EntryKinds.Refund]],
        [RefundStates.Done] = [[EntryKinds.Refund, EntryKinds.RefundTaken]],
        [RefundStates.Declined] = [[EntryKinds.Refund, EntryKinds.RefundBack]],
        [RefundStates.Withdrawn] = [[], [EntryKinds.Refund, EntryKinds.RefundBack]],
    };

    private readonly ILookup<string, BankRefund> _bank = books.Evidence.BankRefunds.ToLookup(refund => refund.Rrn);
    private readonly ILookup<string, Refund> _refunds = books.Database.Refunds.ToLookup(refund => refund.Rrn);

    public static bool IsOfRefund(string type) => type is Created or Done or Declined or Withdrawn;

    /// <summary>Whether a merchant was told of a refund what is so.</summary>
    public static bool IsTrue(CrossReference books, ReceivedEvent received) =>
        books.RefundsOfBill[received.Bill!].FirstOrDefault(refund => refund.Rrn == received.Rrn) is { } refund
        && refund.Amount == received.Amount
        && received.Type switch
        {
            Created => received.Status is RefundStates.Queued or RefundStates.Requested,
            Done => received.Status == RefundStates.Done && refund.State == RefundStates.Done,
            Withdrawn => received.Status == RefundStates.Withdrawn && refund.State == RefundStates.Withdrawn,
            _ => received.Status == RefundStates.Declined && refund.State == RefundStates.Declined,
        };

    public IEnumerable<Violation> Check() => [.. Sums(), .. books.Database.Refunds.SelectMany(Entries), .. Credits(), .. Path(), .. ShareOut(), .. Events()];

    /// <summary>12: a bill counts its refunds that were neither declined nor withdrawn, and they are not more than it is.</summary>
    private IEnumerable<Violation> Sums()
    {
        foreach (var bill in books.Database.Bills)
        {
            var refunds = books.RefundsOfBill[bill.Number].ToList();
            var sum = refunds.Where(refund => !CrossReference.IsUndone(refund)).Sum(refund => refund.Amount);
            if (sum != bill.Refunded || sum > bill.Amount || refunds.Any(refund => refund.OriginalRrn != bill.PaidRrn))
            {
                yield return new Violation(
                    12, $"A bill counts {bill.Refunded} as refunded, and its refunds of its payment are {sum}.", [Row.Of(bill), .. refunds.Select(Row.Of)]);
            }
        }

        foreach (var refund in books.Database.Refunds.Where(refund => !books.Bills.ContainsKey(refund.Bill)))
        {
            yield return new Violation(12, "A refund is of no bill.", [Row.Of(refund)]);
        }

        foreach (var lines in books.RefundPostings.Where(lines => !_refunds.Contains(lines.Key)))
        {
            yield return new Violation(12, "There are entries of a refund that does not exist.", [.. lines.Select(Row.Of)]);
        }
    }

    /// <summary>12: each refund has exactly the entries of its state, and they say what became of the money.</summary>
    private IEnumerable<Violation> Entries(Refund refund)
    {
        var lines = books.RefundPostings[refund.Rrn].ToLookup(line => line.Kind);
        string? wrong = null;
        if (refund.State is RefundStates.Requested or RefundStates.Sent)
        {
            wrong = $"A refund is still {refund.State}.";
        }

        if (!EntriesOfState[refund.State].Any(kinds => lines.Select(entry => entry.Key).Order(StringComparer.Ordinal).SequenceEqual(kinds)))
        {
            wrong = $"A refund is {refund.State} and has other entries.";
        }
        else if (lines.Any(entry => entry.Sum(line => line.Amount) != 0 || Out(entry) != (entry.Key == EntryKinds.Refund ? -refund.Amount : refund.Amount)))
        {
            wrong = "An entry of a refund is not of its amount.";
        }
        else if (refund.State == RefundStates.Done
            && !lines[EntryKinds.RefundTaken].Select(line => (line.Account, line.Amount)).Order().SequenceEqual(
                new[] { (refund.IsPaidOtherwise ? Accounts.Reserve : Accounts.BankClearing, -refund.Amount), (Accounts.RefundsOut, refund.Amount) }.Order()))
        {
            wrong = "A refund that the shopper has got is not posted so.";
        }
        else if (CrossReference.IsUndone(refund) && !Sides(lines[EntryKinds.Refund], -1).SequenceEqual(Sides(lines[EntryKinds.RefundBack], 1)))
        {
            wrong = "A refund that was refused or withdrawn did not go back line by line.";
        }

        if (wrong is not null)
        {
            yield return new Violation(12, wrong, [Row.Of(refund), .. books.RefundPostings[refund.Rrn].Select(Row.Of), .. _bank[refund.Rrn].Select(Row.Of)]);
        }
    }

    /// <summary>13: the bank's credits are the refunds that are DONE, by RRN, original and amount, each once; of what was withdrawn or paid otherwise it knows nothing.</summary>
    private IEnumerable<Violation> Credits()
    {
        var done = books.Database.Refunds.Where(refund => refund is { State: RefundStates.Done, IsPaidOtherwise: false }).ToDictionary(refund => refund.Rrn);
        foreach (var credit in books.Evidence.BankRefunds.Where(credit => credit.Credits > 0 || credit.ResponseCode == ResponseCode.Approved))
        {
            var wrong = credit.Credits != 1 ? $"The bank has credited one refund {credit.Credits} times."
                : !done.TryGetValue(credit.Rrn, out var refund) ? "The bank has given a credit that is no refund that is DONE."
                : (refund.OriginalRrn, refund.Amount) != (credit.OriginalRrn, credit.Amount) ? "The bank's credit differs from the refund."
                : null;
            if (wrong is not null)
            {
                yield return new Violation(13, wrong, [Row.Of(credit), .. _refunds[credit.Rrn].Select(Row.Of)]);
            }
        }

        foreach (var refund in done.Values.Where(refund => _bank[refund.Rrn].All(credit => credit.Credits == 0)))
        {
            yield return new Violation(13, "A refund is DONE, and the bank has given no credit.", [Row.Of(refund), .. _bank[refund.Rrn].Select(Row.Of)]);
        }

        foreach (var refund in books.Database.Refunds.Where(refund => (refund.State == RefundStates.Withdrawn || refund.IsPaidOtherwise) && _bank.Contains(refund.Rrn)))
        {
            yield return new Violation(13, "The bank was asked for a refund that was withdrawn or paid otherwise.", [Row.Of(refund), .. _bank[refund.Rrn].Select(Row.Of)]);
        }
    }

    /// <summary>
    /// 17: a refund gives back the difference of the shares before and after it, so that those of what is left remain. When the fee is kept,
    /// it is the merchant's alone. What is held has no shares yet.
    /// </summary>
    private IEnumerable<Violation> ShareOut()
    {
        foreach (var refund in books.Database.Refunds)
        {
            var lines = books.RefundPostings[refund.Rrn].Where(line => line.Kind == EntryKinds.Refund && line.Account != Accounts.RefundsOut).ToList();
            if (lines.Count > 0 && !books.IsFromGuarantee(refund) && books.Bills.TryGetValue(refund.Bill, out var bill) && books.AttemptsOfRrn[refund.OriginalRrn].FirstOrDefault() is { } payment)
            {
                if (bill.IsEscrow && !books.IsFromHeld(refund) && books.Trades.GetValueOrDefault(bill.Number) is not { Releases: > 0 })
                {
                    yield return new Violation(17, "A refund takes shares of what was never released.", [Row.Of(bill), Row.Of(refund), .. lines.Select(Row.Of)]);
                }

                var before = MoneyStatements.ShareOut(payment, bill.Merchant, bill.Amount - refund.Before);
                var after = MoneyStatements.ShareOut(payment, bill.Merchant, bill.Amount - refund.Before - refund.Amount);
                var expected = bill.IsFeeKept
                    ? [(Account: "merchant:" + bill.Merchant, refund.Amount)]
                    : before.Zip(after, (had, keeps) => (had.Account, Amount: had.Amount - keeps.Amount)).Where(share => share.Amount != 0).Order().ToArray();
                var isRight = bill.IsEscrow && books.IsFromHeld(refund)
                    ? lines is [var line] && (line.Account, line.Amount) == (Accounts.HeldOf(bill.Merchant), refund.Amount)
                    : lines.Select(line => (line.Account, line.Amount)).Order().SequenceEqual(expected);
                if (!isRight)
                {
                    yield return new Violation(17, bill.IsFeeKept ? "A refund takes shares of others than the merchant, and the fee is kept." : "A refund takes other shares than what is left has less.", [Row.Of(bill), Row.Of(payment), Row.Of(refund), .. lines.Select(Row.Of)]);
                }
            }
        }

        // After a refund that was refused or withdrawn the next ones were of what was left then: only without one they follow one another.
        foreach (var bill in books.Database.Bills)
        {
            var refunds = books.RefundsOfBill[bill.Number].OrderBy(refund => refund.Before).ToList();
            if (!refunds.Exists(CrossReference.IsUndone) && !FollowOneAnother(refunds))
            {
                yield return new Violation(17, "The refunds of a bill do not follow one another.", [Row.Of(bill), .. refunds.Select(Row.Of)]);
            }
        }
    }

    /// <summary>15: the events of a refund are a path of the rules and lead to its state.</summary>
    private IEnumerable<Violation> Path()
    {
        var told = books.Database.Events.Where(told => IsOfRefund(told.Type)).OrderBy(told => told.Time).ToLookup(told => told.Refund);
        foreach (var refund in books.Database.Refunds)
        {
            string[] path = refund.State switch
            {
                RefundStates.Done => refund.IsPaidOtherwise ? [Done] : [Created, Done],
                RefundStates.Withdrawn => [Created, Withdrawn],
                RefundStates.Declined => [Created, Declined],
                _ => [Created],
            };
            if (!told[refund.Rrn].Select(one => one.Type).SequenceEqual(path) || told[refund.Rrn].Any(one => one.Bill != refund.Bill))
            {
                yield return new Violation(15, $"A refund is {refund.State}, and its events do not lead there.", [Row.Of(refund), .. told[refund.Rrn].Select(Row.Of)]);
            }
        }

        foreach (var stray in told.Where(events => events.Key is null || !_refunds.Contains(events.Key)).SelectMany(events => events))
        {
            yield return new Violation(15, "An event is of no refund.", [Row.Of(stray)]);
        }
    }

    /// <summary>24: every move has one event.</summary>
    private IEnumerable<Violation> Events()
    {
        var told = books.Database.Events.Where(told => IsOfRefund(told.Type)).GroupBy(told => (told.Bill, told.Type)).ToDictionary(events => events.Key, events => events.Count());
        foreach (var bill in books.Database.Bills)
        {
            var refunds = books.RefundsOfBill[bill.Number].ToList();
            foreach (var (type, count) in new[]
            {
                (Created, refunds.Count(refund => !refund.IsPaidOtherwise)), (Withdrawn, refunds.Count(refund => refund.State == RefundStates.Withdrawn)), (Done, refunds.Count(refund => refund.State == RefundStates.Done)), (Declined, refunds.Count(refund => refund.State == RefundStates.Declined)),
            })
            {
                if (told.GetValueOrDefault((bill.Number, type)) is var events && events != count)
                {
                    yield return new Violation(24, $"A bill has {events} events {type} and {count} such refunds.", [Row.Of(bill), .. refunds.Select(Row.Of)]);
                }
            }
        }
    }

    private static bool FollowOneAnother(List<Refund> refunds)
    {
        var before = 0L;
        return refunds.TrueForAll(refund => refund.Before == before & (before += refund.Amount) > 0);
    }

    private static long Out(IEnumerable<Posting> lines) => lines.Where(line => line.Account == Accounts.RefundsOut).Sum(line => line.Amount);

    private static IOrderedEnumerable<(string Account, long Amount)> Sides(IEnumerable<Posting> lines, int sign) =>
        lines.Select(line => (line.Account, sign * line.Amount)).Order();
}
