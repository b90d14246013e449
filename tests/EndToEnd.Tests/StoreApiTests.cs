using System.Text.Json;

namespace Lakala.EndToEnd.Tests;

/// <summary><c>/v1/stores</c>, which any page may call.</summary>
public sealed class StoreApiTests(Network network)
{
    [Fact]
    public async Task The_nearest_stores_are_found_without_a_key_and_from_any_page()
    {
        using var nobody = new Shop(network.Local, null);

        var answer = await nobody.Get("/v1/stores?near=31.2304,121.4737&limit=3");

        answer.Status.Should().Be(200);
        answer.Headers.GetValues("Access-Control-Allow-Origin").Should().Equal("*");
        var stores = answer.Json.GetProperty("data").EnumerateArray().ToList();
        stores.Select(store => store.GetProperty("id").GetString()).Should().Equal("STORE0000000001", "STORE0000000002", "STORE0000000003");
        stores[0].GetProperty("distance_metres").GetInt32().Should().Be(0);

        // 0.0037 and 0.0064 degrees at this latitude.
        stores[1].GetProperty("distance_metres").GetInt32().Should().BeInRange(730, 737);
        stores[1].GetProperty("name_zh").GetString().Should().Be("街角小店二号");
        stores[1].GetProperty("ready").GetBoolean().Should().BeFalse();
        stores[1].GetProperty("hours").GetString().Should().Be("06:30-23:00");
    }

    [Fact]
    public async Task Areas_are_listed_and_lead_to_their_stores()
    {
        using var nobody = new Shop(network.Local, null);

        var areas = (await nobody.Get("/v1/stores/areas")).Json.GetProperty("data").EnumerateArray().ToList();
        var area = areas.Single(area => area.GetProperty("district").GetString() == "静安 Jing'an");
        var stores = (await nobody.Get($"/v1/stores?region={Of(area, "region")}&district={Of(area, "district")}")).Json.GetProperty("data");

        areas.Should().HaveCount(3);
        stores.GetArrayLength().Should().Be(area.GetProperty("stores").GetInt32()).And.Be(4);
        stores[0].TryGetProperty("distance_metres", out _).Should().BeFalse();

        static string Of(JsonElement area, string member) => Uri.EscapeDataString(area.GetProperty(member).GetString()!);
    }

    [Theory]
    [InlineData("near=here", "near")]
    [InlineData("near=91,0", "near")]
    [InlineData("near=NaN,0", "near")]
    [InlineData("near=31.2,121.4&district=x", "near")]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=51", "limit")]
    public async Task What_is_wrong_with_a_search_is_named(string query, string field)
    {
        using var nobody = new Shop(network.Local, null);
        (await nobody.Get("/v1/stores?" + query)).ShouldBeProblem(400, "invalid-request", field);
    }

    [Theory]
    [InlineData("\"latitude\":91,\"longitude\":0", "latitude is -90 to 90")]
    [InlineData("\"latitude\":1", "latitude and longitude come together")]
    [InlineData("\"region\":\"here\"", "region and district come together")]
    public async Task A_store_that_cannot_be_is_refused_by_name_and_nothing_is_provisioned(string member, string why)
    {
        var request = $$"""
            {"merchant":{"id":"nobody","name":"Nobody","fee_basis_points":60},
             "store":{"id":"STORE0000000777","name":"Wrong","commission_percent":20,{{member}}},"terminals":[]}
            """;

        var answer = await network.Local.Provision(request, Shop.Stop);

        answer.ExitCode.Should().Be(64);
        answer.Error.Should().Contain("STORE0000000777").And.Contain(why);
    }
}
