using System.Text.Json;
using Lakala.Local;
using Lakala.Testing;

namespace Lakala.EndToEnd.Tests;

/// <summary>
/// Searches all files of a run byte by byte for card numbers, tracks, PINs and keys; and checks the trace of its swipe.
/// </summary>
public sealed class CanaryTests
{
    // Twelve digits, which do not occur by chance.
    private const string CanaryPin = "739184620517";

    [Fact]
    public async Task A_run_leaves_no_card_number_track_pin_or_key_behind_and_a_swipe_is_one_trace()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var collector = await TraceCollector.Start();
        var network = await Network.StartAnother(new LocalNetworkOptions
        {
            Silo = new Dictionary<string, string>(collector.Settings)
            {
                ["Logging__LogLevel__Default"] = "Debug",
                ["Logging__LogLevel__Microsoft"] = "Information",
                ["Logging__LogLevel__Npgsql"] = "Debug",
                ["Logging__LogLevel__Orleans"] = "Information",
            },
        });
        string home;
        SecretSearch search;
        await using (network)
        {
            home = network.Home;
            await SwipeEveryCard(network, stop);
            await Eventually.Is(() => Task.FromResult(OneTraceHas(collector.Spans, SpansOfASwipe)), "one trace with all spans of a swipe");
            search = await SecretSearch.For(network.Seed, network.Cards, network.Secrets, [CanaryPin], stop);
        }

        search.Count.Should().BeGreaterThan(20);
        search.In(home).Should().BeEmpty();
        foreach (var body in collector.Bodies)
        {
            search.In(body).Should().BeEmpty("traces, logs and metrics hold no secret");
        }

        // The search works: it finds every card number in the bank's own folder.
        search.In(Path.Combine(home, "bank")).Should().NotBeEmpty();
    }

    private static readonly string[] SpansOfASwipe =
        ["terminal.0200", "bill.pay", "start_attempts", "bank.authorise", "finish_attempts"];

    private static bool OneTraceHas(IReadOnlyList<CollectedSpan> spans, string[] names) =>
        spans.GroupBy(span => span.TraceId).Any(trace => names.All(name => trace.Any(span => span.Name == name)));

    private static async Task SwipeEveryCard(LocalNetwork network, CancellationToken stop)
    {
        using var merchant = new MerchantClient(network.Http, network.Seed.ApiKey);
        foreach (var (card, pin) in network.Cards.Select(card => (card, card.Pin)).Append((network.Cards[0], CanaryPin)))
        {
            var bill = await merchant.CreateBill("order-" + Guid.NewGuid().ToString("N"), 1_000, "A teapot", stop);
            var number = bill.GetProperty("number").GetString()!;
            var result = await network.RunTerminal(["pay", "--bill", number, "--card", "-", "--pin", "-", "--json"], $"{card.Track2}\n{pin}\n", stop);
            var code = JsonElement.Parse(result.Output).GetProperty("response_code").GetString();
            code.Should().Be(pin == CanaryPin ? "55" : card.Expected == "approved" ? "00" : card.Expected);
        }
    }
}
