using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Lakala.Grains.Bills;
using Lakala.Grains.Claims;
using Lakala.Grains.Swipes;
using Lakala.Grains.Tests;
using Lakala.Grains.Trades;
using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;
using Lakala.Silo.Bank;
using Lakala.Silo.Hosting;
using Lakala.Silo.Sweeping;
using Lakala.Storage;
using Lakala.Storage.Bills;
using Lakala.Storage.Claims;
using Lakala.Storage.Due;
using Lakala.Storage.Swipes;
using Lakala.Storage.Trades;
using Lakala.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Silo.Tests.Sweeping;

/// <summary>The sweeper and the sender of reversals, woken by the watch over the real database.</summary>
public sealed class BackgroundTests : IClassFixture<SwipeCluster>, IAsyncLifetime
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();
    private static int Stans;

    private readonly FakeTimeProvider _clock = new();
    private readonly SwipeCluster _cluster;
    private readonly DueWatch _due;

    public BackgroundTests(SwipeCluster cluster)
    {
        _cluster = cluster;
        _due = new DueWatch(new DueRows(Books.Connections), Options.Create(new SwipeOptions()), _clock, NullLogger<DueWatch>.Instance);
    }

    private Books Books => _cluster.Books;

    public async ValueTask InitializeAsync() => await _due.StartAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _due.StopAsync(TestContext.Current.CancellationToken);
        _due.Dispose();
    }

    [Fact]
    public async Task While_nothing_is_due_the_sweeper_does_not_ask_the_database()
    {
        var asked = new CountingReads(Books.Attempts, Books.Bills);
        using var sweeper = NewSweeper(asked, asked);
        await sweeper.StartAsync(TestContext.Current.CancellationToken);

        for (var look = 0; look < 5; look++)
        {
            var next = _due.Until(static _ => true, TestContext.Current.CancellationToken);
            Tick();
            await next;
        }

        asked.Count.Should().Be(0);
        var over = await Books.PutBill(expiresIn: TimeSpan.FromMinutes(-1));
        await Books.Until($"select state = 'EXPIRED' from bills where number = {over}", Tick);
        asked.Count.Should().BePositive();
        await sweeper.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task The_sweeper_reverses_all_that_is_overdue_and_leaves_the_rest_alone()
    {
        var swipes = await Sent(40);
        var fresh = swipes[0];

        // What is left alone here must not be due while another test of this class looks.
        await Books.Execute($"update attempts set deadline = clock_timestamp() + interval '1 minute' * case rrn when {fresh.Rrn} then 60 else -1 end where state = 'SENT'");
        using var sweeper = NewSweeper();
        await sweeper.StartAsync(TestContext.Current.CancellationToken);

        await Books.Until("select count(*) = 1 from attempts where state = 'SENT'", Tick);
        (await Books.StateUnder(fresh.Key)).Should().Be(AttemptState.Sent);
        (await Books.Scalar<long>("select count(*) from reversals where acknowledged_at is null")).Should().BeGreaterThanOrEqualTo(39);
        await sweeper.StopAsync(TestContext.Current.CancellationToken);
        await Books.ShouldBalance();
    }

    [Fact]
    public async Task The_sweeper_expires_what_is_over_and_not_held()
    {
        var over = await Books.PutBill(expiresIn: TimeSpan.FromMinutes(-1));
        var held = await Books.PutBill(expiresIn: TimeSpan.FromMinutes(-1), heldFor: TimeSpan.FromHours(1));
        using var sweeper = NewSweeper();
        await sweeper.StartAsync(TestContext.Current.CancellationToken);

        await Books.Until($"select state = 'EXPIRED' from bills where number = {over}", Tick);
        (await Books.StateOf(held)).Should().Be(BillState.Open);
        await sweeper.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_reversal_that_the_bank_is_silent_about_holds_up_no_other()
    {
        await AcknowledgeWhatOthersLeft();
        var swipes = await Reversing(200);
        var silence = new TaskCompletionSource<bool>();
        var bank = new ReversingBank(reversal => reversal.Rrn == swipes[0].Rrn ? silence.Task : Task.FromResult(true));
        using var sender = NewSender(bank);
        await sender.StartAsync(TestContext.Current.CancellationToken);

        // The clock does not move: while rows are due, the next round does not wait.
        await Books.Until("select count(*) = 1 from reversals where acknowledged_at is null");
        (await Books.StateUnder(swipes[0].Key)).Should().Be(AttemptState.Reversing);
        (await Books.StateUnder(swipes[1].Key)).Should().Be(AttemptState.Reversed);
        silence.SetResult(true);

        await Books.Until("select count(*) = 0 from attempts where state = 'REVERSING'");
        bank.Sent.Should().Be(200);
        await sender.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Reversals_in_flight_are_bounded_and_one_that_fails_is_tried_again_later()
    {
        await AcknowledgeWhatOthersLeft();
        var swipes = await Reversing(100);
        var answers = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var bank = new ReversingBank(reversal => reversal.Rrn == swipes[7].Rrn ? throw new IOException("The line is down.") : answers.Task);
        using var sender = NewSender(bank);
        await sender.StartAsync(TestContext.Current.CancellationToken);
        await bank.AreInFlight(64);

        answers.SetResult(true);

        // On a busy machine an acknowledgement may be refused by the database: then the reversal is sent again when its lease ends.
        await Books.Until("select count(*) = 1 from reversals where acknowledged_at is null", Tick);
        bank.MostInFlight.Should().Be(64);
        (await Books.StateUnder(swipes[7].Key)).Should().Be(AttemptState.Reversing);
        await sender.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task What_the_sweeper_and_the_sender_do_for_a_swipe_stands_in_its_trace()
    {
        await AcknowledgeWhatOthersLeft();
        var trace = ActivityTraceId.CreateRandom();
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            // By its name, because the source is created later.
            ShouldListenTo = source => source.Name == Instrumentation.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> span) =>
                span.TraceId == trace ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        var start = await Books.NewAttempt(await Books.PutBill(), Interlocked.Increment(ref Stans), terminal: "T5000000");
        await Books.Commits.StartAttempts.Submit(start with { TraceId = trace.ToHexString() });
        await Books.Execute($"update attempts set deadline = clock_timestamp() - interval '1 minute' where rrn = {start.Rrn}");
        using var sweeper = NewSweeper();
        using var sender = NewSender(new ReversingBank(_ => Task.FromResult(true)));
        await sweeper.StartAsync(TestContext.Current.CancellationToken);
        await sender.StartAsync(TestContext.Current.CancellationToken);

        await Books.Until($"select state = 'REVERSED' from attempts where rrn = {start.Rrn}", Tick);
        await sweeper.StopAsync(TestContext.Current.CancellationToken);
        await sender.StopAsync(TestContext.Current.CancellationToken);

        // The sender may finish before the sweeper knows that its row is written.
        spans.Select(span => (span.OperationName, span.TraceId, span.GetTagItem(Instrumentation.StateTag))).Should().BeEquivalentTo(new (string, ActivityTraceId, object?)[]
        {
            ("attempt.reverse", trace, "REVERSING"),
            ("bank.reverse", trace, "REVERSED"),
        });
    }

    private async Task AcknowledgeWhatOthersLeft()
    {
        await Books.Execute("update reversals set acknowledged_at = clock_timestamp() where acknowledged_at is null");
        await Books.Execute("update attempts set state = 'REVERSED' where state = 'REVERSING'");
    }

    private void Tick() => _clock.Advance(TimeSpan.FromSeconds(1));

    private Sweeper NewSweeper() => NewSweeper(Books.Attempts, Books.Bills);

    private Sweeper NewSweeper(IAttemptReader attempts, IDueBills bills) => new(
        new SweepRounds(
            attempts,
            bills,
            _cluster.Silos.Service<SwipeKeys>(),
            _cluster.Silos.Service<IBillGrains>(),
            Options.Create(new SwipeOptions()),
            NullLogger<SweepRounds>.Instance),
        new TradeSweeps(_cluster.Silos.Service<IDueTrades>(), _cluster.Silos.Service<TradeMoves>()),
        new ClaimSweeps(_cluster.Silos.Service<ClaimRows>(), _cluster.Silos.Service<ClaimMoves>(), _cluster.Silos.Service<DebtRows>()),
        _due,
        _clock,
        NullLogger<Sweeper>.Instance);

    private ReversalSender NewSender(IBankLine bank) => new(
        new Reversals(Books.Reversals, bank, Options.Create(new BankLinkOptions()), Random.Shared, NullLogger<Reversals>.Instance),
        _due,
        new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>(),
        _clock,
        NullLogger<ReversalSender>.Instance);

    private async Task<StartAttempt[]> Sent(int count) => await Task.WhenAll(Enumerable.Range(0, count).Select(async _ =>
    {
        var start = await Books.NewAttempt(await Books.PutBill(), Interlocked.Increment(ref Stans), terminal: "T5000000");
        await Books.Commits.StartAttempts.Submit(start);
        return start;
    }));

    private async Task<StartAttempt[]> Reversing(int count)
    {
        var starts = await Sent(count);
        await Task.WhenAll(starts.Select(start => Books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Reversing, Now))));
        return starts;
    }

    private sealed class CountingReads(IAttemptReader attempts, IDueBills bills) : IAttemptReader, IDueBills
    {
        private int _count;

        public int Count => _count;

        public Task<IReadOnlyList<AttemptRow>> Overdue(TimeSpan pastDeadline, int limit, CancellationToken stop)
        {
            Interlocked.Increment(ref _count);
            return attempts.Overdue(pastDeadline, limit, stop);
        }

        public Task<AttemptRow?> FindByRrn(long rrn, CancellationToken stop) => attempts.FindByRrn(rrn, stop);

        public Task<IReadOnlyList<long>> Expiring(int limit, CancellationToken stop)
        {
            Interlocked.Increment(ref _count);
            return bills.Expiring(limit, stop);
        }

        public Task<IReadOnlyList<long>> Reminding(int limit, CancellationToken stop)
        {
            Interlocked.Increment(ref _count);
            return bills.Reminding(limit, stop);
        }
    }

    private sealed class ReversingBank(Func<ReversalRow, Task<bool>> answer) : IBankLine
    {
        private readonly Lock _lock = new();
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _inFlight;
        private int _wanted = int.MaxValue;

        public bool IsUp => true;

        public int Sent { get; private set; }

        public int MostInFlight { get; private set; }

        public Task AreInFlight(int count)
        {
            lock (_lock)
            {
                _wanted = count;
                Check();
            }

            return _reached.Task.WaitAsync(HangGuard.Bound);
        }

        public Task<BankOutcome> Authorise(Authorisation request, TimeSpan timeout) => throw new NotSupportedException("Only reversals come here.");

        public async Task<bool> Reverse(ReversalRow reversal)
        {
            lock (_lock)
            {
                Sent++;
                _inFlight++;
                MostInFlight = Math.Max(MostInFlight, _inFlight);
                Check();
            }

            try
            {
                return await answer(reversal);
            }
            finally
            {
                lock (_lock)
                {
                    _inFlight--;
                }
            }
        }

        private void Check()
        {
            if (_inFlight >= _wanted)
            {
                _reached.TrySetResult();
            }
        }
    }
}
