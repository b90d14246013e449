using System.Text;
using Lakala.Rules.Bills;
using Lakala.Silo.Merchants;
using Lakala.Silo.Notices;
using Lakala.Storage.Bills;
using Lakala.Storage.Notices;
using Lakala.Testing;
using Lakala.Vocabulary;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Tests.Notices;

/// <summary>The limits of a merchant's notices to shoppers, over all silos.</summary>
public sealed class ShopperQuotaTests(Books books) : IClassFixture<Books>, IAsyncLifetime
{
    private const string Email = "a@shopper.test", Phone = "+8613800000000";

    private readonly DeliveryRows _deliveries = new(books.Database, books.Connections, NullLogger<DeliveryRows>.Instance);
    private readonly EndpointRows _endpoints = new(books.Database);
    private readonly QuotaRows _quotas = new(books.Database);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await books.Execute(
        "truncate deliveries, events, merchant_quotas; update webhook_endpoints set test_event = null, tested_at = null; insert into merchants (id, name, fee_basis_points) values ('other', 'Other', 0) on conflict do nothing");

    public ValueTask DisposeAsync() => _deliveries.DisposeAsync();

    [Fact]
    public async Task One_notice_more_than_an_address_may_have_within_an_hour_or_a_day_is_held_back()
    {
        var quotas = new NoticeQuotas(PerHour: 2, PerDay: 3, InAllPerDay: 100);
        (await Count("a", quotas)).Should().Be(NoticeQuota.Free);
        (await Count("a", quotas)).Should().Be(NoticeQuota.Free);

        (await Count("a", quotas)).Should().Be(NoticeQuota.AddressFull);
        (await Count("b", quotas)).Should().Be(NoticeQuota.Free, "another address has had none");
        (await Count("a", quotas, receiver: "sms")).Should().Be(NoticeQuota.Free, "ways are counted apart");
        (await Count("a", quotas, merchant: "other")).Should().Be(NoticeQuota.Free, "merchants are counted apart");

        await Pass("1 hour");
        (await Count("a", quotas)).Should().Be(NoticeQuota.Free);
        (await Count("a", quotas)).Should().Be(NoticeQuota.AddressFull, "three is all that a day has");

        await Pass("23 hours");
        (await Count("a", quotas)).Should().Be(NoticeQuota.Free);
    }

    [Fact]
    public async Task A_merchant_has_so_many_SMS_a_day_and_what_an_address_is_refused_costs_none()
    {
        var quotas = new NoticeQuotas(PerHour: 1, PerDay: 1, InAllPerDay: 2);
        (await Count("a", quotas, receiver: "sms")).Should().Be(NoticeQuota.Free);
        (await Count("a", quotas, receiver: "sms")).Should().Be(NoticeQuota.AddressFull);
        (await Count("b", quotas, receiver: "sms")).Should().Be(NoticeQuota.Free);

        (await Count("c", quotas, receiver: "sms")).Should().Be(NoticeQuota.MerchantFull);
        (await Count("c", quotas, receiver: "sms", merchant: "other")).Should().Be(NoticeQuota.Free);

        await Pass("1 day");
        (await Count("c", quotas, receiver: "sms")).Should().Be(NoticeQuota.Free);
    }

    [Fact]
    public async Task Silos_that_count_at_once_let_through_as_many_as_one()
    {
        var quotas = new NoticeQuotas(PerHour: 5, PerDay: 100, InAllPerDay: 100);

        var counted = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Count("a", quotas)));

        counted.Count(one => one == NoticeQuota.Free).Should().Be(5);
    }

    [Fact]
    public async Task A_notice_is_counted_once_for_all_of_its_tries()
    {
        var quotas = new NoticeQuotas(PerHour: 1, PerDay: 1, InAllPerDay: 1);
        var notice = await Delivery("mail");

        for (var attempt = 0; attempt < 3; attempt++)
        {
            (await _quotas.CountNotice(notice, "mail", "a"u8.ToArray(), quotas)).Should().Be(NoticeQuota.Free);
        }

        (await books.Scalar<int>("select max(in_day) from merchant_quotas")).Should().Be(1);
    }

    [Fact]
    public async Task Counts_whose_day_is_over_are_dropped_and_the_others_are_not()
    {
        await Count("a", new NoticeQuotas(1, 1, 1));
        (await _quotas.ForgetCounts(100, Stop)).Should().Be(0);

        await Pass("25 hours");
        (await _quotas.ForgetCounts(100, Stop)).Should().Be(2, "the address and the merchant");
    }

    [Fact]
    public async Task An_event_is_sent_again_three_times_a_day_to_whomever_it_goes()
    {
        var bill = await books.PutBill();
        await books.Execute($"update bills set shopper_email = '{Email}' where number = {bill}");
        var paid = await Event("bill.paid", bill);
        var shoppers = new ShopperReceivers(hasMail: true, hasSms: false);
        (await _deliveries.ResendToEndpoints(Books.Merchant, paid, 3)).Should().Be(new Resent(1, null));
        (await _deliveries.ResendToShopper(Books.Merchant, paid, shoppers, 3)).Should().Be(new Resent(1, null));
        (await _deliveries.ResendToEndpoints(Books.Merchant, paid, 3)).Should().Be(new Resent(1, null));
        await books.Execute("update deliveries set state = 'ACCEPTED'");

        var refused = await _deliveries.ResendToShopper(Books.Merchant, paid, shoppers, 3);

        refused!.Wait.Should().BeCloseTo(TimeSpan.FromDays(1), TimeSpan.FromMinutes(1));
        (await books.Scalar<long>("select count(*) from deliveries where state = 'PENDING'")).Should().Be(0);
        (await _deliveries.ResendToEndpoints(Books.Merchant, await Event("bill.paid", bill), 3)).Should().Be(new Resent(1, null), "events are counted apart");

        await Pass("1 day");
        (await _deliveries.ResendToShopper(Books.Merchant, paid, shoppers, 3)).Should().Be(new Resent(1, null));
    }

    [Fact]
    public async Task Where_there_is_nobody_to_tell_nothing_is_counted()
    {
        var created = await Event("bill.created", await books.PutBill());

        for (var time = 0; time < 5; time++)
        {
            (await _deliveries.ResendToEndpoints(Books.Merchant, created, 3)).Should().Be(new Resent(0, null));
        }

        (await books.Scalar<long>("select count(*) from merchant_quotas")).Should().Be(0);
    }

    [Fact]
    public async Task An_endpoint_has_one_test_under_way_however_many_are_asked_for_at_once()
    {
        var asked = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Test()));
        asked.Count(outcome => outcome == TestOutcome.Sent).Should().Be(1);
        asked.Count(outcome => outcome == TestOutcome.UnderWay).Should().Be(9);
        (await books.Scalar<long>("select count(*) from events")).Should().Be(1);

        await books.Execute("update deliveries set last_error = 'status 500', tries = 1");
        (await Test()).Should().Be(TestOutcome.Sent, "the first try of the one before is over");
        (await Test()).Should().Be(TestOutcome.UnderWay);

        await books.Execute("update webhook_endpoints set tested_at = tested_at - interval '1 minute'");
        (await Test()).Should().Be(TestOutcome.Sent, "nothing was heard of the one before for a minute");
        (await _endpoints.AddTestEvent(Books.Merchant, "we_none", Guid.CreateVersion7(), TimeProvider.System.GetUtcNow(), "{}")).Should().Be(TestOutcome.NoSuchEndpoint);
    }

    [Theory]
    [InlineData("+86", "+8613800000000", true)]
    [InlineData("+86", "+447700900000", false)]
    [InlineData("+86", "+18681234567", false)]
    [InlineData("+86, +852", "+85291234567", true)]
    [InlineData("*", "+447700900000", true)]
    public async Task SMS_go_to_numbers_of_the_countries_that_are_set(string countries, string phone, bool isSent)
    {
        var options = new SmsOptions { Countries = countries };
        new SmsOptions.Validator().Validate(null, options).Succeeded.Should().BeTrue();

        var why = await WhyNot("sms", email: null, phone, sms: options);

        why.Should().Be(isSent ? null : "no SMS are sent to numbers of this country");
    }

    [Theory]
    [InlineData("")]
    [InlineData("86")]
    [InlineData("+")]
    [InlineData("+86,")]
    [InlineData("+8a")]
    public void What_is_no_beginning_of_a_number_is_no_country(string countries) =>
        new SmsOptions.Validator().Validate(null, new SmsOptions { Countries = countries }).FailureMessage.Should().Contain("Sms:Countries");

    [Fact]
    public async Task A_mailbox_is_one_address_however_it_is_written_and_the_merchant_reads_why()
    {
        var few = new MerchantApiOptions { NoticesPerAddressPerHour = 2, NoticesPerAddressPerDay = 9 };
        (await WhyNot("mail", "a@shopper.test", Phone, few)).Should().BeNull();
        (await WhyNot("mail", "A+1@Shopper.test", Phone, few)).Should().BeNull();

        (await WhyNot("mail", "a+2@shopper.test", Phone, few)).Should().Be("the address has had 2 notices of you within an hour, or 9 within a day");
        (await WhyNot("mail", "b@shopper.test", Phone, few)).Should().BeNull();
        (await WhyNot("sms", "b@shopper.test", Phone, new MerchantApiOptions { SmsPerDay = 1 })).Should().BeNull();
        (await WhyNot("sms", "b@shopper.test", "+8613800000001", new MerchantApiOptions { SmsPerDay = 1 })).Should().Be("your shoppers have had 1 SMS within a day");
    }

    [Theory]
    [InlineData("trade.shipped")]
    [InlineData("trade.deadline_changed")]
    [InlineData("claim.refused")]
    public async Task Nothing_else_that_a_merchant_sends_keeps_a_notice_of_a_trade_or_a_claim_from_the_shopper(string type)
    {
        var api = new MerchantApiOptions { NoticesPerAddressPerHour = 1, SmsPerDay = 1 };
        (await WhyNot("sms", Email, Phone, api)).Should().BeNull();
        (await WhyNot("sms", Email, Phone, api)).Should().NotBeNull();

        (await WhyNot("sms", Email, Phone, api, type: type)).Should().BeNull();
        (await WhyNot("sms", Email, Phone, api, type: type)).Should().Be(
            "the shopper of this bill has had 1 notices of its trade and claims within an hour, or 30 within a day");
        (await WhyNot("sms", Email, Phone, api, type: type, number: 2)).Should().BeNull("each bill was paid, and counts for itself");
    }

    [Fact]
    public async Task What_goes_to_no_shopper_is_not_counted()
    {
        (await Limits().WhyNot(new Notice(Guid.NewGuid(), "we_1", "bill.paid", TimeProvider.System.GetUtcNow(), "{}", null, null, 1))).Should().BeNull();
        (await books.Scalar<long>("select count(*) from merchant_quotas")).Should().Be(0);
    }

    private async Task<NoticeQuota> Count(string address, NoticeQuotas quotas, string receiver = "mail", string merchant = Books.Merchant) =>
        await _quotas.CountNotice(await Delivery(receiver, merchant), receiver, Encoding.UTF8.GetBytes(address), quotas);

    private async Task<string?> WhyNot(
        string receiver, string? email, string? phone, MerchantApiOptions? api = null, SmsOptions? sms = null, string type = EventTypes.Created, long number = 1)
    {
        var now = TimeProvider.System.GetUtcNow();
        var bill = new BillRow(
            number, Books.Merchant, "Test Shop", "order", "A thing", new Bill(BillState.Open, new Money(1, Money.Cny), now.AddHours(1), null, 0), "token",
            null, email, phone, "en", null, now, null, null);
        return await Limits(api, sms).WhyNot(new Notice(await Delivery(receiver), receiver, type, now, "{}", null, bill, 1));
    }

    private ShopperLimits Limits(MerchantApiOptions? api = null, SmsOptions? sms = null) =>
        new(_quotas, (api ?? new MerchantApiOptions()).ToShopperQuotas(), Options.Create(sms ?? new SmsOptions()));

    private Task<TestOutcome> Test() => _endpoints.AddTestEvent(Books.Merchant, "we_1", Guid.CreateVersion7(), TimeProvider.System.GetUtcNow(), "{}");

    private async Task<Guid> Event(string type, long bill)
    {
        var id = Guid.CreateVersion7();
        await books.Execute($"insert into events (merchant_id, id, type, bill, created_at, data) values ('{Books.Merchant}', '{id}', '{type}', {bill}, now(), '{"{}"}')");
        return id;
    }

    private async Task<Guid> Delivery(string receiver, string merchant = Books.Merchant)
    {
        var id = Guid.NewGuid();
        await books.Execute($"insert into deliveries (event_id, receiver, merchant_id, due_at) values ('{id}', '{receiver}', '{merchant}', now())");
        return id;
    }

    // The database's clock cannot be moved, so the counts are moved back.
    private Task Pass(string time) =>
        books.Execute($"update merchant_quotas set hour_from = hour_from - interval '{time}', day_from = day_from - interval '{time}'");
}
