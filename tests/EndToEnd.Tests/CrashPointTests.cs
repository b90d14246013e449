using Lakala.Local;
using Lakala.Testing;
using Lakala.Wire.Bank;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;

namespace Lakala.EndToEnd.Tests;

/// <summary>
/// The rows of docs/crash-points.md that need real processes, in the page's order: the silo is killed, the bank answers or stays
/// silent, and PostgreSQL's replies come or do not, each at exactly that moment.
/// </summary>
public sealed class CrashPointTests(CrashNetwork network) : IClassFixture<CrashNetwork>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // The silo dies before and after R1, of a refund at a counter.

    [Fact]
    public async Task A_silo_that_dies_before_R1_gives_nothing_back_and_a_whole_0221_is_processed_as_the_original()
    {
        await using var terminal = await network.NewTerminal();
        var refund = terminal.Refund(await Paid(terminal), 300, network.Card);
        var before = network.Line.HoldBefore("insert into refund_keys");
        await terminal.Say(refund.ToIso());
        await before;

        await network.RestartSilo();
        (await Refunds(refund)).Should().Be("0, 0 keys");
        await terminal.Reconnect();

        var answer = await terminal.AskWell(refund with { IsRepeat = true });

        answer.Verdict.Code.Should().Be("00");
        (await Refunds(refund)).Should().Be("300, 1 keys");
        await GiveBack(answer.Facts.Rrn!);
    }

    [Fact]
    public async Task A_silo_that_dies_before_R1_leaves_a_key_that_an_enquiry_voids_for_ever()
    {
        await using var terminal = await network.NewTerminal();
        var refund = terminal.Refund(await Paid(terminal), 300, network.Card);
        var before = network.Line.HoldBefore("insert into refund_keys");
        await terminal.Say(refund.ToIso());
        await before;

        await network.RestartSilo();
        await terminal.Reconnect();
        var enquiry = await terminal.AskWell(refund with { IsRepeat = true, Password = null });
        var late = await terminal.AskWell(refund with { IsRepeat = true });

        (enquiry.Verdict.Code, enquiry.Verdict.Reason).Should().Be(("25", 388));
        late.Verdict.Should().Be(enquiry.Verdict);
        (await Refunds(refund)).Should().Be("0, 1 keys");
    }

    [Fact]
    public async Task A_silo_that_dies_after_R1_gives_back_once_and_repeats_its_answer()
    {
        await using var terminal = await network.NewTerminal();
        var refund = terminal.Refund(await Paid(terminal), 300, network.Card);
        await terminal.Say(refund.ToIso());
        await Eventually.Is(async () => await Refunds(refund) == "300, 1 keys", "R1 is durable");

        await network.RestartSilo();
        await terminal.Reconnect();
        var (whole, enquiry) = (await terminal.AskWell(refund with { IsRepeat = true }), await terminal.AskWell(refund with { IsRepeat = true, Password = null }));

        whole.Verdict.Code.Should().Be("00");
        enquiry.Should().Be(whole);
        whole.Facts.Rrn.Should().Be(await network.Scalar<string>($"select lpad(rrn::text, 12, '0') from refunds where bill = {refund.Bill}"));
        (await Refunds(refund)).Should().Be("300, 1 keys");
        await GiveBack(whole.Facts.Rrn!);
    }

    // The silo dies in a refund that a merchant asks for: before R1, after R2 and before R3; PostgreSQL restarts before R3. The bank contradicts R3.

    [Fact]
    public async Task A_silo_that_dies_before_R1_leaves_no_refund_and_the_same_request_again_makes_one()
    {
        using var shop = await Shop.Open(network.Local);
        await using var terminal = await network.NewTerminal();
        var bill = await Paid(terminal, shop);
        var before = network.Line.HoldBefore("insert into refunds");
        var lost = Ask(shop, bill, "before-r1");
        await before;

        await network.RestartSilo();
        await FluentActions.Awaiting(() => lost).Should().ThrowAsync<HttpRequestException>();
        (await Story(bill)).Should().Be("0 refunded, , ");
        (await network.Scalar<long>("select count(*) from idempotency_keys where key = 'before-r1'")).Should().Be(0);
        var (made, again) = (await Ask(shop, bill, "before-r1"), await Ask(shop, bill, "before-r1"));

        made.Status.Should().Be(201, made.Text);
        again.Text.Should().Be(made.Text);
        await GiveBack(made.String("id"));
        await ShouldBeOneCredit(shop, bill, made.String("id"));
    }

    [Fact]
    public async Task A_silo_that_dies_after_R2_and_before_the_send_leaves_a_refund_that_goes_out_as_a_repeat()
    {
        using var shop = await Shop.Open(network.Local);
        await using var terminal = await network.NewTerminal();
        var bill = await Paid(terminal, shop);
        var durable = network.Line.HoldAfter("update refunds r set state = 'SENT'");
        var refund = (await Ask(shop, bill, "after-r2")).String("id");
        await durable;
        (await Story(bill)).Should().Be("300 refunded, SENT, refund.created");
        network.Bank.RefundsOf(await Payment(bill)).Should().BeEmpty("it is not sent yet, and counts as possibly sent");

        await network.RestartSilo();

        (await network.Bank.Refunded(refund)).Should().Match<BankRefundRequest>(asked => asked.IsRepeat && asked.Amount == 300);
        await GiveBack(refund);
        await ShouldBeOneCredit(shop, bill, refund);
    }

    [Fact]
    public async Task A_silo_that_dies_between_the_banks_answer_and_R3_asks_again_under_the_same_RRN_and_posts_once()
    {
        using var shop = await Shop.Open(network.Local);
        await using var terminal = await network.NewTerminal();
        var bill = await Paid(terminal, shop);
        var refund = (await Ask(shop, bill, "before-r3")).String("id");
        var first = await network.Bank.Refunded(refund);
        first.IsRepeat.Should().BeFalse();
        var before = network.Line.HoldBefore("update refunds r set state = $2");
        await network.Bank.Answer(Yes(first));
        await before;
        (await Story(bill)).Should().Be("300 refunded, SENT, refund.created");

        await network.RestartSilo();

        var asked = await network.Bank.Refunded(refund);
        asked.Should().Be(first with { IsRepeat = true }, "it is the same refund");
        await GiveBack(refund);
        await ShouldBeOneCredit(shop, bill, refund);
    }

    [Fact]
    public async Task PostgreSQL_that_restarts_while_the_bank_answers_a_refund_loses_nothing()
    {
        Assert.SkipWhen(network.Local.Postgres.Cluster is null, "the database is somebody else's");
        using var shop = await Shop.Open(network.Local);
        await using var terminal = await network.NewTerminal();
        var bill = await Paid(terminal, shop);
        var refund = (await Ask(shop, bill, "postgres")).String("id");
        var asked = await network.Bank.Refunded(refund);

        await network.Local.Postgres.Cluster.Stop();
        await network.Bank.Answer(Yes(asked));
        await network.Local.Postgres.Cluster.Start(Stop);

        await GiveBack(refund);
        await ShouldBeOneCredit(shop, bill, refund);

        // Its silo may still have sessions of the server before, which the next test's sign-on would meet.
        await network.RestartSilo();
    }

    [Fact]
    public async Task A_no_after_the_banks_yes_moves_no_money_and_alarms_an_operator()
    {
        using var shop = await Shop.Open(network.Local);
        using var admin = await Shop.OpenAdmin(network.Local, "watch");
        await using var terminal = await network.NewTerminal();
        var bill = await Paid(terminal, shop);
        var refund = (await Ask(shop, bill, "contradicted")).String("id");
        var asked = await network.Bank.Refunded(refund);
        await network.Bank.Answer(Yes(asked));
        await GiveBack(refund);

        await network.Bank.Answer(Yes(asked) with { ResponseCode = "14" });

        var open = await admin.GetUntil("/v1/admin/open_items", items => items.GetProperty("contradicted_refunds").GetArrayLength() > 0);
        var shown = open.Json.GetProperty("contradicted_refunds")[0];
        (shown.GetProperty("rrn").GetString(), shown.GetProperty("state").GetString(), shown.GetProperty("first_code").GetString(), shown.GetProperty("other_code").GetString())
            .Should().Be((refund, "DONE", "00", "14"));
        await admin.GetUntil(
            "/v1/admin/alarms",
            alarms => alarms.GetProperty("data").EnumerateArray().Any(alarm =>
                (alarm.GetProperty("kind").GetString(), alarm.GetProperty("subject").GetString()) == ("refund_contradicted", refund)));
        (await File.ReadAllTextAsync(network.Local.Silo.Log, Stop)).Should().Contain($"The bank says 14 to refund {refund}, which it had decided otherwise");
        await ShouldBeOneCredit(shop, bill, refund);
    }

    // The gateway or the silo dies before C1.

    [Fact]
    public async Task A_silo_that_dies_before_C1_leaves_nothing_and_a_live_0201_is_processed_as_the_original()
    {
        await using var terminal = await network.NewTerminal();
        var swipe = await network.NewSwipe(terminal);
        var before = network.Line.HoldBefore(network.MaskedCard);
        await terminal.Say(swipe.ToIso());
        await before;

        await network.RestartSilo();
        (await network.State(swipe)).Should().Be("NONE");
        await terminal.Reconnect();
        await terminal.Say(RawTerminal.Repeat(swipe).ToIso());
        var asked = await network.Bank.Asked();
        await network.Bank.Approve(asked);

        (await terminal.HearAnswer()).Verdict.Code.Should().Be("00");
        (await network.State(swipe)).Should().Be("APPROVED");
        (await network.BillState(swipe.Bill)).Should().Be("PAID");
        network.Bank.IsAsked.Should().BeFalse();
    }

    [Fact]
    public async Task After_a_change_of_keys_a_live_0201_hears_77_which_voids_nothing_and_the_enquiry_hears_25()
    {
        await using var terminal = await network.NewTerminal();
        var swipe = await network.NewSwipe(terminal);
        var frame = RawTerminal.Frame(swipe.ToIso(), terminal.Mac);
        await terminal.Send(frame.AsMemory(0, frame.Length - 1));
        var old = terminal.Mac;

        // The gateway has lost the line with the frame one byte short; the terminal reconnects and signs on.
        await terminal.Reconnect();
        await terminal.SignOn();
        await terminal.AskWell(terminal.Network(NetworkCode.Echo).ToIso());
        var (answer, isAuthentic) = await terminal.Ask(RawTerminal.Repeat(swipe).ToIso(), old);

        answer!.Text(39).Should().Be("77");
        isAuthentic.Should().BeFalse("a hint is not final");
        (await network.State(swipe)).Should().Be("NONE");
        (await terminal.AskWell(terminal.Enquiry(swipe))).Verdict.Code.Should().Be("25");
        (await network.State(swipe)).Should().Be("VOID");
        (await network.BillState(swipe.Bill)).Should().Be("OPEN");
        network.Bank.IsAsked.Should().BeFalse();
    }

    // The gateway dies after C1.

    [Fact]
    public async Task A_terminal_whose_gateway_dies_after_C1_hears_09_and_then_the_stored_answer()
    {
        await using var terminal = await network.NewTerminal();
        var swipe = await network.NewSwipe(terminal);
        await terminal.Say(swipe.ToIso());
        var asked = await network.Bank.Asked();

        await terminal.Reconnect();
        var inProgress = await terminal.AskWell(RawTerminal.Repeat(swipe));
        var enquiry = await terminal.AskWell(terminal.Enquiry(swipe));
        var code = network.Bank.NextCode();
        await network.Bank.Approve(asked, code);
        await network.UntilState(swipe, "APPROVED");
        var stored = await terminal.AskWell(RawTerminal.Repeat(swipe));

        inProgress.Verdict.Code.Should().Be("09");
        enquiry.Verdict.Code.Should().Be("09");
        stored.Verdict.Code.Should().Be("00");
        stored.Facts.Should().Match<PaymentFacts>(facts => facts.Rrn == asked.Rrn && facts.AuthorisationCode == code);
        network.Bank.IsAsked.Should().BeFalse();
    }

    // The silo dies after C1.

    [Fact]
    public async Task A_silo_that_dies_after_C1_and_before_the_send_is_reversed()
    {
        await using var terminal = await network.NewTerminal();
        var swipe = await network.NewSwipe(terminal);
        var durable = network.Line.HoldAfter(network.MaskedCard);
        await terminal.Say(swipe.ToIso());
        await durable;
        (await network.State(swipe)).Should().Be("SENT");

        await network.RestartSilo();

        network.Bank.IsAsked.Should().BeFalse("the bank has never heard of it, and must be told all the same");
        await ShouldBeReversed(terminal, swipe);
    }

    [Fact]
    public async Task A_silo_that_dies_after_C1_and_before_the_answer_is_reversed()
    {
        await using var terminal = await network.NewTerminal();
        var swipe = await network.NewSwipe(terminal);
        await terminal.Say(swipe.ToIso());
        await network.Bank.Asked();

        await network.RestartSilo();

        await ShouldBeReversed(terminal, swipe);
    }

    [Fact]
    public async Task A_silo_that_dies_between_the_answer_and_C2_is_reversed()
    {
        await using var terminal = await network.NewTerminal();
        var swipe = await network.NewSwipe(terminal);
        await terminal.Say(swipe.ToIso());
        var asked = await network.Bank.Asked();
        var code = network.Bank.NextCode();
        var before = network.Line.HoldBefore(code);
        await network.Bank.Approve(asked, code);
        await before;

        await network.RestartSilo();

        await ShouldBeReversed(terminal, swipe);
    }

    // The silo dies after C2.

    [Fact]
    public async Task A_silo_that_dies_after_C2_leaves_a_paid_bill_its_stored_answer_and_its_notice()
    {
        using var shop = await Shop.Open(network.Local);
        await using var receiver = await WebhookReceiver.Start();
        await Register(receiver, shop);
        await using var terminal = await network.NewTerminal();
        var swipe = await network.NewSwipe(terminal, shop);
        await terminal.Say(swipe.ToIso());
        var asked = await network.Bank.Asked();
        var code = network.Bank.NextCode();
        var durable = network.Line.HoldAfter(code);
        await network.Bank.Approve(asked, code);
        await durable;

        await network.RestartSilo();
        await terminal.Reconnect();
        var repeat = await terminal.AskWell(RawTerminal.Repeat(swipe));
        var notice = await receiver.Next(Stop);

        (await network.BillState(swipe.Bill)).Should().Be("PAID");
        repeat.Verdict.Code.Should().Be("00");
        repeat.Facts.Should().Match<PaymentFacts>(facts => facts.Rrn == asked.Rrn && facts.AuthorisationCode == code && facts.PaidAt != null);
        notice.Type.Should().Be("bill.paid");
        notice.Data.GetProperty("payment").GetProperty("rrn").GetString().Should().Be(asked.Rrn);
        (await network.Scalar<long>($"select count(*) from events where bill = {swipe.Bill}")).Should().Be(1);
    }

    // PostgreSQL is down or restarts.

    [Fact]
    public async Task PostgreSQL_that_restarts_while_the_bank_answers_loses_nothing()
    {
        Assert.SkipWhen(network.Local.Postgres.Cluster is null, "the database is somebody else's");
        await using var terminal = await network.NewTerminal();
        var swipe = await network.NewSwipe(terminal);
        await terminal.Say(swipe.ToIso());
        var asked = await network.Bank.Asked();

        await network.Local.Postgres.Cluster.Stop();
        await network.Bank.Approve(asked);
        await network.Local.Postgres.Cluster.Start(Stop);

        (await terminal.HearAnswer()).Verdict.Code.Should().Be("00");
        (await network.State(swipe)).Should().Be("APPROVED");
        (await network.BillState(swipe.Bill)).Should().Be("PAID");

        // Its silo may still have sessions of the server before, which the next test's sign-on would meet.
        await network.RestartSilo();
    }

    // A late approval.

    [Fact]
    public async Task An_approval_over_another_line_settles_while_SENT_though_its_silo_has_died()
    {
        await using var terminal = await network.NewTerminal();
        var swipe = await network.NewSwipe(terminal);
        await terminal.Say(swipe.ToIso());
        var asked = await network.Bank.Asked();

        await network.RestartSilo();
        (await network.State(swipe)).Should().Be("SENT");
        var code = network.Bank.NextCode();
        await network.UntilApproved(swipe, asked, code);
        await terminal.Reconnect();
        var enquiry = await terminal.AskWell(terminal.Enquiry(swipe));

        enquiry.Verdict.Code.Should().Be("00");
        enquiry.Facts.AuthorisationCode.Should().Be(code);
        (await network.BillState(swipe.Bill)).Should().Be("PAID");
        (await network.Scalar<long>($"select count(*) from postings where rrn = {asked.Rrn}")).Should().BePositive();
        await UntilRecorded(asked);
    }

    [Fact]
    public async Task A_late_approval_after_REVERSING_is_recorded_and_the_reversal_goes_on()
    {
        await using var terminal = await network.NewTerminal();
        var swipe = await network.NewSwipe(terminal);
        network.Bank.IsAcknowledging = false;
        await terminal.Say(swipe.ToIso());
        var asked = await network.Bank.Asked();
        network.Bank.CutLine();
        var told = await terminal.HearAnswer();

        await network.Bank.Approve(asked);
        await UntilRecorded(asked);
        (await network.State(swipe)).Should().Be("REVERSING");
        network.Bank.IsAcknowledging = true;
        await network.UntilState(swipe, "REVERSED");

        told.Verdict.Code.Should().Be("68");
        (await terminal.AskWell(terminal.Enquiry(swipe))).Verdict.Code.Should().Be("68");
        (await network.BillState(swipe.Bill)).Should().Be("OPEN");
        (await network.Scalar<long>($"select count(*) from postings where rrn = {asked.Rrn}")).Should().Be(0);
    }

    [Fact]
    public async Task An_approval_after_NOT_SENT_raises_an_alarm_and_is_reversed_and_the_answer_stays()
    {
        await using var terminal = await network.NewTerminal();
        var swipe = await network.NewSwipe(terminal);
        network.Bank.GoDown();
        await Eventually.Is(async () => !await BankIsUp(), "the silo knows that the bank's line is down");
        var told = await terminal.AskWell(swipe);
        network.Bank.GoUp();
        var rrn = await network.Rrn(swipe);

        await network.Bank.Approve(new BankAuthoriseRequest(
            rrn, swipe.From.Stan, swipe.LocalTime, swipe.Amount, swipe.Currency, swipe.EntryMode, "", swipe.From.Terminal, swipe.From.Store, "", []));
        var reversal = await network.Bank.Reversed(rrn);

        told.Verdict.Code.Should().Be("92");
        reversal.Amount.Should().Be(swipe.Amount);
        await Eventually.Is(
            async () => await network.Scalar<bool>($"select count(*) = 1 from reversals where rrn = {rrn} and acknowledged_at is not null"),
            "the reversal is acknowledged");
        (await File.ReadAllTextAsync(network.Local.Silo.Log, Stop)).Should().Contain($"The bank approves RRN {rrn}, which it declined or was never sent");
        (await network.State(swipe)).Should().Be("NOT_SENT");
        (await terminal.AskWell(terminal.Enquiry(swipe))).Verdict.Code.Should().Be("92");
        (await terminal.AskWell(terminal.Abandon(swipe))).Should().Match<AbandonAnswer>(a => a.Verdict.Code == "00" && a.StoredCode == "92");
    }

    // The terminal gives up and sends 0420.

    [Fact]
    public async Task A_0420_of_a_SENT_swipe_is_answered_00_reversed_and_an_approval_does_not_settle()
    {
        await using var terminal = await network.NewTerminal();
        var swipe = await network.NewSwipe(terminal);
        await terminal.Say(swipe.ToIso());
        var asked = await network.Bank.Asked();

        var abandoned = await terminal.AskWell(terminal.Abandon(swipe));
        await network.Bank.Reversed(asked.Rrn);
        await network.Bank.Approve(asked);
        var answer = await terminal.HearAnswer();

        abandoned.Should().Match<AbandonAnswer>(a => a.Verdict.Code == "00" && a.StoredCode == "68");
        answer.Verdict.Code.Should().Be("68");
        await network.UntilState(swipe, "REVERSED");
        (await network.BillState(swipe.Bill)).Should().Be("OPEN");
        (await terminal.AskWell(terminal.Abandon(swipe))).Should().Match<AbandonAnswer>(a => a.Verdict.Code == "00" && a.StoredCode == "68");
    }

    [Fact]
    public async Task A_0420_of_an_APPROVED_swipe_is_answered_21_with_the_receipts_data_and_it_stays_paid()
    {
        await using var terminal = await network.NewTerminal();
        var swipe = await network.NewSwipe(terminal);
        await terminal.Say(swipe.ToIso());
        await network.Bank.Approve(await network.Bank.Asked());
        var paid = await terminal.HearAnswer();

        var abandoned = await terminal.AskWell(terminal.Abandon(swipe));

        abandoned.Should().Match<AbandonAnswer>(a => a.Verdict.Code == "21" && a.StoredCode == "00");
        abandoned.Facts.Should().Be(paid.Facts);
        abandoned.Facts.Should().Match<PaymentFacts>(facts => facts.Rrn != null && facts.AuthorisationCode != null && facts.PaidAt != null);
        (await network.State(swipe)).Should().Be("APPROVED");
        (await network.BillState(swipe.Bill)).Should().Be("PAID");
    }

    [Fact]
    public async Task A_0420_of_an_unknown_key_is_answered_25_and_a_delayed_0200_is_refused()
    {
        await using var terminal = await network.NewTerminal();
        var swipe = await network.NewSwipe(terminal);

        var abandoned = await terminal.AskWell(terminal.Abandon(swipe));
        var state = await network.State(swipe);
        var delayed = await terminal.AskWell(swipe);

        abandoned.Should().Match<AbandonAnswer>(a => a.Verdict.Code == "25" && a.StoredCode == "25");
        state.Should().Be("VOID");
        delayed.Verdict.Code.Should().Be("25");
        network.Bank.IsAsked.Should().BeFalse();
        (await network.BillState(swipe.Bill)).Should().Be("OPEN");
    }

    [Fact]
    public async Task A_0420_of_a_declined_or_refused_swipe_is_answered_00_and_changes_nothing()
    {
        await using var terminal = await network.NewTerminal();
        var declined = await network.NewSwipe(terminal);
        await terminal.Say(declined.ToIso());
        await network.Bank.Answer(await network.Bank.Asked(), "51");
        (await terminal.HearAnswer()).Verdict.Code.Should().Be("51");
        var refused = await network.NewSwipe(terminal) with { Amount = 999 };
        (await terminal.AskWell(refused)).Verdict.Code.Should().Be("13");

        (await terminal.AskWell(terminal.Abandon(declined))).Should().Match<AbandonAnswer>(a => a.Verdict.Code == "00" && a.StoredCode == "51");
        (await terminal.AskWell(terminal.Abandon(refused))).Should().Match<AbandonAnswer>(a => a.Verdict.Code == "00" && a.StoredCode == "13");

        (await network.State(declined)).Should().Be("DECLINED");
        (await network.State(refused)).Should().Be("REFUSED");
    }

    // The sender of a notice or of a reversal dies.

    [Fact]
    public async Task A_reversal_whose_sender_dies_goes_out_again_and_then_as_0421_until_it_is_acknowledged()
    {
        await using var terminal = await network.NewTerminal();
        var swipe = await network.NewSwipe(terminal);
        network.Bank.IsAcknowledging = false;
        await terminal.Say(swipe.ToIso());
        var asked = await network.Bank.Asked();
        network.Bank.CutLine();
        var first = await network.Bank.Reversed(asked.Rrn);

        await network.RestartSilo();
        var again = await network.Bank.Reversed(asked.Rrn);
        await network.Bank.ReversedAgain(asked.Rrn);
        (await network.State(swipe)).Should().Be("REVERSING");
        network.Bank.IsAcknowledging = true;
        await network.UntilState(swipe, "REVERSED");

        // A try on a line that was just cut counts too, so the first message that arrives may be a 0421 already. One that its lease outlived
        // does not count, so the second may be a 0420 still.
        again.Should().BeEquivalentTo(
            first, same => same.Excluding(reversal => reversal.OriginalTime).Excluding(reversal => reversal.IsRepeat), "it is the same reversal");
        (await network.Scalar<long>($"select count(*) from reversals where rrn = {asked.Rrn} and acknowledged_at is not null")).Should().Be(1);
    }

    [Fact]
    public async Task A_notice_whose_sender_dies_goes_out_again_under_the_same_event_id()
    {
        using var shop = await Shop.Open(network.Local);
        await using var receiver = await WebhookReceiver.Start();
        await Register(receiver, shop);
        await using var terminal = await network.NewTerminal();
        var swipe = await network.NewSwipe(terminal, shop);
        var recording = network.Line.HoldBefore("ACCEPTED");
        await terminal.Say(swipe.ToIso());
        await network.Bank.Approve(await network.Bank.Asked());
        var first = await receiver.Next(Stop);
        await recording;

        await network.RestartSilo();
        await network.Execute($"update deliveries d set due_at = clock_timestamp() from events e where e.id = d.event_id and e.bill = {swipe.Bill}");
        var again = await receiver.Next(Stop);

        again.Id.Should().Be(first.Id);
        again.Body.GetRawText().Should().Be(first.Body.GetRawText());
        await Eventually.Is(
            async () => await network.Scalar<bool>(
                $"select bool_and(d.state = 'ACCEPTED') from deliveries d join events e on e.id = d.event_id where e.bill = {swipe.Bill}"),
            "the notice is recorded as accepted");
        (await network.Scalar<long>($"select count(*) from events where bill = {swipe.Bill}")).Should().Be(1);
    }

    // A bill that this terminal has paid. With a shop: its money is in the shop's balance.
    private async Task<string> Paid(RawTerminal terminal, Shop? shop = null)
    {
        var swipe = await network.NewSwipe(terminal, shop);
        await terminal.Say(swipe.ToIso());
        await network.Bank.Approve(await network.Bank.Asked());
        (await terminal.HearAnswer()).Verdict.Code.Should().Be("00");
        if (shop is not null)
        {
            await shop.GetUntil("/v1/balance", balance => balance.GetProperty("available").GetInt64() == 994);
        }

        return swipe.Bill;
    }

    private static Task<Answer> Ask(Shop shop, string bill, string key) => shop.Post($"/v1/bills/{bill}/refunds", """{"amount":300}""", key);

    private static BankRefundAnswer Yes(BankRefundRequest asked) => new(asked.Rrn, asked.Stan, asked.Amount, asked.Currency, asked.Terminal, "00");

    // The bank says yes to each try until one is taken: an answer may come while silo or PostgreSQL is away.
    private Task GiveBack(string refund) => Eventually.Is(
        async () =>
        {
            if (network.Bank.TryRefunded(refund) is { } asked)
            {
                await network.Bank.Answer(Yes(asked));
            }

            return await network.Scalar<string>($"select state from refunds where rrn = {refund}") == "DONE";
        },
        $"refund {refund} is done");

    // What of the bill is given back, its refunds, and their events.
    private async Task<string> Story(string bill) => (await network.Scalar<string>(
        $"""
        select b.refunded || ' refunded, ' || coalesce((select string_agg(state, ' ') from refunds where bill = b.number), '')
          || ', ' || coalesce((select string_agg(type, ' ' order by id) from events where bill = b.number and type like 'refund.%'), '')
        from bills b where b.number = {bill}
        """))!;

    private async Task<string> Payment(string bill) => (await network.Scalar<string>($"select lpad(paid_rrn::text, 12, '0') from bills where number = {bill}"))!;

    // All books say so: ours, the bank's and the shop's.
    private async Task ShouldBeOneCredit(Shop shop, string bill, string refund)
    {
        (await Story(bill)).Should().Be("300 refunded, DONE, refund.created refund.done");
        (await network.Scalar<string>($"select string_agg(kind, ' ' order by kind) from other_entries where subject = {refund}")).Should().Be("refund refund_taken");
        network.Bank.RefundsOf(await Payment(bill)).Should().NotBeEmpty().And.OnlyContain(asked => asked.Rrn == refund && asked.Amount == 300);
        var balance = (await shop.Get("/v1/balance")).Json;
        (balance.GetProperty("available").GetInt64(), balance.GetProperty("refunds_out").GetInt64()).Should().Be((696, 0));
        (await network.Local.Books(Stop)).ExitCode.Should().Be(0);
    }

    // What of the bill is given back, and what stands under the refund's key.
    private async Task<string> Refunds(RefundRequest refund) => (await network.Scalar<string>(
        $"""
        select b.refunded || ', ' || (select count(*) from refund_keys where terminal_id = '{refund.From.Terminal}' and batch = {refund.Batch} and stan = {refund.From.Stan}) || ' keys'
        from bills b where b.number = {refund.Bill}
        """))!;

    /// <summary>The sweeper moves it to REVERSING, the bank gets the reversal, and the terminal gets 68; the bill can be paid again.</summary>
    private async Task ShouldBeReversed(RawTerminal terminal, PayRequest swipe)
    {
        await terminal.Reconnect();
        (await terminal.AskWell(RawTerminal.Repeat(swipe))).Verdict.Code.Should().Be("09");
        (await network.State(swipe)).Should().Be("SENT");
        (await network.BillState(swipe.Bill)).Should().Be("PAYING");
        var rrn = await network.Rrn(swipe);

        await network.PassDeadline(swipe);

        (await network.Bank.Reversed(rrn)).Should().Match<BankReversalRequest>(
            reversal => reversal.Terminal == swipe.From.Terminal && reversal.Amount == swipe.Amount, "a 0420, or a 0421 after a try without a line");
        await network.UntilState(swipe, "REVERSED");
        (await network.BillState(swipe.Bill)).Should().Be("OPEN");
        (await terminal.AskWell(RawTerminal.Repeat(swipe))).Verdict.Code.Should().Be("68");
        (await network.Scalar<long>($"select count(*) from postings where rrn = {rrn}")).Should().Be(0);
        await terminal.Say(terminal.Pay(swipe.Bill, swipe.Amount, network.Card).ToIso());
        await network.Bank.Approve(await network.Bank.Asked());
        (await terminal.HearAnswer()).Verdict.Code.Should().Be("00");
    }

    private Task UntilRecorded(BankAuthoriseRequest asked) => Eventually.Is(
        async () => await network.Scalar<bool>($"select count(*) > 0 from late_answers where rrn = {asked.Rrn}"), "the late answer is recorded");

    private async Task<bool> BankIsUp()
    {
        using var http = new HttpClient();
        using var answer = await http.GetAsync(new Uri(network.Local.Http, "/healthz"), Stop);
        return answer.IsSuccessStatusCode;
    }

    private static async Task Register(WebhookReceiver receiver, Shop shop)
    {
        var answer = await shop.Post("/v1/webhook_endpoints", $$"""{"url":"{{receiver.Address}}"}""");
        answer.Status.Should().Be(201, answer.Text);
        receiver.Trust(answer.String("secret"));
    }
}
