using System.Net.Sockets;
using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Readers;
using Lakala.Terminal.Client.Sessions;
using Lakala.Terminal.Client.Words;
using Lakala.Vocabulary;
using Lakala.Wire.Cards;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;
using Lakala.Wire.Terminal;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Terminal.Tests;

/// <summary>How a terminal repeats until the outcome is certain.</summary>
public sealed class TerminalSessionTests
{
    private static readonly byte[] MasterKeyBytes = MasterKey.NewKey();

    private static readonly SwipePending Swipe = new(
        new JournalKey(7, 42), "T0000001", "STORE0000000001", "73516235791239", 500, CurrencyCode.Cny, "622848*********0000", "021", TimeProvider.System.GetUtcNow());

    private static readonly SwipedCard Card = Track2.TryParse("6228480000000000000=49122010000000000", out var track)
        ? new SwipedCard(track!, "1234")
        : throw new InvalidOperationException("The test's card is none.");

    [Fact]
    public async Task What_is_not_final_is_repeated_with_the_card_until_it_is()
    {
        var codes = new Queue<string>([ResponseCodes.InProgress, ResponseCodes.Fault, ResponseCodes.Approved]);
        await using var gateway = new ScriptedGateway(MasterKeyBytes, request => Answer(request, codes.Dequeue())).Start();

        var outcome = await Pay(gateway);

        outcome.Should().BeOfType<PayOutcome.Final>().Which.Answer.Verdict.Code.Should().Be("00");
        gateway.Heard.Select(request => request.IsRepeat).Should().Equal(false, true, true);
        gateway.Heard.Should().OnlyContain(request => !request.IsEnquiry && request.From.Stan == 42 && request.Batch == 7);
    }

    [Fact]
    public async Task A_payment_that_was_too_much_at_once_ends_as_not_paid_and_is_not_asked_for_again()
    {
        await using var gateway = new ScriptedGateway(MasterKeyBytes, TooMuch).Start();

        var outcome = await Pay(gateway);

        outcome.Should().BeOfType<PayOutcome.Final>().Which.Answer.Verdict.Reason.Should().Be(150);
        gateway.Heard.Should().ContainSingle();
    }

    [Fact]
    public void A_repeat_that_is_too_much_at_once_is_asked_again_slowly_and_at_the_same_server()
    {
        var (tooMuch, busy) = (new Verdict(ResponseCodes.TryLater, 150, null, null), new Verdict(ResponseCodes.TryLater, 502, null, null));
        var answered = new LinkOutcome.Answered(new Iso8583Message(Iso8583Spec.Lakala, Mti.PayAnswer));

        Enumerable.Range(0, 20).Select(tries => TerminalSession.Pause(tries, tooMuch, random: 0)).Should().OnlyContain(pause => pause == TimeSpan.FromSeconds(5));
        Enumerable.Range(0, 20).Should().OnlyContain(tries => !TerminalSession.IsStuck(answered, tooMuch, tries));
        TerminalSession.Pause(0, busy, random: 0.9).Should().BeLessThan(TimeSpan.FromSeconds(1));
        TerminalSession.IsStuck(answered, busy, 4).Should().BeTrue("another server may be well");
    }

    [Fact]
    public void Terminals_that_failed_together_do_not_ask_again_together() =>
        Enumerable.Range(0, 20).Should().OnlyContain(tries => TerminalSession.Pause(tries, null, 0.2) < TerminalSession.Pause(tries, null, 0.8));

    [Fact]
    public async Task After_a_lost_line_its_keys_still_work_and_the_whole_payment_is_repeated()
    {
        await using var gateway = new ScriptedGateway(MasterKeyBytes, request => Answer(request, ResponseCodes.Approved)) { DropNext = true }.Start();

        var outcome = await Pay(gateway);

        outcome.Should().BeOfType<PayOutcome.Final>().Which.Answer.Verdict.Code.Should().Be("00");
        gateway.Heard.Select(request => (request.IsRepeat, request.IsEnquiry)).Should().Equal((false, false), (true, false));
        gateway.Heard[1].PinBlock.Should().Equal(gateway.Heard[0].PinBlock);
        gateway.SignOns.Should().Be(1);
    }

    [Fact]
    public async Task After_a_lost_line_whose_keys_are_gone_it_signs_on_and_only_enquires()
    {
        await using var gateway = new ScriptedGateway(MasterKeyBytes, request => Answer(request, ResponseCodes.NoSuchOriginal))
        {
            DropNext = true,
            ForgetsKeys = true,
        }.Start();

        var outcome = await Pay(gateway);

        outcome.Should().BeOfType<PayOutcome.Final>().Which.Answer.Verdict.Code.Should().Be("25");
        gateway.Heard.Select(request => request.IsEnquiry).Should().Equal(false, true);
        gateway.Heard[1].Track2.Should().BeNull();
        gateway.SignOns.Should().Be(2);
    }

    [Fact]
    public async Task Told_to_sign_on_it_does_and_only_enquires()
    {
        await using var gateway = new ScriptedGateway(
            MasterKeyBytes, request => Answer(request, request.IsEnquiry ? ResponseCodes.Approved : ResponseCodes.SignOnFirst)).Start();

        var outcome = await Pay(gateway);

        outcome.Should().BeOfType<PayOutcome.Final>();
        gateway.Heard.Select(request => request.IsEnquiry).Should().Equal(false, true);
        gateway.SignOns.Should().Be(2);
    }

    [Fact]
    public async Task A_key_with_other_content_is_enquired_about_once_and_then_left_to_the_operator()
    {
        await using var gateway = new ScriptedGateway(MasterKeyBytes, request => Answer(request, ResponseCodes.DuplicateKey)).Start();

        var outcome = await Pay(gateway);

        outcome.Should().BeOfType<PayOutcome.Unknown>().Which.Last!.Verdict.Code.Should().Be("94");
        gateway.Heard.Select(request => request.IsEnquiry).Should().Equal(false, true);
    }

    [Fact]
    public async Task Silence_to_the_end_of_patience_is_unknown()
    {
        await using var gateway = new ScriptedGateway(MasterKeyBytes, _ => null).Start();

        (await Pay(gateway)).Should().BeOfType<PayOutcome.Unknown>().Which.Last.Should().BeNull();

        gateway.Heard.Should().HaveCountGreaterThan(1);
        gateway.Heard.Where(request => !request.IsEnquiry).Should().OnlyContain(request => request.KeySet == 1, "the PIN block is good for one key set");
    }

    [Fact]
    public async Task An_approval_of_another_amount_bill_or_batch_is_not_believed()
    {
        var lies = new Queue<Func<PayAnswer, PayAnswer>>(
        [
            said => said with { Amount = 501 },
            said => said with { Bill = "24700000000073" },
            said => said with { Batch = 8 },
            said => said,
        ]);
        await using var gateway = new ScriptedGateway(MasterKeyBytes, request => lies.Dequeue()(Answer(request, ResponseCodes.Approved))).Start();

        (await Pay(gateway)).Should().BeOfType<PayOutcome.Final>();

        gateway.Heard.Should().HaveCount(4);
    }

    [Fact]
    public async Task An_answer_with_a_bad_MAC_is_no_answer_and_is_asked_for_again_with_0201()
    {
        var codes = new Queue<string>([ResponseCodes.InsufficientFunds, ResponseCodes.Approved]);
        await using var gateway = new ScriptedGateway(MasterKeyBytes, request => Answer(request, codes.Dequeue())) { ForgeNext = true }.Start();

        var outcome = await Pay(gateway);

        outcome.Should().BeOfType<PayOutcome.Final>().Which.Answer.Verdict.Code.Should().Be("00", "the forged decline is not believed");
        gateway.Heard.Select(request => request.IsRepeat).Should().Equal(false, true);
        gateway.Heard.Should().OnlyContain(request => request.From.Stan == 42 && request.Batch == 7);
    }

    [Fact]
    public async Task Without_a_line_nothing_is_sent()
    {
        await using var session = new TerminalSession(
            Options, new MasterKey(MasterKeyBytes), _ => Task.FromException<Stream>(new IOException("no cable")), TimeProvider.System);

        (await session.WaitUntilUp(TimeSpan.FromMilliseconds(200), TestContext.Current.CancellationToken))!.Detail.Should().Be("IOException: no cable");
        (await session.Pay(Swipe, Card, TestContext.Current.CancellationToken)).Should().BeOfType<PayOutcome.NotSent>();
    }

    [Fact]
    public async Task Who_asks_long_after_the_line_was_lost_is_told_at_once()
    {
        var time = new FakeTimeProvider();
        var troubled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var session = new TerminalSession(Options with { Log = _ => troubled.TrySetResult() }, new MasterKey(MasterKeyBytes), Refuse, time);
        var patience = TimeSpan.FromSeconds(10);
        await troubled.Task.WaitAsync(TimeSpan.FromMinutes(3), TestContext.Current.CancellationToken);
        var early = session.WaitSinceLost(patience, TestContext.Current.CancellationToken);

        time.Advance(patience - TimeSpan.FromSeconds(1));
        early.IsCompleted.Should().BeFalse("it may be back in a moment");
        time.Advance(TimeSpan.FromSeconds(1));

        (await early)!.Fault.Should().Be(LineFault.Refused);
        (await session.WaitSinceLost(patience, TestContext.Current.CancellationToken))!.Fault.Should().Be(LineFault.Refused, "no time has to pass for it");

        static Task<Stream> Refuse(CancellationToken stop) => Task.FromException<Stream>(new SocketException((int)SocketError.ConnectionRefused));
    }

    private static SessionOptions Options => new()
    {
        Terminal = Swipe.Terminal,
        Store = Swipe.Store,
        AnswerTimeout = TimeSpan.FromMilliseconds(500),
        GiveUp = TimeSpan.FromSeconds(5),
    };

    private static async Task<PayOutcome> Pay(ScriptedGateway gateway)
    {
        await using var session = new TerminalSession(Options, new MasterKey(MasterKeyBytes), gateway.Connect, TimeProvider.System);
        (await session.WaitUntilUp(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken)).Should().BeNull();
        return await session.Pay(Swipe, Card, TestContext.Current.CancellationToken);
    }

    private static PayAnswer TooMuch(PayRequest request)
    {
        var answer = Answer(request, ResponseCodes.TryLater);
        return answer with { Verdict = answer.Verdict with { Reason = 150 } };
    }

    private static PayAnswer Answer(PayRequest request, string code) => new(
        request.From, new Verdict(code, 0, null, null), request.Batch, request.Bill, request.Amount, request.Currency, PaymentFacts.None);
}
