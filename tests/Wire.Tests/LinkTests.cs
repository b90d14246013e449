using System.Buffers;
using System.Text;
using System.Threading.Channels;
using Lakala.Vocabulary;
using Lakala.Wire.Bank;
using Lakala.Wire.Iso8583;

namespace Lakala.Wire.Tests;

/// <summary>The client side of a line against a peer at the level of bytes, with a clock that only the test moves.</summary>
public sealed class LinkTests : IAsyncDisposable
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(200);
    private static readonly MessageMac SignOnMac = new(new byte[32]);

    private readonly StandingTime _time = new();
    private readonly OtherSide _other = new();
    private readonly Channel<Iso8583Message> _unmatched = Channel.CreateUnbounded<Iso8583Message>();
    private readonly Channel<string> _troubles = Channel.CreateUnbounded<string>();
    private Func<Task<Stream>> _connect;
    private LinkProtocol _protocol;
    private Iso8583Link _link = null!;
    private MessageMac? _mac;
    private int _keys;
    private int _echos;

    public LinkTests()
    {
        _connect = _other.Connect;
        _protocol = Protocol(TimeSpan.FromHours(1), TimeSpan.FromHours(1));
    }

    public async ValueTask DisposeAsync()
    {
        if (_link is not null)
        {
            await _link.DisposeAsync();
        }
    }

    [Fact]
    public async Task Answers_find_their_requests_in_any_order_and_in_one_piece()
    {
        var line = await Up();

        var first = Request("000000000001");
        var second = Request("000000000002");
        await line.Read();
        await line.Read();
        await line.Send(_mac, Answer("000000000002"), Answer("000000000001"));

        (await first.Soon()).Should().BeOfType<LinkOutcome.Answered>().Which.Message.Text(37).Should().Be("000000000001");
        (await second.Soon()).Should().BeOfType<LinkOutcome.Answered>().Which.Message.Text(37).Should().Be("000000000002");
        _link.Outstanding.Should().Be(0);
    }

    [Fact]
    public async Task An_answer_byte_by_byte_is_an_answer()
    {
        var line = await Up();
        var request = Request("000000000001");
        await line.Read();

        var bytes = new byte[Iso8583Frame.MaxLength];
        var length = Iso8583Codec.Encode(Answer("000000000001"), bytes, _mac);
        foreach (var one in PeerLine.Frame(bytes[..length]))
        {
            await line.SendRaw(new[] { one });
        }

        (await request.Soon()).Should().BeOfType<LinkOutcome.Answered>();
    }

    [Fact]
    public async Task No_answer_in_time_is_no_answer_and_not_before()
    {
        var line = await Up();
        var request = Request("000000000001");
        await line.Read();

        _time.Advance(AnswerTimeout - Tick);
        await Exchange(line, "000000000002");
        request.IsCompleted.Should().BeFalse();
        _time.Advance(Tick);

        (await request.Soon()).Should().BeOfType<LinkOutcome.NoAnswer>();
        _link.State.Should().Be(LinkState.Up, "one slow answer is no reason to lose the line");
    }

    [Fact]
    public async Task A_late_answer_is_handed_over_as_unmatched()
    {
        var line = await Up();
        var request = Request("000000000001");
        await line.Read();
        _time.Advance(AnswerTimeout);
        await request.Soon();

        await line.Send(_mac, Answer("000000000001"));

        (await Next(_unmatched)).Text(37).Should().Be("000000000001");
    }

    [Fact]
    public async Task A_second_answer_is_handed_over_as_unmatched()
    {
        var line = await Up();
        var request = Request("000000000001");
        await line.Read();

        await line.Send(_mac, Answer("000000000001"), Answer("000000000001"));

        (await request.Soon()).Should().BeOfType<LinkOutcome.Answered>();
        (await Next(_unmatched)).Text(37).Should().Be("000000000001");
    }

    [Fact]
    public async Task Whoever_waits_when_the_line_is_lost_hears_no_answer()
    {
        var line = await Up();
        var request = Request("000000000001");
        await line.Read();

        line.Close();

        (await request.Soon()).Should().BeOfType<LinkOutcome.NoAnswer>();
    }

    [Fact]
    public async Task Nothing_is_sent_over_a_line_that_is_down()
    {
        _connect = () => throw new IOException("nobody there");
        Start();
        await Next(_troubles);

        (await _link.Request("1", Pay("000000000001"), SignOnMac, AnswerTimeout)).Should().BeOfType<LinkOutcome.NotSent>();
        _link.Outstanding.Should().Be(0);
    }

    [Fact]
    public async Task Nothing_is_sent_while_the_line_is_signing_on()
    {
        var line = await Up();
        var old = _mac!;
        line.Close();
        var next = await Reconnected();
        await next.Read();

        (await _link.Request("1", Pay("000000000001"), old, AnswerTimeout)).Should().BeOfType<LinkOutcome.NotSent>();
    }

    [Fact]
    public async Task What_was_made_under_other_keys_is_not_sent()
    {
        await Up();

        (await _link.Request("1", Pay("000000000001"), new MessageMac(new byte[32]), AnswerTimeout)).Should().BeOfType<LinkOutcome.NotSent>();
    }

    [Fact]
    public async Task A_second_request_of_a_name_in_flight_is_not_sent_and_leaves_the_first_alone()
    {
        var line = await Up();
        var first = Request("000000000001");
        await line.Read();

        (await Request("000000000001").Soon()).Should().BeOfType<LinkOutcome.NotSent>();
        await line.Send(_mac, Answer("000000000001"));

        (await first.Soon()).Should().BeOfType<LinkOutcome.Answered>();
    }

    [Fact]
    public async Task Past_the_bound_of_outstanding_requests_nothing_is_sent()
    {
        await Up();
        var outstanding = Enumerable.Range(1, _protocol.MaxOutstanding).Select(number => Request(number.ToString("D12", null))).ToList();

        var oneMore = await Request("999999999999").Soon();

        oneMore.Should().BeOfType<LinkOutcome.NotSent>();
        outstanding.Should().OnlyContain(request => !request.IsCompleted);
    }

    [Fact]
    public async Task A_message_that_does_not_fit_the_specification_is_a_fault_and_leaves_nothing_behind()
    {
        var line = await Up();

        var request = () => _link.Request("1", new Iso8583Message(Iso8583Spec.Lakala, Mti.PayRequest).Set(37, "short"), _mac!, AnswerTimeout);

        await request.Should().ThrowAsync<Iso8583Exception>();
        _link.Outstanding.Should().Be(0);
        await Exchange(line, "000000000001");
    }

    [Fact]
    public async Task An_answer_with_a_wrong_MAC_is_no_answer_and_the_right_one_still_counts()
    {
        var line = await Up();
        var request = Request("000000000001");
        await line.Read();

        await line.Send(new MessageMac(new byte[32]), Answer("000000000001"));
        await line.Send(null, Answer("000000000001"));
        (await Next(_troubles)).Should().Contain("0210").And.NotContain("000000000001");
        (await Next(_troubles)).Should().Contain("0210");
        request.IsCompleted.Should().BeFalse();
        await line.Send(_mac, Answer("000000000001"));

        (await request.Soon()).Should().BeOfType<LinkOutcome.Answered>();
    }

    [Fact]
    public async Task What_comes_right_behind_the_sign_on_answer_is_read_under_the_new_keys()
    {
        Start();
        var line = await _other.Accept();
        var (signOn, _) = await line.Read();
        var frames = new ArrayBufferWriter<byte>();
        Iso8583Frame.Write(frames, NetworkAnswer(signOn), SignOnMac);
        Iso8583Frame.Write(frames, Answer("000000000077"), Key(1));

        await line.SendRaw(frames.WrittenMemory);

        (await Next(_unmatched)).Text(37).Should().Be("000000000077");
        _link.State.Should().Be(LinkState.Up);
        _troubles.Reader.TryRead(out _).Should().BeFalse();
    }

    [Fact]
    public async Task Messages_under_the_keys_of_the_last_line_are_worth_nothing_while_the_next_signs_on()
    {
        var line = await Up();
        var old = _mac!;
        line.Close();
        await Next(_troubles);
        var next = await Reconnected();
        await next.Read();

        await next.Send(old, Answer("000000000001"));

        (await Next(_troubles)).Should().Contain("wrong or no MAC");
    }

    [Fact]
    public async Task An_idle_line_is_tried_with_an_echo_and_stays_up_when_it_is_answered()
    {
        var line = await Up();

        _time.Advance(_protocol.IdleBeforeEcho);
        var (echo, _) = await line.Read();
        echo.Mti.Should().Be(Mti.NetworkRequest);
        echo.RequireNumber(70).Should().Be(NetworkCode.Echo);
        await line.Send(_mac, NetworkAnswer(echo));
        await Exchange(line, "000000000001");
        _time.Advance(_protocol.EchoTimeout);

        await Exchange(line, "000000000002");
        _link.State.Should().Be(LinkState.Up);
    }

    [Fact]
    public async Task Lines_have_one_timer_together_and_it_runs_as_long_as_one_of_them_is_up()
    {
        var first = await Up();
        await using (var other = new Iso8583Link(_protocol, _time))
        {
            var second = await SignedOn(await _other.Accept());
            await other.WaitUntilUp(TestContext.Current.CancellationToken).Soon();
            _time.Advance(_protocol.IdleBeforeEcho);
            foreach (var line in new[] { first, second })
            {
                await line.Send(_mac, NetworkAnswer((await line.Read()).Message));
            }
        }

        await Exchange(first, "000000000001");
        _time.Advance(_protocol.IdleBeforeEcho + Tick);

        (await first.Read()).Message.RequireNumber(70).Should().Be(NetworkCode.Echo);
        _time.Periodic.Should().Be(1);
    }

    [Fact]
    public async Task An_echo_without_an_answer_drops_the_line()
    {
        var line = await Up();
        _time.Advance(_protocol.IdleBeforeEcho);
        await line.Read();

        _time.Advance(_protocol.EchoTimeout + Tick);

        await line.UntilClosed();
        (await Next(_troubles)).Should().Be("The other side does not answer an echo.");
    }

    [Fact]
    public async Task While_an_answer_is_waited_for_a_silent_line_is_tried_sooner_and_its_requests_are_set_free()
    {
        var line = await Up();
        var request = Request("000000000001");
        await line.Read();

        _time.Advance(_protocol.SilenceBeforeEcho);
        (await line.Read()).Message.RequireNumber(70).Should().Be(NetworkCode.Echo);
        _time.Advance(_protocol.EchoTimeout + Tick);

        (await request.Soon()).Should().BeOfType<LinkOutcome.NoAnswer>();
        await line.UntilClosed();
    }

    [Fact]
    public async Task A_line_on_which_nothing_believable_is_heard_is_idle()
    {
        var line = await Up();
        _time.Advance(_protocol.IdleBeforeEcho - Tick);
        await line.Send(new MessageMac(new byte[32]), Answer("000000000001"));
        await Next(_troubles);

        _time.Advance(Tick);

        (await line.Read()).Message.RequireNumber(70).Should().Be(NetworkCode.Echo);
    }

    [Theory]
    [InlineData("0000")]
    [InlineData("1001")]
    [InlineData("FFFF00")]
    [InlineData("000C474554202F20485454502F31")]
    [InlineData("000430323130")]
    public async Task Garbage_drops_the_line_and_the_next_one_works(string hex)
    {
        var line = await Up();
        var request = Request("000000000001");
        await line.Read();

        await line.SendRaw(Convert.FromHexString(hex));

        (await request.Soon()).Should().BeOfType<LinkOutcome.NoAnswer>();
        await line.UntilClosed();
        await Exchange(await SignedOn(await Reconnected()), "000000000002");
    }

    [Fact]
    public async Task Whatever_goes_wrong_on_a_line_the_next_one_is_tried()
    {
        var tries = 0;
        _connect = () => ++tries == 1 ? throw new InvalidOperationException("not even a fault of the line") : _other.Connect();
        Start();

        (await Next(_troubles)).Should().Be("not even a fault of the line");
        await SignedOn(await Reconnected());
    }

    [Fact]
    public async Task A_refused_sign_on_drops_the_line_and_is_tried_again()
    {
        Start();
        var line = await _other.Accept();
        var (signOn, _) = await line.Read();

        await line.Send(SignOnMac, NetworkAnswer(signOn, ResponseCodes.BadMac));

        await line.UntilClosed();
        _link.State.Should().NotBe(LinkState.Up);
        await SignedOn(await Reconnected());
    }

    [Fact]
    public async Task Whoever_waits_for_the_line_hears_when_it_is_up_and_may_stop_waiting()
    {
        using var enough = new CancellationTokenSource();
        Start();
        var patient = _link.WaitUntilUp(TestContext.Current.CancellationToken);
        var impatient = _link.WaitUntilUp(enough.Token);
        var line = await _other.Accept();

        await enough.CancelAsync();
        await FluentActions.Awaiting(() => impatient).Should().ThrowAsync<OperationCanceledException>();
        patient.IsCompleted.Should().BeFalse();
        await SignedOn(line);

        await patient.Soon();
        line.Close();
        await Next(_troubles);
        _link.WaitUntilUp(TestContext.Current.CancellationToken).IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task Reconnects_wait_a_random_time_under_a_bound_that_doubles_to_the_longest()
    {
        _connect = () => throw new IOException("nobody there");
        var (first, longest) = (TimeSpan.FromHours(1), TimeSpan.FromHours(10));
        _protocol = Protocol(first, longest);
        Start();

        var pauses = new List<TimeSpan>();
        for (var bound = first; pauses.Count < 12; bound = bound * 2 < longest ? bound * 2 : longest)
        {
            var pause = await _time.NextPause(_protocol.ConnectTimeout);
            pause.Should().BeLessThanOrEqualTo(bound);
            pauses.Add(pause);
            _time.Advance(pause);
        }

        pauses.Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public async Task After_a_line_that_was_up_reconnects_begin_with_the_shortest_bound_again()
    {
        var tries = 0;
        _connect = () => ++tries <= 6 ? throw new IOException("nobody there") : _other.Connect();
        _protocol = Protocol(TimeSpan.FromHours(1), TimeSpan.FromHours(100));
        Start();
        for (var i = 0; i < 6; i++)
        {
            _time.Advance(await _time.NextPause(_protocol.ConnectTimeout));
        }

        var line = await SignedOn(await _other.Accept());
        line.Close();

        (await _time.NextPause(_protocol.ConnectTimeout)).Should().BeLessThanOrEqualTo(TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task A_write_that_fails_counts_as_possibly_sent()
    {
        var broken = new BreakableStream();
        _connect = async () => broken.Around(await _other.Connect());
        await Up();
        broken.IsBroken = true;

        (await Request("000000000001").Soon()).Should().BeOfType<LinkOutcome.NoAnswer>();
    }

    [Fact]
    public async Task A_write_that_does_not_end_drops_the_line()
    {
        _protocol = Protocol(TimeSpan.FromHours(1), TimeSpan.FromHours(1), TimeSpan.FromSeconds(5));
        var line = await Up();
        var stuck = Request("000000000001");
        await line.UntilSomethingComes();
        var gathered = Request("000000000002");

        _time.Advance(_protocol.WriteTimeout);

        (await stuck.Soon()).Should().BeOfType<LinkOutcome.NoAnswer>();
        (await gathered.Soon()).Should().BeOfType<LinkOutcome.NoAnswer>();
        (await Next(_troubles)).Should().Be("The other side takes nothing any more.");
        await line.UntilClosed();
    }

    [Fact]
    public async Task Nothing_leaves_after_its_sender_has_given_up()
    {
        var line = await Up();
        var stuck = Request("000000000001");
        await line.UntilSomethingComes();
        var given = _link.Request("000000000002", Pay("000000000002"), _mac!, Tick);
        _time.Advance(Tick);
        await given.Soon();

        await line.Read();

        (await stuck.Soon()).Should().BeOfType<LinkOutcome.NoAnswer>();
        await FluentActions.Awaiting(line.Read).Should().ThrowAsync<IOException>("the second request must not come");
    }

    [Fact]
    public async Task A_peer_that_says_nothing_believable_any_more_loses_the_line()
    {
        const int Most = 64;
        var line = await Up();
        var request = Request("000000000001");
        await line.Read();

        await line.Send(null, [.. Enumerable.Repeat(Answer("000000000001"), Most)]);
        await Exchange(line, "000000000002");
        await line.Send(null, [.. Enumerable.Repeat(Answer("000000000001"), Most)]);
        await Exchange(line, "000000000003");
        request.IsCompleted.Should().BeFalse("it is passed over, as long as believable messages come between");
        await line.Send(null, [.. Enumerable.Repeat(Answer("000000000001"), Most + 1)]);

        (await request.Soon()).Should().BeOfType<LinkOutcome.NoAnswer>();
        await line.UntilClosed();
    }

    [Fact]
    public async Task What_has_been_sent_or_will_never_be_is_wiped_from_the_buffers()
    {
        const string Track = "6228480000000000000=49122010000000000";
        var connection = new BreakableStream();
        _connect = async () => connection.Around(await _other.Connect());
        var line = await Up();

        var first = _link.Request("000000000001", Pay("000000000001").Set(35, Track), _mac!, AnswerTimeout);
        await line.Read();
        var sent = connection.Buffers.Last();
        await line.Send(_mac, Answer("000000000001"));
        await first.Soon();
        await Exchange(line, "000000000002");
        Text(sent).Should().NotContain(Track).And.NotContain("000000000001");

        connection.IsBroken = true;
        await _link.Request("000000000003", Pay("000000000003").Set(35, Track), _mac!, AnswerTimeout).Soon();
        await _link.DisposeAsync().AsTask().Soon();
        connection.Buffers.Select(Text).Should().OnlyContain(text => !text.Contains(Track));
        _link = null!;

        static string Text(ReadOnlyMemory<byte> buffer) => Encoding.ASCII.GetString(buffer.Span);
    }

    [Fact]
    public async Task A_link_that_is_disposed_answers_whoever_waits()
    {
        var line = await Up();
        var request = Request("000000000001");
        await line.Read();

        await _link.DisposeAsync().AsTask().Soon();

        (await request.Soon()).Should().BeOfType<LinkOutcome.NoAnswer>();
        (await Request("000000000002").Soon()).Should().BeOfType<LinkOutcome.NotSent>();
        _link = null!;
    }

    private LinkProtocol Protocol(TimeSpan firstReconnect, TimeSpan longestReconnect, TimeSpan? writeTimeout = null) => new()
    {
        Connect = _ => _connect(),
        SignOn = SignOn,
        KeyOf = message => message.Mti == Mti.NetworkAnswer ? "E" + message.Text(11) : message.Text(37),
        Mac = () => _mac,
        Echo = () => ("E" + (++_echos).ToString("D6", null), new BankNetworkMessage(_echos, NetworkCode.Echo).ToIso()),
        Unmatched = message => _unmatched.Writer.TryWrite(message),
        Trouble = why => _troubles.Writer.TryWrite(why),
        Reconnect = new Backoff(firstReconnect, longestReconnect, Jitter: 1),
        WriteTimeout = writeTimeout ?? TimeSpan.FromHours(1),
        MaxOutstanding = 8,
    };

    private async Task SignOn(Iso8583Link link, CancellationToken stop)
    {
        var request = new BankNetworkMessage(900_000 + ++_keys, NetworkCode.SignOn);
        var outcome = await link.RequestSignOn("E" + request.Stan, request.ToIso(), SignOnMac, AnswerTimeout);
        _mac = outcome is LinkOutcome.Answered { Message: var answer } && answer.Text(39) == ResponseCodes.Approved
            ? Key(_keys)
            : throw new IOException("refused");
    }

    private void Start() => _link = new Iso8583Link(_protocol, _time);

    private async Task<PeerLine> Up()
    {
        Start();
        return await SignedOn(await _other.Accept());
    }

    private async Task<PeerLine> SignedOn(PeerLine line)
    {
        var up = _link.WaitUntilUp(TestContext.Current.CancellationToken);
        var (signOn, frame) = await line.Read();
        SignOnMac.Verify(signOn, frame).Should().BeTrue();
        await line.Send(SignOnMac, NetworkAnswer(signOn));
        await up.Soon();
        return line;
    }

    private async Task<PeerLine> Reconnected()
    {
        _time.Advance(await _time.NextPause(_protocol.ConnectTimeout));
        return await _other.Accept();
    }

    private async Task Exchange(PeerLine line, string rrn)
    {
        var request = Request(rrn);
        var (message, frame) = await line.Read();
        _mac!.Verify(message, frame).Should().BeTrue();
        await line.Send(_mac, Answer(rrn));
        (await request.Soon()).Should().BeOfType<LinkOutcome.Answered>();
    }

    private Task<LinkOutcome> Request(string rrn) => _link.Request(rrn, Pay(rrn), _mac!, AnswerTimeout);

    private static Task<T> Next<T>(Channel<T> channel) => channel.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().Soon();

    private static MessageMac Key(int number)
    {
        var key = new byte[32];
        key[0] = (byte)number;
        key[1] = 1;
        return new MessageMac(key);
    }

    private static Iso8583Message Pay(string rrn) => new Iso8583Message(Iso8583Spec.Lakala, Mti.PayRequest)
        .Set(3, ProcessingCode.BillPayment).Set(4, 1_000).Set(11, 1).Set(37, rrn).Set(41, "T0000001").Set(42, "STORE0000000001");

    private static Iso8583Message Answer(string rrn) => new Iso8583Message(Iso8583Spec.Lakala, Mti.PayAnswer).Set(37, rrn).Set(39, ResponseCodes.Approved);

    private static Iso8583Message NetworkAnswer(Iso8583Message request, string code = ResponseCodes.Approved) =>
        new BankNetworkMessage((int)request.RequireNumber(11), (int)request.RequireNumber(70), code).ToIso();
}
