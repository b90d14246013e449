using System.Collections.Concurrent;
using Lakala.Grains.Notices;
using Lakala.Silo.Merchants;
using Lakala.Silo.Notices;
using Lakala.Storage.Notices;
using Lakala.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Tests.Notices;

/// <summary>Which notices a silo claims, how it renews its lease, and how it records each answer.</summary>
public sealed class NoticeDispatcherTests(Books books) : IClassFixture<Books>, IAsyncLifetime
{
    private readonly DeliveryRows _deliveries = new(books.Database, books.Connections, NullLogger<DeliveryRows>.Instance);
    private readonly EndpointRows _endpoints = new(books.Database);
    private readonly List<NoticeDispatcher> _silos = [];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await books.Execute("truncate deliveries, events; update webhook_endpoints set disabled_at = null");

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in _silos)
        {
            await silo.StopAsync(Stop);
            silo.Dispose();
        }

        await _deliveries.DisposeAsync();
    }

    [Fact]
    public async Task A_silo_without_a_gateway_leaves_SMS_to_one_that_has_it_and_spends_no_try()
    {
        await Due(ShopperReceivers.Mail, 3);
        await Due(ShopperReceivers.Sms, 3);

        await Start(new Channel(ShopperReceivers.Mail));
        await Until($"count(*) filter (where receiver = 'mail' and state = 'ACCEPTED') = 3");
        await Due(ShopperReceivers.Mail, 1);
        await Until($"count(*) filter (where receiver = 'mail' and state = 'ACCEPTED') = 4");

        (await books.Scalar<long>("select count(*) from deliveries where receiver = 'sms' and state = 'PENDING' and tries = 0")).Should().Be(3);

        await Start(new Channel(ShopperReceivers.Sms));
        await Until("count(*) filter (where receiver = 'sms' and state = 'ACCEPTED' and tries = 1) = 3");
    }

    [Fact]
    public async Task No_mail_waits_on_a_clock_for_one_of_the_few_connections()
    {
        await Due(ShopperReceivers.Mail, 40);
        var mail = new Channel(ShopperReceivers.Mail) { MaxInFlight = 4 };

        await Start(mail);
        await Until("count(*) filter (where state = 'ACCEPTED' and tries = 1) = 40");

        mail.MostAtOnce.Should().BeInRange(1, 4);
        mail.Sent.Should().HaveCount(40);
    }

    [Fact]
    public async Task A_notice_that_is_on_its_way_for_longer_than_its_lease_is_nobody_elses()
    {
        await Due("we_1", 1);
        var arrives = new TaskCompletionSource();
        var slow = new Channel("we_1")
        {
            Answer = async _ =>
        {
            await arrives.Task;
            return new NoticeAnswer(NoticeOutcome.Accepted);
        }
        };
        var other = new Channel("we_1");
        var options = new NoticeOptions { Lease = TimeSpan.FromSeconds(1), PollInterval = TimeSpan.FromMilliseconds(100) };

        await Start(slow, options);
        await Until("max(tries) = 1");
        var lease = await books.Scalar<DateTime>("select due_at from deliveries");
        await Start(other, options);
        await books.Until($"select clock_timestamp() > '{lease:O}' and due_at > '{lease:O}' from deliveries");
        arrives.SetResult();
        await Until("count(*) filter (where state = 'ACCEPTED' and tries = 1) = 1");

        other.Sent.Should().BeEmpty();
    }

    [Fact]
    public async Task An_endpoint_that_is_gone_is_disabled_with_its_reason_and_what_it_was_told_is_skipped()
    {
        await Due("we_1", 1);

        await Start(new Channel("we_1") { Answer = _ => Task.FromResult(new NoticeAnswer(NoticeOutcome.Gone, 410, "status 410")) });
        await Until("count(*) filter (where state = 'SKIPPED' and last_status = 410) = 1");

        var endpoint = (await _endpoints.List(Books.Merchant, Stop)).Single();
        (endpoint.DisabledReason, endpoint.DisabledAt is not null).Should().Be(("status 410", true));
    }

    [Theory]
    [InlineData(NoticeOutcome.Refused, "state = 'PARKED'")]
    [InlineData(NoticeOutcome.Failed, "state = 'PENDING' and due_at <= now() + interval '11 seconds' and not was_uncertain")]
    [InlineData(NoticeOutcome.Uncertain, "state = 'PENDING' and due_at > now() + interval '59 minutes' and was_uncertain")]
    public async Task What_is_refused_is_parked_at_once_and_what_is_uncertain_waits_an_hour(NoticeOutcome outcome, string becomes)
    {
        await Due(ShopperReceivers.Mail, 1);

        // The silo stops while the notice is on its way: it records the answer, and no second try follows however slow the test is.
        var (asked, arrives) = (new TaskCompletionSource(), new TaskCompletionSource());
        await Start(new Channel(ShopperReceivers.Mail)
        {
            Answer = async _ =>
            {
                asked.SetResult();
                await arrives.Task;
                return new NoticeAnswer(outcome, 550, "no");
            },
        });
        await asked.Task.WaitAsync(Stop);
        var stopping = _silos[^1].StopAsync(Stop);
        arrives.SetResult();
        await stopping;

        (await books.Scalar<long>($"select count(*) from deliveries where {becomes} and tries = 1 and last_status = 550")).Should().Be(1);
    }

    [Fact]
    public async Task The_second_time_that_it_is_uncertain_is_the_last()
    {
        await Due(ShopperReceivers.Mail, 1);
        await books.Execute("update deliveries set was_uncertain = true, tries = 1");

        await Start(new Channel(ShopperReceivers.Mail) { Answer = _ => Task.FromResult(new NoticeAnswer(NoticeOutcome.Uncertain, Error: "no word")) });

        await Until("count(*) filter (where state = 'PARKED' and tries = 2) = 1");
    }

    [Fact]
    public async Task What_an_address_is_sent_too_much_of_is_skipped_and_says_why()
    {
        await Due(ShopperReceivers.Mail, 3, email: "crowd@shopper.test");
        var mail = new Channel(ShopperReceivers.Mail);

        await Start(mail);
        await Until("count(*) filter (where state <> 'PENDING') = 3");

        mail.Sent.Should().HaveCount(2);
        (await books.Scalar<string>("select last_error from deliveries where state = 'SKIPPED'")).Should().StartWith("the address has had 2 notices of you within an hour");
    }

    [Fact]
    public async Task A_receiver_that_two_channels_serve_is_sent_nothing_and_the_delivery_says_why()
    {
        await Due("we_1", 1);
        var (one, other) = (new Channel("we_1"), new Channel("we_1"));

        await Start([one, other]);
        await Until("count(*) filter (where last_error = 'there is more than one way to reach we_1 here') = 1");

        one.Sent.Concat(other.Sent).Should().BeEmpty();
    }

    private Task Start(INoticeChannel channel, NoticeOptions? options = null) => Start([channel], options);

    private async Task Start(INoticeChannel[] channels, NoticeOptions? options = null)
    {
        var silo = new NoticeDispatcher(
            _deliveries,
            _endpoints,
            channels,
            new ShopperLimits(new QuotaRows(books.Database), new MerchantApiOptions { NoticesPerAddressPerHour = 2 }.ToShopperQuotas(), Options.Create(new SmsOptions())),
            new NoticeSignal(TimeProvider.System),
            Options.Create(options ?? new NoticeOptions { PollInterval = TimeSpan.FromMilliseconds(50) }),
            TimeProvider.System,
            NullLogger<NoticeDispatcher>.Instance);
        _silos.Add(silo);
        await silo.StartAsync(Stop);
    }

    private async Task Due(string receiver, int count, string? email = null)
    {
        var bill = await books.PutBill();
        if (email is not null)
        {
            await books.Execute($"update bills set shopper_email = '{email}' where number = {bill}");
        }

        await books.Execute(
            $"""
            with evented as (
              insert into events (merchant_id, id, type, bill, created_at, data)
              select '{Books.Merchant}', id::uuid, 'bill.created', {bill}, now(), '{"{}"}'
              from unnest(string_to_array('{string.Join(' ', Enumerable.Range(0, count).Select(static _ => Guid.CreateVersion7()))}', ' ')) as id returning id
            )
            insert into deliveries (event_id, receiver, merchant_id, due_at) select id, '{receiver}', '{Books.Merchant}', now() from evented
            """);
    }

    private Task Until(string condition) => books.Until($"select {condition} from deliveries");

    private sealed class Channel(string receiver) : INoticeChannel
    {
        private int _now;
        private int _most;

        public Func<Notice, Task<NoticeAnswer>> Answer { get; init; } = static async _ =>
        {
            await Task.Yield();
            return new NoticeAnswer(NoticeOutcome.Accepted);
        };

        public ConcurrentQueue<Notice> Sent { get; } = [];

        public int MostAtOnce => Volatile.Read(ref _most);

        public int? MaxInFlight { get; init; }

        public bool Serves(string whom) => whom == receiver;

        public async Task<NoticeAnswer> Send(Notice notice)
        {
            var now = Interlocked.Increment(ref _now);
            InterlockedMax(now);
            Sent.Enqueue(notice);
            try
            {
                return await Answer(notice);
            }
            finally
            {
                Interlocked.Decrement(ref _now);
            }
        }

        private void InterlockedMax(int now)
        {
            for (var most = Volatile.Read(ref _most); now > most; most = Volatile.Read(ref _most))
            {
                Interlocked.CompareExchange(ref _most, now, most);
            }
        }
    }
}
