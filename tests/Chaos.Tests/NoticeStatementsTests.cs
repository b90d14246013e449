using Lakala.Chaos.Audit;
using static Lakala.Chaos.Tests.Doctoring;
using static Lakala.Chaos.Tests.SoundBooks;

namespace Lakala.Chaos.Tests;

/// <summary>
/// Books in which only one statement is broken: the auditor names this one and shows the rows. Where one change breaks several
/// statements, the test names them all. Here: notices (statement 7).
/// </summary>
public sealed class NoticeStatementsTests
{
    private readonly SoundBooks _books = new();

    private Evidence Sound => _books.Evidence;

    // 7: one event, sent once to each receiver, none before the commit.

    [Fact]
    public void Statement_7_a_paid_bill_has_no_event()
    {
        var told = EventOf(_books.Approved.Bill);
        Breaks(
            7,
            Sound.Database(book => book with
            {
                Events = book.Events.Without(one => one.Id == told.Id),
                Deliveries = book.Deliveries.WithoutAny(delivery => delivery.EventId == told.Id),
            })
            .Received(Receiver, receiver => receiver with { Events = receiver.Events.Without(one => one.Bill == told.Bill) })
            .Received(SecondReceiver, receiver => receiver with { Events = receiver.Events.Without(one => one.Bill == told.Bill) }),
            $"bill {told.Bill} PAID");
    }

    [Fact]
    public void Statement_7_a_receiver_heard_of_a_commit_that_never_was()
    {
        Breaks(
            7, Sound.Received(Receiver, receiver => receiver with
            {
                Events = receiver.Events.With(receiver.Events.Single(one => one.Bill == _books.Approved.Bill) with { Id = $"evt_{Unused:N}" }),
            }),
            $"evt_{Unused:N}", "not in the books");
    }

    [Fact]
    public void Statement_7_a_receiver_heard_before_the_commit()
    {
        var told = EventOf(_books.Approved.Bill);
        Breaks(
            7, Sound.Received(Receiver, receiver => receiver with
            {
                Events = receiver.Events.Change(one => one.Bill == told.Bill, one => one with { FirstAt = told.CommittedAt!.Value - TimeSpan.FromMicroseconds(1) }),
            }),
            "told before the commit", $"event {told.Id:N} bill.paid");
    }

    [Fact]
    public void Statement_7_a_receiver_gets_no_delivery()
    {
        var told = EventOf(_books.Approved.Bill);
        Breaks(
            7, Sound.Database(book => book with { Deliveries = book.Deliveries.Without(one => one.EventId == told.Id && one.Receiver == "we_2") })
                .Received(SecondReceiver, receiver => receiver with { Events = receiver.Events.Without(one => one.Bill == told.Bill) }),
            $"event {told.Id:N}", "endpoint we_2");
    }

    [Fact]
    public void Statement_7_a_delivery_counts_as_accepted_and_nobody_accepted_it() => Breaks(
        7, Sound.Received(Receiver, receiver => receiver with
        {
            Events = receiver.Events.Change(one => one.Bill == _books.Approved.Bill, one => one with { Accepted = 0 }),
        }),
        $"delivery {EventOf(_books.Approved.Bill).Id:N} to we_1 ACCEPTED");

    [Fact]
    public void Statement_7_a_delivery_was_parked_too_soon() => Breaks(
        7, Sound.Database(book => book with { Deliveries = book.Deliveries.Change(one => one is { State: "PARKED", Tries: 9 }, one => one with { Tries = 8 }) }),
        "PARKED tries 8", "endpoint we_2");

    [Fact]
    public void Statement_7_a_delivery_is_still_pending() => Breaks(
        7, Sound.Database(book => book with { Deliveries = book.Deliveries.Change(one => one is { State: "PARKED", Tries: 9 }, one => one with { State = "PENDING" }) }),
        "still PENDING", $"event {EventOf(_books.Parked.Bill).Id:N}");

    [Fact]
    public void Statement_7_a_signature_was_wrong() => Breaks(
        7, Sound.Received(Receiver, receiver => receiver with { Strays = 1 }),
        $"receiver {Receiver}");

    [Fact]
    public void Statement_7_a_notice_shows_another_payment() => Breaks(
        7, Sound.Received(Receiver, receiver => receiver with
        {
            Events = receiver.Events.Change(one => one.Bill == _books.Approved.Bill, one => one with { Rrn = _books.Reprinted.Rrn }),
        }),
        $"rrn {_books.Reprinted.Rrn}", $"bill {_books.Approved.Bill} PAID");

    [Fact]
    public void Statement_7_an_open_bill_has_an_event() => Breaks(
        7, Sound.Database(book => book with
        {
            Bills = book.Bills.Change(bill => bill.Number == _books.Expired, bill => bill with { State = "OPEN" }),
        }),
        $"bill {_books.Expired} OPEN", "bill.expired");

    [Fact]
    public void Statement_7_a_bill_expired_twice()
    {
        var told = EventOf(_books.Expired);
        var again = told with { Id = Unused };
        Breaks(
            7, Sound.Database(book => book with
            {
                Events = book.Events.With(again),
                Deliveries = book.Deliveries.With(new Delivery(again.Id, "we_1", "PARKED", 9), new Delivery(again.Id, "we_2", "PARKED", 9)),
            }),
            $"event {told.Id:N} bill.expired", $"event {again.Id:N} bill.expired");
    }

    [Fact]
    public void Statement_7_a_delivery_goes_to_a_receiver_of_later() => Breaks(
        7, Sound.Database(book => book with { Deliveries = book.Deliveries.With(new Delivery(EventOf(_books.Approved.Bill).Id, "we_5", "PARKED", 9)) }),
        "endpoint we_5", "not configured at the commit");

    [Fact]
    public void Statement_7_an_event_is_another_merchants() => Breaks(
        7, Sound.Database(book => book with { Events = book.Events.Change(one => one.Bill == _books.Approved.Bill, one => one with { Merchant = OtherMerchant }) }),
        "has not exactly one event bill.paid");

    [Fact]
    public void Statement_7_an_event_says_another_thing_than_the_bill() => Breaks(
        7, Sound.Database(book => book with { Events = book.Events.Change(one => one.Bill == _books.Approved.Bill, one => one with { Type = "bill.expired" }) }),
        "has not exactly one event bill.paid");

    [Fact]
    public void Statement_7_an_event_is_of_no_bill()
    {
        var lie = EventOf(_books.Approved.Bill) with { Id = Unused, Bill = "00000000000002" };
        Breaks(
            7, Sound.Database(book => book with
            {
                Events = book.Events.With(lie),
                Deliveries = book.Deliveries.With(new Delivery(lie.Id, "we_1", "PARKED", 9), new Delivery(lie.Id, "we_2", "PARKED", 9)),
            }),
            "An event is of no bill", $"event {lie.Id:N}");
    }

    [Fact]
    public void Statement_7_a_receiver_has_two_deliveries() => Breaks(
        7, Sound.Database(book => book with { Deliveries = book.Deliveries.With(new Delivery(EventOf(_books.Approved.Bill).Id, "we_1", "ACCEPTED", 1)) }),
        "several deliveries of one event", "endpoint we_1");

    [Fact]
    public void Statement_7_a_delivery_is_of_no_event() => Breaks(
        7, Sound.Database(book => book with { Deliveries = book.Deliveries.With(new Delivery(Unused, "we_1", "PARKED", 9)) }),
        "A delivery is of no event", $"delivery {Unused:N}");

    [Fact]
    public void Statement_7_a_delivery_goes_to_another_merchant() => Breaks(
        7, Sound.Database(book => book with { Deliveries = book.Deliveries.With(new Delivery(EventOf(_books.Approved.Bill).Id, "we_3", "PARKED", 9)) }),
        "not the merchant's", "endpoint we_3");

    [Fact]
    public void Statement_7_a_delivery_goes_to_a_receiver_that_was_gone()
    {
        var last = Sound.Database.Events[^1];
        Breaks(
            7, Sound.Database(book => book with { Deliveries = book.Deliveries.With(new Delivery(last.Id, "we_4", "PARKED", 1)) }),
            "not configured at the commit", "endpoint we_4");
    }

    [Fact]
    public void Statement_7_a_receiver_heard_what_is_another_merchants() => Breaks(
        7, Sound.Received(OtherReceiver, receiver => receiver with { Events = receiver.Events.With(Heard(_books.Approved.Bill)) }),
        "that it has no delivery of", $"receiver {OtherReceiver}");

    [Fact]
    public void Statement_7_a_notice_has_another_prefix() => Heard(one => one with { Id = "evx_" + one.Id[4..] }, "not in the books", "has not accepted it");

    [Fact]
    public void Statement_7_a_notice_has_another_type() => Heard(one => one with { Type = "bill.expired" }, "another event than the books have");

    [Fact]
    public void Statement_7_a_notice_is_of_another_bill() => Heard(one => one with { Bill = _books.Reprinted.Bill }, "another event than the books have");

    [Fact]
    public void Statement_7_a_notice_shows_another_amount() => Heard(one => one with { Amount = 1 }, "that is not so");

    [Fact]
    public void Statement_7_a_notice_shows_another_authorisation() => Heard(one => one with { AuthorisationCode = "OTHER1" }, "that is not so");

    [Fact]
    public void Statement_7_a_notice_shows_another_state() => Heard(one => one with { Status = "OPEN" }, "that is not so");

    private static readonly Guid Unused = Guid.Parse("00000001-0000-0000-0000-000000000001");

    [Fact]
    public void Statement_7_a_shopper_has_no_delivery_of_the_payment()
    {
        var told = EventOf(_books.Mailed.Bill);
        Breaks(
            7, Sound.Database(book => book with { Deliveries = book.Deliveries.Without(one => one.EventId == told.Id && one.Receiver == "mail") })
                with
            { Mails = Sound.Mails.Without(mail => mail == $"evt_{told.Id:N}") },
            $"bill {_books.Mailed.Bill} PAID", $"event {told.Id:N} bill.paid");
    }

    [Fact]
    public void Statement_7_a_mail_counts_as_accepted_and_there_is_none()
    {
        var told = EventOf(_books.Mailed.Bill);
        Breaks(7, Sound with { Mails = Sound.Mails.Without(mail => mail == $"evt_{told.Id:N}") }, "there is no such mail", $"event {told.Id:N} bill.paid");
    }

    [Fact]
    public void Statement_7_a_receipt_was_skipped()
    {
        var told = EventOf(_books.Mailed.Bill);
        Breaks(
            7, Sound.Database(book => book with
            {
                Deliveries = book.Deliveries.Change(one => one.EventId == told.Id && one.Receiver == "mail", one => one with { State = "SKIPPED" }),
            }),
            "worth telling", $"delivery {told.Id:N} to mail SKIPPED");
    }

    [Fact]
    public void Statement_7_a_bill_was_announced_twice()
    {
        var told = Sound.Database.Events.Single(one => one.Type == "bill.created");
        Breaks(7, Sound.Database(book => book with { Events = book.Events.With(told with { Id = Unused }) }), "2 events bill.created");
    }

    [Fact]
    public void Statement_7_a_shopper_has_a_mail_of_an_event_that_is_not_in_the_books() =>
        Breaks(7, Sound with { Mails = Sound.Mails.With($"evt_{Unused:N}") }, $"mail evt_{Unused:N}");

    private Event EventOf(string bill) => Sound.Database.Events.Single(told => told.Bill == bill && !ShopperStatements.IsForShopperAlone(told));

    private ReceivedEvent Heard(string bill) => Sound.Receivers.Single(receiver => receiver.Url == Receiver).Events.Single(one => one.Bill == bill);

    private void Heard(Func<ReceivedEvent, ReceivedEvent> lie, params string[] shown) => Breaks(
        7, Sound.Received(Receiver, receiver => receiver with { Events = receiver.Events.Change(one => one.Bill == _books.Approved.Bill, lie) }), shown);
}
