using Lakala.Storage.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Ledger;

/// <param name="Debit">Minor units.</param>
/// <param name="Credit">Minor units.</param>
public sealed record AccountTotal(DateOnly BusinessDate, string Account, string Currency, decimal Debit, decimal Credit);

/// <summary>The faults of the books: each count should be zero.</summary>
/// <param name="UnbalancedSwipes">Approved attempts whose postings do not sum to zero or do not debit the bank with the amount.</param>
/// <param name="PaidWithoutApproval">PAID bills without exactly one approved attempt of their amount.</param>
/// <param name="ApprovedWithoutPaid">Approved attempts whose bill is not PAID by them.</param>
public sealed record BookFaults(long UnbalancedSwipes, long PaidWithoutApproval, long ApprovedWithoutPaid)
{
    public bool None => UnbalancedSwipes + PaidWithoutApproval + ApprovedWithoutPaid == 0;
}

/// <summary>Reads the journal: balances are only sums of postings.</summary>
public sealed class BookRows([FromKeyedServices(Database.Visitors)] NpgsqlDataSource database)
{
    /// <param name="since">Null: all business dates.</param>
    public Task<IReadOnlyList<AccountTotal>> Totals(DateOnly? since, CancellationToken stop) => Slow(
        """
        select business_date, account, currency, coalesce(sum(amount) filter (where amount > 0), 0) as debit,
               coalesce(-sum(amount) filter (where amount < 0), 0) as credit
        from postings where $1::date is null or business_date >= $1 group by 1, 2, 3 order by 1, 3, 2
        """,
        Queries.Typed(since)).List(
            static row => new AccountTotal(
                row.Get<DateOnly>("business_date"), row.Get<string>("account"), row.Get<string>("currency"), row.Get<decimal>("debit"), row.Get<decimal>("credit")),
            stop);

    public async Task<BookFaults> Faults(CancellationToken stop) => (await Slow(
        """
        with posted as materialized (
          select rrn, sum(amount) as net, coalesce(sum(amount) filter (where account = 'bank_clearing'), 0) as debit
          from postings group by rrn
        )
        select
          (select count(*) from (select rrn, amount from attempts where state = 'APPROVED') a full join posted p on p.rrn = a.rrn
           where a.rrn is null or p.rrn is null or p.net <> 0 or p.debit <> a.amount) as unbalanced_swipes,
          (select count(*) from bills b where b.state = 'PAID' and not exists
            (select 1 from attempts a where a.rrn = b.paid_rrn and a.state = 'APPROVED' and a.bill = b.number and a.amount = b.amount)) as paid_without_approval,
          (select count(*) from attempts a where a.state = 'APPROVED' and not exists
            (select 1 from bills b where b.number = a.bill and b.state = 'PAID' and b.paid_rrn = a.rrn)) as approved_without_paid
        """).First(
            static row => new BookFaults(row.Get<long>("unbalanced_swipes"), row.Get<long>("paid_without_approval"), row.Get<long>("approved_without_paid")),
            stop))!;

    // All of the journal is read: that may take minutes.
    private NpgsqlCommand Slow(string sql, params object?[] values)
    {
        var command = database.CreateCommand(sql).With(values);
        command.CommandTimeout = 600;
        return command;
    }
}
