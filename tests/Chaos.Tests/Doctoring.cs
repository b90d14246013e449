using Lakala.Chaos.Audit;

namespace Lakala.Chaos.Tests;

/// <summary>Changes of sound books. Each fails if its element does not exist, so that no test passes without a change.</summary>
internal static class Doctoring
{
    public static Evidence Database(this Evidence evidence, Func<DatabaseBook, DatabaseBook> change) =>
        evidence with { Database = change(evidence.Database) };

    public static Evidence Terminal(this Evidence evidence, string terminal, Func<TerminalBook, TerminalBook> change) =>
        evidence with { Terminals = evidence.Terminals.Change(book => book.Terminal == terminal, change) };

    public static Evidence Received(this Evidence evidence, string url, Func<ReceiverBook, ReceiverBook> change) =>
        evidence with { Receivers = evidence.Receivers.Change(receiver => receiver.Url == url, change) };

    /// <summary>An operator has stopped the trade, and no receiver accepts the event.</summary>
    public static Evidence Stop(this Evidence evidence, string bill, string who) => evidence.Database(book =>
    {
        var stopped = book.Events.First(told => told.Bill == bill) with
        {
            Id = Guid.Parse("00000002-0000-0000-0000-000000000002"),
            Type = "trade.stopped",
            CreatedAt = book.ReadAt,
            CommittedAt = book.ReadAt,
            ShipBy = null,
        };
        return book with
        {
            OperatorActs = book.OperatorActs.With(new OperatorAct(who, "trade.freeze", bill, book.ReadAt)),
            Events = book.Events.With(stopped),
            Deliveries = book.Deliveries.With(
                book.Endpoints.Where(endpoint => endpoint.Merchant == stopped.Merchant && endpoint.DeletedAt is null).Select(endpoint => new Delivery(stopped.Id, endpoint.Id, "PARKED", 9))),
        };
    });

    /// <summary>The balances follow the lines.</summary>
    public static Evidence Balanced(this Evidence evidence) => evidence.Database(book => book with
    {
        Balances =
        [
            .. book.Postings.Where(line => line.Account.Split(':')[0] is "merchant" or "store" or "frozen" or "guarantee").GroupBy(line => (line.Account, line.Currency))
                .Select(lines => new Balance(lines.Key.Account, lines.Key.Currency, -lines.Sum(line => line.Amount))),
        ],
    });

    /// <summary>Changes the one element that matches.</summary>
    public static IReadOnlyList<T> Change<T>(this IReadOnlyList<T> all, Func<T, bool> which, Func<T, T> change) =>
        all.Count(which) == 1 ? [.. all.Select(one => which(one) ? change(one) : one)] : throw Ambiguous(all.Count(which));

    /// <summary>Removes the one element that matches.</summary>
    public static IReadOnlyList<T> Without<T>(this IReadOnlyList<T> all, Func<T, bool> which) =>
        all.Count(which) == 1 ? [.. all.Where(one => !which(one))] : throw Ambiguous(all.Count(which));

    /// <summary>Removes several elements.</summary>
    public static IReadOnlyList<T> WithoutAny<T>(this IReadOnlyList<T> all, Func<T, bool> which) =>
        all.Any(which) ? [.. all.Where(one => !which(one))] : throw Ambiguous(0);

    public static IReadOnlyList<T> With<T>(this IReadOnlyList<T> all, params IEnumerable<T> more) => [.. all, .. more];

    public static void Breaks(int statement, Evidence doctored, params string[] shown) => Breaks([statement], doctored, shown);

    /// <summary>The auditor names only these statements, and its report contains all of these texts.</summary>
    public static void Breaks(int[] statements, Evidence doctored, params string[] shown)
    {
        var violations = Auditor.Check(doctored);
        violations.Select(violation => violation.Statement).Distinct().Should().BeEquivalentTo(statements, string.Join('\n', violations));
        violations.Should().OnlyContain(violation => violation.Rows.Count > 0);
        var told = string.Join('\n', violations.SelectMany(violation => violation.Rows.Prepend(violation.What)));
        foreach (var piece in shown)
        {
            told.Should().Contain(piece);
        }
    }

    private static InvalidOperationException Ambiguous(int count) => new($"One element was meant, and there are {count}.");
}
