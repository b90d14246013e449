using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Lakala.Local;
using Lakala.Testing;

namespace Lakala.EndToEnd.Tests;

/// <summary>The servers of <c>docs/merchant-api.md</c>, run unchanged.</summary>
public sealed class MerchantGuideTests(Network network)
{
    private static readonly Dictionary<string, string[]> Runtimes = new()
    {
        ["python"] = ["/usr/bin/python3", "-c"],

        // The one that comes with the browser's driver.
        ["js"] = [Path.Combine(AppContext.BaseDirectory, ".playwright", "node", "linux-x64", "node"), "-e"],
    };

    [Theory]
    [InlineData("python")]
    [InlineData("js")]
    public async Task A_server_from_the_guide_takes_our_notices_and_no_others(string language)
    {
        using var shop = await Shop.Open(network.Local);
        var port = FreePorts.Take(1)[0];
        var address = new Uri($"http://127.0.0.1:{port}/");
        var endpoint = await shop.Post("/v1/webhook_endpoints", $$"""{"url":"{{address}}"}""");
        using var server = Start(language, port, endpoint.String("secret"));
        try
        {
            (await Forge(address)).Should().Be(HttpStatusCode.Unauthorized);
            var number = (await shop.NewBill()).GetProperty("number").GetString();
            await shop.Post($"/v1/bills/{number}/cancel");

            (await server.StandardOutput.ReadLineAsync(Shop.Stop)).Should().Be($"bill.cancelled {number}");
            var told = (await shop.Get("/v1/events")).Json.GetProperty("data")[0].GetProperty("id").GetString();
            await shop.GetUntil(
                $"/v1/events/{told}", one => one.GetProperty("deliveries")[0].GetProperty("state").GetString() == "ACCEPTED");
        }
        finally
        {
            server.Kill(entireProcessTree: true);
        }
    }

    private static Process Start(string language, int port, string secret)
    {
        var guide = File.ReadAllText(Path.Combine(Repository.Root, "docs", "merchant-api.md"));
        var program = Regex.Match(guide, $"^```{language}\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline).Groups[1].Value;
        return Process.Start(new ProcessStartInfo(Runtimes[language][0], [Runtimes[language][1], program])
        {
            RedirectStandardOutput = true,
            Environment = { ["PORT"] = port.ToString(CultureInfo.InvariantCulture), ["LAKALA_SECRET"] = secret },
        })!;
    }

    /// <summary>Calls the server, once it is up, as anybody can.</summary>
    private static async Task<HttpStatusCode> Forge(Uri address)
    {
        using var http = new HttpClient();
        return (await Eventually.Is(() => Post(http, address), status => status is not null, "the guide's server is up"))!.Value;
    }

    /// <returns>Null: nobody listens.</returns>
    private static async Task<HttpStatusCode?> Post(HttpClient http, Uri address)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address)
        {
            Content = new StringContent("""{"type":"bill.paid","data":{}}""", Encoding.UTF8, "application/json"),
            Headers =
            {
                { "webhook-id", "evt_1" },
                { "webhook-timestamp", TimeProvider.System.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture) },
                { "webhook-signature", "v1,AAAA" },
            },
        };
        try
        {
            using var answer = await http.SendAsync(request, Shop.Stop);
            return answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
