using System.Diagnostics;
using System.Globalization;
using Lakala.Rules.Ledger;
using Lakala.Storage.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Ledger;

/// <param name="Delays">From the entry to its balance: of each entry, or of some when they are very many.</param>
/// <param name="OldestWaiting">The age of the oldest entry that is not folded in; zero when there is none.</param>
public sealed record CreditsFolded(IReadOnlyList<TimeSpan> Delays, TimeSpan OldestWaiting);

/// <summary>
/// What the ledger needs beside the swipes. Credits of swipes are folded into the balances behind their commits, so that no
/// swipe waits for a balance.
/// </summary>
public sealed class LedgerRows([FromKeyedServices(Database.Writers)] NpgsqlDataSource database)
{
    // Arbitrary numbers, the same in every process of the project.
    private const long MovingLock = 0x4C45444D5645, FoldingLock = 0x4C4544464F4C;

    private const int MostDelays = 10_000, MostWaiting = 1_000;

    // For the first fold after a long pause, and for an index of all old lines.
    private const int SlowSeconds = 600;

    internal static readonly string[] KindsWithBalance = [.. Account.KindsWithBalance.Select(StateNames.Format)];

    /// <summary>The lines of an entry <c>e</c>, as rows <c>l</c>.</summary>
    internal static readonly string Lines =
        $"(values {string.Join(", ", Places.Select(static place => $"({place}, e.account_{place}, e.amount_{place})"))}) as l(line, account, amount)";

    private static readonly string OfArrays = string.Join(", ", Places.Select(static place => $"accounts[{place}], amounts[{place}]"));

    internal static IEnumerable<int> Places => Enumerable.Range(1, Entry.MostLines);

    internal const string HasFreshCredits = "exists (select 1 from entries e where e.xact >= (select upto from folded))";

    /// <summary>The sum of an expression over the lines of an entry.</summary>
    /// <param name="of">With {0} for the line.</param>
    internal static string Sum(string of) => string.Join(" + ", Places.Select(place => $"coalesce({string.Format(CultureInfo.InvariantCulture, of, place)}, 0)"));

    /// <summary>Folds the credits of all committed entries into the balances, unless another silo does so now.</summary>
    /// <remarks>
    /// By transaction and not by time or number: those skip what commits late. A transaction below the oldest that runs has ended, and
    /// what it has committed is visible. A long writing transaction delays the balances; it never makes them wrong.
    /// </remarks>
    /// <returns>Null when another silo folds.</returns>
    public async Task<CreditsFolded?> FoldCredits(CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        await using var transaction = await connection.BeginTransactionAsync(stop);

        if (await TakeTurn(connection, stop) is not { } since)
        {
            return null;
        }

        var fold = new NpgsqlCommand(
            $"""
            with bound as materialized (
              select txid_snapshot_xmin(txid_current_snapshot()) as upto
            ), fresh as materialized (
              select * from entries where xact >= $1 and xact < (select upto from bound)
            ), waiting as (
              select at from entries where xact >= (select upto from bound) limit {MostWaiting}
            ), {Credits("fresh", "$2")}, marked as (
              update folded set upto = bound.upto from bound where exists (select 1 from fresh)
            )
            select array(select clock_timestamp() - at from fresh limit {MostDelays}) as delays,
                   coalesce((select clock_timestamp() - min(at) from waiting), interval '0') as oldest_waiting
            """,
            connection).With(since, KindsWithBalance);
        fold.CommandTimeout = SlowSeconds;
        var folded = await fold.First(static row => new CreditsFolded(row.Get<TimeSpan[]>("delays"), row.Get<TimeSpan>("oldest_waiting")), stop);
        await transaction.CommitAsync(CancellationToken.None);
        return folded;
    }

    /// <summary>Moves lines that silos of the version before have posted into entries, unless another silo does so now.</summary>
    /// <remarks>Lines that are no entry, because they do not balance or have no attempt, stay where they are: the check of the books shows them.</remarks>
    /// <param name="atOnce">The number of entries in a transaction.</param>
    /// <param name="each">Awaited after each transaction, with the number of entries so far and the time that it took.</param>
    /// <returns>The number of entries.</returns>
    public async Task<int> MoveOldPostings(int atOnce, Func<int, TimeSpan, Task> each, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        await using var alone = await AdvisoryLock.TryTake(connection, MovingLock, stop);
        if (alone is null || !await connection.First("select exists (select 1 from old_postings) as is_left", static row => row.Get<bool>("is_left"), stop))
        {
            return 0;
        }

        // Without it each transaction would read the whole table. It does not stop the silos that still write there.
        await LateIndexes.Build(connection, "old_postings_rrn", "old_postings (rrn)", stop);
        var all = 0;
        for (long? after = -1; after is { } from;)
        {
            var begun = Stopwatch.GetTimestamp();
            (after, var moved) = await MoveSome(connection, from, atOnce, stop);
            all += moved;
            await each(all, Stopwatch.GetElapsedTime(begun));
        }

        return all;
    }

    /// <summary>Makes the partitions of this month and the next, of entries and of events, unless they exist.</summary>
    public Task OpenMonths(CancellationToken stop) => database.Execute(
        "select open_ledger_month(this + ahead), open_event_month(this + ahead) from month_of_ledger(now()) as this, generate_series(0, 1) as ahead", stop);

    /// <returns>The transaction before which all is folded in; null when another silo folds.</returns>
    private static async Task<long?> TakeTurn(NpgsqlConnection connection, CancellationToken stop)
    {
        // The second statement is one of its own: it sees what the silo before has committed.
        await using var turn = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand("select pg_try_advisory_xact_lock($1) as is_taken") { Parameters = { new NpgsqlParameter<long> { TypedValue = FoldingLock } } },
                new NpgsqlBatchCommand("select upto from folded"),
            },
        };
        await using var rows = await turn.ExecuteReaderAsync(stop);
        return await rows.ReadAsync(stop) && rows.Get<bool>("is_taken") && await rows.NextResultAsync(stop) && await rows.ReadAsync(stop) ? rows.Get<long>("upto") : null;
    }

    /// <returns>The last number of these lines, null when there were none; and the number of entries.</returns>
    private static async Task<(long? Last, int Moved)> MoveSome(NpgsqlConnection connection, long after, int limit, CancellationToken stop)
    {
        const string Due = "select rrn from old_postings where line = 1 and rrn > $1 order by rrn limit $2";
        const string Kind = "split_part(account, ':', 1)", Owner = "substr(account, length(split_part(account, ':', 1)) + 2)";
        await connection.Execute(
            $"""
            insert into accounts (kind, owner, currency)
            select distinct {Kind}, {Owner}, currency from old_postings where rrn in ({Due})
            except select kind, owner, currency from accounts
            order by 1, 2, 3 on conflict do nothing
            """,
            stop,
            after,
            limit);
        return await connection.First(
            $"""
            with due as materialized (
              {Due}
            ), sound as materialized (
              select o.rrn, min(o.business_date) as business_date, array_agg(a.id order by o.line) as accounts, array_agg(o.amount order by o.line) as amounts,
                     min(coalesce(p.settled_at, p.started_at)) as at
              from due join old_postings o using (rrn) join attempts p using (rrn) join accounts a on a.name = o.account and a.currency = o.currency
              group by o.rrn having sum(o.amount) = 0 and count(*) <= {Entry.MostLines} and count(distinct o.line) = count(*)
            ), gone as (
              delete from old_postings o using sound where o.rrn = sound.rrn
            ), moved as (
              insert into entries as e (kind, number, subject, business_date, at, {LineColumns.Names})
              select '{StateNames.Format(EntryKind.Payment)}', rrn, rrn, business_date, at, {OfArrays} from sound
              returning e.*
            ), {Credits("moved", "$3")}
            select (select max(rrn) from due) as last, (select count(*) from moved)::int as moved
            """,
            static row => (row.Get<long?>("last"), row.Get<int>("moved")),
            stop,
            after,
            limit,
            KindsWithBalance);
    }

    /// <summary>Adds the credits of entries to the balances, in the order of the accounts, so that two that do so wait and do not block each other.</summary>
    internal static string Credits(string entries, string kinds) =>
        $"""
        credits as (
          select l.account, -sum(l.amount)::bigint as amount
          from {entries} e cross join lateral {Lines} join accounts a on a.id = l.account
          where a.kind = any({kinds})
          group by l.account
        ), balanced as (
          insert into balances as b (account, amount) select account, amount from credits order by account
          on conflict (account) do update set amount = b.amount + excluded.amount
        )
        """;
}
