using System.Text.Json;
using Lakala.Grains.Notices;
using Lakala.Rules.Claims;
using Lakala.Silo.Merchants;
using Lakala.Storage.Claims;
using Lakala.Vocabulary;

namespace Lakala.Silo.Tests.Merchants;

/// <summary>The form of claims that notices have is the one that the API's document describes.</summary>
public sealed class ClaimModelTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 31, 8, 0, 0, TimeSpan.Zero);

    private static readonly ClaimRow Full = new(
        77,
        BillNumber.FromRandom(1).Value,
        "shop",
        1,
        Money.Cny,
        new Claim(ClaimKind.Return, 1000, ClaimState.Back, Now, Now.AddDays(10), IsAfterSale: true, Offer: 400, new ReturnParcel("EMS", "7"), Granted: 400),
        Now,
        "too small",
        "keep it",
        "no",
        "a part",
        Frozen: 5,
        Refund: 78,
        Compensation: 79);

    [Fact]
    public void The_view_and_the_model_have_the_same_members()
    {
        var json = ClaimView.Json(Full);
        var ended = ClaimView.Json(Full with { Claim = Full.Claim with { State = ClaimState.Judged, DueAt = null } });

        Members(json).Union(Members(ended)).Should().BeEquivalentTo(typeof(ClaimModel).GetProperties().Select(member => JsonNamingPolicy.SnakeCaseLower.ConvertName(member.Name)));
        json.Should().StartWith($$"""{"id":"000000000077","bill":"{{Full.BillNumber}}","status":"BACK","kind":"return","amount":1000,"currency":"CNY","after_sale":true,"offer":400,""");
        ended.Should().EndWith("""
            "return_carrier":"EMS","return_tracking_number":"7","refund":"000000000078","compensation":"000000000079","opened_at":"2030-01-31T08:00:00.000Z","ended_at":"2030-01-31T08:00:00.000Z"}
            """);
    }

    private static IEnumerable<string> Members(string json) => JsonElement.Parse(json).EnumerateObject().Select(member => member.Name);
}
