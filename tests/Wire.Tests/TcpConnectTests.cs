using System.Net;
using System.Net.Sockets;
using Lakala.Wire.Tls;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Wire.Tests;

public sealed class TcpConnectTests
{
    private static readonly IPAddress First = IPAddress.Parse("192.0.2.1"), Second = IPAddress.Parse("192.0.2.2"), Third = IPAddress.Parse("192.0.2.3");

    private readonly FakeTimeProvider _time = new();
    private readonly Dictionary<IPAddress, TaskCompletionSource<Line>> _lines = new() { [First] = new(), [Second] = new(), [Third] = new() };
    private readonly Dictionary<IPAddress, TaskCompletionSource> _asked = new() { [First] = new(), [Second] = new(), [Third] = new() };
    private readonly List<IPAddress> _tried = [];

    [Fact]
    public async Task An_address_that_swallows_everything_does_not_keep_the_next_one_waiting()
    {
        var race = Race(First, Second);
        _tried.Should().Equal(First);

        _time.Advance(TcpConnect.NextAfter);
        await _asked[Second].Task.WaitAsync(TestContext.Current.CancellationToken);
        var line = new Line();
        _lines[Second].SetResult(line);

        (await race).Should().BeSameAs(line);
    }

    [Fact]
    public async Task An_address_that_refuses_is_followed_by_the_next_at_once()
    {
        var race = Race(First, Second, Third);
        _lines[First].SetException(new SocketException((int)SocketError.ConnectionRefused));
        _lines[Second].SetException(new SocketException((int)SocketError.ConnectionRefused));
        var line = new Line();
        _lines[Third].SetResult(line);

        (await race).Should().BeSameAs(line);
        _tried.Should().Equal(First, Second, Third);
    }

    [Fact]
    public async Task An_address_that_is_late_may_still_be_the_first_to_answer()
    {
        var race = Race(First, Second);
        _time.Advance(TcpConnect.NextAfter);
        await _asked[Second].Task.WaitAsync(TestContext.Current.CancellationToken);
        var (line, late) = (new Line(), new Line());
        _lines[First].SetResult(line);

        (await race).Should().BeSameAs(line);
        _lines[Second].SetResult(late);
        await late.Disposed.WaitAsync(TestContext.Current.CancellationToken);
        line.Disposed.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task When_none_answers_the_first_fault_is_told()
    {
        var race = Race(First, Second);
        _lines[First].SetException(new SocketException((int)SocketError.ConnectionRefused));
        _lines[Second].SetException(new SocketException((int)SocketError.NetworkUnreachable));

        (await race.Invoking(done => done).Should().ThrowAsync<SocketException>()).Which.SocketErrorCode.Should().Be(SocketError.ConnectionRefused);
    }

    [Fact]
    public async Task Whoever_has_enough_of_it_is_not_kept()
    {
        using var stop = new CancellationTokenSource();
        var race = TcpConnect.Race([First, Second], Connect, _time, stop.Token);
        await stop.CancelAsync();

        await race.Invoking(done => done).Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public void The_two_families_are_tried_in_turns_beginning_with_the_preferred_one()
    {
        var (six, alsoSix) = (IPAddress.Parse("2001:db8::1"), IPAddress.Parse("2001:db8::2"));

        TcpConnect.InTurns([six, alsoSix, First, Second]).Should().Equal(six, First, alsoSix, Second);
        TcpConnect.InTurns([First, six]).Should().Equal(First, six);
        TcpConnect.InTurns([]).Should().BeEmpty();
    }

    [Fact]
    public async Task Real_sockets_that_say_nothing_and_refuse_are_passed_over()
    {
        var stop = TestContext.Current.CancellationToken;
        using var server = new TcpListener(IPAddress.Parse("127.0.0.3"), 0);
        server.Start();
        var port = ((IPEndPoint)server.LocalEndpoint).Port;

        // A listener with a full queue ignores further connections, as a firewall does.
        using var full = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        full.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), port));
        full.Listen(0);
        using var filling = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await filling.ConnectAsync("127.0.0.2", port, stop);

        using var socket = await TcpConnect.ToAny(
            [IPAddress.Parse("127.0.0.2"), IPAddress.Parse("127.0.0.4"), IPAddress.Parse("127.0.0.3")], port, TimeProvider.System, stop);

        socket.RemoteEndPoint.Should().Be(new IPEndPoint(IPAddress.Parse("127.0.0.3"), port));
    }

    private Task<Line> Race(params IPAddress[] addresses) => TcpConnect.Race(addresses, Connect, _time, TestContext.Current.CancellationToken);

    private Task<Line> Connect(IPAddress address, CancellationToken stop)
    {
        _tried.Add(address);
        _asked[address].SetResult();
        return _lines[address].Task;
    }

    private sealed class Line : IDisposable
    {
        private readonly TaskCompletionSource _disposed = new();

        public Task Disposed => _disposed.Task;

        public void Dispose() => _disposed.TrySetResult();
    }
}
