using System.Collections.Concurrent;
using Lakala.Rules.Attempts;
using Lakala.Rules.Ledger;
using Lakala.Storage.Ledger;
using Lakala.Storage.Postgres;
using Lakala.Testing;
using Npgsql;

namespace Lakala.Storage.Tests;

/// <summary>
/// The books of the version before the ledger, while its silos pay bills, become a ledger: three writers are replaced one after the other, as by
/// a rolling update, and nothing is lost.
/// </summary>
public sealed class LedgerMigrationTests(TestPostgres postgres) : IAsyncLifetime
{
    private const string Ledger = "0022_ledger.sql";
    private const int Writers = 3, PaidBefore = 1_000, MoreEach = 100, MovedAtOnce = 70;

    // The fee of 999 fen is 6 and the store's share of it 1; of 1 fen there is no fee, so that two lines remain.
    private static readonly long[] Amounts = [999, 1, 100_000];

    private readonly ConcurrentDictionary<long, long> _paid = [];
    private NpgsqlDataSource _before = null!;
    private string _database = null!;
    private int _orders;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = await postgres.CreateDatabase();
        _before = Database.OpenForCommits(_database);
        await OldSchema.Make(_before, Ledger);
        await using var rows = _before.CreateCommand(
            $"""
            insert into merchants (id, name, fee_basis_points) values ('{Books.Merchant}', 'Test Shop', {Books.Rates.FeeBasisPoints});
            insert into stores (id, name, commission_percent) values ('{Books.Store}', 'Test Store', {Books.Rates.CommissionPercent})
            """);
        await rows.ExecuteNonQueryAsync(Stop);
    }

    public async ValueTask DisposeAsync()
    {
        await _before.DisposeAsync();
        await postgres.DropDatabase(_database);
    }

    [Fact]
    public async Task Books_of_the_version_before_become_a_ledger_while_its_silos_pay_bills_and_are_replaced_one_by_one()
    {
        var silos = Enumerable.Range(0, Writers).Select(_ => new OldSilo(this)).ToArray();
        var old = silos.Select(silo => silo.Run()).ToArray();
        await Paid(PaidBefore);

        // The first silo of the new version migrates.
        await using var books = await Books.Over(_database);
        await Paid(Writers * MoreEach);
        using var over = new CancellationTokenSource();
        var ledger = new LedgerRows(books.Connections);
        var work = Task.WhenAll(Repeat(() => ledger.MoveOldPostings(MovedAtOnce, (_, _) => Task.CompletedTask, Stop)), Repeat(() => ledger.FoldCredits(Stop)));
        var young = new List<Task>();
        for (var place = 0; place < Writers; place++)
        {
            silos[place].End();
            await old[place];
            young.Add(Repeat(() => Pay(books)));
            await Paid(MoreEach);
        }

        await over.CancelAsync();
        await Task.WhenAll([work, .. young]);
        await ledger.MoveOldPostings(MovedAtOnce, (_, _) => Task.CompletedTask, Stop);
        await Eventually.Is(
            async () =>
            {
                await ledger.FoldCredits(Stop);
                return await books.Scalar<bool>("select not exists (select 1 from entries, folded where xact >= upto)");
            },
            "all credits are in the balances");

        await ShouldHoldWhatWasPaid(books);

        async Task Repeat(Func<Task> work)
        {
            while (!over.IsCancellationRequested)
            {
                await work();
            }
        }
    }

    private async Task ShouldHoldWhatWasPaid(Books books)
    {
        await books.ShouldBalance();
        (await books.Scalar<long>("select count(*) from old_postings")).Should().Be(0);
        (await books.Scalar<string[]>(
            """
            select array(select concat_ws(' ', number, (select string_agg(concat_ws(' ', account, amount), ' ' order by line) from postings where rrn = number))
            from entries order by number)
            """)).Should().Equal(_paid.OrderBy(paid => paid.Key).Select(paid => $"{paid.Key} {LinesOf(paid.Value)}"));
        var (_, balances, _) = await new BookRows(books.Database).Read(Stop);
        var shares = _paid.Values.Select(amount => Shares.Divide(amount, Books.Rates)).ToList();
        balances.Should().Equal(
            new AccountBalance("merchant:" + Books.Merchant, "CNY", shares.Sum(share => share.Merchant), 0, shares.Sum(share => share.Merchant)),
            new AccountBalance("store:" + Books.Store, "CNY", shares.Sum(share => share.Store), 0, shares.Sum(share => share.Store)));
    }

    private static string LinesOf(long amount)
    {
        var shares = Shares.Divide(amount, Books.Rates);
        var lines = new[] { ("bank_clearing", amount), ("merchant:" + Books.Merchant, -shares.Merchant), ("store:" + Books.Store, -shares.Store), ("platform", -shares.Platform) };
        return string.Join(' ', lines.Where(line => line.Item2 != 0).Select(line => $"{line.Item1} {line.Item2}"));
    }

    private async Task Pay(Books books)
    {
        var (number, amount) = NextOrder();
        var start = await books.NewAttempt(await books.PutBill(amount), number, amount);
        await books.Commits.StartAttempts.Submit(start);
        (await books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, TimeProvider.System.GetUtcNow()))).Moved.Should().BeTrue();
        _paid[start.Rrn] = amount;
    }

    private (int Number, long Amount) NextOrder()
    {
        var number = Interlocked.Increment(ref _orders);
        return (number, Amounts[number % Amounts.Length]);
    }

    private Task Paid(int more)
    {
        var goal = _paid.Count + more;
        return Eventually.Is(() => Task.FromResult(_paid.Count >= goal), $"{more} more payments");
    }

    /// <summary>Pays bills with the statements of the version before, prepared once, in a session of its own.</summary>
    private sealed class OldSilo(LedgerMigrationTests test)
    {
        private const string Start =
            """
            with bill as (
              insert into bills (number, merchant_id, order_id, amount, currency, description, state, expires_at, page_token, created_at, live)
              values ($1, $2, $1::text, $3, 'CNY', 'A thing', 'PAYING', clock_timestamp() + interval '1 hour', $1::text, clock_timestamp(), true) returning *
            )
            insert into attempts (terminal_id, batch, stan, id, state, bill, amount, currency, masked_pan, store_id, rrn, fee_basis_points, commission_percent, deadline)
            select 'T0000009', 1, $5, gen_random_uuid(), 'SENT', number, amount, currency, '621700******0001', $4, $6, $7, $8, clock_timestamp() + interval '15 seconds' from bill
            """;

        private const string Finish =
            """
            with moved as materialized (
              update attempts set state = 'APPROVED', response_code = '00', authorisation_code = 'A00001', settled_at = clock_timestamp()
              where rrn = $1 and state = 'SENT' and deadline > clock_timestamp() returning *
            ), bills_moved as (
              update bills b set state = 'PAID', paid_rrn = m.rrn, closed_at = m.settled_at from moved m where b.number = m.bill and b.state = 'PAYING'
            ), posted as (
              insert into postings (rrn, line, account, amount, currency, business_date)
              select m.rrn, l.line, l.account, l.amount, m.currency, (m.settled_at at time zone 'Etc/GMT-8')::date
              from moved m cross join lateral (values
                (1, 'bank_clearing', m.amount),
                (2, 'merchant:' || $2, -$3),
                (3, 'store:' || m.store_id, -$4),
                (4, 'platform', -$5)) as l(line, account, amount)
              where l.amount <> 0
            )
            select rrn from moved
            """;

        private volatile bool _isOver;

        public void End() => _isOver = true;

        public async Task Run()
        {
            await using var connection = await test._before.OpenConnectionAsync(Stop);
            await using var block = new NpgsqlCommand("select nextval('rrn_blocks') * 10000", connection);
            var rrn = (long)(await block.ExecuteScalarAsync(Stop))!;
            await using var start = Prepared(connection, Start, 8);
            await using var finish = Prepared(connection, Finish, 5);
            for (; !_isOver; rrn++)
            {
                var (number, amount) = test.NextOrder();
                var shares = Shares.Divide(amount, Books.Rates);
                Bind(start, 90_000_000_000_000 + number, Books.Merchant, amount, Books.Store, number, rrn, Books.Rates.FeeBasisPoints, Books.Rates.CommissionPercent);
                await start.ExecuteNonQueryAsync(Stop);
                Bind(finish, rrn, Books.Merchant, shares.Merchant, shares.Store, shares.Platform);
                (await finish.ExecuteScalarAsync(Stop)).Should().Be(rrn);
                test._paid[rrn] = amount;
            }
        }

        private static NpgsqlCommand Prepared(NpgsqlConnection connection, string sql, int values)
        {
            var command = new NpgsqlCommand(sql, connection);
            command.Parameters.AddRange(Enumerable.Range(0, values).Select(_ => new NpgsqlParameter()).ToArray());
            return command;
        }

        private static void Bind(NpgsqlCommand command, params object[] values)
        {
            for (var place = 0; place < values.Length; place++)
            {
                command.Parameters[place].Value = values[place];
            }

            if (!command.IsPrepared)
            {
                command.Prepare();
            }
        }
    }
}
