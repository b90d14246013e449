namespace Lakala.EndToEnd.Tests;

/// <summary>A silo's answers to a merchant above its limits, with the default settings.</summary>
public sealed class QuotaTests(Network network)
{
    [Fact]
    public async Task One_test_more_than_in_an_hour_is_refused_with_seconds_and_another_merchant_is_served()
    {
        using var shop = await Shop.Open(network.Local);
        using var other = await Shop.Open(network.Local);
        const string Nobodys = "/v1/webhook_endpoints/we_none/test";

        for (var test = 0; test < 60; test++)
        {
            (await shop.Post(Nobodys)).ShouldBeProblem(404, "not-found");
        }

        var refused = await shop.Post(Nobodys);
        refused.ShouldBeProblem(429, "too-many-requests");
        refused.Headers.RetryAfter!.Delta.Should().BePositive().And.BeLessThanOrEqualTo(TimeSpan.FromMinutes(1));
        (await other.Post(Nobodys)).ShouldBeProblem(404, "not-found");
        (await shop.Get("/v1/webhook_endpoints")).Status.Should().Be(200, "reads are counted apart");
    }

    [Fact]
    public async Task An_event_that_is_sent_again_a_fourth_time_is_refused_until_its_day_is_over()
    {
        using var shop = await Shop.Open(network.Local);
        var bill = (await shop.NewBill(""","shopper":{"email":"again@shopper.test"}""")).GetProperty("number").GetString()!;
        var created = (await shop.Get("/v1/events")).Json.GetProperty("data")[0].GetProperty("id").GetString();
        for (var time = 0; time < 3; time++)
        {
            (await shop.Post($"/v1/events/{created}/resend?to=shopper")).Status.Should().Be(202);
        }

        var refused = await shop.Post($"/v1/events/{created}/resend?to=shopper");

        refused.ShouldBeProblem(429, "too-many-resends");
        refused.Headers.RetryAfter!.Delta.Should().BeCloseTo(TimeSpan.FromDays(1), TimeSpan.FromMinutes(5));
        (await shop.Post($"/v1/bills/{bill}/cancel")).Status.Should().Be(200);
    }

    [Fact]
    public async Task The_test_of_an_endpoint_waits_for_the_one_before()
    {
        using var shop = await Shop.Open(network.Local);
        await using var slow = await Lakala.Local.WebhookReceiver.Start();
        var endpoint = (await shop.Post("/v1/webhook_endpoints", $$"""{"url":"{{slow.Address}}"}""")).String("id");
        var first = (await shop.Post($"/v1/webhook_endpoints/{endpoint}/test")).String("id");
        (await shop.GetUntil($"/v1/events/{first}", told => told.GetProperty("deliveries")[0].TryGetProperty("last_error", out _))).Status.Should().Be(200);
        await shop.Sql($"update deliveries set last_error = null, due_at = 'infinity' where receiver = '{endpoint}'");

        var refused = await shop.Post($"/v1/webhook_endpoints/{endpoint}/test");

        refused.ShouldBeProblem(429, "test-under-way");
        refused.Headers.RetryAfter!.Delta.Should().Be(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task The_document_tells_429_and_its_seconds_of_every_operation()
    {
        using var shop = await Shop.Open(network.Local);

        var operations = (await shop.Get("/openapi/v1.json")).Json.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject()).Select(operation => operation.Value.GetProperty("responses"));

        operations.Should().AllSatisfy(answers => answers.GetProperty("429").GetProperty("headers").TryGetProperty("Retry-After", out _).Should().BeTrue());
    }
}
