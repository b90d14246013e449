using Lakala.Rules.Attempts;
using Lakala.Storage.Notices;
using Lakala.Storage.Postgres;
using Lakala.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lakala.Storage.Tests;

/// <summary>The queue of notices. A claim takes everything that is due, so each test begins with an empty queue.</summary>
public sealed class DeliveryRowsTests(Books books) : IClassFixture<Books>, IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);
    private static readonly Dictionary<string, int> NoneInFlight = [];
    private static int Stans;

    private readonly DeliveryRows _deliveries = new(books.Database, books.Connections, NullLogger<DeliveryRows>.Instance);
    private readonly EndpointRows _endpoints = new(books.Database);
    private readonly EventRows _events = new(books.Database);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await books.Execute(
        "truncate deliveries, events; delete from webhook_endpoints where id <> 'we_1'; update webhook_endpoints set deleted_at = null, disabled_at = null, secret = '\\x00', previous_secret = null, previous_expires_at = null");

    public ValueTask DisposeAsync() => _deliveries.DisposeAsync();

    [Fact]
    public async Task A_claimed_notice_is_nobody_elses_until_its_lease_ends()
    {
        await Paid(20);

        var claimed = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => _deliveries.Claim(5, 100, Lease, NoneInFlight)));

        claimed.SelectMany(notices => notices).Select(notice => notice.EventId).Should().OnlyHaveUniqueItems();
        while ((await _deliveries.Claim(100, 100, Lease, NoneInFlight)).Count > 0)
        {
            // A claim that found a locked row has left it to the next claim.
        }

        (await books.Scalar<long>("select count(*) from deliveries where state = 'PENDING' and tries = 1")).Should().Be(20);
        await Everything_is_due();
        (await _deliveries.Claim(100, 100, Lease, NoneInFlight)).Should().HaveCount(20).And.OnlyContain(notice => notice.Tries == 2);
    }

    [Fact]
    public async Task A_receiver_has_no_more_in_flight_than_it_may()
    {
        await Paid(10);

        (await _deliveries.Claim(100, 4, Lease, new Dictionary<string, int> { ["we_1"] = 3 })).Should().HaveCount(3);
        (await _deliveries.Claim(100, 4, Lease, new Dictionary<string, int> { ["we_1"] = 0 })).Should().BeEmpty();
        (await _deliveries.Claim(100, 4, Lease, NoneInFlight)).Should().HaveCount(4);
    }

    [Fact]
    public async Task What_is_accepted_parked_or_due_later_is_not_claimed_again()
    {
        await Paid(3);
        var claimed = await _deliveries.Claim(100, 100, Lease, NoneInFlight);

        var recorded = await Task.WhenAll(
            _deliveries.RecordNotices.Submit(Tried(claimed[0], DeliveryState.Accepted, null)),
            _deliveries.RecordNotices.Submit(Tried(claimed[1], DeliveryState.Parked, null)),
            _deliveries.RecordNotices.Submit(Tried(claimed[2], DeliveryState.Pending, TimeSpan.FromHours(1))));

        recorded.Should().OnlyContain(outcome => outcome.Done);
        (await _deliveries.Claim(100, 100, Lease, NoneInFlight)).Should().BeEmpty();
        var parked = await _events.List(Books.Merchant, null, parked: true, 10, Stop);
        parked.Should().ContainSingle().Which.Deliveries.Should().ContainSingle(delivery => delivery.State == DeliveryState.Parked && delivery.LastStatus == 500);
    }

    [Fact]
    public async Task A_try_that_its_lease_has_outlived_records_nothing()
    {
        await Paid(1);
        var slow = (await _deliveries.Claim(1, 100, Lease, NoneInFlight))[0];
        await Everything_is_due();
        var next = (await _deliveries.Claim(1, 100, Lease, NoneInFlight))[0];

        (await _deliveries.RecordNotices.Submit(Tried(slow, DeliveryState.Parked, null))).Done.Should().BeFalse();
        (await _deliveries.RecordNotices.Submit(Tried(next, DeliveryState.Accepted, null))).Done.Should().BeTrue();

        (await books.Scalar<string>("select state from deliveries")).Should().Be("ACCEPTED");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(GroupCommit<TriedNotice, NoticeRecorded>.MaxBatch)]
    public async Task Tries_are_recorded_in_batches_of_any_size(int size)
    {
        await Paid(size);
        var claimed = await _deliveries.Claim(1000, 1000, Lease, NoneInFlight);

        var recorded = await Task.WhenAll(claimed.Select((notice, i) => _deliveries.RecordNotices.Submit(Tried(notice, i % 2 == 0 ? DeliveryState.Accepted : DeliveryState.Parked, null))));

        recorded.Should().HaveCount(size).And.OnlyContain(outcome => outcome.Done);
        (await books.Scalar<long>("select count(*) from deliveries where state = 'ACCEPTED'")).Should().Be((size + 1) / 2);
    }

    [Fact]
    public async Task While_a_secret_is_rotated_both_sign_and_afterwards_the_new_one_alone()
    {
        await Paid(1);
        await _endpoints.RotateSecret(Books.Merchant, "we_1", [9]);
        var during = (await _deliveries.Claim(1, 100, Lease, NoneInFlight))[0];
        await books.Execute("update webhook_endpoints set previous_expires_at = clock_timestamp()");
        await Everything_is_due();

        var after = (await _deliveries.Claim(1, 100, Lease, NoneInFlight))[0];

        during.Endpoint!.Secret.Should().Equal(9);
        during.Endpoint!.PreviousSecret.Should().Equal(0);
        after.Endpoint!.PreviousSecret.Should().BeNull();
    }

    [Fact]
    public async Task Notices_of_a_deleted_endpoint_say_so_and_later_events_pass_it_by()
    {
        await Paid(1);
        await _endpoints.Delete(Books.Merchant, "we_1");
        await Paid(1);

        (await _deliveries.Claim(10, 100, Lease, NoneInFlight)).Should().ContainSingle().Which.Endpoint!.IsDeleted.Should().BeTrue();
    }

    [Fact]
    public async Task What_was_parked_for_an_endpoint_is_skipped_once_it_is_deleted()
    {
        await Paid(1);
        var claimed = (await _deliveries.Claim(1, 100, Lease, NoneInFlight))[0];
        await _deliveries.RecordNotices.Submit(Tried(claimed, DeliveryState.Parked, null));

        (await _endpoints.Delete(Books.Merchant, "we_1")).Should().BeTrue();
        (await _endpoints.Delete(Books.Merchant, "we_1")).Should().BeFalse();

        (await books.Scalar<string>("select state from deliveries")).Should().Be("SKIPPED");
    }

    [Fact]
    public async Task A_disabled_endpoint_says_so_and_hears_nothing_until_it_is_enabled()
    {
        await Paid(1);
        (await _endpoints.Disable("we_1", "status 410")).Should().BeTrue();
        (await _endpoints.Disable("we_1", "again")).Should().BeFalse();
        await Paid(1);

        var listed = (await _endpoints.List(Books.Merchant, Stop)).Should().ContainSingle().Subject;
        var waiting = (await _deliveries.Claim(10, 100, Lease, NoneInFlight)).Should().ContainSingle("later events pass it by").Subject;

        (listed.DisabledAt is not null, listed.DisabledReason).Should().Be((true, "status 410"));
        waiting.Endpoint!.IsDisabled.Should().BeTrue();
        (await _deliveries.ResendToEndpoints(Books.Merchant, waiting.EventId, perDay: 3))!.Receivers.Should().Be(0);

        (await _endpoints.Enable("another", "we_1")).Should().BeNull();
        (await _endpoints.Enable(Books.Merchant, "we_1"))!.DisabledAt.Should().BeNull();
        (await _deliveries.ResendToEndpoints(Books.Merchant, waiting.EventId, perDay: 3))!.Receivers.Should().Be(1);
        await Paid(1);
        (await _deliveries.Claim(10, 100, Lease, NoneInFlight)).Should().HaveCount(2).And.OnlyContain(notice => !notice.Endpoint!.IsDisabled);
    }

    [Fact]
    public async Task A_lease_that_is_renewed_is_not_claimed_by_another_and_one_that_was_lost_is_not_renewed()
    {
        await Paid(2);
        var claimed = await _deliveries.Claim(2, 100, TimeSpan.Zero, NoneInFlight);
        var lost = (await _deliveries.Claim(1, 100, Lease, NoneInFlight)).Single();

        await _deliveries.Renew(claimed, Lease * 2);

        var due = await books.Scalar<long>("select count(*) from deliveries where due_at > clock_timestamp() + interval '90 seconds'");
        due.Should().Be(1, "the other belongs to somebody else now");
        (await books.Scalar<bool>($"select due_at < clock_timestamp() + interval '90 seconds' from deliveries where event_id = '{lost.EventId}'")).Should().BeTrue();
        (await _deliveries.Claim(2, 100, Lease, NoneInFlight)).Should().BeEmpty();
    }

    [Fact]
    public async Task Thirty_who_add_an_endpoint_at_once_have_ten_together()
    {
        var added = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => _endpoints.Add(Books.Merchant, $"we_many{i}", "https://shop.test/", [0], most: 10)));

        added.Count(endpoint => endpoint is not null).Should().Be(9, "we_1 is there already");
        (await _endpoints.List(Books.Merchant, Stop)).Should().HaveCount(10);
    }

    [Fact]
    public async Task That_a_try_was_uncertain_is_remembered_until_the_notice_is_sent_anew()
    {
        await Paid(1);
        var first = (await _deliveries.Claim(1, 100, Lease, NoneInFlight)).Single();
        await _deliveries.RecordNotices.Submit(Tried(first, DeliveryState.Pending, TimeSpan.Zero) with { IsUncertain = true });
        var second = (await _deliveries.Claim(1, 100, Lease, NoneInFlight)).Single();
        await _deliveries.RecordNotices.Submit(Tried(second, DeliveryState.Pending, TimeSpan.Zero));
        var third = (await _deliveries.Claim(1, 100, Lease, NoneInFlight)).Single();
        await _deliveries.RecordNotices.Submit(Tried(third, DeliveryState.Parked, null));
        await _deliveries.ResendToEndpoints(Books.Merchant, first.EventId, perDay: 3);
        var anew = (await _deliveries.Claim(1, 100, Lease, NoneInFlight)).Single();

        new[] { first, second, third, anew }.Select(notice => notice.WasUncertain).Should().Equal(false, true, true, false);
    }

    [Fact]
    public async Task A_parked_notice_goes_out_again_under_its_event_id()
    {
        await Paid(1);
        var claimed = (await _deliveries.Claim(1, 100, Lease, NoneInFlight))[0];
        await _deliveries.RecordNotices.Submit(Tried(claimed, DeliveryState.Parked, null));

        (await _deliveries.ResendToEndpoints(Books.Merchant, claimed.EventId, perDay: 3))!.Receivers.Should().Be(1);
        (await _deliveries.ResendToEndpoints("another", claimed.EventId, perDay: 3)).Should().BeNull();

        (await _deliveries.Claim(1, 100, Lease, NoneInFlight)).Should().ContainSingle(notice => notice.EventId == claimed.EventId && notice.Tries == 1);
    }

    private static TriedNotice Tried(Notice notice, DeliveryState state, TimeSpan? retryIn) =>
        new(notice.EventId, notice.Receiver, notice.Tries, state, retryIn, state == DeliveryState.Accepted ? 200 : 500, state == DeliveryState.Accepted ? null : "no");

    private Task Everything_is_due() => books.Execute("update deliveries set due_at = clock_timestamp()");

    private Task Paid(int count) => Task.WhenAll(Enumerable.Range(0, count).Select(async _ =>
    {
        var start = await books.NewAttempt(await books.PutBill(), Interlocked.Increment(ref Stans));
        await books.Commits.StartAttempts.Submit(start);
        await books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, TimeProvider.System.GetUtcNow()));
    }));
}
