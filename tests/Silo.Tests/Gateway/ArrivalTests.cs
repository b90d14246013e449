using System.Net;
using Lakala.Silo.Gateway;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Silo.Tests.Gateway;

/// <summary>Which connections the gateway accepts, which get a handshake, and which make room.</summary>
public sealed class ArrivalTests
{
    private static readonly IPAddress Store = IPAddress.Parse("192.0.2.1"), Stranger = IPAddress.Parse("198.51.100.7");

    private readonly FakeTimeProvider _time = new();
    private readonly List<string> _closed = [];

    [Fact]
    public void The_oldest_silent_connection_of_an_address_makes_room_for_its_next()
    {
        var arrivals = Arrivals(perAddress: 2);
        Enter(arrivals, Store, "store");
        Enter(arrivals, Stranger, "first");
        Enter(arrivals, Stranger, "second")!.Spoke();

        Enter(arrivals, Stranger, "third").Should().NotBeNull();
        _closed.Should().Equal("first");
    }

    [Fact]
    public void Where_all_have_spoken_a_new_one_is_refused_and_a_place_that_is_left_is_free()
    {
        var arrivals = Arrivals(perAddress: 1);
        var line = Enter(arrivals, Store, "line")!;
        line.Spoke();
        Enter(arrivals, Store, "too many").Should().BeNull();

        line.Dispose();
        line.Dispose();

        Enter(arrivals, Store, "next")!.Spoke();
        Enter(arrivals, Store, "too many again").Should().BeNull();
        _closed.Should().BeEmpty();
    }

    [Theory]
    [InlineData(3, 100)]
    [InlineData(100, 3)]
    public void Silent_connections_of_many_addresses_make_room_for_whoever_comes(int inAll, int silent)
    {
        var arrivals = Arrivals(inAll: inAll, silent: silent);
        for (var host = 1; host <= 50; host++)
        {
            Enter(arrivals, IPAddress.Parse($"198.51.100.{host}"), $"{host}").Should().NotBeNull();
        }

        Enter(arrivals, Store, "store").Should().NotBeNull();
        _closed.Should().Equal(Enumerable.Range(1, 48).Select(host => $"{host}"));
    }

    [Fact]
    public void Whoever_says_nothing_in_time_is_closed()
    {
        var arrivals = Arrivals();
        Enter(arrivals, Store, "silent");
        Enter(arrivals, Store, "quick")!.Spoke();
        _time.Advance(TimeSpan.FromSeconds(3));
        Enter(arrivals, Store, "later");
        _time.Advance(TimeSpan.FromSeconds(2));

        arrivals.DropSilent(TimeSpan.FromSeconds(5)).Should().Be(1);
        _closed.Should().Equal("silent");
    }

    [Fact]
    public void What_an_address_says_that_is_not_authentic_is_bounded_whatever_the_number_of_its_lines()
    {
        var arrivals = Arrivals(rejects: 6);
        for (var line = 0; line < 6; line++)
        {
            using var arrival = Enter(arrivals, Stranger, "line")!;
            arrival.IsRefusedTooOften.Should().BeFalse();
            arrival.Refused();
        }

        arrivals.DropSilent(TimeSpan.FromSeconds(5));
        Enter(arrivals, Stranger, "line")!.IsRefusedTooOften.Should().BeTrue();
        Enter(arrivals, Store, "store")!.IsRefusedTooOften.Should().BeFalse();

        _time.Advance(TimeSpan.FromSeconds(11));
        Enter(arrivals, Stranger, "line")!.IsRefusedTooOften.Should().BeFalse();
    }

    [Fact]
    public void Of_IPv6_a_whole_household_is_one_address_and_a_mapped_one_is_what_it_maps()
    {
        var arrivals = Arrivals(perAddress: 1);
        Enter(arrivals, IPAddress.Parse("2001:db8:1:2::1"), "first")!.Spoke();
        Enter(arrivals, Store, "mapped")!.Spoke();

        Enter(arrivals, IPAddress.Parse("2001:db8:1:2:ffff::9"), "same house").Should().BeNull();
        Enter(arrivals, Store.MapToIPv6(), "same").Should().BeNull();
        Enter(arrivals, IPAddress.Parse("2001:db8:1:3::1"), "next door").Should().NotBeNull();
    }

    [Fact]
    public async Task Addresses_that_wait_for_a_handshake_have_their_turns_one_after_the_other()
    {
        var turns = new HandshakeTurns(1, _time);
        var first = await turns.Take(Stranger, CancellationToken.None);
        var crowd = Enumerable.Range(0, 1_000).Select(_ => turns.Take(Stranger, CancellationToken.None)).ToArray();
        var store = turns.Take(Store, CancellationToken.None);

        first.Dispose();
        (await crowd[0]).Dispose();

        (await store).Should().NotBeNull();
        crowd[1].IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task A_handshake_that_stands_still_keeps_its_turn_for_a_moment_only()
    {
        var turns = new HandshakeTurns(1, _time);
        var stuck = await turns.Take(Stranger, CancellationToken.None);
        var store = turns.Take(Store, CancellationToken.None);

        _time.Advance(HandshakeTurns.Longest);
        var turn = await store;

        // A later end gives no second turn.
        stuck.Dispose();
        turns.Take(Stranger, CancellationToken.None).IsCompleted.Should().BeFalse();
        turn.Dispose();
    }

    [Fact]
    public async Task Whoever_goes_before_its_turn_leaves_no_gap()
    {
        var turns = new HandshakeTurns(1, _time);
        var first = await turns.Take(Store, CancellationToken.None);
        using var gone = new CancellationTokenSource();
        var leaver = turns.Take(Stranger, gone.Token);
        var next = turns.Take(Store, CancellationToken.None);

        await gone.CancelAsync();
        first.Dispose();

        await leaver.Invoking(turn => turn).Should().ThrowAsync<OperationCanceledException>();
        (await next).Should().NotBeNull();
    }

    [Fact]
    public void An_invented_terminal_is_looked_up_once_in_a_while_and_the_memory_of_them_is_bounded()
    {
        var unknown = new UnknownTerminals(_time);
        unknown.Has("X0000001").Should().BeFalse();
        unknown.Add("X0000001");
        unknown.Has("X0000001").Should().BeTrue();
        unknown.Has("X0000002").Should().BeFalse();

        _time.Advance(UnknownTerminals.Memory);
        unknown.Has("X0000001").Should().BeFalse("it may have been added meanwhile");
    }

    private Arrivals Arrivals(int inAll = 1_000, int perAddress = 1_000, int silent = 1_000, int rejects = 600) => new(
        new TerminalGatewayOptions { MaxConnections = inAll, MaxConnectionsPerAddress = perAddress, MaxSilent = silent, MaxRejectsPerAddress = rejects }, _time);

    private Arrivals.Arrival? Enter(Arrivals arrivals, IPAddress address, string name) => arrivals.Enter(address, () => _closed.Add(name));
}
