using Lakala.Bills;
using Lakala.Grains.Terminals;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Grains.Tests;

/// <summary>Sessions, and what a terminal may not do.</summary>
public sealed class TerminalTests(SwipeCluster cluster) : IClassFixture<SwipeCluster>
{
    private Books Books => cluster.Books;

    [Fact]
    public async Task New_keys_become_current_with_the_first_message_under_them()
    {
        var terminal = await cluster.NewTerminal();
        (await terminal.Grain.Echo(terminal.Keys)).Should().BeNull();
        var old = terminal.Keys;

        await terminal.SignOn();
        (await terminal.Grain.Echo(old)).Should().BeNull("the new keys are not proven yet");
        (await terminal.Grain.Echo(terminal.Keys)).Should().BeNull();

        (await terminal.Grain.Echo(old)).Should().Be(Refusal.SignOnFirst);
        (await terminal.Grain.Find())!.Next.Should().BeNull();
    }

    [Fact]
    public async Task A_replayed_sign_on_evicts_nobody()
    {
        var terminal = await cluster.NewTerminal();
        await terminal.Grain.Echo(terminal.Keys);

        for (var i = 0; i < 3; i++)
        {
            await terminal.Grain.SignOn([7], [7], "en");
        }

        (await terminal.Pay(terminal.Swipe(await Books.PutBill()))).ResponseCode.Should().Be("00");
        await cluster.Silos.Deactivate(terminal.Grain);
        (await terminal.Grain.Echo(terminal.Keys)).Should().BeNull();
    }

    [Fact]
    public async Task Two_first_messages_at_once_under_new_keys_are_both_heard()
    {
        var terminal = await cluster.NewTerminal();

        var heard = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => terminal.Grain.Echo(terminal.Keys)));

        heard.Should().OnlyContain(no => no == null);
    }

    [Fact]
    public async Task A_session_survives_its_grain()
    {
        var terminal = await cluster.NewTerminal();
        await terminal.Grain.Echo(terminal.Keys);

        await cluster.Silos.Deactivate(terminal.Grain);

        (await terminal.Grain.Echo(terminal.Keys)).Should().BeNull();
    }

    [Fact]
    public async Task An_old_key_set_hears_77_and_voids_nothing()
    {
        var terminal = await cluster.NewTerminal();
        var old = terminal.Keys;
        await terminal.SignOn();
        await terminal.Grain.Echo(terminal.Keys);
        var swipe = terminal.Swipe(await Books.PutBill());

        (await terminal.Grain.Pay(old, swipe)).ResponseCode.Should().Be("77");
        (await terminal.Grain.Enquire(old, swipe.Key, swipe.Bill, swipe.Amount)).ResponseCode.Should().Be("77");
        (await terminal.Grain.Abandon(old, swipe.Key)).ResponseCode.Should().Be("77");
        (await terminal.Grain.Refuse(old, swipe.Key, Refusal.FormatError)).ResponseCode.Should().Be("77");

        (await Books.StateUnder(swipe.Key)).Should().BeNull();
        (await terminal.Pay(swipe)).ResponseCode.Should().Be("00");
    }

    [Fact]
    public async Task A_session_ends_with_its_sign_off()
    {
        var terminal = await cluster.NewTerminal();

        (await terminal.Grain.SignOff(terminal.Keys)).Should().BeNull();

        (await terminal.Grain.Echo(terminal.Keys)).Should().Be(Refusal.SignOnFirst);
        await terminal.SignOn();
        (await terminal.Grain.Echo(terminal.Keys)).Should().BeNull();
    }

    [Fact]
    public async Task A_blocked_terminal_hears_58_and_an_unknown_one_too()
    {
        var terminal = await cluster.NewTerminal();
        await Books.Execute($"update terminals set blocked = true where id = '{terminal.Id}'");
        await cluster.Silos.Deactivate(terminal.Grain);
        var unknown = cluster.Silos.Grains.GetGrain<ITerminalGrain>("T9999999");

        (await terminal.Pay(terminal.Swipe(await Books.PutBill()))).Reason.Should().Be(Refusal.TerminalBlocked);
        (await terminal.Grain.Echo(terminal.Keys)).Should().Be(Refusal.TerminalBlocked);
        (await unknown.Find()).Should().BeNull();
        (await unknown.Echo(1)).Should().Be(Refusal.UnknownTerminal);
    }

    [Fact]
    public async Task An_operator_takes_effect_on_a_terminal_that_never_rests()
    {
        var clock = new ShiftedTime();
        await using var silos = await Silos.Start(Books.ConnectionString, cluster.Bank, time: clock);
        var terminal = await TestTerminal.Provision(Books, silos, "T8000001");
        (await terminal.Grain.Echo(terminal.Keys)).Should().BeNull();
        await Books.Execute($"update terminals set blocked = true where id = '{terminal.Id}'");

        clock.Advance(TimeSpan.FromSeconds(31));

        (await terminal.Grain.Echo(terminal.Keys)).Should().Be(Refusal.TerminalBlocked);
    }

    [Fact]
    public async Task Guessing_bill_numbers_is_throttled()
    {
        var terminal = await cluster.NewTerminal();
        var bill = await Books.PutBill();
        for (var i = 0; i < LookupThrottle.MissesPerWindow; i++)
        {
            var missed = await terminal.Grain.Lookup(terminal.Keys, terminal.NextKey(), BillNumber.FromRandom(900_000_000_000 + i).Value);
            missed.Refusal.Should().Be(Refusal.BillUnknown);
        }

        (await terminal.Grain.Lookup(terminal.Keys, terminal.NextKey(), bill)).Refusal.Should().Be(Refusal.TooManyLookups);
        (await terminal.Pay(terminal.Swipe(bill))).Reason.Should().Be(Refusal.TooManyLookups);
    }

    [Fact]
    public async Task A_replayed_lookup_is_refused_and_a_new_session_begins_anew()
    {
        var terminal = await cluster.NewTerminal();
        var bill = await Books.PutBill();
        var key = terminal.NextKey();
        (await terminal.Grain.Lookup(terminal.Keys, key, bill)).Refusal.Should().BeNull();

        (await terminal.Grain.Lookup(terminal.Keys, key, bill)).Refusal.Should().Be(Refusal.StanReplayed);
        await terminal.SignOn();

        (await terminal.Grain.Lookup(terminal.Keys, key, bill)).Refusal.Should().BeNull();
    }

    [Fact]
    public void The_window_accepts_each_STAN_once_and_none_from_before_it()
    {
        var window = new StanWindow();
        static SwipeKey Key(int batch, int stan) => new("T0000001", batch, stan);

        window.Accept(Key(1, 100)).Should().BeTrue();
        window.Accept(Key(1, 37)).Should().BeTrue("it is the last one inside the window");
        window.Accept(Key(1, 37)).Should().BeFalse();
        window.Accept(Key(1, 36)).Should().BeFalse();
        window.Accept(Key(1, 101)).Should().BeTrue();
        window.Accept(Key(1, 100)).Should().BeFalse();
        window.Accept(Key(1, 165)).Should().BeTrue();
        window.Accept(Key(1, 101)).Should().BeFalse();
        window.Accept(Key(2, 1)).Should().BeTrue();
        window.Accept(Key(1, 999_999)).Should().BeTrue("it was never seen and is right before the next batch");
        window.Accept(Key(1, 200)).Should().BeFalse();
        window.Clear();
        window.Accept(Key(1, 200)).Should().BeTrue();
    }

    [Fact]
    public void The_throttle_forgets_with_its_window()
    {
        var clock = new FakeTimeProvider();
        var throttle = new LookupThrottle(clock);
        Enumerable.Range(0, LookupThrottle.LookupsPerWindow).Should().OnlyContain(_ => throttle.Accept());

        throttle.Accept().Should().BeFalse();
        clock.Advance(LookupThrottle.Window);

        throttle.Accept().Should().BeTrue();
    }
}
