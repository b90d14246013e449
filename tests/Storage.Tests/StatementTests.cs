using System.Diagnostics;
using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;
using Lakala.Rules.Ledger;
using Lakala.Rules.Trades;
using Lakala.Storage.Bills;
using Lakala.Storage.Postgres;
using Lakala.Storage.Swipes;
using Lakala.Testing;
using Lakala.Vocabulary;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace Lakala.Storage.Tests;

/// <summary>Single statements at exact batch sizes, and rows beside the commit path.</summary>
public sealed class StatementTests(Books books) : IClassFixture<Books>
{
    private const int Max = GroupCommit<StartAttempt, StartOutcome>.MaxBatch;
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();
    private static int Stans;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(Max)]
    public async Task Start_and_finish_give_every_item_its_own_outcome(int size)
    {
        var starts = await Starts(size);
        var finishes = starts.Select((start, i) => Books.Finish(start, Moves[i % Moves.Length], Now)).ToArray();

        (await Run(new StartAttempts(TimeSpan.FromMinutes(1)), starts)).Should().AllBeOfType<StartOutcome.Started>();
        (await Run(new StartAttempts(TimeSpan.FromMinutes(1)), starts)).Should().AllBeOfType<StartOutcome.Started>("they find themselves");
        (await Run(new FinishAttempts(), finishes)).Should().OnlyContain(outcome => outcome!.Moved);
        (await Run(new FinishAttempts(), finishes)).Select(outcome => outcome!.Found!.State).Should().Equal(finishes.Select(finish => finish.Move.To));
        var known = await Run(new StartAttempts(TimeSpan.FromMinutes(1)), starts);

        known.Select(outcome => ((StartOutcome.KeyKnown)outcome!).Row.State).Should().Equal(finishes.Select(finish => finish.Move.To));
        await books.ShouldBalance();
    }

    [Fact]
    public async Task A_key_that_comes_twice_in_a_batch_starts_once()
    {
        var starts = await Starts(3);
        starts[2] = starts[2] with { Key = starts[0].Key };

        var outcomes = await Run(new StartAttempts(TimeSpan.FromMinutes(1)), starts);

        outcomes[..2].Should().AllBeOfType<StartOutcome.Started>();
        outcomes[2].Should().BeOfType<StartOutcome.KeyKnown>().Which.Row.Id.Should().Be(starts[0].Id);
        (await books.StateOf(starts[2].Bill)).Should().Be(BillState.Open);
    }

    [Fact]
    public async Task An_attempt_does_not_move_without_its_bill()
    {
        var start = (await Starts(1))[0];
        await Run(new StartAttempts(TimeSpan.FromMinutes(1)), [start]);
        await books.Execute(
            $"""
            create function keep() returns trigger language plpgsql as $$ begin return null; end $$;
            create trigger keep before update on bills for each row when (old.number = {start.Bill}) execute function keep()
            """);

        await FluentActions.Awaiting(() => Run(new FinishAttempts(), [Books.Finish(start, AttemptState.Approved, Now)]))
            .Should().ThrowAsync<PostgresException>();

        (await books.Scalar<string>($"select state from attempts where rrn = {start.Rrn}")).Should().Be("SENT");
        await books.Execute("drop trigger keep on bills; drop function keep()");
    }

    [Fact]
    public async Task A_traced_swipe_is_known_by_its_trace_also_beside_one_that_nobody_traces()
    {
        var traceId = ActivityTraceId.CreateRandom().ToHexString();
        var starts = await Starts(2);
        starts[0] = starts[0] with { TraceId = traceId };
        var finishes = starts.Select(start => Books.Finish(start, AttemptState.Reversing, Now)).ToArray();

        await Run(new StartAttempts(TimeSpan.FromMinutes(1)), starts);
        await Run(new FinishAttempts(), finishes);
        var known = await Run(new FinishAttempts(), finishes);
        var due = await books.Reversals.TakeDue(TimeSpan.FromMinutes(1), 1_000, Stop);

        known.Select(outcome => outcome!.Found!.TraceId).Should().Equal(traceId, null);
        starts.Select(start => due.Single(reversal => reversal.Rrn == start.Rrn).TraceId).Should().Equal(traceId, null);
        (await books.Scalar<long>($"select rrn from attempts where trace_id = '{traceId}'")).Should().Be(starts[0].Rrn, "it is found as it is written");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(Max)]
    public async Task Keys_are_closed_once_and_what_stands_there_is_the_answer(int size)
    {
        var closes = Enumerable.Range(0, size).Select(_ => Close(NextKey(), AttemptState.Void)).ToArray();
        var others = closes.Select(close => Close(close.Key, AttemptState.Refused)).ToArray();

        var first = await Run(new CloseKeys(), closes);
        var again = await Run(new CloseKeys(), others);

        first.Select(row => row!.Id).Should().Equal(closes.Select(close => close.Id));
        again.Should().OnlyContain(row => row!.State == AttemptState.Void).And.Subject.Select(row => row!.Id).Should().Equal(closes.Select(close => close.Id));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(Max)]
    public async Task Bills_are_read_held_and_closed_each_for_itself(int size)
    {
        var bills = new long[size];
        for (var i = 0; i < size; i++)
        {
            bills[i] = await books.PutBill();
        }

        long[] asked = [.. bills.Skip(1), BillNumber.FromRandom(999_999_999_999).Value];
        (await Run(new ReadBills(), asked)).Select(seen => seen!.Row?.Number).Should().Equal(asked.Select((number, i) => i < size - 1 ? number : (long?)null));
        (await Run(new HoldBills(), [.. bills.Select(number => new HoldBill(number))])).Should().OnlyContain(seen => seen!.Row!.Bill.Holds == 1 && seen.Row.Bill.HeldUntil > seen.AsOf);
        CloseBill[] closes = [.. bills.Select(number => new CloseBill(number, BillState.Cancelled, Guid.CreateVersion7(), Books.Merchant, "{}", [], Now))];
        (await Run(new CloseBills(), closes)).Should().OnlyContain(outcome => !outcome!.Closed);
        await books.Execute("update bills set held_until = null where state = 'OPEN'");

        (await Run(new CloseBills(), closes)).Should().OnlyContain(outcome => outcome!.Closed);

        (await Run(new CloseBills(), closes)).Should().OnlyContain(outcome => !outcome!.Closed && outcome.Before.Bill.State == BillState.Cancelled);
    }

    [Fact]
    public async Task Everybody_at_once_over_the_same_rows_neither_deadlocks_nor_breaks_the_books()
    {
        const int Rounds = 400;
        var bills = new List<long>();
        while (bills.Count < 24)
        {
            bills.Add(await books.PutBill());
        }

        await using var second = OtherSilo();
        await using var third = OtherSilo();
        Commits[] silos = [books.Commits, second, third];
        var deadlocks = await Deadlocks();

        await Task.WhenAll(Enumerable.Range(0, 24).Select(async worker =>
        {
            var random = new Random(worker);
            for (var i = 0; i < Rounds / 8; i++)
            {
                var silo = silos[random.Next(silos.Length)];
                var start = await books.NewAttempt(bills[random.Next(bills.Count)], random.Next(1, 500), terminal: "T7000000");
                switch (random.Next(4))
                {
                    case 0:
                        await silo.CloseKeys.Submit(Close(start.Key, AttemptState.Void));
                        break;
                    case 1:
                        await silo.HoldBills.Submit(new HoldBill(start.Bill));
                        break;
                    default:
                        await Swipe(silo, silos[random.Next(silos.Length)], start, random);
                        break;
                }
            }
        }));

        (await Deadlocks()).Should().Be(deadlocks);
        await books.ShouldBalance();
        (await books.Scalar<long>("select count(*) from bills b where state = 'PAID' and not exists (select from events e where e.bill = b.number)")).Should().Be(0);
        (await books.Scalar<long>(
            $"""
            select count(*) from attempts a
            where bill in ({string.Join(", ", bills)}) and (state in ('REVERSING', 'REVERSED')) <> exists (select from reversals r where r.rrn = a.rrn)
            """)).Should().Be(0);
    }

    [Fact]
    public async Task Two_senders_never_take_the_same_reversal_within_its_lease()
    {
        await Reversing(30);
        var (one, other) = (books.Reversals, new ReversalRows(books.Database));

        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => (i % 2 == 0 ? one : other).TakeDue(TimeSpan.FromMinutes(5), 7, Stop)));

        taken.Should().OnlyContain(due => due.Count <= 7);
        taken.SelectMany(due => due).Select(row => row.Rrn).Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public async Task Only_an_acknowledgement_makes_an_attempt_REVERSED_and_only_once()
    {
        var start = (await Reversing(1))[0];
        var before = (await books.Reversals.Outstanding(Stop)).Count;

        await books.Reversals.TryAgain(start.Rrn, TimeSpan.FromHours(1));
        (await books.StateUnder(start.Key)).Should().Be(AttemptState.Reversing);
        await Task.WhenAll(books.Reversals.Acknowledged(start.Rrn), books.Reversals.Acknowledged(start.Rrn));

        (await books.StateUnder(start.Key)).Should().Be(AttemptState.Reversed);
        (await books.Scalar<int>($"select tries from reversals where rrn = {start.Rrn}")).Should().Be(2);
        (await books.Reversals.Outstanding(Stop)).Count.Should().Be(before - 1);
    }

    [Theory]
    [InlineData(AttemptState.NotSent, "00", true)]
    [InlineData(AttemptState.Declined, "00", true)]
    [InlineData(AttemptState.Declined, "51", false)]
    [InlineData(AttemptState.Approved, "00", false)]
    [InlineData(AttemptState.Reversing, "00", false)]
    public async Task A_late_approval_of_what_was_answered_as_not_paid_is_reversed_and_reported_once(AttemptState state, string code, bool alarm)
    {
        var start = (await Starts(1))[0];
        await books.Commits.StartAttempts.Submit(start);
        await books.Commits.FinishAttempts.Submit(Books.Finish(start, state, Now));

        await books.Reversals.RecordLateAnswer(start.Rrn, code, "A1");
        await books.Reversals.RecordLateAnswer(start.Rrn, code, null);

        (await Judged(start)).Should().Equal(alarm ? [true] : Array.Empty<bool>());
        (await Judged(start)).Should().BeEmpty();
        await books.Reversals.Acknowledged(start.Rrn);

        (await books.StateUnder(start.Key)).Should().Be(state == AttemptState.Reversing ? AttemptState.Reversed : state);
        (await books.Scalar<long>($"select count(*) from reversals where rrn = {start.Rrn}"))
            .Should().Be(alarm || state == AttemptState.Reversing ? 1 : 0);
        (await books.Scalar<long>($"select count(*) from late_answers where rrn = {start.Rrn}")).Should().Be(2);
    }

    [Theory]
    [InlineData(AttemptState.NotSent, true)]
    [InlineData(AttemptState.Declined, true)]
    [InlineData(AttemptState.Reversing, false)]
    public async Task An_approval_recorded_while_SENT_is_judged_by_what_its_attempt_becomes(AttemptState state, bool alarm)
    {
        var start = (await Starts(1))[0];
        await books.Commits.StartAttempts.Submit(start);
        await books.Reversals.RecordLateAnswer(start.Rrn, "00", "A1");

        (await Judged(start)).Should().BeEmpty("it may still settle");
        await books.Commits.FinishAttempts.Submit(Books.Finish(start, state, Now));

        (await Judged(start)).Should().Equal(alarm ? [true] : Array.Empty<bool>());
        (await books.Scalar<long>($"select count(*) from reversals where rrn = {start.Rrn} and acknowledged_at is null")).Should().Be(1);
        (await books.StateUnder(start.Key)).Should().Be(state);
    }

    [Fact]
    public async Task An_approval_of_an_RRN_that_no_attempt_has_is_reported_once()
    {
        var start = (await Starts(1))[0];
        await books.Reversals.RecordLateAnswer(start.Rrn, "00", "A1");

        (await Judged(start)).Should().Equal(false);
        (await Judged(start)).Should().BeEmpty();
    }

    [Fact]
    public async Task RRNs_are_never_repeated_across_silos_and_restarts()
    {
        var numbers = new List<long>();
        for (var restart = 0; restart < 3; restart++)
        {
            using var one = new RrnBlocks(books.Database, TimeProvider.System);
            using var other = new RrnBlocks(books.Database, TimeProvider.System);
            numbers.AddRange(await Task.WhenAll(Enumerable.Range(0, 30_000).Select(i => (i % 3 == 0 ? one : other).Next().AsTask())));
        }

        numbers.Should().OnlyHaveUniqueItems();
        numbers.Should().OnlyContain(rrn => Rrn.ToText(rrn).Length == 12);
    }

    [Fact]
    public async Task A_block_of_RRNs_is_used_for_a_day_so_that_a_month_comes_to_its_end()
    {
        var time = new FakeTimeProvider();
        using var rrns = new RrnBlocks(books.Database, time);
        var first = await rrns.Next();

        time.Advance(TimeSpan.FromHours(23));
        (await rrns.Next()).Should().Be(first + 1);
        time.Advance(TimeSpan.FromHours(1));
        (await rrns.Next()).Should().BeGreaterThanOrEqualTo(first + 10_000);
    }

    [Fact]
    public async Task Migrations_may_run_again_and_at_once()
    {
        var count = await books.Scalar<long>("select count(*) from schemaversions");

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Database.Migrate(books.Database, books.ConnectionString)));

        (await books.Scalar<long>("select count(*) from schemaversions")).Should().Be(count);
    }

    [Fact]
    public async Task Of_two_requests_under_one_Idempotency_Key_one_creates_the_bill()
    {
        var bills = new MerchantBills(books.Database);
        var answer = new KeptAnswer("key-1", [1, 2, 3], 201, "{}");

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => bills.CreateBill(NewBill(500 + i, $"race-{i}"), answer, [], "{}")));

        outcomes.Should().ContainSingle(outcome => outcome == CreateOutcome.Created);
        outcomes.Where(outcome => outcome != CreateOutcome.Created).Should().OnlyContain(outcome => outcome == CreateOutcome.KeyTaken);
        (await books.Scalar<long>("select count(*) from bills where order_id like 'race-%'")).Should().Be(1);
        (await bills.FindAnswer(Books.Merchant, "key-1", Stop))!.Response.Should().Be("{}");
    }

    [Fact]
    public async Task An_order_has_one_bill_that_can_be_paid()
    {
        var bills = new MerchantBills(books.Database);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => bills.CreateBill(NewBill(600 + i, "one-order"), null, [], "{}")));

        outcomes.Should().ContainSingle(outcome => outcome == CreateOutcome.Created);
        outcomes.Where(outcome => outcome != CreateOutcome.Created).Should().OnlyContain(outcome => outcome == CreateOutcome.OrderTaken);
        await books.Execute("update bills set state = 'EXPIRED', live = false where order_id = 'one-order'");
        (await bills.CreateBill(NewBill(610, "one-order"), null, [], "{}")).Should().Be(CreateOutcome.Created);
        (await bills.CreateBill(NewBill(610, "another-order"), null, [], "{}")).Should().Be(CreateOutcome.NumberTaken);
    }

    [Fact]
    public async Task The_terms_of_an_escrow_bill_are_read_as_they_were_stored()
    {
        var bills = new MerchantBills(books.Database);
        var bill = NewBill(620, "escrow-order") with { Escrow = new EscrowTerms(DeliveryMethod.Surface, TimeSpan.FromHours(1), TimeSpan.FromDays(45)) };

        (await bills.CreateBill(bill, null, [], "{}")).Should().Be(CreateOutcome.Created);

        var read = (await books.Commits.ReadBills.Submit(bill.Number)).Row!;
        (read.Escrow, read.Trade).Should().Be((bill.Escrow, null));
        (await bills.ListBills(Books.Merchant, "escrow-order", null, 1, TestContext.Current.CancellationToken)).Single().Escrow.Should().Be(bill.Escrow);
    }

    [Theory]
    [InlineData(FeeOnRefund.Returned)]
    [InlineData(FeeOnRefund.Kept)]
    public async Task What_becomes_of_the_fee_is_read_as_it_was_stored_also_by_the_swipe(FeeOnRefund fee)
    {
        var bill = NewBill(630 + (int)fee, $"fee-order-{fee}") with { FeeOnRefund = fee };

        (await new MerchantBills(books.Database).CreateBill(bill, null, [], "{}")).Should().Be(CreateOutcome.Created);

        (await books.Commits.ReadBills.Submit(bill.Number)).Row!.FeeOnRefund.Should().Be(fee);
        var started = await books.Commits.StartAttempts.Submit(await books.NewAttempt(bill.Number, Interlocked.Increment(ref Stans), bill.Bill.Amount.Minor));
        started.Should().BeOfType<StartOutcome.Started>().Which.Bill.FeeOnRefund.Should().Be(fee);
    }

    private static readonly AttemptState[] Moves = [AttemptState.Approved, AttemptState.Declined, AttemptState.NotSent, AttemptState.Reversing];

    private static SwipeKey NextKey() => new("T6000000", 1, Interlocked.Increment(ref Stans));

    private static CloseKey Close(SwipeKey key, AttemptState state) =>
        new(Guid.NewGuid(), key, state, "25", Refusal.NeverHappened, null, null, null);

    private static BillRow NewBill(long number, string order)
    {
        var drawn = BillNumber.FromRandom(700_000_000_000 + number);
        var bill = new Bill(BillState.Open, new Money(1000, Money.Cny), Now.AddHours(1), null, 0);
        return new BillRow(drawn.Value, Books.Merchant, "Test Shop", order, "A thing", bill, PageToken.Create(drawn), null, null, null, null, null, Now, null, null);
    }

    private static async Task Swipe(Commits starter, Commits finisher, StartAttempt start, Random random)
    {
        if (await starter.StartAttempts.Submit(start) is not StartOutcome.Started)
        {
            return;
        }

        await Task.WhenAll(Enumerable.Range(0, 2).Select(_ =>
            finisher.FinishAttempts.Submit(Books.Finish(start, Moves[random.Next(Moves.Length)], TimeProvider.System.GetUtcNow()))));
    }

    /// <summary>True when the approval is being reversed, once for each error about it.</summary>
    private async Task<IEnumerable<bool>> Judged(StartAttempt start) =>
        (await books.Reversals.ReverseFalseApprovals(1000, Stop)).Where(alarm => alarm.Rrn == start.Rrn).Select(alarm => alarm.Reversing);

    private async Task<StartAttempt[]> Starts(int size)
    {
        var starts = new StartAttempt[size];
        for (var i = 0; i < size; i++)
        {
            starts[i] = await books.NewAttempt(await books.PutBill(), 0) with { Key = NextKey() };
        }

        return starts;
    }

    private async Task<StartAttempt[]> Reversing(int count)
    {
        var starts = await Starts(count);
        await Task.WhenAll(starts.Select(books.Commits.StartAttempts.Submit));
        await Task.WhenAll(starts.Select(start => books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Reversing, Now))));
        return starts;
    }

    private Commits OtherSilo() => new(books.Connections, Options.Create(new SwipeOptions()), NullLogger<Commits>.Instance);

    private async Task<long> Deadlocks()
    {
        await books.Execute("select pg_stat_clear_snapshot()");
        return await books.Scalar<long>("select deadlocks from pg_stat_database where datname = current_database()");
    }

    // One statement over exactly these items, as the writers would run it.
    private async Task<TOutcome?[]> Run<TItem, TOutcome>(BatchStatement<TItem, TOutcome> statement, TItem[] items)
        where TOutcome : class
    {
        await using var connection = await books.Connections.OpenConnectionAsync(Stop);
        await statement.Prepare(connection, items);
        await using var command = new BatchCommand<TItem, TOutcome>(statement, connection);
        return await command.Run(items);
    }
}
