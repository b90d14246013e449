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
            .. new PermissionStatements(books).Check(),
            .. new BalanceStatements(books).Check(),
            .. LedgerStatements.Covered(books),
        ];
    }

    /// <summary>What the statements could not check in these books. Empty when they have checked all.</summary>
    public static IReadOnlyList<Gap> FindGaps(Evidence evidence) =>
        BalanceStatements.WhyNotReplayed(evidence.Database) is not { } why ? []
        :
        [
            new Gap(14, $"Whether money of a trade has moved while it was stopped. {why}"),
            new Gap(16, $"Whether an account was below zero before the end. {why}"),
        ];

    private static IEnumerable<Violation> NoSecretInClear(Evidence evidence) => evidence.Leaks
        .GroupBy(leak => leak.What)
        .Select(kind => new Violation(10, $"There is {kind.Key} in clear.", [.. kind.Select(leak => leak.File).Distinct().Order(StringComparer.Ordinal)]));
}
