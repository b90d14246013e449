namespace Lakala.Chaos.Audit;

/// <summary>Compares the books by its own rules: it shares no code with the product.</summary>
public static class Auditor
{
    /// <returns>In the order of the statements; empty when all hold.</returns>
    public static IReadOnlyList<Violation> Check(Evidence evidence)
    {
        var books = new CrossReference(evidence);
        return
        [
            .. MoneyStatements.PaidIsPosted(books),
            .. MoneyStatements.DebitsAreApprovals(books),
            .. MoneyStatements.NothingIsOpen(books),
            .. AnswerStatements.ApprovalsArePaid(books),
            .. AnswerStatements.NotPaidStaysNotPaid(books),
            .. AnswerStatements.AnswersAgree(books),
            .. new NoticeStatements(books).Check(),
            .. new ShopperStatements(books).Check(),
            .. AnswerStatements.AcknowledgedIsKept(books),
            .. MoneyStatements.TotalsAgree(books),
            .. NoSecretInClear(evidence),
            .. new RefundStatements(books).Check(),
            .. CounterRefundStatements.Check(books),
            .. new TradeStatements(books).Check(),
            .. new ClaimStatements(books).Check(),
            .. LedgerStatements.Covered(books),
        ];
    }

    private static IEnumerable<Violation> NoSecretInClear(Evidence evidence) => evidence.Leaks
        .GroupBy(leak => leak.What)
        .Select(kind => new Violation(10, $"There is {kind.Key} in clear.", [.. kind.Select(leak => leak.File).Distinct().Order(StringComparer.Ordinal)]));
}
