using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;
using Lakala.Storage.Bills;
using Lakala.Storage.Postgres;
using Lakala.Storage.Swipes;
using Lakala.Testing;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Tests;

/// <summary>C1 and C2 against the real PostgreSQL: the statements alone, without grains.</summary>
public sealed class CommitPathTests(Books books) : IClassFixture<Books>
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();
    private static int Stans;

    private static int NextStan() => Interlocked.Increment(ref Stans);

    [Fact]
    public async Task A_swipe_settles_with_balanced_postings_an_event_and_a_delivery()
    {
        var bill = await books.PutBill(amount: 999);
        var start = await books.NewAttempt(bill, NextStan(), amount: 999);

        var started = (StartOutcome.Started)await books.Commits.StartAttempts.Submit(start);
        started.Bill.Bill.State.Should().Be(BillState.Paying);
        started.Rates.Should().Be(Books.Rates);
        started.StartedAt.UtcDateTime.Should().Be(await books.Scalar<DateTime>($"select started_at from attempts where rrn = {start.Rrn}"));
        var outcome = await books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, Now));

        outcome.Moved.Should().BeTrue();
        var seen = await books.Commits.ReadBills.Submit(bill);
        seen.Row!.Bill.State.Should().Be(BillState.Paid);
        seen.Row.Payment!.Rrn.Should().Be(Rrn.ToText(start.Rrn));
        (await books.Scalar<decimal>($"select sum(amount) from postings where rrn = {start.Rrn}")).Should().Be(0);
        (await books.Scalar<long>($"select count(*) from postings where rrn = {start.Rrn}")).Should().Be(4);
        (await books.Scalar<long>($"select -amount from postings where rrn = {start.Rrn} and account = 'merchant:shop'")).Should().Be(993);
        (await books.Scalar<long>($"select count(*) from events e join deliveries d on d.event_id = e.id where e.bill = {bill}")).Should().Be(1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(GroupCommit<StartAttempt, StartOutcome>.MaxBatch)]
    public async Task A_batch_of_any_size_settles(int size)
    {
        var starts = new List<StartAttempt>();
        for (var i = 0; i < size; i++)
        {
            starts.Add(await books.NewAttempt(await books.PutBill(), NextStan()));
        }

        var started = await Task.WhenAll(starts.Select(books.Commits.StartAttempts.Submit));
        var finished = await Task.WhenAll(starts.Select(s => books.Commits.FinishAttempts.Submit(Books.Finish(s, AttemptState.Approved, Now))));

        started.Should().AllBeOfType<StartOutcome.Started>();
        finished.Should().OnlyContain(outcome => outcome.Moved);
    }

    [Fact]
    public async Task Two_swipes_of_one_bill_in_one_batch_have_one_winner_and_fail_nobody_else()
    {
        var bill = await books.PutBill();
        var other = await books.PutBill();
        var first = await books.NewAttempt(bill, NextStan());
        var second = await books.NewAttempt(bill, NextStan());
        var third = await books.NewAttempt(other, NextStan());

        var outcomes = await Task.WhenAll(new[] { first, second, third }.Select(books.Commits.StartAttempts.Submit));

        outcomes.Take(2).OfType<StartOutcome.Started>().Should().ContainSingle();
        outcomes.Take(2).OfType<StartOutcome.Refused>().Should().ContainSingle().Which.Reason.Should().Be(Refusal.BillBeingPaid);
        outcomes[2].Should().BeOfType<StartOutcome.Started>();
    }

    [Fact]
    public async Task The_same_key_twice_in_one_batch_starts_one_attempt()
    {
        var bill = await books.PutBill();
        var start = await books.NewAttempt(bill, NextStan());

        var outcomes = await Task.WhenAll(new[] { start, start with { Id = Guid.NewGuid() } }.Select(books.Commits.StartAttempts.Submit));

        outcomes.OfType<StartOutcome.Started>().Should().ContainSingle();
        outcomes.OfType<StartOutcome.KeyKnown>().Should().ContainSingle().Which.Row.State.Should().Be(AttemptState.Sent);
    }

    [Fact]
    public async Task Submitting_the_same_attempt_again_after_an_unknown_commit_is_harmless()
    {
        var bill = await books.PutBill();
        var start = await books.NewAttempt(bill, NextStan());

        await books.Commits.StartAttempts.Submit(start);
        var again = await books.Commits.StartAttempts.Submit(start);
        await books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, Now));
        var finishedAgain = await books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, Now));

        again.Should().BeOfType<StartOutcome.Started>().Which.Rates.Should().Be(Books.Rates);
        finishedAgain.Moved.Should().BeFalse();
        finishedAgain.Found.Should().Match<AttemptRow>(row => row.State == AttemptState.Approved && row.Id == start.Id);
        (await books.Scalar<long>($"select count(*) from postings where rrn = {start.Rrn}")).Should().Be(4);
    }

    [Fact]
    public async Task A_voided_key_never_starts_and_its_bill_stays_open()
    {
        var bill = await books.PutBill();
        var start = await books.NewAttempt(bill, NextStan());
        await books.Commits.CloseKeys.Submit(new CloseKey(Guid.NewGuid(), start.Key, AttemptState.Void, "25", Refusal.NeverHappened, null, null, null));

        var outcome = await books.Commits.StartAttempts.Submit(start);

        outcome.Should().BeOfType<StartOutcome.KeyKnown>().Which.Row.State.Should().Be(AttemptState.Void);
        (await books.Commits.ReadBills.Submit(bill)).Row!.Bill.State.Should().Be(BillState.Open);
    }

    [Fact]
    public async Task An_approval_after_the_reversal_has_begun_does_not_settle()
    {
        var bill = await books.PutBill();
        var start = await books.NewAttempt(bill, NextStan());
        await books.Commits.StartAttempts.Submit(start);
        await books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Reversing, Now));

        var late = await books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, Now));

        late.Moved.Should().BeFalse();
        late.Found!.State.Should().Be(AttemptState.Reversing);
        (await books.Commits.ReadBills.Submit(bill)).Row!.Bill.State.Should().Be(BillState.Open);
        (await books.Scalar<long>($"select count(*) from reversals where rrn = {start.Rrn} and acknowledged_at is null")).Should().Be(1);
    }

    [Fact]
    public async Task An_approval_past_the_commit_deadline_does_not_settle()
    {
        var bill = await books.PutBill();
        var start = await books.NewAttempt(bill, NextStan());
        await books.Commits.StartAttempts.Submit(start);
        await books.Execute($"update attempts set deadline = clock_timestamp() where rrn = {start.Rrn}");

        var late = await books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, Now));

        late.Moved.Should().BeFalse();
        late.Found!.State.Should().Be(AttemptState.Sent);
    }

    [Fact]
    public async Task A_poison_row_fails_alone()
    {
        var bills = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => books.PutBill()));
        var starts = new List<StartAttempt>();
        foreach (var bill in bills)
        {
            starts.Add(await books.NewAttempt(bill, NextStan()));
        }

        // PostgreSQL stores no zero character in a text.
        starts[3] = starts[3] with { MaskedPan = "\0" };
        var tasks = starts.Select(books.Commits.StartAttempts.Submit).ToArray();

        await FluentActions.Awaiting(() => tasks[3]).Should().ThrowAsync<InvalidOperationException>();
        (await Task.WhenAll(tasks.Where((_, i) => i != 3))).Should().AllBeOfType<StartOutcome.Started>();
    }

    [Fact]
    public async Task The_guard_in_SQL_and_the_rule_agree_on_every_bill()
    {
        TimeSpan[] times = [TimeSpan.FromHours(-1), TimeSpan.FromHours(1)];
        var cases =
            from state in Enum.GetValues<BillState>()
            from expires in times
            from held in times.Select(time => (TimeSpan?)time).Append(null)
            from asked in Enumerable.Range(1000, 2)
            select (state, expires, held, asked);
        foreach (var (state, expires, held, asked) in cases)
        {
            var bill = await books.PutBill(1000, state, expires, held);
            var seen = await books.Commits.ReadBills.Submit(bill);
            var rule = seen.Row!.Bill.Decide(new BillStep.StartPayment(new Money(asked, Money.Cny)), seen.AsOf);

            var outcome = await books.Commits.StartAttempts.Submit(await books.NewAttempt(bill, NextStan(), asked));

            (outcome as StartOutcome.Refused)?.Reason.Should().Be(rule.Refusal);
            (outcome is StartOutcome.Started).Should().Be(rule.Event is BillEvent.PaymentStarted);
        }
    }

    [Fact]
    public async Task Concurrent_batches_over_the_same_rows_neither_deadlock_nor_pay_twice()
    {
        await using var rival = new Commits(
            books.Connections,
            Microsoft.Extensions.Options.Options.Create(new SwipeOptions()),
            Microsoft.Extensions.Logging.Abstractions.NullLogger<Commits>.Instance);
        var bills = new List<long>();
        while (bills.Count < 100)
        {
            bills.Add(await books.PutBill());
        }

        async Task<bool> Swipe(Commits commits, long bill, int stan, string terminal)
        {
            var start = await books.NewAttempt(bill, stan, terminal: terminal);
            return await commits.StartAttempts.Submit(start) is StartOutcome.Started
                && (await commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, Now))).Moved;
        }

        var swipes = bills.SelectMany(bill => Enumerable.Range(0, 6), (bill, i) => (bill, i)).OrderBy(_ => Guid.NewGuid()).ToList();
        var paid = await Task.WhenAll(swipes.Select(s => Swipe(s.i % 2 == 0 ? books.Commits : rival, s.bill, NextStan(), $"T000000{s.i}")));

        paid.Count(won => won).Should().Be(bills.Count);
        (await books.Scalar<long>($"select count(*) from bills where number in ({string.Join(',', bills)}) and state = 'PAID'")).Should().Be(bills.Count);
    }

    [Fact]
    public async Task A_hold_is_given_twice_and_keeps_expiry_and_cancellation_away()
    {
        var bill = await books.PutBill(expiresIn: TimeSpan.FromMinutes(1));

        await books.Commits.HoldBills.Submit(new HoldBill(bill));
        await books.Commits.HoldBills.Submit(new HoldBill(bill));
        var third = await books.Commits.HoldBills.Submit(new HoldBill(bill));
        var close = await books.Commits.CloseBills.Submit(
            new CloseBill(bill, BillState.Cancelled, Guid.CreateVersion7(), Books.Merchant, "{}", [], Now));

        third.Row!.Bill.Holds.Should().Be(Bill.MaxHolds);
        close.Closed.Should().BeFalse();
        close.Before.Bill.Decide(new BillStep.Cancel(), close.AsOf).Refusal.Should().Be(Refusal.BillHeld);
    }

    [Fact]
    public async Task Looking_for_what_expires_reads_only_what_is_due()
    {
        var due = await books.PutBill(expiresIn: TimeSpan.FromSeconds(-1));
        for (var later = 0; later < 200; later++)
        {
            await books.PutBill();
        }


        // One session, which reports its reads on request. Without scans, because the planner prefers them for such a small table.
        var oneConnection = new NpgsqlConnectionStringBuilder(books.ConnectionString) { MaxPoolSize = 1, Options = "-c enable_seqscan=off" };
        await using var database = Database.Open(oneConnection.ConnectionString);
        var bills = new BillRows(database);
        var before = await EntriesRead();

        (await bills.Expiring(1000, TestContext.Current.CancellationToken)).Should().Contain(due);

        (await EntriesRead() - before).Should().BeInRange(1, 100);

        async Task<long> EntriesRead()
        {
            await using var report = database.CreateCommand("select pg_stat_force_next_flush()");
            await report.ExecuteNonQueryAsync();
            await using var read = database.CreateCommand("select idx_tup_read from pg_stat_user_indexes where indexrelname = 'bills_due'");
            return (long)(await read.ExecuteScalarAsync())!;
        }
    }

    [Fact]
    public async Task An_expired_bill_closes_with_one_event_however_many_try()
    {
        var bill = await books.PutBill(expiresIn: TimeSpan.FromSeconds(-1));
        (await books.Bills.Expiring(1000, TestContext.Current.CancellationToken)).Should().Contain(bill);

        var closed = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => books.Commits.CloseBills.Submit(
            new CloseBill(bill, BillState.Expired, Guid.CreateVersion7(), Books.Merchant, "{}", [], Now))));

        closed.Count(outcome => outcome.Closed).Should().Be(1);
        (await books.Scalar<long>($"select count(*) from events where bill = {bill}")).Should().Be(1);
    }

    [Fact]
    public async Task A_reversal_leaves_the_queue_only_when_it_is_acknowledged()
    {
        var stop = TestContext.Current.CancellationToken;
        var start = await books.NewAttempt(await books.PutBill(), NextStan());
        await books.Commits.StartAttempts.Submit(start);
        await books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Reversing, Now));

        (await books.Reversals.TakeDue(TimeSpan.Zero, 1000, stop)).Should().Contain(row => row.Rrn == start.Rrn && row.Tries == 0);
        await books.Reversals.TryAgain(start.Rrn, TimeSpan.Zero);
        (await books.Reversals.TakeDue(TimeSpan.Zero, 1000, stop)).Should().Contain(row => row.Rrn == start.Rrn && row.Tries == 1);
        await books.Reversals.Acknowledged(start.Rrn);

        (await books.Reversals.TakeDue(TimeSpan.Zero, 1000, stop)).Should().NotContain(row => row.Rrn == start.Rrn);
        (await books.Attempts.FindByRrn(start.Rrn, stop))!.State.Should().Be(AttemptState.Reversed);
    }
}
