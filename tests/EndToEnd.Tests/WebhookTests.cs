using System.Text.Json;
using Lakala.Local;
using Lakala.Testing;

namespace Lakala.EndToEnd.Tests;

/// <summary>Notices from the event to the merchant's server, which verifies each.</summary>
public sealed class WebhookTests(Network network) : IAsyncLifetime
{
    // The least pauses behind the first two tries; a tenth may be added.
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(10), SecondPause = TimeSpan.FromMinutes(4);

    private Shop _shop = null!;

    public async ValueTask InitializeAsync() => _shop = await Shop.Open(network.Local);

    public ValueTask DisposeAsync()
    {
        _shop.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_cancelled_bill_is_told_once_with_a_signature_and_the_shape_of_the_api()
    {
        await using var receiver = await WebhookReceiver.Start();
        var endpoint = await Add(receiver);

        var bill = await Cancelled();
        var notice = await receiver.Next(Shop.Stop);

        notice.Type.Should().Be("bill.cancelled");
        notice.Data.GetRawText().Should().Be((await _shop.Get($"/v1/bills/{bill}")).Text);
        notice.Signatures.Should().Be(1);
        var told = await EventUntil(notice.Id, "ACCEPTED");
        told.GetProperty("data").GetRawText().Should().Be(notice.Data.GetRawText());
        told.GetProperty("timestamp").GetString().Should().Be(notice.Body.GetProperty("timestamp").GetString());
        Delivery(told).GetProperty("receiver").GetString().Should().Be(endpoint);
        Delivery(told).GetProperty("tries").GetInt32().Should().Be(1);
        Delivery(told).GetProperty("last_status").GetInt32().Should().Be(204);
        receiver.Strays.Should().Be(0);
    }

    [Fact]
    public async Task A_paid_bill_is_told_once_with_its_payment()
    {
        await using var receiver = await WebhookReceiver.Start();
        await Add(receiver);
        var number = (await _shop.NewBill()).GetProperty("number").GetString()!;
        var card = network.Card("approved");

        var swipe = await network.Local.RunTerminal(
            ["pay", "--bill", number, "--card", card.Track2, "--pin", card.Pin, "--terminal", "T0000006", "--json"], cancel: Shop.Stop);
        var notice = await receiver.Next(Shop.Stop);

        swipe.ExitCode.Should().Be(0, swipe.Output + swipe.Error);
        notice.Type.Should().Be("bill.paid");
        notice.Data.GetRawText().Should().Be((await _shop.Get($"/v1/bills/{number}")).Text);
        notice.Data.GetProperty("payment").GetProperty("rrn").GetString()
            .Should().Be(JsonElement.Parse(swipe.Output).GetProperty("rrn").GetString());
        (await _shop.Get("/v1/events")).Json.GetProperty("data").GetArrayLength().Should().Be(1);
        (await _shop.Post($"/v1/bills/{number}/cancel")).ShouldBeProblem(409, "bill-paid");
    }

    [Fact]
    public async Task A_key_that_is_made_or_revoked_is_told_with_the_key_that_asked_for_it()
    {
        await using var receiver = await WebhookReceiver.Start();
        await Add(receiver);
        var own = (await _shop.Get("/v1/api_keys")).Json.GetProperty("data")[0].GetProperty("id").GetString();

        var made = await _shop.Post("/v1/api_keys", """{"name":"a thief's"}""");
        var created = await receiver.Next(Shop.Stop);
        await _shop.Delete($"/v1/api_keys/{made.String("id")}");
        var revoked = await receiver.Next(Shop.Stop);

        (created.Type, revoked.Type).Should().Be(("api_key.created", "api_key.revoked"));
        created.Data.GetProperty("name").GetString().Should().Be("a thief's");
        foreach (var notice in new[] { created, revoked })
        {
            notice.Data.GetProperty("id").GetString().Should().Be(made.String("id"));
            notice.Data.GetProperty("by").GetString().Should().Be(own);
            notice.Body.GetRawText().Should().NotContain(made.String("api_key"));
        }

        (await _shop.Post($"/v1/events/{created.Id}/resend")).Status.Should().Be(202);
        (await receiver.Next(Shop.Stop)).Id.Should().Be(created.Id);
    }

    [Fact]
    public async Task A_receiver_that_fails_is_tried_again_under_the_same_id()
    {
        await using var receiver = await WebhookReceiver.Start(number => number < 3 ? 500 : 200);
        await Add(receiver);

        var (first, waiting) = await Eventually.Is(FailOnce, told => told.Delivery.GetProperty("tries").GetInt32() == 1, "a notice between its first and its second try");
        var now = TimeProvider.System.GetUtcNow();
        var second = await Hurry(receiver, first);
        var third = await Hurry(receiver, second);

        new[] { first, second, third }.Select(notice => notice.Status).Should().Equal(500, 500, 200);
        new[] { first, second, third }.Select(notice => notice.Id).Distinct().Should().ContainSingle();
        new[] { first, second, third }.Select(notice => notice.Body.GetRawText()).Distinct().Should().ContainSingle();
        waiting.GetProperty("last_error").GetString().Should().Be("status 500");
        waiting.GetProperty("due_at").GetDateTimeOffset()
            .Should().BeOnOrAfter(first.At + FirstPause).And.BeOnOrBefore(now + FirstPause * 1.1);
        Delivery(await EventUntil(first.Id, "ACCEPTED")).GetProperty("tries").GetInt32().Should().Be(3);

        // A machine that stands still for the whole pause reads its notice too late: the second try has come. Another notice is made then.
        async Task<(ReceivedNotice Notice, JsonElement Delivery)> FailOnce()
        {
            await Cancelled();
            var notice = await Next(receiver, notice => notice.Try == 1);
            return (notice, Delivery(await EventUntil(notice.Id, "PENDING")));
        }
    }

    [Fact]
    public async Task A_notice_is_parked_after_its_last_try_and_stays_visible_until_it_is_sent_again()
    {
        var isWell = false;
        await using var receiver = await WebhookReceiver.Start(_ => Volatile.Read(ref isWell) ? 200 : 503);
        await Add(receiver);

        var bill = await Cancelled();
        var first = await receiver.Next(Shop.Stop);
        await EventUntil(first.Id, "PENDING");
        await _shop.Sql($"update deliveries set state = 'PARKED', tries = 9, finished_at = now() where event_id = '{Id(first)}'");
        var parked = (await _shop.Get("/v1/events?delivery=PARKED")).Json.GetProperty("data");
        Volatile.Write(ref isWell, true);
        var resent = await _shop.Post($"/v1/events/{first.Id}/resend");
        var second = await Next(receiver, notice => notice.IsAccepted);

        parked.EnumerateArray().Select(told => told.GetProperty("id").GetString()).Should().Equal(first.Id);
        resent.Status.Should().Be(202, resent.Text);
        (second.Id, second.Status).Should().Be((first.Id, 200));
        second.Data.GetProperty("number").GetString().Should().Be(bill);
        await EventUntil(first.Id, "ACCEPTED");
        (await _shop.Get("/v1/events?delivery=PARKED")).Json.GetProperty("data").GetArrayLength().Should().Be(0);
    }

    [Fact]
    public async Task An_endpoint_that_is_gone_is_shown_as_disabled_and_hears_again_once_it_is_enabled()
    {
        await using var receiver = await WebhookReceiver.Start(number => number == 1 ? 410 : 204);
        var endpoint = await Add(receiver);

        await Cancelled();
        var gone = await receiver.Next(Shop.Stop);
        var skipped = Delivery(await EventUntil(gone.Id, "SKIPPED"));
        var listed = (await _shop.Get("/v1/webhook_endpoints")).Json.GetProperty("data")[0];
        await Cancelled();
        var meanwhile = (await _shop.Get("/v1/events?limit=1")).Json.GetProperty("data")[0];
        var enabled = await _shop.Post($"/v1/webhook_endpoints/{endpoint}/enable");
        await _shop.Post($"/v1/events/{gone.Id}/resend");
        var again = await receiver.Next(Shop.Stop);

        skipped.GetProperty("last_status").GetInt32().Should().Be(410);
        listed.GetProperty("disabled_reason").GetString().Should().Be("status 410: the endpoint is gone, and is disabled");
        (TimeProvider.System.GetUtcNow() - listed.GetProperty("disabled_at").GetDateTimeOffset()).Should().BeLessThan(TimeSpan.FromMinutes(5));
        meanwhile.GetProperty("deliveries").GetArrayLength().Should().Be(0);
        enabled.Status.Should().Be(200, enabled.Text);
        enabled.Json.TryGetProperty("disabled_at", out _).Should().BeFalse();
        (again.Id, again.Status).Should().Be((gone.Id, 204));
        (await _shop.Post("/v1/webhook_endpoints/we_none/enable")).ShouldBeProblem(404, "not-found");
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using var receiver = await WebhookReceiver.Start(_ => 307);
        await Add(receiver);

        await Cancelled();
        var notice = await receiver.Next(Shop.Stop);

        var delivery = Delivery(await EventUntil(notice.Id, "PENDING"));
        delivery.GetProperty("last_error").GetString().Should().Be("status 307: redirects are not followed");
        receiver.Strays.Should().Be(0);
    }

    [Fact]
    public async Task A_secret_that_is_rotated_signs_beside_the_one_before()
    {
        await using var receiver = await WebhookReceiver.Start();
        var created = await _shop.Post("/v1/webhook_endpoints", $$"""{"url":"{{receiver.Address}}"}""");
        var (endpoint, before) = (created.String("id"), created.String("secret"));

        var rotated = await _shop.Post($"/v1/webhook_endpoints/{endpoint}/rotate_secret");
        receiver.Trust(before);
        var byTheOld = await Test();
        receiver.Trust(rotated.String("secret"));
        var byTheNew = await Test();

        rotated.String("secret").Should().NotBe(before);
        (rotated.Json.GetProperty("rotating_until").GetDateTimeOffset() - TimeProvider.System.GetUtcNow())
            .Should().BeCloseTo(TimeSpan.FromDays(1), TimeSpan.FromMinutes(1));
        (byTheOld.Signatures, byTheNew.Signatures).Should().Be((2, 2));
        receiver.Strays.Should().Be(0);

        await _shop.Sql($"update webhook_endpoints set previous_expires_at = now() - interval '1 second' where id = '{endpoint}'");
        (await Test()).Signatures.Should().Be(1);

        // The next is taken only once this one is recorded.
        async Task<ReceivedNotice> Test()
        {
            (await _shop.Post($"/v1/webhook_endpoints/{endpoint}/test")).Status.Should().Be(202);
            var notice = await receiver.Next(Shop.Stop);
            await EventUntil(notice.Id, "ACCEPTED");
            return notice;
        }
    }

    [Fact]
    public async Task A_test_event_goes_to_its_endpoint_alone()
    {
        await using var one = await WebhookReceiver.Start();
        await using var other = await WebhookReceiver.Start();
        var endpoint = await Add(one);
        await Add(other);

        var sent = await _shop.Post($"/v1/webhook_endpoints/{endpoint}/test");
        var notice = await one.Next(Shop.Stop);

        sent.Status.Should().Be(202, sent.Text);
        sent.Json.GetProperty("deliveries").GetArrayLength().Should().Be(1);
        (notice.Id, notice.Type).Should().Be((sent.String("id"), "webhook.test"));
        notice.Data.GetRawText().Should().Be($$"""{"webhook_endpoint":"{{endpoint}}"}""");
        other.Accepted.Should().BeEmpty();
    }

    [Fact]
    public async Task A_secret_is_shown_once_and_a_deleted_endpoint_hears_no_more()
    {
        await using var gone = await WebhookReceiver.Start();
        await using var there = await WebhookReceiver.Start();
        var endpoint = await Add(gone);
        await Add(there);

        var listed = (await _shop.Get("/v1/webhook_endpoints")).Json.GetProperty("data");
        var deleted = await _shop.Delete($"/v1/webhook_endpoints/{endpoint}");
        var again = await _shop.Delete($"/v1/webhook_endpoints/{endpoint}");
        await Cancelled();
        await there.Next(Shop.Stop);

        listed.GetArrayLength().Should().Be(2);
        listed.GetRawText().Should().NotContain("secret");
        deleted.Status.Should().Be(204);
        again.ShouldBeProblem(404, "not-found");
        gone.Accepted.Should().BeEmpty();
        (await _shop.Get("/v1/webhook_endpoints")).Json.GetProperty("data").GetArrayLength().Should().Be(1);
    }

    [Fact]
    public async Task Events_are_listed_newest_first_a_page_at_a_time()
    {
        string[] bills = [await Cancelled(), await Cancelled(), await Cancelled()];

        var first = (await _shop.Get("/v1/events?limit=2")).Json;
        var second = (await _shop.Get($"/v1/events?limit=2&cursor={first.GetProperty("next_cursor").GetString()}")).Json;

        Numbers(first).Concat(Numbers(second)).Should().Equal(bills.Reverse());
        second.TryGetProperty("next_cursor", out _).Should().BeFalse();
    }

    [Fact]
    public async Task What_belongs_to_another_merchant_does_not_exist()
    {
        await using var receiver = await WebhookReceiver.Start();
        var endpoint = await Add(receiver);
        await Cancelled();
        var id = (await receiver.Next(Shop.Stop)).Id;
        using var other = await Shop.Open(network.Local);

        (await other.Get($"/v1/events/{id}")).ShouldBeProblem(404, "not-found");
        (await other.Post($"/v1/events/{id}/resend")).ShouldBeProblem(404, "not-found");
        (await other.Delete($"/v1/webhook_endpoints/{endpoint}")).ShouldBeProblem(404, "not-found");
        (await other.Post($"/v1/webhook_endpoints/{endpoint}/rotate_secret")).ShouldBeProblem(404, "not-found");
        (await other.Post($"/v1/webhook_endpoints/{endpoint}/test")).ShouldBeProblem(404, "not-found");
        (await other.Post($"/v1/webhook_endpoints/{endpoint}/enable")).ShouldBeProblem(404, "not-found");
        (await other.Get("/v1/events")).Json.GetProperty("data").GetArrayLength().Should().Be(0);
        receiver.Accepted.Should().ContainSingle();
    }

    [Theory]
    [InlineData("""{"url":"ftp://shop.example.com/"}""")]
    [InlineData("""{"url":"/notices"}""")]
    [InlineData("""{"url":"https://user:word@shop.example.com/"}""")]
    [InlineData("""{"url":"https://shop.example.com/#part"}""")]
    [InlineData("""{"url":""}""")]
    [InlineData("""{}""")]
    public async Task An_address_that_cannot_be_called_is_refused(string json) =>
        (await _shop.Post("/v1/webhook_endpoints", json)).ShouldBeProblem(400, "invalid-request", "url");

    [Fact]
    public async Task A_merchant_has_at_most_ten_endpoints()
    {
        for (var i = 0; i < 10; i++)
        {
            (await _shop.Post("/v1/webhook_endpoints", $$"""{"url":"https://shop.example.com/{{i}}"}""")).Status.Should().Be(201);
        }

        (await _shop.Post("/v1/webhook_endpoints", """{"url":"https://shop.example.com/11"}""")).ShouldBeProblem(409, "too-many-endpoints");
    }

    private static JsonElement Delivery(JsonElement told) => told.GetProperty("deliveries")[0];

    private static IEnumerable<string?> Numbers(JsonElement page) =>
        page.GetProperty("data").EnumerateArray().Select(told => told.GetProperty("data").GetProperty("number").GetString());

    private static Guid Id(ReceivedNotice notice) => Guid.ParseExact(notice.Id["evt_".Length..], "N");

    private async Task<string> Add(WebhookReceiver receiver)
    {
        var created = await _shop.Post("/v1/webhook_endpoints", $$"""{"url":"{{receiver.Address}}"}""");
        created.Status.Should().Be(201, created.Text);
        receiver.Trust(created.String("secret"));
        return created.String("id");
    }

    private async Task<string> Cancelled()
    {
        var number = (await _shop.NewBill()).GetProperty("number").GetString()!;
        (await _shop.Post($"/v1/bills/{number}/cancel")).Status.Should().Be(200);
        return number;
    }

    private async Task<JsonElement> EventUntil(string id, string state) => (await _shop.GetUntil(
        $"/v1/events/{id}",
        told => Delivery(told).GetProperty("state").GetString() == state
            && Delivery(told).TryGetProperty("last_status", out _))).Json;

    // A machine that stands still for a pause has had tries meanwhile that the test does not mean.
    private static async Task<ReceivedNotice> Next(WebhookReceiver receiver, Func<ReceivedNotice, bool> isMeant)
    {
        while (true)
        {
            if (await receiver.Next(Shop.Stop) is var notice && isMeant(notice))
            {
                return notice;
            }
        }
    }

    /// <summary>Ends the pause after this try, once it is recorded: its record sets the pause. A pause that has ended by itself is left alone.</summary>
    private async Task<ReceivedNotice> Hurry(WebhookReceiver receiver, ReceivedNotice notice)
    {
        await _shop.GetUntil($"/v1/events/{notice.Id}", told => IsRecorded(Delivery(told), notice));
        await _shop.Sql($"update deliveries set due_at = now() where event_id = '{Id(notice)}' and tries = {notice.Try}");
        return await Next(receiver, next => next.Id == notice.Id);
    }

    // During a try the notice is leased for a minute; the second pause is longer.
    private static bool IsRecorded(JsonElement delivery, ReceivedNotice notice) =>
        delivery.GetProperty("tries").GetInt32() > notice.Try
        || (delivery.TryGetProperty("last_status", out _)
            && (notice.Try == 1 || delivery.GetProperty("due_at").GetDateTimeOffset() >= notice.At + SecondPause));
}
