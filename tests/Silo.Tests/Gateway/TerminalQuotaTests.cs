using Lakala.Grains.Swipes;
using Lakala.Grains.Terminals;
using Lakala.Grains.Tests;
using Lakala.Rules.Attempts;
using Lakala.Silo.Gateway;
using Lakala.Storage.Stores;
using Lakala.Storage.Terminals;
using Lakala.Testing;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;
using Lakala.Wire.Terminal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Silo.Tests.Gateway;

/// <summary>The quotas of a terminal, and the requests that are always answered.</summary>
public sealed class TerminalQuotaTests(StrictCluster cluster) : IClassFixture<StrictCluster>
{
    private static readonly TerminalQuotaOptions Quota = new();
    private static readonly SwipeAnswer Wait = new("91", Refusal.TooManyRequests);

    private Books Books => cluster.Books;

    [Fact]
    public async Task A_payment_above_the_quota_hears_91_leaves_no_row_and_never_reaches_the_bank()
    {
        var terminal = await cluster.NewTerminal();
        for (var paid = 0; paid < Quota.PaymentsPerMinute; paid++)
        {
            (await terminal.Pay(terminal.Swipe(await Books.PutBill()))).ResponseCode.Should().Be("00");
        }

        var swipe = terminal.Swipe(await Books.PutBill());
        (await terminal.Pay(swipe)).Should().Be(Wait);
        (await terminal.Pay(swipe with { IsRepeat = true })).Should().Be(Wait, "nothing has begun that it could be a repeat of");

        (await Books.StateUnder(swipe.Key)).Should().BeNull();
        cluster.Bank.Asked(swipe.Key).Should().Be(0);
        cluster.Time.Advance(TimeSpan.FromMinutes(1) / Quota.PaymentsPerMinute);
        (await terminal.Pay(swipe with { IsRepeat = true })).ResponseCode.Should().Be("00");
        (await terminal.Pay(terminal.Swipe(await Books.PutBill()))).Should().Be(Wait, "one was there again");
    }

    [Fact]
    public async Task A_payment_that_has_begun_is_told_how_it_goes_and_given_up_with_nothing_left()
    {
        var terminal = await cluster.NewTerminal();
        var desk = cluster.Bank.Desk(terminal.Id);
        var swipe = terminal.Swipe(await Books.PutBill());
        var paying = terminal.Pay(swipe);
        await desk.Asked;
        await UseUpPayments(terminal, Quota.PaymentsPerMinute - 1);
        await UseUpOthers(terminal);

        for (var round = 0; round < 3; round++)
        {
            (await terminal.Pay(swipe)).Reason.Should().Be(Refusal.InProgress);
            (await terminal.Pay(swipe with { IsRepeat = true })).Reason.Should().Be(Refusal.InProgress);
            (await terminal.Enquire(swipe)).Reason.Should().Be(Refusal.InProgress);
        }

        (await terminal.Abandon(swipe)).State.Should().Be(AttemptState.Reversing);
        desk.Answers("00");
        (await paying).State.Should().Be(AttemptState.Reversing);
        (await terminal.Pay(swipe with { IsRepeat = true })).State.Should().Be(AttemptState.Reversing);
        (await terminal.Enquire(swipe)).State.Should().Be(AttemptState.Reversing);
        (await terminal.Refuse(swipe.Key, Refusal.FormatError)).State.Should().Be(AttemptState.Reversing);
        (await terminal.Grain.Beat(terminal.Keys, null)).Refusal.Should().BeNull();
    }

    [Fact]
    public async Task A_repeat_costs_nothing()
    {
        var terminal = await cluster.NewTerminal();
        var swipe = terminal.Swipe(await Books.PutBill());
        await terminal.Pay(swipe);

        for (var round = 0; round < 2 * Quota.PaymentsPerMinute; round++)
        {
            (await terminal.Pay(swipe with { IsRepeat = true })).ResponseCode.Should().Be("00");
        }

        (await terminal.Pay(terminal.Swipe(await Books.PutBill()))).ResponseCode.Should().Be("00");
    }

    [Fact]
    public async Task Enquiries_and_abandonments_of_unknown_keys_leave_no_more_rows_than_the_quota()
    {
        var terminal = await cluster.NewTerminal();
        var answers = new List<SwipeAnswer>();
        for (var asked = 0; asked < 100; asked++)
        {
            answers.Add(await terminal.Enquire(terminal.Swipe(97)));
        }

        answers.Take(Quota.OthersPerMinute - 1).Should().OnlyContain(answer => answer.State == AttemptState.Void, "the sign-on was counted too");
        answers.Skip(Quota.OthersPerMinute - 1).Should().OnlyContain(answer => answer == Wait);
        (await terminal.Abandon(terminal.Swipe(97))).Should().Be(Wait);
        (await terminal.Refuse(terminal.NextKey(), Refusal.FormatError)).Should().Be(Wait);
        (await Books.Scalar<long>($"select count(*) from attempts where terminal_id = '{terminal.Id}'")).Should().Be(Quota.OthersPerMinute - 1);
        (await terminal.Pay(terminal.Swipe(await Books.PutBill()))).ResponseCode.Should().Be("00", "payments are counted apart");
        cluster.Time.Advance(TimeSpan.FromMinutes(1) / Quota.OthersPerMinute);
        (await terminal.Abandon(terminal.Swipe(97))).State.Should().Be(AttemptState.Void);
    }

    [Fact]
    public async Task Only_so_many_batches_are_closed_and_one_that_was_is_told_again()
    {
        var terminal = await cluster.NewTerminal();
        for (var batch = 1; batch <= Quota.BatchesPerHour; batch++)
        {
            (await terminal.Grain.CloseBatch(terminal.Keys, batch * 7_000, 1, 1, null)).Refusal.Should().Be(Refusal.TotalsDiffer);
        }

        (await terminal.Grain.CloseBatch(terminal.Keys, 999_999, 1, 1, null)).Refusal.Should().Be(Refusal.TooManyRequests);
        (await terminal.Pay(terminal.Swipe(await Books.PutBill(), new SwipeKey(terminal.Id, 999_999, 1)))).Should().Be(Wait);

        (await terminal.Grain.CloseBatch(terminal.Keys, Quota.BatchesPerHour * 7_000, 1, 1, 0)).Refusal.Should().Be(Refusal.TotalsDiffer);
        (await Books.Scalar<long>($"select count(*) from batches where terminal_id = '{terminal.Id}'")).Should().Be(Quota.BatchesPerHour);
    }

    [Fact]
    public async Task Heartbeats_are_always_answered_and_not_all_of_them_make_history()
    {
        var terminal = await cluster.NewTerminal();
        for (var beat = 0; beat < Quota.OthersPerMinute + 10; beat++)
        {
            (await terminal.Grain.Beat(terminal.Keys, new HealthState("{}", true, $"n={beat}"))).Refusal.Should().BeNull();
        }

        await Books.Until($"select count(*) = {Quota.OthersPerMinute - 1} from terminal_health_history where terminal_id = '{terminal.Id}'");
    }

    [Fact]
    public async Task Sign_ons_above_the_quota_change_nothing_and_its_keys_still_work()
    {
        var terminal = await cluster.NewTerminal();
        await terminal.Grain.Beat(terminal.Keys, null);
        await UseUpOthers(terminal);

        (await terminal.Grain.SignOn([7], [7], "en")).Should().BeNull();

        (await terminal.Grain.Find())!.Next.Should().BeNull();
        (await terminal.Grain.Beat(terminal.Keys, null)).Refusal.Should().BeNull();
        cluster.Time.Advance(TimeSpan.FromMinutes(1) / Quota.OthersPerMinute);
        await terminal.SignOn();
    }

    [Fact]
    public async Task Who_guesses_numbers_still_hears_of_a_payment_that_has_begun()
    {
        var terminal = await cluster.NewTerminal();
        var swipe = terminal.Swipe(await Books.PutBill());
        await terminal.Pay(swipe);
        for (var miss = 0; miss < LookupThrottle.MissesPerWindow; miss++)
        {
            await terminal.Grain.Lookup(terminal.Keys, terminal.NextKey(), BillNumber.FromRandom(900_000_000_000 + miss).Value);
        }

        (await terminal.Pay(swipe with { IsRepeat = true })).ResponseCode.Should().Be("00");
        (await terminal.Pay(terminal.Swipe(await Books.PutBill()))).Should().Be(Wait);
    }

    [Fact]
    public async Task On_the_line_a_repeat_is_known_as_one_and_too_many_sign_ons_are_told_so_under_their_MAC()
    {
        const string Id = "T9000001";
        var master = MasterKey.NewKey();
        await new ProvisioningRows(Books.Database).PutTerminals(Books.Store, [Id], [master]);
        using var watch = new LineWatch(Options.Create(new TerminalGatewayOptions()), cluster.Time, NullLogger<LineWatch>.Instance);
        await using var device = new GatewayDevice(cluster.Grains, watch, cluster.Time, Id, new MasterKey(master));
        await device.SignOn();
        var swipe = device.Swipe(await Books.PutBill(), TestTerminal.Amount);
        (await device.Pay(swipe)).Code.Should().Be("00");
        for (var round = 0; round < Quota.PaymentsPerMinute; round++)
        {
            (await device.Pay(swipe with { IsRepeat = true })).Code.Should().Be("00");
        }

        var bill = await Books.PutBill();
        for (var paid = 1; paid < Quota.PaymentsPerMinute; paid++)
        {
            (await device.Pay(device.Swipe(bill, 1))).Reason.Should().Be((int)Refusal.AmountWrong);
        }

        var tooMuch = await device.Pay(device.Swipe(bill, TestTerminal.Amount));
        (tooMuch.Code, tooMuch.Reason, tooMuch.ClerkText).Should().Be(("91", 150, "Too much at once from this terminal. Wait a minute."));

        Iso8583Message answer;
        var signOns = 1;
        while ((answer = await device.AskToSignOn()).Text(39) == "00")
        {
            (++signOns).Should().BeLessThanOrEqualTo(Quota.OthersPerMinute);
        }

        signOns.Should().Be(Quota.OthersPerMinute);
        SignOnRefusal.FromIso(answer).Verdict.Reason.Should().Be(150);
        (await device.Pay(swipe with { IsRepeat = true })).Code.Should().Be("00", "its keys are as good as before");
    }

    [Fact]
    public void What_is_used_up_comes_back_with_time_and_each_kind_is_counted_apart()
    {
        var time = new FakeTimeProvider();
        var quota = new TerminalQuota(new TerminalQuotaOptions { PaymentsPerMinute = 2, OthersPerMinute = 3, BatchesPerHour = 4 }, time);

        Enumerable.Range(0, 3).Select(_ => quota.TryTakePayment(1)).Should().Equal(true, true, false);
        Enumerable.Range(0, 4).Select(_ => quota.TryTake(1)).Should().Equal(true, true, true, false);
        quota.TryTake().Should().BeFalse();
        time.Advance(TimeSpan.FromSeconds(20));
        quota.TryTakePayment(1).Should().BeFalse();
        quota.TryTake().Should().BeTrue();
        time.Advance(TimeSpan.FromSeconds(10));
        quota.TryTakePayment(1).Should().BeTrue();
    }

    [Fact]
    public void A_batch_counts_once_wherever_its_number_lies()
    {
        var time = new FakeTimeProvider();
        var quota = new TerminalQuota(new TerminalQuotaOptions { PaymentsPerMinute = 100, BatchesPerHour = 3 }, time);

        ((int[])[5, 999_999, 5, 1, 999_999, 1]).Should().OnlyContain(batch => quota.TryTakePayment(batch));
        quota.TryTakePayment(2).Should().BeFalse();
        quota.TryTakeBatch(2).Should().BeFalse();
        quota.TryTakeBatch(5).Should().BeTrue();
        time.Advance(TimeSpan.FromMinutes(20));
        quota.TryTake(2).Should().BeTrue();
    }

    [Fact]
    public void A_quota_is_at_least_one() =>
        new TerminalQuotaOptions.Validator().Validate(null, new TerminalQuotaOptions { BatchesPerHour = 0 }).Failed.Should().BeTrue();

    // Refused for their amount, because the test bank already holds a request of this terminal.
    private async Task UseUpPayments(TestTerminal terminal, int left)
    {
        var bill = await Books.PutBill();
        for (; left > 0; left--)
        {
            (await terminal.Pay(terminal.Swipe(bill, amount: 1))).Reason.Should().Be(Refusal.AmountWrong);
        }

        (await terminal.Pay(terminal.Swipe(bill))).Should().Be(Wait);
    }

    private static async Task UseUpOthers(TestTerminal terminal)
    {
        for (var asked = 0; await terminal.Enquire(terminal.Swipe(97)) != Wait; asked++)
        {
            asked.Should().BeLessThan(Quota.OthersPerMinute);
        }
    }
}

/// <summary>Grains with the default quotas, and a clock that only the test moves.</summary>
public sealed class StrictCluster(TestPostgres postgres) : IAsyncLifetime
{
    private Silos _silos = null!;
    private int _terminals;

    public Books Books { get; } = new(postgres);

    public TestBank Bank { get; } = new();

    public IGrainFactory Grains => _silos.Grains;

    public StillTime Time { get; } = new();

    public async ValueTask InitializeAsync()
    {
        await Books.InitializeAsync();
        _silos = await Silos.Start(Books.ConnectionString, Bank, time: Time, quota: new TerminalQuotaOptions());
    }

    public async ValueTask DisposeAsync()
    {
        await _silos.DisposeAsync();
        await Books.DisposeAsync();
    }

    public Task<TestTerminal> NewTerminal() => TestTerminal.Provision(Books, _silos, $"T{Interlocked.Increment(ref _terminals):D7}");
}

/// <summary>The test sets its timestamps; its timers and its time of day are the system's.</summary>
public sealed class StillTime : TimeProvider
{
    private long _now = System.GetTimestamp();

    public override long GetTimestamp() => Interlocked.Read(ref _now);

    public void Advance(TimeSpan by) => Interlocked.Add(ref _now, (long)(by.TotalSeconds * TimestampFrequency));
}
