using Lakala.Chaos.Audit;
using static Lakala.Chaos.Tests.Doctoring;
using static Lakala.Chaos.Tests.SoundBooks;

namespace Lakala.Chaos.Tests;

/// <summary>Books in which something is wrong with a trade (statements 11, 14, 17 and 24, and 1 and 7 where they are about trades).</summary>
public sealed class TradeStatementsTests
{
    private readonly SoundBooks _books = new();

    private Evidence Sound => _books.Evidence;

    private DateTimeOffset Ended => Sound.Database.ReadAt - TimeSpan.FromMinutes(1);

    [Fact]
    public void Statement_1_an_escrow_payment_was_shared_out_at_once() => Breaks(
        [1, 14], Sound.Database(book => book with
        {
            Postings = book.Postings
                .Without(line => line.Rrn == _books.Shipped.Rrn && line.Account == "held:" + Merchant)
                .With(
                    new Posting(_books.Shipped.Rrn!, 2, "merchant:" + Merchant, -3_976, "CNY"),
                    new Posting(_books.Shipped.Rrn!, 3, "store:" + Store, -4, "CNY"),
                    new Posting(_books.Shipped.Rrn!, 4, "platform", -20, "CNY")),
        }).Balanced(),
        $"expected held:{Merchant} -4000 CNY", "hold 0, and the trade 4000");

    [Fact]
    public void Statement_1_a_direct_payment_is_held() => Breaks(
        1, Sound.Database(book => book with
        {
            Postings = [.. book.Postings.Select(line => line.Rrn == _books.Approved.Rrn && line.Account == "merchant:" + Merchant ? line with { Account = "held:" + Merchant } : line)],
        }).Balanced(),
        $"attempt {_books.Approved.Key} APPROVED");

    [Fact]
    public void Statement_1_a_release_is_of_no_trade() => Breaks(
        [1, 14, 16, 17], Sound.Database(book => book with
        {
            Postings = [.. book.Postings.Select(line => line.Rrn == _books.ReleaseOfRest ? line with { Bill = _books.Approved.Bill } : line)],
        }),
        "release without a trade", $"bill {_books.Approved.Bill}");

    [Fact]
    public void Statement_7_a_receiver_was_told_that_a_held_trade_is_finished() => Breaks(
        7, Sound.Received(Receiver, receiver => receiver with
        {
            Events = receiver.Events.Change(told => told.Bill == _books.PartlyReleased.Bill && told.Type == "trade.finished", told => told with { Trade = "SHIPPED" }),
        }),
        "that is not so", "trade SHIPPED");

    [Fact]
    public void Statement_7_the_event_of_a_trade_has_another_amount() => Breaks(
        7, Sound.Received(Receiver, receiver => receiver with
        {
            Events = receiver.Events.Change(told => told.Bill == _books.Closed.Bill && told.Type == "trade.closed", told => told with { Amount = 751 }),
        }),
        "that is not so", "trade.closed");

    [Theory]
    [InlineData(3_999, 0)]
    [InlineData(4_000, 1)]
    public void Statement_11_a_trade_has_lost_or_made_a_fen(long held, long released) => Breaks(
        held == 4_000 ? [11, 17] : [11, 14], Doctored(_books.Shipped, trade => trade with { Held = held, Released = released }), $"trade {_books.Shipped.Bill} SHIPPED held {held}");

    [Fact]
    public void Statement_11_a_payment_is_not_posted() => Breaks(
        [1, 11, 14], Sound.Database(book => book with { Postings = book.Postings.WithoutAny(line => line.Rrn == _books.Overdue.Rrn) }), "leave 0 and 0 is refunded");

    [Fact]
    public void Statement_11_a_refund_of_what_was_held_has_left_the_trade_as_it_was() => Breaks(
        [11, 14, 15, 24], Doctored(_books.Closed, trade => trade with { State = "HELD", Held = 750, DueAt = Sound.Database.ReadAt }), "750 was refunded of what was held");

    [Fact]
    public void Statement_14_a_paid_escrow_bill_has_no_trade() => Breaks(
        [7, 14, 24], Sound.Database(book => book with { Trades = book.Trades.Without(trade => trade.Bill == _books.Overdue.Bill) }), "PAID and has no trade");

    [Fact]
    public void Statement_14_a_direct_bill_has_a_trade() => Breaks(
        [11, 14, 15, 24], Sound.Database(book => book with { Trades = book.Trades.With(new Trade(_books.Approved.Bill, Merchant, "CLOSED", 0, 0, 0, null)) }),
        "no PAID escrow bill", $"trade {_books.Approved.Bill} CLOSED");

    [Fact]
    public void Statement_14_a_trade_is_of_another_merchant() => Breaks(
        14, Doctored(_books.Shipped, trade => trade with { Merchant = OtherMerchant }), $"trade {_books.Shipped.Bill} SHIPPED");

    [Theory]
    [InlineData("FINISHED")]
    [InlineData("CLOSED")]
    public void Statement_14_a_trade_is_over_and_holds_money(string state) => Breaks(
        state == "CLOSED" ? [14, 15, 24] : [14, 15], Doctored(_books.Shipped, trade => trade with { State = state, DueAt = null }), $"A trade is {state} and holds 4000");

    [Fact]
    public void Statement_14_a_claim_does_not_stop_the_timer() => Breaks(
        [14, 15], Doctored(_books.Shipped, trade => trade with { State = "CLAIMED" }), "A trade is CLAIMED with a timer");

    [Fact]
    public void Statement_14_a_shipped_trade_has_no_timer() => Breaks(
        14, Doctored(_books.Shipped, trade => trade with { DueAt = null }), "A trade is SHIPPED without a timer");

    [Fact]
    public void Statement_14_the_sweep_has_forgotten_a_trade() => Breaks(
        14, Doctored(Told(_books.Shipped, Ended), _books.Shipped, trade => trade with { DueAt = Ended }), "nothing has happened");

    [Fact]
    public void A_trade_that_is_due_waits_for_the_form_of_a_claim_and_for_its_operator()
    {
        var (due, books) = (Ended, Told(_books.Shipped, Ended));
        Auditor.Check(Doctored(books, _books.Shipped, trade => trade with { DueAt = due, LeasedUntil = due + TimeSpan.FromMinutes(30) })).Should().BeEmpty();
        Auditor.Check(Stopped(Doctored(books, _books.Shipped, trade => trade with { DueAt = due, FrozenBy = "dora" }), "dora")).Should().BeEmpty();
    }

    [Fact]
    public void Statement_15_a_trade_is_stopped_by_nobody() => Breaks(15, Doctored(_books.Shipped, trade => trade with { FrozenBy = "dora" }), "by nobody who may say so", "frozen by dora");

    [Theory]
    [InlineData(null)]
    [InlineData("emil")]
    [InlineData("refund-declined")]
    public void Statement_15_a_trade_that_was_stopped_goes_on_or_is_stopped_by_another(string? by) =>
        Breaks(15, Stopped(Doctored(_books.Shipped, trade => trade with { FrozenBy = by }), "dora"), "by nobody who may say so", "audit log dora trade.freeze");

    [Fact]
    public void Statement_14_a_trade_was_released_while_it_was_stopped_and_went_on_later()
    {
        var stop = Sound.Database.OperatorActs.Single(act => act.What == "trade.freeze").CommittedAt + TimeSpan.FromMilliseconds(1);
        Breaks(14, Moved(line => line.Rrn == _books.ReleaseOfRest, stop), "has moved while it was stopped", $"trade {_books.PartlyReleased.Bill}");
        Breaks(14, Moved(line => line.Rrn == _books.RefundOfHeld && line.Kind is "refund" or "refund_taken", stop), "has moved while it was stopped", "refund line 1 held");
    }

    [Fact]
    public void Statement_14_a_trade_was_refunded_again_after_the_bank_had_refused()
    {
        // The money that came back has left once more, without an operator's word.
        var at = Sound.Database.ReadAt;
        Breaks(
            [11, 12, 14, 17], Sound.Database(book => book with
            {
                Postings = book.Postings.With(
                    book.Postings.Where(line => line.Bill is null && line.Kind == "refund" && book.Refunds.Any(refund => refund.Rrn == line.Rrn && refund.Bill == _books.Reopened.Bill))
                        .Select(line => line with { CommittedAt = at })),
            }),
            "has moved while it was stopped", $"trade {_books.Reopened.Bill} HELD");
    }

    [Fact]
    public void Statement_14_a_claimed_trade_has_a_timer() =>
        Breaks(14, Doctored(_books.Claimed, trade => trade with { DueAt = Sound.Database.ReadAt + TimeSpan.FromDays(1) }), "A trade is CLAIMED with a timer");

    [Fact]
    public void Statement_15_a_trade_was_finished_before_it_was_shipped() => Breaks(
        [15, 24], Sound.Database(book => book with
        {
            Events = book.Events.Change(told => told.Bill == _books.PartlyReleased.Bill && told.Type == "trade.finished", told => told with { CommittedAt = Opening }),
        }),
        "A trade is FINISHED, and its events do not lead there");

    [Fact]
    public void Statement_15_a_closed_trade_went_on_and_no_refund_was_refused() => Breaks(
        [15, 24], Sound.Database(book => book with
        {
            Events = [.. book.Events.Select(told => told.Bill == _books.Reopened.Bill && told.Type == "trade.stopped" ? told with { Bill = _books.Closed.Bill } : told)],
        }) with
        {
            Receivers = [.. Sound.Receivers.Select(receiver => receiver with
            {
                Events = [.. receiver.Events.Select(told => told.Bill == _books.Reopened.Bill && told.Type == "trade.stopped" ? told with { Bill = _books.Closed.Bill, Amount = 750, Rrn = _books.Closed.Rrn, AuthorisationCode = _books.Closed.AuthorisationCode } : told)],
            })],
        },
        $"trade {_books.Closed.Bill} CLOSED", "do not lead there");

    [Fact]
    public void Statement_24_a_deadline_is_not_the_one_that_was_told() => Breaks(
        24, Doctored(_books.Shipped, trade => trade with { DueAt = trade.DueAt - TimeSpan.FromMilliseconds(1) }), "not the one that was told", $"trade {_books.Shipped.Bill} SHIPPED");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Statement_24_a_trade_that_is_not_shipped_is_due_at_another_time_than_was_told(bool isOverdue)
    {
        var swipe = isOverdue ? _books.Overdue : _books.Reopened;
        Breaks(24, Doctored(swipe, trade => trade with { DueAt = trade.DueAt - TimeSpan.FromMilliseconds(1) }), "not the one that was told", $"trade {swipe.Bill} HELD");
    }

    [Fact]
    public void Statement_24_the_second_time_of_an_overdue_trade_does_not_follow_the_one_that_was_told()
    {
        Breaks(24, Doctored(_books.Overdue, trade => trade with { DueAt = trade.DueAt - TimeSpan.FromDays(7) }), "not the one that was told");
        Breaks(24, Paid(told => told with { ShipBy = told.ShipBy + TimeSpan.FromMilliseconds(1) }), "not the one that was told", "ship by");
        Breaks(24, Paid(told => told with { ShipBy = null }), "not the one that was told");

        Evidence Paid(Func<Event, Event> change) =>
            Sound.Database(book => book with { Events = book.Events.Change(told => told.Bill == _books.Overdue.Bill && told.Type == "bill.paid", change) });
    }

    [Fact]
    public void An_overdue_trade_that_goes_on_has_another_time_than_was_told_before()
    {
        var paid = Sound.Database.Events.Single(told => told.Bill == _books.Reopened.Bill && told.Type == "bill.paid");
        var overdue = paid with { Id = Guid.Parse("00000001-0000-0000-0000-000000000001"), Type = "trade.ship_overdue", CommittedAt = paid.CommittedAt + TimeSpan.FromMilliseconds(1), ShipBy = null };
        Auditor.Check(Doctored(_books.Reopened, trade => trade with { IsOverdue = true, DueAt = trade.DueAt + TimeSpan.FromHours(1) }).Database(book => book with
        {
            Events = book.Events.With(overdue),
            Deliveries = book.Deliveries.With(new Delivery(overdue.Id, "we_1", "PARKED", 9), new Delivery(overdue.Id, "we_2", "PARKED", 9)),
        })).Should().BeEmpty();
    }

    [Fact]
    public void Statement_24_more_time_for_the_shopper_was_not_told() => Breaks(
        [7, 24], Sound.Database(book => book with { Events = book.Events.Without(told => told.Bill == _books.Shipped.Bill && told.Type == "trade.deadline_changed") }),
        "0 events trade.deadline_changed", "not the one that was told");

    [Fact]
    public void Statement_14_a_frozen_trade_was_released() => Breaks(
        [14, 15], Doctored(_books.PartlyReleased, trade => trade with { FrozenBy = "dora" }), "A frozen trade has moved");

    [Fact]
    public void Statement_17_a_fen_of_the_released_money_lies_with_the_wrong_side() => Breaks(
        17, Sound.Database(book => book with
        {
            Postings = book.Postings
                .Change(line => line.Rrn == _books.ReleaseOfRest && line.Account == "platform", line => line with { Amount = line.Amount - 1 })
                .Change(line => line.Rrn == _books.ReleaseOfRest && line.Account == "merchant:" + Merchant, line => line with { Amount = line.Amount + 1 }),
        }).Balanced(),
        "other shares");

    [Fact]
    public void Statement_17_a_trade_was_released_twice() => Breaks(
        [14, 16, 17], Sound.Database(book => book with
        {
            Postings = book.Postings.With(book.Postings.Where(line => line.Rrn == _books.ReleaseOfRest).Select(line => line with { Rrn = "000000099999", Sequence = 1 })),
        }).Balanced(),
        "other releases than were posted");

    [Fact]
    public void Statement_17_a_release_in_two_parts_has_the_shares_of_the_sum_and_only_its_second_event_is_missing() => Breaks(
        24, Sound.Database(book => book with
        {
            // Of 1 and of 9,999 fen.
            Postings = book.Postings.WithoutAny(line => line.Rrn == _books.ReleaseOfRest).With(
                [.. Release("000000099998", 0, ("held:" + Merchant, 1), ("merchant:" + Merchant, -1)),
                .. Release("000000099999", 1, ("held:" + Merchant, 9_999), ("merchant:" + Merchant, -9_939), ("store:" + Store, -12), ("platform", -48))]),
            Trades = book.Trades.Change(trade => trade.Bill == _books.PartlyReleased.Bill, trade => trade with { Releases = 2 }),
        }),
        "1 events trade.finished");

    [Fact]
    public void Statement_17_a_refund_before_the_release_took_shares() => Breaks(
        [11, 14, 17, 24], Sound.Database(book => book with
        {
            Postings = book.Postings.Without(line => line.Rrn == _books.RefundOfHeld && line.Account == "held:" + Merchant).With(
                new Posting(_books.RefundOfHeld, 1, "merchant:" + Merchant, 2_783, "CNY", "refund"),
                new Posting(_books.RefundOfHeld, 2, "store:" + Store, 3, "CNY", "refund"),
                new Posting(_books.RefundOfHeld, 3, "platform", 14, "CNY", "refund")),
            Trades = book.Trades.Change(trade => trade.Bill == _books.PartlyReleased.Bill, trade => trade with { Releases = 0 }),
        }).Balanced(),
        "never released");

    [Fact]
    public void Statement_17_a_refund_of_a_direct_bill_was_of_held_money() => Breaks(
        [16, 17], Sound.Database(book => book with
        {
            Postings = book.Postings.WithoutAny(line => line.Rrn == _books.PartRefund && line.Kind == "refund" && line.Account != "refunds_out").With(
                new Posting(_books.PartRefund, 1, "held:" + Merchant, 2_800, "CNY", "refund")),
        }).Balanced(),
        "other shares");

    [Theory]
    [InlineData("trade.shipped")]
    [InlineData("trade.ship_overdue")]
    [InlineData("trade.deadline_changed")]
    [InlineData("trade.finished")]
    [InlineData("trade.closed")]
    public void Statement_24_a_move_was_not_told(string type) => Breaks(
        type == "trade.ship_overdue" ? [7, 24] : [7, 15, 24], Sound.Database(book => book with { Events = book.Events.WithoutAny(told => told.Type == type) }), $"0 events {type}");

    [Theory]
    [InlineData("trade.shipped")]
    [InlineData("trade.ship_overdue")]
    [InlineData("trade.deadline_changed")]
    [InlineData("trade.finished")]
    [InlineData("trade.closed")]
    public void Statement_24_a_direct_bill_has_an_event_of_a_trade(string type)
    {
        var sound = Sound;
        var lie = sound.Database.Events.Single(told => told.Bill == _books.Approved.Bill) with { Id = Guid.Parse("00000001-0000-0000-0000-000000000001"), Type = type };
        Breaks(
            24,
            sound.Database(book => book with
            {
                Events = book.Events.With(lie),
                Deliveries = book.Deliveries.With(new Delivery(lie.Id, "we_1", "PARKED", 9), new Delivery(lie.Id, "we_2", "PARKED", 9)),
            }),
            $"1 events {type}");
    }

    [Fact]
    public void Statement_24_that_a_closed_trade_goes_on_was_not_told() => Breaks(
        [7, 15, 24], Sound.Database(book => book with { Events = book.Events.Without(told => told.Bill == _books.Reopened.Bill && told.Type == "trade.stopped") }),
        $"trade {_books.Reopened.Bill} HELD", "frozen by refund-declined");

    [Fact]
    public void Statement_15_a_stopped_trade_goes_on_and_nobody_has_said_so()
    {
        var at = Sound.Database.ReadAt;
        Breaks(15, Acted(_books.PartlyReleased.Bill, "trade.unfreeze"), "goes on, and nobody has said so");
        Breaks([14, 15], Acted(_books.RefusedBefore, "refund.approve"), "goes on, and nobody has said so", "has moved while it was stopped");

        Evidence Acted(string subject, string what) =>
            Sound.Database(book => book with { OperatorActs = book.OperatorActs.Change(act => act.Subject == subject && act.What == what, act => act with { CommittedAt = at }) });
    }

    [Fact]
    public void Statement_15_a_trade_that_goes_on_was_not_stopped() => Breaks(
        [7, 15, 24], Sound.Database(book => book with
        {
            Events = book.Events.Change(told => told.Bill == _books.PartlyReleased.Bill && told.Type == "trade.stopped", told => told with { Type = "trade.deadline_changed" }),
        }),
        "do not lead there", "events trade.stopped");

    private Evidence Doctored(Swipe swipe, Func<Trade, Trade> change) => Doctored(Sound, swipe, change);

    private static Evidence Doctored(Evidence books, Swipe swipe, Func<Trade, Trade> change) =>
        books.Database(book => book with { Trades = book.Trades.Change(trade => trade.Bill == swipe.Bill, change) });

    private Evidence Stopped(Evidence books, string who) => books.Stop(_books.Shipped.Bill, who);

    // The last event of the trade says this time.
    private Evidence Told(Swipe swipe, DateTimeOffset confirmBy) => Sound.Database(book => book with
    {
        Events = book.Events.Change(told => told.Bill == swipe.Bill && told.Type == "trade.deadline_changed", told => told with { ConfirmBy = confirmBy }),
    });

    private Evidence Moved(Func<Posting, bool> which, DateTimeOffset? at) =>
        Sound.Database(book => book with { Postings = [.. book.Postings.Select(line => which(line) ? line with { CommittedAt = at } : line)] });

    private IEnumerable<Posting> Release(string number, int sequence, params (string Account, long Amount)[] lines) =>
        lines.Select((line, at) => new Posting(number, at + 1, line.Account, line.Amount, "CNY", "release", _books.PartlyReleased.Bill, sequence));
}
