namespace Lakala.Chaos.Audit;

/// <summary>Statements 1, 2, 3 and 9: the money in the books of database, bank and terminals.</summary>
internal static class MoneyStatements
{
    // A rewritten journal keeps at least this many swipes: one with fewer has lost none.
    private const int KeptByJournal = 200;

    /// <summary>PAID if and only if one APPROVED attempt and one balanced set of postings, to what is held for an escrow bill; all postings sum to zero.</summary>
    public static IEnumerable<Violation> PaidIsPosted(CrossReference books)
    {
        foreach (var bill in books.Database.Bills.Where(bill => bill.State == BillStates.Paid))
        {
            var approved = books.AttemptsOfBill[bill.Number].Where(attempt => attempt.State == AttemptStates.Approved).ToList();
            if (approved is not [var one])
            {
                yield return new Violation(
                    1, $"A bill is PAID with {approved.Count} approved attempts.", [Row.Of(bill), .. books.AttemptsOfBill[bill.Number].Select(Row.Of)]);
            }
            else if (one.Rrn != bill.PaidRrn || one.Amount != bill.Amount || one.Currency != bill.Currency)
            {
                yield return new Violation(1, "A bill is PAID by another RRN or amount than its approved attempt has.", [Row.Of(bill), Row.Of(one)]);
            }
        }

        foreach (var attempt in books.Approvals)
        {
            if (attempt.Bill is null || !books.Bills.TryGetValue(attempt.Bill, out var bill) || bill.State != BillStates.Paid)
            {
                yield return new Violation(1, "An attempt is APPROVED, and its bill is not PAID.", [.. books.RowsOf(attempt)]);
            }

            var posted = attempt.Rrn is null ? [] : books.Postings[attempt.Rrn].ToList();
            var expected = Shares(books, attempt);
            if (!posted.Select(line => (line.Account, line.Amount, line.Currency)).Order().SequenceEqual(expected.Order()))
            {
                yield return new Violation(
                    1,
                    "The postings of an approved attempt are not one balanced set of its shares.",
                    [Row.Of(attempt), .. posted.Select(Row.Of), .. expected.Select(line => $"expected {line.Account} {line.Amount} {line.Currency}")]);
            }
        }

        foreach (var set in books.Postings.Where(set => books.AttemptsOfRrn[set.Key].All(attempt => attempt.State != AttemptStates.Approved)))
        {
            yield return new Violation(1, "There are postings without an approved attempt.", [.. books.RowsOfRrn(set.Key), .. set.Select(Row.Of)]);
        }

        foreach (var set in books.ReleasePostings.Where(set => !books.Trades.ContainsKey(set.Key)))
        {
            yield return new Violation(1, "There is a release without a trade.", [.. set.Select(Row.Of)]);
        }

        foreach (var currency in books.Database.Postings.GroupBy(posting => posting.Currency))
        {
            if (currency.Sum(posting => (decimal)posting.Amount) is not 0 and var sum)
            {
                var accounts = currency.GroupBy(posting => posting.Account).OrderBy(account => account.Key, StringComparer.Ordinal);
                yield return new Violation(
                    1,
                    $"All postings in {currency.Key} sum to {sum}, not to zero.",
                    [.. accounts.Select(account => $"account {account.Key} {account.Sum(posting => (decimal)posting.Amount)}")]);
            }
        }
    }

    /// <summary>Debits at the bank that were not reversed are the APPROVED attempts.</summary>
    public static IEnumerable<Violation> DebitsAreApprovals(CrossReference books)
    {
        foreach (var entry in books.Evidence.Bank.Where(entry => entry.State == BankStates.Debited))
        {
            if (books.AttemptsOfRrn[entry.Rrn].Where(attempt => attempt.State == AttemptStates.Approved).ToList() is not [var attempt])
            {
                yield return new Violation(2, "The bank holds a debit that is no approved attempt.", [.. books.RowsOfRrn(entry.Rrn).Order()]);
            }
            else if (entry.Amount != attempt.Amount || entry.Terminal != attempt.Key.Terminal || entry.Stan != attempt.Key.Stan
                || entry.AuthorisationCode != attempt.AuthorisationCode)
            {
                yield return new Violation(2, "The bank's debit differs from the approved attempt.", [Row.Of(attempt), Row.Of(entry)]);
            }
        }

        foreach (var entry in books.Evidence.Bank.Where(entry => entry.Debits > 1 || (entry.State == BankStates.Debited && entry.Debits != 1)))
        {
            yield return new Violation(2, $"The bank debited one RRN {entry.Debits} times.", [.. books.RowsOfRrn(entry.Rrn)]);
        }

        foreach (var attempt in books.Approvals)
        {
            if (attempt.Rrn is null || books.Bank[attempt.Rrn].Count(entry => entry.State == BankStates.Debited) != 1)
            {
                yield return new Violation(2, "An attempt is APPROVED, and the bank holds no debit of it.", [.. books.RowsOf(attempt)]);
            }
        }
    }

    /// <summary>Nothing is SENT or REVERSING; reversals took effect once; each REVERSED attempt sums to zero at the bank.</summary>
    public static IEnumerable<Violation> NothingIsOpen(CrossReference books)
    {
        foreach (var attempt in books.Database.Attempts.Where(attempt => attempt.State is AttemptStates.Sent or AttemptStates.Reversing))
        {
            yield return new Violation(3, $"An attempt is still {attempt.State}.", [.. books.RowsOf(attempt)]);
        }

        foreach (var bill in books.Database.Bills.Where(bill => bill.State == BillStates.Paying))
        {
            if (books.AttemptsOfBill[bill.Number].All(attempt => attempt.State != AttemptStates.Sent))
            {
                yield return new Violation(
                    3, "A bill is PAYING, and no attempt of it is under way.", [Row.Of(bill), .. books.AttemptsOfBill[bill.Number].Select(Row.Of)]);
            }
        }

        foreach (var reversal in books.Database.Reversals)
        {
            var original = books.AttemptsOfRrn[reversal.Rrn].FirstOrDefault();
            var isReversed = books.Bank[reversal.Rrn].Any(entry => entry.State is BankStates.Reversed or BankStates.Tombstone);
            var wrong = original is null ? "A reversal is of no attempt."
                : !reversal.IsAcknowledged ? original.State == AttemptStates.Reversing ? null : "A reversal is outstanding."
                : !isReversed ? "A reversal is acknowledged, and the bank's book does not have it."
                : null;
            if (wrong is not null)
            {
                yield return new Violation(3, wrong, [.. books.RowsOfRrn(reversal.Rrn)]);
            }
        }

        foreach (var attempt in books.Database.Attempts.Where(attempt => attempt.State == AttemptStates.Reversed))
        {
            if (attempt.Rrn is null || !books.Reversals[attempt.Rrn].Any(reversal => reversal.IsAcknowledged))
            {
                yield return new Violation(3, "An attempt is REVERSED without a reversal that the bank acknowledged.", [.. books.RowsOf(attempt)]);
            }
        }

        foreach (var entry in books.Evidence.Bank)
        {
            if (entry.Reversals > 1)
            {
                yield return new Violation(3, $"A reversal took effect {entry.Reversals} times.", [.. books.RowsOfRrn(entry.Rrn)]);
            }

            if (entry.State is BankStates.Reversed or BankStates.Tombstone && !books.Reversals.Contains(entry.Rrn))
            {
                yield return new Violation(3, "The bank reversed what nobody here wanted reversed.", [.. books.RowsOfRrn(entry.Rrn)]);
            }
        }
    }

    /// <summary>Totals per terminal and batch: the terminal's, ours, the bank's.</summary>
    public static IEnumerable<Violation> TotalsAgree(CrossReference books)
    {
        var ours = books.Approvals.Select(attempt => new Line(attempt.Key, attempt.Amount ?? 0, Row.Of(attempt))).ToLookup(line => line.Total);
        var bank = books.Evidence.Bank
            .Where(entry => entry.State == BankStates.Debited)
            .SelectMany(entry => books.AttemptsOfRrn[entry.Rrn].Take(1).Select(attempt =>
                new Line(attempt.Key with { Terminal = entry.Terminal }, entry.Amount, Row.Of(entry))))
            .ToLookup(line => line.Total);
        var terminals = books.Evidence.Terminals.SelectMany(Approvals).ToLookup(line => line.Total);
        var withBooks = books.Evidence.Terminals.Select(book => book.Terminal).ToHashSet();
        foreach (var total in ours.Concat(bank).Concat(terminals).Select(lines => lines.Key).Distinct().Order())
        {
            var columns = new List<(string Who, IReadOnlyList<Line> Lines)> { ("attempts", [.. ours[total]]), ("bank", [.. bank[total]]) };
            if (withBooks.Contains(total.Terminal))
            {
                columns.Insert(0, ("terminal", [.. terminals[total]]));
            }

            if (columns.Select(column => (column.Lines.Count, column.Lines.Sum(line => line.Amount))).Distinct().Count() > 1)
            {
                var agreed = columns.Select(column => column.Lines.Select(line => (line.Key, line.Amount))).Aggregate((one, other) => one.Intersect(other)).ToHashSet();
                yield return new Violation(
                    9,
                    $"The totals of terminal {total.Terminal}, batch {total.Batch:D6}, differ.",
                    [
                        .. columns.Select(column => $"{column.Who}: {column.Lines.Count} approved, {column.Lines.Sum(line => line.Amount)} in all"),
                        .. columns.SelectMany(column => column.Lines).Where(line => !agreed.Contains((line.Key, line.Amount))).Select(line => line.Row),
                    ]);
            }
        }
    }

    private static List<(string Account, long Amount, string Currency)> Shares(CrossReference books, Attempt attempt)
    {
        var amount = attempt.Amount ?? 0;
        var bill = attempt.Bill is { } number ? books.Bills.GetValueOrDefault(number) : null;
        var merchant = bill?.Merchant ?? "";

        // The shares of an escrow bill are made when its money is released.
        (string Account, long Amount)[] shares = bill is { IsEscrow: true } ? [(Accounts.HeldOf(merchant), amount)] : ShareOut(attempt, merchant, amount);
        List<(string, long Amount, string)> lines =
        [
            (Accounts.BankClearing, amount, attempt.Currency ?? ""),
            .. shares.Select(share => (share.Account, -share.Amount, attempt.Currency ?? "")),
        ];
        lines.RemoveAll(line => line.Amount == 0);
        return lines;
    }

    /// <summary>The shares of an amount that is paid by the attempt.</summary>
    // The fee is rounded half up, the commission down; the merchant gets the amount less the fee, the platform the fee less the commission.
    internal static (string Account, long Amount)[] ShareOut(Attempt attempt, string merchant, long amount)
    {
        var fee = (long)Math.Round((decimal)amount * attempt.FeeBasisPoints / 10_000, MidpointRounding.AwayFromZero);
        var commission = (long)Math.Floor((decimal)fee * attempt.CommissionPercent / 100);
        return [("merchant:" + merchant, amount - fee), ("store:" + attempt.Store, commission), ("platform", fee - commission)];
    }

    // Swipes that a journal no longer has are still on paper.
    private static IEnumerable<Line> Approvals(TerminalBook book)
    {
        var pending = book.Pending.ToLookup(swipe => swipe.Key);
        var stored = book.Results
            .GroupBy(result => result.Key)
            .Select(results => results.Last())
            .Where(result => result.ResponseCode == ResponseCode.Approved)
            .Select(result => (Result: result, Swipe: pending[result.Key].LastOrDefault()))
            .Select(approval => new Line(approval.Result.Key, approval.Swipe?.Amount ?? 0, Row.Of(approval.Result, approval.Swipe)));
        var forgotten = book.Reports
            .Where(report => pending.Count >= KeptByJournal && report.ResponseCode == ResponseCode.Approved && !pending.Contains(report.Key))
            .DistinctBy(report => report.Key)
            .Select(report => new Line(report.Key, report.Amount ?? 0, Row.Of(report)));
        return stored.Concat(forgotten);
    }

    private sealed record Line(Key Key, long Amount, string Row)
    {
        public (string Terminal, int Batch) Total => (Key.Terminal, Key.Batch);
    }
}
