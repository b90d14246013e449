using Lakala.Rules.Bills;
using Lakala.Storage.Bills;
using Lakala.Storage.Notices;
using Lakala.Testing;
using Lakala.Vocabulary;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lakala.Grains.Tests;

/// <summary>Notices to the shopper of a bill, from the commits that make them to the claimed notice.</summary>
public sealed class ShopperNoticeTests(SwipeCluster cluster) : IClassFixture<SwipeCluster>
{
    private static readonly ShopperReceivers Shoppers = new(hasMail: true, hasSms: true);
    private static int Bills;

    private Books Books => cluster.Books;

    [Theory]
    [InlineData("a@shop.test", "+8613800000000", "mail sms")]
    [InlineData("a@shop.test", null, "mail")]
    [InlineData(null, "+8613800000000", "sms")]
    [InlineData(null, null, "")]
    public async Task The_shopper_hears_of_a_new_bill_in_every_way_that_reaches_one(string? email, string? phone, string receivers)
    {
        var bill = await NewBill(email, phone);

        (await Told(bill)).Should().Equal(receivers.Length == 0 ? [] : [.. receivers.Split(' ').Select(receiver => $"bill.created to {receiver}")]);
        (await IsReminded(bill)).Should().Be(receivers.Length > 0);
    }

    [Fact]
    public void Without_a_gateway_nobody_is_told_by_SMS_and_without_a_server_nobody_by_mail()
    {
        var bill = Row(1, "a@shop.test", "+8613800000000");
        new ShopperReceivers(hasMail: true, hasSms: false).Find(bill).Should().Equal("mail");
        new ShopperReceivers(hasMail: false, hasSms: true).Find(bill).Should().Equal("sms");
    }

    [Fact]
    public async Task A_payment_is_told_to_merchant_and_shopper_in_its_commit()
    {
        var bill = await NewBill("a@shop.test", "+8613800000000");
        var terminal = await cluster.NewTerminal();

        (await terminal.Pay(terminal.Swipe(bill))).ResponseCode.Should().Be("00");

        (await Told(bill)).Should().Equal(
            "bill.created to mail", "bill.created to sms", "bill.paid to mail", "bill.paid to sms", "bill.paid to we_1");
        (await Books.Scalar<long>($"select count(*) from events where bill = {bill} and type = 'bill.paid'")).Should().Be(1);
    }

    [Fact]
    public async Task A_cancellation_is_told_to_both_too()
    {
        var bill = await NewBill("a@shop.test", null);

        (await cluster.Bill(bill).Cancel(bill)).Refusal.Should().BeNull();

        (await Told(bill)).Should().Equal("bill.cancelled to mail", "bill.cancelled to we_1", "bill.created to mail");
    }

    [Fact]
    public async Task A_reminder_goes_out_once_however_many_find_it_due_and_only_to_the_shopper()
    {
        var bill = await NewBill("a@shop.test", null);
        (await Books.Bills.Reminding(1000, CancellationToken.None)).Should().NotContain(bill);
        await ReminderIsDue(bill);

        (await Books.Bills.Reminding(1000, CancellationToken.None)).Should().Contain(bill);
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => cluster.Bill(bill).Remind(bill)));

        (await Told(bill)).Should().Equal("bill.created to mail", "bill.expiring to mail");
        (await Books.Bills.Reminding(1000, CancellationToken.None)).Should().NotContain(bill);
    }

    [Fact]
    public async Task Who_stands_at_a_counter_is_not_reminded_and_who_has_paid_never_again()
    {
        var bill = await NewBill("a@shop.test", null);
        await ReminderIsDue(bill);
        var terminal = await cluster.NewTerminal();
        (await terminal.Grain.Lookup(terminal.Keys, terminal.NextKey(), bill)).Refusal.Should().BeNull();

        (await Books.Bills.Reminding(1000, CancellationToken.None)).Should().NotContain(bill);
        await cluster.Bill(bill).Remind(bill);
        (await IsReminded(bill)).Should().BeTrue("it is held, and may be reminded later");

        (await terminal.Pay(terminal.Swipe(bill))).ResponseCode.Should().Be("00");
        await Books.Execute($"update bills set held_until = null where number = {bill}");
        (await Books.Bills.Reminding(1000, CancellationToken.None)).Should().NotContain(bill);

        (await IsReminded(bill)).Should().BeFalse();
        (await Told(bill)).Should().NotContain(told => told.StartsWith("bill.expiring"));
    }

    [Fact]
    public async Task A_bill_that_outlives_its_time_at_a_counter_expires_once_and_releases_its_order_once()
    {
        var bill = await NewBill("a@shop.test", null);
        var terminal = await cluster.NewTerminal();
        (await terminal.Grain.Lookup(terminal.Keys, terminal.NextKey(), bill)).Refusal.Should().BeNull();
        await Books.Execute($"update bills set expires_at = clock_timestamp() - interval '1 second' where number = {bill}");

        (await cluster.Bill(bill).Expire(bill)).Refusal.Should().Be(Refusal.BillHeld);
        (await Books.Bills.Expiring(1000, CancellationToken.None)).Should().NotContain(bill);
        await Books.Execute($"update bills set held_until = clock_timestamp() where number = {bill}");
        (await Books.Bills.Expiring(1000, CancellationToken.None)).Should().Contain(bill);
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => cluster.Bill(bill).Expire(bill)));

        (await Told(bill)).Should().Equal("bill.created to mail", "bill.expired to mail", "bill.expired to we_1");
        (await terminal.Pay(terminal.Swipe(bill))).Reason.Should().Be(Refusal.BillExpired);
    }

    [Fact]
    public async Task A_notice_to_a_shopper_is_claimed_with_the_bill_as_it_is_now()
    {
        await using var notices = new DeliveryRows(Books.Database, Books.Connections, NullLogger<DeliveryRows>.Instance);
        var bill = await NewBill("a@shop.test", null);
        await Books.Execute($"update deliveries set state = 'ACCEPTED' where event_id not in (select id from events where bill = {bill})");
        var terminal = await cluster.NewTerminal();
        await terminal.Pay(terminal.Swipe(bill));

        var claimed = await notices.Claim(100, 100, TimeSpan.FromMinutes(1), new Dictionary<string, int>());

        var created = claimed.Single(notice => notice.Type == EventTypes.Created);
        created.Should().Match<Notice>(notice => notice.Receiver == "mail" && notice.Endpoint == null);
        created.Bill.Should().Match<BillRow>(row => row.Bill.State == BillState.Paid && row.ShopperEmail == "a@shop.test" && row.Payment != null);
        ShopperReceivers.WhyMoot(created.Type, created.Bill!.Bill.State).Should().Be("the bill is paid");
        claimed.Single(notice => notice.Receiver == "we_1").Bill.Should().BeNull();
    }

    [Theory]
    [InlineData(EventTypes.Created, BillState.Open, false)]
    [InlineData(EventTypes.Created, BillState.Paying, false)]
    [InlineData(EventTypes.Created, BillState.Paid, true)]
    [InlineData(EventTypes.Expiring, BillState.Open, false)]
    [InlineData(EventTypes.Expiring, BillState.Paid, true)]
    [InlineData(EventTypes.Expiring, BillState.Expired, true)]
    [InlineData(EventTypes.Expiring, BillState.Cancelled, true)]
    [InlineData(EventTypes.Paid, BillState.Paid, false)]
    [InlineData(EventTypes.Expired, BillState.Expired, false)]
    [InlineData(EventTypes.Cancelled, BillState.Cancelled, false)]
    public void What_asks_for_payment_is_moot_once_there_is_nothing_to_pay(string type, BillState now, bool isMoot) =>
        (ShopperReceivers.WhyMoot(type, now) is not null).Should().Be(isMoot);

    [Fact]
    public async Task An_event_goes_out_again_to_the_shopper_or_to_the_endpoints_never_to_both()
    {
        await using var notices = new DeliveryRows(Books.Database, Books.Connections, NullLogger<DeliveryRows>.Instance);
        var bill = await NewBill("a@shop.test", "+8613800000000");
        await cluster.Bill(bill).Cancel(bill);
        var created = await Books.Scalar<Guid>($"select id from events where bill = {bill} and type = 'bill.created'");
        var cancelled = await Books.Scalar<Guid>($"select id from events where bill = {bill} and type = 'bill.cancelled'");
        await Books.Execute("update deliveries set state = 'ACCEPTED', tries = 3");

        (await notices.ResendToEndpoints(Books.Merchant, created, perDay: 3))!.Receivers.Should().Be(0, "it is the shopper's alone");
        (await notices.ResendToShopper(Books.Merchant, created, Shoppers, perDay: 3))!.Receivers.Should().Be(2);
        (await notices.ResendToEndpoints(Books.Merchant, cancelled, perDay: 3))!.Receivers.Should().Be(1);
        (await notices.ResendToShopper("another", created, Shoppers, perDay: 3)).Should().BeNull();

        (await Books.Scalar<string>(
            $"""
            select string_agg(e.type || ' to ' || d.receiver, ', ' order by e.type, d.receiver)
            from deliveries d join events e on e.id = d.event_id where e.bill = {bill} and d.state = 'PENDING' and d.tries = 0
            """)).Should().Be("bill.cancelled to we_1, bill.created to mail, bill.created to sms");
    }

    private static BillRow Row(int number, string? email, string? phone)
    {
        var drawn = BillNumber.FromRandom(800_000_000_000 + number);
        var now = TimeProvider.System.GetUtcNow();
        var bill = new Bill(BillState.Open, new Money(TestTerminal.Amount, Money.Cny), now.AddHours(8), null, 0);
        return new BillRow(
            drawn.Value, Books.Merchant, "Test Shop", $"shopper-{number}", "A thing", bill, PageToken.Create(drawn), null, email, phone, "zh", null, now, null, null);
    }

    private async Task<long> NewBill(string? email, string? phone)
    {
        var row = Row(Interlocked.Increment(ref Bills), email, phone);
        (await new MerchantBills(Books.Database).CreateBill(row, null, Shoppers.Find(row), "{}")).Should().Be(CreateOutcome.Created);
        return row.Number;
    }

    private async Task<string[]> Told(long bill) => (await Books.Scalar<string>(
        $"""
        select coalesce(string_agg(e.type || ' to ' || d.receiver, ',' order by e.type, d.receiver), '')
        from deliveries d join events e on e.id = d.event_id where e.bill = {bill}
        """)).Split(',', StringSplitOptions.RemoveEmptyEntries);

    private Task<bool> IsReminded(long bill) => Books.Scalar<bool>($"select remind_at is not null from bills where number = {bill}");

    private Task ReminderIsDue(long bill) => Books.Execute($"update bills set remind_at = clock_timestamp() where number = {bill}");
}
