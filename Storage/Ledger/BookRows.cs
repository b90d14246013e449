using System.Data;
using Lakala.Rules.Ledger;
using Lakala.Storage.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Ledger;

/// <param name="Debit">Minor units.</param>
/// <param name="Credit">Minor units.</param>
public sealed record AccountTotal(DateOnly BusinessDate, string Account, string Currency, decimal Debit, decimal Credit);

/// <summary>What an account's owner has, in minor units.</summary>
/// <param name="Available">What stands in its balance.</param>
/// <param name="Waiting">Credits that are not folded into the balance yet.</param>
/// <param name="Lines">The sum of all lines, also of the months that have left.</param>
public sealed record AccountBalance(string Account, string Currency, decimal Available, decimal Waiting, decimal Lines)
{
    public bool IsWrong => Available + Waiting != Lines;
}

/// <summary>The faults of the books: each count should be zero.</summary>
/// <param name="UnbalancedSwipes">Approved attempts whose entry does not sum to zero or does not debit the bank with the amount.</param>
/// <param name="PaidWithoutApproval">PAID bills without exactly one approved attempt of their amount.</param>
/// <param name="ApprovedWithoutPaid">Approved attempts whose bill is not PAID by them.</param>
/// <param name="WrongBalances">Balances that are not the sum of all lines of their account.</param>
/// <param name="WrongRefunds">Refunds without exactly the entries of their state and amount, and bills that count other refunds than they have.</param>
public sealed record BookFaults(long UnbalancedSwipes, long PaidWithoutApproval, long ApprovedWithoutPaid, long WrongBalances, long WrongRefunds = 0)
{
    public bool None => UnbalancedSwipes + PaidWithoutApproval + ApprovedWithoutPaid + WrongBalances + WrongRefunds == 0;
}

/// <summary>The books at one moment.</summary>
/// <param name="Totals">Of each account on each business date.</param>
/// <param name="Balances">Of each account that can be debited.</param>
public sealed record BooksRead(IReadOnlyList<AccountTotal> Totals, IReadOnlyList<AccountBalance> Balances, BookFaults Faults);

/// <summary>Reads the ledger.</summary>
public sealed class BookRows([FromKeyedServices(Database.Visitors)] NpgsqlDataSource database)
{
    // All of the journal is read: that may take minutes.
    private const int Seconds = 600;

    private const long NumbersOfMonth = 4_000_000_000;

    // Place by place: so PostgreSQL reads the table with several processes.
    private static readonly string LinesOfEntries = string.Join(" union all ", LedgerRows.Places.Select(
        static place => $"select business_date, xact, account_{place} as account, amount_{place} as amount from entries where account_{place} is not null"));

    private static readonly string BankClearing = StateNames.Format(AccountKind.BankClearing);

    /// <summary>The totals since a business date.</summary>
    public async Task<IReadOnlyList<AccountTotal>> Totals(DateOnly since, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        return [.. (await ReadLines(connection, since, stop)).Select(line => line.Total)];
    }

    public async Task<BooksRead> Read(CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        await using var moment = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, stop);
        var lines = await ReadLines(connection, since: null, stop);
        var stored = await ReadBalances(connection, stop);
        var faults = await CountFaults(connection, stop);
        List<AccountBalance> balances =
        [
            .. lines.Where(line => line.HasBalance).GroupBy(line => (line.Total.Account, line.Total.Currency)).Select(account => new AccountBalance(
                account.Key.Account,
                account.Key.Currency,
                stored.Remove(account.Key, out var balance) ? balance.Available : 0,
                account.Sum(line => line.Waiting),
                balance.Carried + account.Sum(line => line.Total.Credit - line.Total.Debit))),
            .. stored.Select(account => new AccountBalance(account.Key.Account, account.Key.Currency, account.Value.Available, Waiting: 0, account.Value.Carried)),
        ];
        return new BooksRead(
            [.. lines.Select(line => line.Total)],
            [.. balances.OrderBy(balance => balance.Currency, StringComparer.Ordinal).ThenBy(balance => balance.Account, StringComparer.Ordinal)],
            faults with { WrongBalances = balances.Count(balance => balance.IsWrong) });
    }

    private static Task<IReadOnlyList<Line>> ReadLines(NpgsqlConnection connection, DateOnly? since, CancellationToken stop) => Slow(
        connection,
        $"""
        with lines as (
          {LinesOfEntries}
        ), by_account as (
          select business_date, account, sum(amount) filter (where amount > 0) as debit, -sum(amount) filter (where amount < 0) as credit,
                 -sum(amount) filter (where xact >= (select upto from folded)) as waiting
          from lines where $2::date is null or business_date >= $2 group by 1, 2
        ), all_lines as (
          select b.business_date, a.name, a.kind, a.currency, b.debit, b.credit, b.waiting from by_account b join accounts a on a.id = b.account
          union all
          select business_date, account, split_part(account, ':', 1), currency, sum(amount) filter (where amount > 0),
                 -sum(amount) filter (where amount < 0), -sum(amount)
          from old_postings where $2::date is null or business_date >= $2 group by 1, 2, 3, 4
        )
        select business_date, name, kind = any($1) as has_balance, currency, coalesce(sum(debit), 0) as debit, coalesce(sum(credit), 0) as credit,
               coalesce(sum(waiting), 0) as waiting
        from all_lines group by 1, 2, 3, 4 order by business_date, currency, name
        """,
        LedgerRows.KindsWithBalance,
        Queries.Typed(since)).List(
            static row => new Line(
                new AccountTotal(
                    row.Get<DateOnly>("business_date"), row.Get<string>("name"), row.Get<string>("currency"), row.Get<decimal>("debit"), row.Get<decimal>("credit")),
                row.Get<bool>("has_balance"),
                row.Get<decimal>("waiting")),
            stop);

    // Of accounts with a balance, or with lines in the months that have left.
    private static async Task<Dictionary<(string Account, string Currency), (decimal Available, decimal Carried)>> ReadBalances(
        NpgsqlConnection connection, CancellationToken stop) =>
        (await Slow(
            connection,
            """
            select a.name, a.currency, coalesce(b.amount, 0)::numeric as available, coalesce(-c.amount, 0) as carried
            from accounts a
            left join balances b on b.account = a.id
            left join (select account, sum(amount) as amount from carried join left_months using (month) group by account) c on c.account = a.id
            where b.account is not null or (c.account is not null and a.kind = any($1))
            """,
            [LedgerRows.KindsWithBalance]).List(
                static row => (
                    Account: (row.Get<string>("name"), row.Get<string>("currency")), Sums: (row.Get<decimal>("available"), row.Get<decimal>("carried"))),
                stop))
        .ToDictionary(balance => balance.Account, balance => balance.Sums);

    private static async Task<BookFaults> CountFaults(NpgsqlConnection connection, CancellationToken stop) => (await Slow(
        connection,
        $"""
        with clearing as materialized (
          select array(select id from accounts where kind = $1) as ids
        ), first as materialized (
          select coalesce({NumbersOfMonth} * (max(month) + 1), 0) as since from left_months
        ), posted as materialized (
          select e.number as rrn, {LedgerRows.Sum("e.amount_{0}")} as net,
                 {LedgerRows.Sum("case when e.account_{0} = any(c.ids) then e.amount_{0} end")} as debit
          from payment_entries e cross join clearing c
          union all
          select rrn, sum(amount), coalesce(sum(amount) filter (where account = $1), 0) from old_postings group by rrn
        ), refund_entries as materialized (
          select e.subject as rrn, string_agg(e.kind, ' ' order by e.kind collate "C") as kinds, -sum(l.amount) as set_aside, min(abs(l.amount)) as least, max(abs(l.amount)) as most
          from other_entries e cross join lateral {LedgerRows.Lines} join accounts a on a.id = l.account and a.kind = $2
          where e.kind like 'refund%' group by e.subject
        )
        select
          (select count(*) from (select rrn, amount from attempts where state = 'APPROVED' and rrn >= (select since from first)) a full join posted p on p.rrn = a.rrn
           where a.rrn is null or p.rrn is null or p.net <> 0 or p.debit <> a.amount) as unbalanced_swipes,
          (select count(*) from bills b where b.state = 'PAID' and not exists
            (select 1 from attempts a where a.rrn = b.paid_rrn and a.state = 'APPROVED' and a.bill = b.number and a.amount = b.amount)) as paid_without_approval,
          (select count(*) from attempts a where a.state = 'APPROVED' and not exists
            (select 1 from bills b where b.number = a.bill and b.state = 'PAID' and b.paid_rrn = a.rrn)) as approved_without_paid,
          (select count(*) from refunds r full join refund_entries e using (rrn)
           where r.rrn is null
             or coalesce(e.kinds, '') <> all (case r.state
               when 'QUEUED' then array['']
               when 'DONE' then array['refund refund_taken']
               when 'DECLINED' then array['refund refund_back']
               when 'WITHDRAWN' then array['', 'refund refund_back']
               else array['refund'] end)
             or coalesce(e.set_aside, 0) <> case when r.state in ('REQUESTED', 'SENT') then r.amount else 0 end
             or coalesce(e.least, r.amount) <> r.amount or coalesce(e.most, r.amount) <> r.amount)
          + (select count(*) from (select bill, sum(amount) as amount from refunds where state not in ('DECLINED', 'WITHDRAWN') group by bill) r
             full join (select number as bill, refunded from bills where refunded <> 0) b using (bill) where r.amount is distinct from b.refunded) as wrong_refunds
        """,
        BankClearing,
        StateNames.Format(AccountKind.RefundsOut)).First(
            static row => new BookFaults(
                row.Get<long>("unbalanced_swipes"), row.Get<long>("paid_without_approval"), row.Get<long>("approved_without_paid"), WrongBalances: 0,
                row.Get<long>("wrong_refunds")),
            stop))!;

    private static NpgsqlCommand Slow(NpgsqlConnection connection, string sql, params object?[] values)
    {
        var command = new NpgsqlCommand(sql, connection).With(values);
        command.CommandTimeout = Seconds;
        return command;
    }

    private readonly record struct Line(AccountTotal Total, bool HasBalance, decimal Waiting);
}
