namespace Lakala.EndToEnd.Tests;

/// <summary>What a silo does when a merchant asks too much, with the settings as they are.</summary>
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
    public async Task The_document_tells_429_and_its_seconds_of_every_operation()
    {
        using var shop = await Shop.Open(network.Local);

        var operations = (await shop.Get("/openapi/v1.json")).Json.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject()).Select(operation => operation.Value.GetProperty("responses"));

        operations.Should().AllSatisfy(answers => answers.GetProperty("429").GetProperty("headers").TryGetProperty("Retry-After", out _).Should().BeTrue());
    }
}
