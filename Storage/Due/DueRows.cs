using Lakala.Storage.Bills;
using Lakala.Storage.Claims;
using Lakala.Storage.Ledger;
using Lakala.Storage.Postgres;
using Lakala.Storage.Refunds;
using Lakala.Storage.Swipes;
using Lakala.Storage.Trades;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Due;

/// <summary>Finds out in one statement which kinds of work are due; it takes none.</summary>
/// <remarks>Over the writers' connections, where no plan reads a whole table: usually nothing is due, and a search for the first row that is would read it to its end.</remarks>
public sealed class DueRows([FromKeyedServices(Database.Writers)] NpgsqlDataSource writers)
{
    /// <param name="pastDeadline">As of <see cref="IAttemptReader.Overdue"/>.</param>
    public async Task<DueWork> Find(TimeSpan pastDeadline, CancellationToken stop) => (await writers.First(
        $"""
        select ({AttemptRows.FirstOverdue}) is not null as has_attempts, ({BillRows.FirstExpiring}) is not null as has_expiries,
               ({BillRows.FirstReminding}) is not null as has_reminders, (r.due_at <= clock_timestamp()) is true as has_reversals,
               exists (select 1 from late_answers where not judged) as has_late_answers, {LedgerRows.HasFreshCredits} as has_credits,
               ({TradeRows.FirstDue}) is not null as has_trades, ({ClaimRows.HasDue} or {DebtRows.HasDue}) as has_claims,
               {RefundRows.HasDue} as has_refunds, r.outstanding, r.oldest_age, f.refunds, f.oldest_refund
        from ({ReversalRows.OpenSums}) r cross join ({RefundRows.OpenSums}) f
        """,
        static row => new DueWork(
            row.Get<bool>("has_attempts"),
            row.Get<bool>("has_expiries"),
            row.Get<bool>("has_reminders"),
            row.Get<bool>("has_reversals"),
            row.Get<bool>("has_late_answers"),
            row.Get<bool>("has_credits"),
            row.Get<bool>("has_trades"),
            row.Get<bool>("has_claims"),
            row.Get<bool>("has_refunds"),
            row.Get<long>("outstanding"),
            row.Get<TimeSpan>("oldest_age"),
            row.Get<long>("refunds"),
            row.Get<TimeSpan>("oldest_refund")),
        stop,
        pastDeadline))!;
}
