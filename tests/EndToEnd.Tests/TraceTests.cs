using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Lakala.Local;
using Lakala.Testing;
using Npgsql;

namespace Lakala.EndToEnd.Tests;

/// <summary>Which swipes a collector gets, and how a swipe's row, its trace, its log lines and the metrics refer to each other.</summary>
public sealed class TraceTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_two_swipes_the_one_that_was_reversed_is_found_from_its_row_and_the_other_is_not_kept()
    {
        await using var collector = await TraceCollector.Start();
        await using var network = await Network.StartAnother(new LocalNetworkOptions
        {
            Silo = new Dictionary<string, string>(collector.Settings)
            {
                ["Traces__Share"] = "0",
                ["Traces__SlowAfter"] = "00:00:50",
                ["Swipe__BankTimeout"] = "00:00:02",
            },
        });
        using var http = new HttpClient();
        using var merchant = new MerchantClient(network.Http, network.Seed.ApiKey);
        var search = await SecretSearch.For(network.Seed, network.Cards, network.Secrets, [], Stop);

        var good = await Pay(network, await NewBill(merchant), "00");
        var bill = await NewBill(merchant);
        var page = bill.GetProperty("pay_url").GetString()!;
        (await http.GetAsync(page, Stop)).EnsureSuccessStatusCode();
        (await http.PostAsJsonAsync(new Uri(network.BankHttp, "/faults"), new { kind = "silent", count = 1 }, Stop)).EnsureSuccessStatusCode();
        var reversed = await Pay(network, bill, "68");

        await Eventually.Is(
            () => Task.FromResult(SpansOfAReversedSwipe.All(name => collector.Spans.Any(span => span.TraceId == reversed && span.Name == name))),
            "the trace of the reversed swipe, whole");
        collector.Spans.Should().NotContain(span => span.TraceId == good);
        collector.Spans.Where(span => span.Name.StartsWith("terminal.", StringComparison.Ordinal))
            .Should().OnlyContain(span => span.TraceId == reversed && span.ParentId == "", "a terminal's message begins its trace");
        (await File.ReadAllLinesAsync(network.Silo.Log, Stop))
            .Should().Contain(line => line.Contains($"TraceId:{reversed}") && line.Contains("is acknowledged"));
        await UntilNamed(collector, "logs", reversed);
        await UntilNamed(collector, "metrics", reversed);

        var address = new SecretSearch([Canary.OfText("a bill page's address", page.Split('/')[^1])]);
        address.In(Encoding.ASCII.GetBytes(page)).Should().NotBeEmpty();
        foreach (var body in collector.Bodies)
        {
            search.In(body).Should().BeEmpty();
            address.In(body).Should().BeEmpty();
        }
    }

    private static readonly string[] SpansOfAReversedSwipe =
        ["terminal.0200", "bill.pay", "start_attempts", "bank.authorise", "finish_attempts", "bank.reverse"];

    private static Task UntilNamed(TraceCollector collector, string signal, string trace) => Eventually.Is(
        () => Task.FromResult(collector.Of(signal).Any(body => body.AsSpan().IndexOf(Convert.FromHexString(trace)) >= 0)),
        $"{signal} that name the trace");

    private static Task<JsonElement> NewBill(MerchantClient merchant) =>
        merchant.CreateBill("order-" + Guid.NewGuid().ToString("N"), 1_000, "A teapot", Stop);

    /// <returns>The trace that the swipe's row names.</returns>
    private static async Task<string> Pay(LocalNetwork network, JsonElement bill, string code)
    {
        var number = bill.GetProperty("number").GetString()!;
        var card = network.Cards.First(card => card.Expected == "approved");
        var result = await network.RunTerminal(["pay", "--bill", number, "--card", "-", "--pin", "-", "--json"], $"{card.Track2}\n{card.Pin}\n", Stop);
        JsonElement.Parse(result.Output).GetProperty("response_code").GetString().Should().Be(code);
        await using var database = NpgsqlDataSource.Create(network.ConnectionString + ";Pooling=false");
        await using var command = database.CreateCommand($"select replace(trace_id::text, '-', '') from attempts where bill = {number}");
        return (string)(await command.ExecuteScalarAsync(Stop))!;
    }
}
