using System.Text;
using System.Text.Json;
using Lakala.Local;

namespace Lakala.EndToEnd.Tests;

/// <summary>
/// What a run leaves behind, searched byte by byte for card numbers, tracks, PINs and keys; and the trace of its swipe.
/// </summary>
public sealed class CanaryTests
{
    // Twelve digits, so that chance does not write them.
    private const string CanaryPin = "739184620517";
    private const string HomeOfTheOutsideWorld = "bank";

    // The owner-only files that docs/operations.md lists.
    private static readonly string[] SecretFiles = ["seed.json", "zone-master.key", "key-encryption.key", "master.key", "gateway.key", "ca.key"];

    [Fact]
    public async Task A_run_leaves_no_card_number_track_pin_or_key_behind_and_a_swipe_is_one_trace()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var collector = await TraceCollector.Start();
        var network = await Network.StartAnother(new LocalNetworkOptions
        {
            Silo = new Dictionary<string, string>
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address,
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
                ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
                ["Logging__LogLevel__Default"] = "Debug",
                ["Logging__LogLevel__Microsoft"] = "Information",
                ["Logging__LogLevel__Npgsql"] = "Debug",
                ["Logging__LogLevel__Orleans"] = "Information",
            },
        });
        string home;
        IReadOnlyList<Canary> canaries;
        await using (network)
        {
            home = network.Home;
            await SwipeEveryCard(network, stop);
            await Eventually.Is(() => Task.FromResult(OneTraceHas(collector.Spans, SpansOfASwipe)), "one trace with all spans of a swipe");
            canaries = await Canaries(network, stop);
        }

        canaries.Should().HaveCountGreaterThan(20);
        Found(home, canaries).Should().BeEmpty();
        foreach (var body in collector.Bodies)
        {
            canaries.Where(canary => body.AsSpan().IndexOf(canary.Bytes) >= 0).Should().BeEmpty("traces hold no secret");
        }

        // The search itself finds what there is: the bank's own folder holds every card number.
        Found(Path.Combine(home, HomeOfTheOutsideWorld), canaries, everything: true).Should().NotBeEmpty();
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

    private static async Task<IReadOnlyList<Canary>> Canaries(LocalNetwork network, CancellationToken stop)
    {
        var keys = new List<string>(network.Seed.Terminals.Select(terminal => terminal.MasterKey));
        foreach (var file in new[] { "zone-master.key", "key-encryption.key" })
        {
            keys.Add((await File.ReadAllTextAsync(Path.Combine(network.Secrets, file), stop)).Trim());
        }

        var pans = network.Cards.Select(card => card.Track2.Split('=')[0]).ToArray();
        return
        [
            .. pans.Select(pan => Canary.Of("a card number", pan)),
            .. pans.Select(pan => Canary.OfDigits("a card number, packed", pan)),
            .. network.Cards.Select(card => Canary.Of("a track", card.Track2)),
            Canary.Of("a PIN", CanaryPin),
            Canary.OfDigits("a PIN, packed", CanaryPin),
            .. keys.Select(key => Canary.Of("a key in hex", key.ToLowerInvariant())),
            .. keys.Select(key => Canary.Of("a key in HEX", key.ToUpperInvariant())),
            .. keys.Select(key => new Canary("a key in bytes", Convert.FromHexString(key))),
            .. keys.Select(key => Canary.Of("a key in base64", Convert.ToBase64String(Convert.FromHexString(key)))),
        ];
    }

    private static List<string> Found(string folder, IReadOnlyList<Canary> canaries, bool everything = false)
    {
        var found = new List<string>();
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            var isException = SecretFiles.Contains(Path.GetFileName(file))
                || Path.GetRelativePath(folder, file).StartsWith(HomeOfTheOutsideWorld + Path.DirectorySeparatorChar, StringComparison.Ordinal);
            if (everything || !isException)
            {
                var bytes = File.ReadAllBytes(file);
                found.AddRange(canaries.Where(canary => bytes.AsSpan().IndexOf(canary.Bytes) >= 0).Select(canary => $"{canary.What} in {file}"));
            }
        }

        return found;
    }

    private sealed record Canary(string What, byte[] Bytes)
    {
        public static Canary Of(string what, string text) => new(what, Encoding.ASCII.GetBytes(text));

        /// <summary>Two digits to a byte, as PIN blocks and BCD fields hold them.</summary>
        public static Canary OfDigits(string what, string digits) => new(what, Convert.FromHexString(digits[..(digits.Length / 2 * 2)]));

        public override string ToString() => What;
    }
}
