namespace Lakala.Chaos.Audit;

/// <summary>Statements 4, 5, 6 and 8: compares answers to clerks, shoppers and merchants' servers with the books.</summary>
internal static class AnswerStatements
{
    /// <summary>Every approval in a journal and every receipt matches a PAID bill; there is one original print of each.</summary>
    public static IEnumerable<Violation> ApprovalsArePaid(CrossReference books)
    {
        foreach (var key in books.Told)
        {
            var wrong = key.Where(told => told.IsPaid && !IsPaidAs(books, told)).ToList();
            if (wrong.Count > 0)
            {
                var bills = wrong.Select(told => told.Bill).Distinct().OfType<string>().Where(books.Bills.ContainsKey).Select(number => books.Bills[number]).ToList();
                var payments = bills.Select(bill => bill.PaidRrn).OfType<string>().SelectMany(rrn => books.AttemptsOfRrn[rrn]);
                yield return new Violation(
                    4, "A terminal holds an approval that matches no PAID bill.",
                    [
                        .. wrong.Select(told => told.Row),
                        .. bills.Select(Row.Of),
                        .. payments.Concat(books.Attempts.TryGetValue(key.Key, out var own) ? [own] : []).Distinct().Select(Row.Of),
                    ]);
            }
        }

        var originals = books.Evidence.Terminals
            .SelectMany(book => book.Slips)
            .Where(slip => slip.Kind == SlipKind.Original && slip.Title != Slip.Unknown)
            .GroupBy(slip => (slip.Key, slip.Copy));
        foreach (var prints in originals.Where(prints => prints.Count() > 1))
        {
            yield return new Violation(4, $"The {prints.Key.Copy} was printed as an original {prints.Count()} times.", [.. prints.Select(Row.Of)]);
        }
    }

    /// <summary>An attempt that was answered "not paid" is not APPROVED.</summary>
    public static IEnumerable<Violation> NotPaidStaysNotPaid(CrossReference books)
    {
        foreach (var attempt in books.Approvals)
        {
            string[] refusals =
            [
                .. books.Told[attempt.Key].Where(told => !told.IsPaid).Select(told => told.Row),
                .. attempt.Rrn is null ? [] : books.Bank[attempt.Rrn].Where(entry => entry.State == BankStates.Declined).Select(Row.Of),
                .. attempt.Rrn is null ? [] : books.Reversals[attempt.Rrn].Select(Row.Of),
            ];
            if (refusals.Length > 0)
            {
                yield return new Violation(5, "Somebody was told \"not paid\", and the attempt is APPROVED.", [Row.Of(attempt), .. refusals]);
            }
        }
    }

    /// <summary>All final answers to one key are the same answer.</summary>
    public static IEnumerable<Violation> AnswersAgree(CrossReference books)
    {
        foreach (var key in books.Told)
        {
            var answers = key.Where(told => told.IsFinal).ToList();
            if (books.Attempts.TryGetValue(key.Key, out var attempt) && attempt.State != AttemptStates.Sent)
            {
                answers.Add(Stored(attempt));
            }

            if (answers.Select(told => told.Code).Distinct().Count() > 1
                || Several(answers, told => told.Rrn)
                || Several(answers.Where(told => told.IsPaid), told => told.AuthorisationCode))
            {
                yield return new Violation(6, "The final answers to one key differ.", [.. answers.Select(told => told.Row)]);
            }
        }

        foreach (var swipes in books.Evidence.Terminals.SelectMany(book => book.Pending).GroupBy(swipe => swipe.Key))
        {
            if (swipes.Count() > 1)
            {
                yield return new Violation(6, "A terminal took one key for several swipes.", [.. swipes.Select(Row.Of)]);
            }
        }
    }

    /// <summary>Everything that was acknowledged still exists.</summary>
    public static IEnumerable<Violation> AcknowledgedIsKept(CrossReference books)
    {
        foreach (var acknowledged in books.Evidence.Acknowledged.Bills)
        {
            var bill = books.Bills.GetValueOrDefault(acknowledged.Number);
            if (bill is null || bill.Order != acknowledged.Order || bill.Amount != acknowledged.Amount)
            {
                yield return new Violation(
                    8, bill is null ? "A bill that was answered with 201 is gone." : "A bill is not what was answered with 201.",
                    [Row.Of(acknowledged), .. bill is null ? Array.Empty<string>() : [Row.Of(bill)]]);
            }
        }

        foreach (var number in books.Evidence.Acknowledged.Cancellations)
        {
            var bill = books.Bills.GetValueOrDefault(number);
            if (bill?.State != BillStates.Cancelled)
            {
                yield return new Violation(
                    8, "A cancellation that was answered with 200 is gone.",
                    [$"answered 200: bill {number} cancelled", .. bill is null ? Array.Empty<string>() : [Row.Of(bill)]]);
            }
        }

        foreach (var acknowledged in books.Evidence.Acknowledged.Refunds)
        {
            if (!books.RefundsOfBill[acknowledged.Bill].Any(refund => (refund.Rrn, refund.Amount) == (acknowledged.Rrn, acknowledged.Amount)))
            {
                yield return new Violation(8, "A refund that was answered with 201 is gone, or is another.", [Row.Of(acknowledged), .. books.RefundsOfBill[acknowledged.Bill].Select(Row.Of)]);
            }
        }

        foreach (var number in books.Evidence.Acknowledged.Confirmations.Where(number => books.Trades.GetValueOrDefault(number) is not { Releases: > 0 }))
        {
            yield return new Violation(
                8, "A page has said that its shopper has confirmed, and nothing was released.",
                [$"page of bill {number}: confirmed", .. books.Trades.TryGetValue(number, out var trade) ? [Row.Of(trade)] : Array.Empty<string>()]);
        }

        foreach (var number in books.Evidence.Acknowledged.Claims.Where(number => !books.ClaimsOfBill[number].Any()))
        {
            yield return new Violation(8, "A page has said that there is a claim, and there is none.", [$"page of bill {number}: claim"]);
        }

        foreach (var key in books.Told)
        {
            var answers = key.Where(told => told is { IsFinal: true, Code: not null }).ToList();
            var attempt = books.Attempts.GetValueOrDefault(key.Key);
            if (answers.Count > 0 && attempt?.State is null or AttemptStates.Sent)
            {
                yield return new Violation(
                    8, "A terminal was told a final answer, and no such answer is stored.",
                    [.. answers.Select(told => told.Row), .. attempt is null ? Array.Empty<string>() : [Row.Of(attempt)]]);
            }
        }
    }

    private static bool IsPaidAs(CrossReference books, Told told) =>
        told.Bill is { } number && books.Bills.TryGetValue(number, out var bill) && bill.State == BillStates.Paid
        && told.Amount == bill.Amount && told.Rrn == bill.PaidRrn
        && told.AuthorisationCode is { } code && bill.PaidRrn is { } rrn && books.AttemptsOfRrn[rrn].Any(attempt => attempt.AuthorisationCode == code);

    // REVERSING and REVERSED answer 68 and VOID 25, whatever is in their rows.
    private static Told Stored(Attempt attempt)
    {
        var code = attempt.State switch
        {
            AttemptStates.Reversing or AttemptStates.Reversed => ResponseCode.NotPaid,
            AttemptStates.Void => ResponseCode.NeverSeen,
            _ => attempt.ResponseCode,
        };
        return new Told(
            attempt.Key, code == ResponseCode.Approved, code, true, attempt.Bill, attempt.Amount, attempt.Rrn, attempt.AuthorisationCode, Row.Of(attempt));
    }

    private static bool Several(IEnumerable<Told> answers, Func<Told, string?> part) => answers.Select(part).OfType<string>().Distinct().Count() > 1;
}
