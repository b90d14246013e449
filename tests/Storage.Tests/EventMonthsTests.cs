using Lakala.Rules.Attempts;
using Lakala.Storage.Ledger;
using Lakala.Storage.Notices;
using Lakala.Storage.Postgres;
using Lakala.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Lakala.Storage.Tests;

/// <summary>Months of events are opened ahead, and leave beside traffic by the statements of docs/operations.md. Each test has a database of its own.</summary>
public sealed class EventMonthsTests(TestPostgres postgres) : IAsyncLifetime
{
    // Enough for the plan that a session keeps.
    private const int Reads = 20;

    private readonly Books _books = new(postgres);
    private readonly CancellationTokenSource _over = new();
    private int _first;
    private int _paid;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _books.InitializeAsync();
        _first = await _books.Scalar<int>("select month from event_months");
    }

    public ValueTask DisposeAsync()
    {
        _over.Dispose();
        return _books.DisposeAsync();
    }

    [Fact]
    public async Task An_event_is_in_the_partition_of_its_month_and_no_month_is_left_out()
    {
        await _books.Execute($"select open_event_month({_first + 1}), open_event_month({_first + 3}), open_event_month({_first + 2})");

        (await PartitionOf(DateTimeOffset.UnixEpoch)).Should().Be(_first);
        (await PartitionOf(TimeProvider.System.GetUtcNow())).Should().Be(_first);
        (await PartitionOf(BeginningOf(_first + 1).AddMilliseconds(-1))).Should().Be(_first);
        (await PartitionOf(BeginningOf(_first + 1))).Should().Be(_first + 1);
        (await PartitionOf(BeginningOf(_first + 2))).Should().Be(_first + 3, "the third was opened before the second");
        (await PartitionOf(BeginningOf(_first + 4).AddMilliseconds(-1))).Should().Be(_first + 3);
        await FluentActions.Awaiting(() => PartitionOf(BeginningOf(_first + 4))).Should().ThrowAsync<PostgresException>().WithMessage("*no partition*");
    }

    [Fact]
    public async Task This_month_and_the_next_are_opened_beside_a_long_report_and_payments_go_on()
    {
        // The migration was two months ago.
        await _books.Execute(
            $"""
            alter table events detach partition events_{_first};
            alter table events_{_first} rename to "events_{_first - 2}";
            alter table events attach partition "events_{_first - 2}" for values from (minvalue) to ('{FirstEventOf(_first - 1)}')
            """);
        await using var reporter = await _books.Database.OpenConnectionAsync(Stop);
        await using var report = await Report(reporter);

        await new LedgerRows(_books.Connections).OpenMonths(Stop);
        await new LedgerRows(_books.Connections).OpenMonths(Stop);

        (await _books.Scalar<int[]>("select array(select month from event_months order by month)")).Should().Equal(_first - 2, _first - 1, _first);
        await Pay(1, TimeProvider.System.GetUtcNow());
        (await _books.Scalar<string>("select tableoid::regclass::text from events")).Should().Be($"events_{_first - 1}");
    }

    [Fact]
    public async Task An_old_month_leaves_while_bills_are_paid_and_a_report_runs()
    {
        var later = BeginningOf(_first + 4);
        await Pay(20, TimeProvider.System.GetUtcNow());
        await _books.Execute($"select open_event_month({_first} + month) from generate_series(1, 4) as month");
        var old = await _books.Scalar<Guid>("select id from events limit 1");
        await Refused($"select check_event_month({_first})", "may still list");
        await Refused($"select check_event_month({_first}, '{later.AddSeconds(-1):O}')", "may still list");
        await Refused($"select check_event_month({_first}, '{later:O}')", "20 notices of month * are not accepted yet");
        await _books.Execute("update deliveries set state = 'PARKED'");
        await Refused($"select check_event_month({_first}, '{later:O}')", "20 notices of month * are not accepted yet");
        await _books.Execute("update deliveries set state = 'ACCEPTED'");
        await Refused($"select check_event_month({_first + 1}, '{BeginningOf(_first + 5):O}')", "an older month");
        await _books.Execute($"select check_event_month({_first}, '{later:O}')");
        await Refused($"call forget_deliveries({_first})", "has not left");

        var traffic = Traffic(later);
        await using (var reporter = await _books.Database.OpenConnectionAsync(Stop))
        {
            await using var report = await Report(reporter);
            var detaching = _books.Execute($"alter table events detach partition events_{_first} concurrently");
            await _books.SomebodyWaits();
            await MorePaid();
            detaching.IsCompleted.Should().BeFalse("it waits for the report, and no payment waits for it");
            await report.RollbackAsync(Stop);
            await detaching;
        }

        await MorePaid();
        await _books.Execute($"call forget_deliveries({_first})");
        await _over.CancelAsync();
        await traffic;
        await _books.Execute($"drop table events_{_first}");

        await _books.ShouldBalance();
        (await _books.Scalar<long>("select count(*) from events")).Should().Be(_paid - 20, "the month has left");
        (await _books.Scalar<long>("select count(*) from deliveries d join events e on e.id = d.event_id")).Should().Be(_paid - 20);
        (await _books.Scalar<long>("select count(*) from deliveries")).Should().Be(_paid - 20);
        (await new EventRows(_books.Database).Find(Books.Merchant, old, Stop)).Should().BeNull();
        await using var deliveries = new DeliveryRows(_books.Database, _books.Connections, NullLogger<DeliveryRows>.Instance);
        (await deliveries.ResendToEndpoints(Books.Merchant, old, perDay: 3)).Should().BeNull();
    }

    [Fact]
    public async Task What_is_read_of_one_month_reads_no_other_month()
    {
        await _books.Execute($"select open_event_month({_first} + month) from generate_series(1, 3) as month");
        for (var month = 0; month < 4; month++)
        {
            await Pay(30, BeginningOf(_first + 1 + month).AddMinutes(-1));
        }

        await _books.Execute($"update deliveries set due_at = now(), state = case when event_id >= '{FirstEventOf(_first + 3)}' then 'PENDING' else 'ACCEPTED' end; analyze");
        var wanted = await _books.Scalar<Guid>($"select id from events_{_first + 2} limit 1");
        await using (var database = Database.Open(_books.ConnectionString))
        await using (var writers = Database.OpenForCommits(_books.ConnectionString))
        await using (var deliveries = new DeliveryRows(database, writers, NullLogger<DeliveryRows>.Instance))
        {
            var events = new EventRows(database);
            for (var i = 0; i < Reads; i++)
            {
                (await events.List(Books.Merchant, null, parked: false, 10, Stop)).Should().HaveCount(10).And.BeInDescendingOrder(found => found.Id);
                (await events.Find(Books.Merchant, wanted, Stop))!.Id.Should().Be(wanted);
                (await Claim(deliveries)).Should().ContainSingle();
            }
        }

        // A session reports its reads at its end.
        await Eventually.Is(async () => await ReadsOf(_first + 2) >= Reads, "the session has ended");
        (await ReadsOf(_first)).Should().Be(0);
        (await ReadsOf(_first + 1)).Should().Be(0);
        (await ReadsOf(_first + 2)).Should().BeLessThan(2 * Reads);
    }

    [Fact]
    public async Task Planned_before_the_month_began_a_claim_reads_only_its_own_events()
    {
        await _books.Execute($"select open_event_month({_first + 1}); analyze");
        await using (var database = Database.Open(_books.ConnectionString))
        await using (var writers = Database.OpenForCommits(_books.ConnectionString))
        await using (var deliveries = new DeliveryRows(database, writers, NullLogger<DeliveryRows>.Instance))
        {
            for (var i = 0; i < Reads; i++)
            {
                (await Claim(deliveries)).Should().BeEmpty();
            }

            await Pay(30, BeginningOf(_first + 1));
            await _books.Execute("update deliveries set due_at = now()");
            for (var i = 0; i < Reads; i++)
            {
                (await Claim(deliveries)).Should().ContainSingle();
            }
        }

        // A session reports its reads at its end.
        await Eventually.Is(async () => await ReadsOf(_first + 1) >= Reads, "the session has ended");
        (await ReadsOf(_first + 1)).Should().Be(Reads);
    }

    private static Task<IReadOnlyList<Notice>> Claim(DeliveryRows deliveries) => deliveries.Claim(1, 1, TimeSpan.FromMinutes(1), new Dictionary<string, int>());

    private Task<long> ReadsOf(int month) => _books.Scalar<long>(
        $"""
        select idx_scan + (select seq_tup_read from pg_stat_user_tables where relname = 'events_{month}')
        from pg_stat_user_indexes where relname = 'events_{month}'
        """);

    private static DateTimeOffset BeginningOf(int month) => new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.FromHours(8)).AddMonths(month).ToUniversalTime();

    private static Guid FirstEventOf(int month) => new(BeginningOf(month).ToUnixTimeMilliseconds().ToString("x12") + new string('0', 20));

    private async Task<int> PartitionOf(DateTimeOffset at)
    {
        var id = Guid.CreateVersion7(at);
        await _books.Execute($"insert into events (merchant_id, id, type, created_at, data) values ('{Books.Merchant}', '{id}', 'test', now(), '')");
        return int.Parse((await _books.Scalar<string>($"select tableoid::regclass::text from events where id = '{id}'"))["events_".Length..]);
    }

    private static async Task<NpgsqlTransaction> Report(NpgsqlConnection reporter)
    {
        var report = await reporter.BeginTransactionAsync(Stop);
        await using var read = new NpgsqlCommand("select count(*) from events", reporter, report);
        await read.ExecuteScalarAsync(Stop);
        return report;
    }

    private Task MorePaid()
    {
        var goal = Volatile.Read(ref _paid) + 20;
        return Eventually.Is(() => Task.FromResult(Volatile.Read(ref _paid) >= goal), "more payments");
    }

    private async Task Traffic(DateTimeOffset at)
    {
        while (!_over.IsCancellationRequested)
        {
            await Pay(4, at);
        }
    }

    private async Task Pay(int count, DateTimeOffset at)
    {
        await Task.WhenAll(Enumerable.Range(_paid, count).Select(async stan =>
        {
            var start = await _books.NewAttempt(await _books.PutBill(), stan);
            await _books.Commits.StartAttempts.Submit(start);
            (await _books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, at))).Moved.Should().BeTrue();
        }));
        Interlocked.Add(ref _paid, count);
    }

    private async Task Refused(string sql, string why) => await FluentActions.Awaiting(() => _books.Execute(sql)).Should().ThrowAsync<PostgresException>().WithMessage($"*{why}*");
}
