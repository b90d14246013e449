namespace Lakala.Chaos.Audit;

/// <summary>Statements 3, 4, 5 and 8, as far as they are about refunds at a counter.</summary>
internal static class CounterRefundStatements
{
    public static IEnumerable<Violation> Check(CrossReference books)
    {
        var keys = books.Database.RefundKeys.ToDictionary(row => row.Key);
        var refunds = books.Database.Refunds.ToDictionary(refund => refund.Rrn);
        var told = books.Evidence.Terminals.SelectMany(book => book.Refunds).ToLookup(refund => refund.Key);
        foreach (var at in told)
        {
            var row = keys.GetValueOrDefault(at.Key);
            foreach (var one in at)
            {
                var (statement, wrong) = one.IsOpen ? (3, "A terminal does not know what became of a refund.")
                    : one.ResponseCode != ResponseCode.Approved ? row?.Refund is null ? default : (5, "A terminal was told that nothing was given back, and there is a refund.")
                    : row?.Refund is null || row.Refund != one.Rrn ? (4, "A terminal holds a refund that does not stand under its key.")
                    : !refunds.TryGetValue(one.Rrn, out var refund) || (refund.Bill, refund.Amount) != (one.Bill, one.Amount) ? (4, "A refund is not what its terminal holds.")
                    : default;
                if (wrong is not null)
                {
                    yield return new Violation(statement, wrong, [.. at.Select(Row.Of), .. row is null ? Array.Empty<string>() : [Row.Of(row)]]);
                }
            }
        }

        foreach (var row in keys.Values.Where(row => row.Refund is not null && !told[row.Key].Any(one => one.ResponseCode == ResponseCode.Approved)))
        {
            yield return new Violation(8, "A refund was made at a counter, and its terminal does not hold it.", [Row.Of(row), .. told[row.Key].Select(Row.Of)]);
        }
    }
}
