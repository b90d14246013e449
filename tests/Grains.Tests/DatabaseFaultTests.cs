using Lakala.Bills;
using Lakala.Grains.Bills;
using Lakala.Grains.Storage;
using Lakala.Grains.Terminals;

namespace Lakala.Grains.Tests;

/// <summary>PostgreSQL goes away, or its line is cut in the middle of a commit.</summary>
public sealed class DatabaseFaultTests(TestPostgres postgres) : IAsyncLifetime
{
    private const string Marked = "621700******0077";

    private readonly Books _books = new(postgres);
    private readonly TestBank _bank = new();
    private TestLine _line = null!;
    private Silos _silos = null!;
    private TestTerminal _terminal = null!;

    public async ValueTask InitializeAsync()
    {
        await _books.InitializeAsync();
        _line = new TestLine(_books.ConnectionString);
        await Start(new SwipeOptions());
    }

    public async ValueTask DisposeAsync()
    {
        await _silos.DisposeAsync();
        await _line.DisposeAsync();
        await _books.DisposeAsync();
    }

    [Fact]
    public async Task While_the_database_is_away_a_terminal_hears_91_at_once_and_nothing_is_stored()
    {
        var swipe = _terminal.Swipe(await _books.PutBill());
        _line.Close();

        (await _terminal.Pay(swipe)).ResponseCode.Should().Be("91");
        (await _terminal.Enquire(swipe)).ResponseCode.Should().Be("91");
        (await _terminal.Abandon(swipe)).ResponseCode.Should().Be("91");
        (await _terminal.Refuse(swipe.Key, Refusal.FormatError)).ResponseCode.Should().Be("91");
        (await _terminal.Grain.Lookup(_terminal.Keys, _terminal.NextKey(), swipe.Bill)).Refusal.Should().Be(Refusal.TryLater);
        await _terminal.Forget(swipe);
        (await _terminal.Pay(swipe)).ResponseCode.Should().Be("91");
        (await _terminal.Grain.Echo(_terminal.Keys)).Should().Be(Refusal.TryLater);
        await FluentActions.Awaiting(() => _terminal.Grain.Find()).Should().ThrowAsync<DatabaseAwayException>();

        (await _books.Scalar<long>("select count(*) from attempts")).Should().Be(0);
        _bank.Asked(_terminal.Id).Should().Be(0);
        _line.Open();
        (await _terminal.Pay(swipe)).ResponseCode.Should().Be("00");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_start_whose_commit_is_unknown_is_proven_before_the_bank_is_asked_once(bool committed)
    {
        var swipe = _terminal.Swipe(await _books.PutBill(), maskedPan: Marked);
        var cut = committed ? _line.CutAfter(Marked) : _line.CutBefore(Marked);

        var answer = await _terminal.Pay(swipe);

        cut.IsCompletedSuccessfully.Should().BeTrue();
        answer.ResponseCode.Should().Be("00");
        _bank.Asked(swipe.Key).Should().Be(1);
        await _books.ShouldBalance();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_answer_after_an_unknown_commit_of_the_approval_is_the_truth(bool committed)
    {
        var swipe = _terminal.Swipe(await _books.PutBill());
        var cut = committed ? _line.CutAfter(TestBank.Code) : _line.CutBefore(TestBank.Code);

        var answer = await _terminal.Pay(swipe);

        cut.IsCompletedSuccessfully.Should().BeTrue();
        answer.Should().Match<SwipeAnswer>(a => a.ResponseCode == "00" && a.AuthorisationCode == TestBank.Code);
        (await _books.StateOf(swipe.Bill)).Should().Be(BillState.Paid);
        (await _books.Scalar<long>($"select count(*) from events where bill = {swipe.Bill}")).Should().Be(1);
        (await _terminal.Pay(swipe)).Should().Be(answer);
        await _books.ShouldBalance();
    }

    [Fact]
    public async Task A_start_that_stays_unknown_is_answered_with_silence_and_never_reaches_the_bank()
    {
        await Restart(Short);
        var swipe = _terminal.Swipe(await _books.PutBill(), maskedPan: Marked);
        var cut = _line.CutAfter(Marked);
        var answering = _terminal.Pay(swipe);
        await cut;
        _line.Close();

        (await answering).ResponseCode.Should().BeNull();

        _bank.Asked(_terminal.Id).Should().Be(0);
        (await _books.StateUnder(swipe.Key)).Should().Be(AttemptState.Sent);
        await SweepShouldReverse(swipe);
    }

    [Fact]
    public async Task An_approval_that_cannot_be_committed_in_time_is_answered_with_silence_and_then_reversed()
    {
        await Restart(Short);
        var swipe = _terminal.Swipe(await _books.PutBill());
        var desk = _bank.Desk(_terminal.Id);
        var answering = _terminal.Pay(swipe);
        await desk.Asked;
        _line.Close();
        desk.Answers("00");

        (await answering).ResponseCode.Should().BeNull();

        (await _books.StateUnder(swipe.Key)).Should().Be(AttemptState.Sent);
        await SweepShouldReverse(swipe);
    }

    // The bank answers at once, so its time-out does not matter here; the commit deadline is waited for.
    private static SwipeOptions Short => new() { BankTimeout = TimeSpan.FromSeconds(2.5), CommitDeadline = TimeSpan.FromSeconds(3) };

    private async Task SweepShouldReverse(PayBill swipe)
    {
        _line.Open();
        await _books.Execute("update attempts set deadline = clock_timestamp() - interval '1 minute'");
        var keys = _silos.Service<SwipeKeys>();
        foreach (var overdue in await _books.Bills.Overdue(TimeSpan.FromSeconds(5), 10, TestContext.Current.CancellationToken))
        {
            (await keys.Reverse(overdue)).Moved.Should().BeTrue();
        }

        (await _books.StateUnder(swipe.Key)).Should().Be(AttemptState.Reversing);
        (await _books.StateOf(swipe.Bill)).Should().Be(BillState.Open);
        (await _terminal.Pay(swipe)).ResponseCode.Should().Be("68");
        await _books.ShouldBalance();
    }

    private async Task Restart(SwipeOptions timers)
    {
        await _silos.DisposeAsync();
        await Start(timers);
    }

    private async Task Start(SwipeOptions timers)
    {
        _silos = await Silos.Start(_line.ConnectionString, _bank, timers);
        _terminal = await TestTerminal.Provision(_books, _silos, "T0000001");
    }
}
