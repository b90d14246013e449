using System.Globalization;
using System.Text.Json;
using Lakala.Local;
using Lakala.Testing;

namespace Lakala.EndToEnd.Tests;

/// <summary>
/// A real Prometheus process with the configuration and the rules of <c>deploy/prometheus</c>: the test sets only the targets and the
/// interval of three seconds.
/// </summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private static readonly TimeSpan StartBound = HangGuard.Bound;

    private readonly HttpClient _http;
    private readonly StateFolder _state;
    private readonly ChildProcess _process;

    private PrometheusServer(StateFolder state, ChildProcess process, HttpClient http) => (_state, _process, _http) = (state, process, http);

    /// <param name="management">Of the silo.</param>
    public static async Task<PrometheusServer> Start(Uri management)
    {
        var program = Path.Combine(await PrometheusBinaries.Find(Shop.Stop), "prometheus");
        var state = await StateFolder.OpenEmpty(Path.Combine(Repository.Home, "test", "prometheus"));
        string[] addresses = [.. FreePorts.Take(2).Select(port => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"))];
        var (own, nobody) = (addresses[0], addresses[1]);
        Configure(state.Root, management, alertmanager: nobody);
        var process = ChildProcess.Start(state, "prometheus",
        [
            program, $"--config.file={state.At("prometheus.yml")}", $"--storage.tsdb.path={state.Folder("data")}", $"--web.listen-address={own}",
        ]);
        var url = new Uri($"http://{own}");
        var server = new PrometheusServer(state, process, new HttpClient { BaseAddress = url });
        try
        {
            await process.WaitUntilHealthy(server._http, new Uri(url, "/-/ready"), StartBound, Shop.Stop);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>The present value of an expression.</summary>
    /// <returns>A value for each series.</returns>
    /// <exception cref="InvalidOperationException">Prometheus does not understand it.</exception>
    public async Task<IReadOnlyList<double>> Query(string expression)
    {
        using var answer = await _http.GetAsync(new Uri("/api/v1/query?query=" + Uri.EscapeDataString(expression), UriKind.Relative), Shop.Stop);
        var json = JsonElement.Parse(await answer.Content.ReadAsStringAsync(Shop.Stop));
        if (!answer.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{expression}: {json.GetProperty("error").GetString()}");
        }

        return [.. json.GetProperty("data").GetProperty("result").EnumerateArray()
            .Select(series => double.Parse(series.GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture))];
    }

    /// <summary>The expressions of the rules that it has loaded.</summary>
    public async Task<IReadOnlyList<string>> Rules() =>
        [.. (await Get("rules")).GetProperty("groups").EnumerateArray().SelectMany(group => group.GetProperty("rules").EnumerateArray())
            .Select(rule => rule.GetProperty("query").GetString()!)];

    /// <summary>The alerts of a rule that fire now.</summary>
    public async Task<IReadOnlyList<JsonElement>> Firing(string rule) =>
        [.. (await Get("alerts")).GetProperty("alerts").EnumerateArray()
            .Where(alert => alert.GetProperty("state").GetString() == "firing" && alert.GetProperty("labels").GetProperty("alertname").GetString() == rule)];

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
        _state.Dispose();
    }

    private static void Configure(string folder, Uri management, string alertmanager)
    {
        var source = Path.Combine(Repository.Root, "deploy", "prometheus");
        File.Copy(Path.Combine(source, "lakala.rules.yml"), Path.Combine(folder, "lakala.rules.yml"));
        var text = File.ReadAllText(Path.Combine(source, "prometheus.yml"));
        foreach (var (example, own) in new[]
        {
            ("15s", "3s"),
            ("127.0.0.1:9093", alertmanager),
            ("\"10.0.0.11:9464\", \"10.0.0.12:9464\", \"10.0.0.13:9464\"", $"\"{management.Authority}\""),
        })
        {
            text.Should().Contain(example);
            text = text.Replace(example, own);
        }

        File.WriteAllText(Path.Combine(folder, "prometheus.yml"), text);
    }

    private async Task<JsonElement> Get(string what) =>
        JsonElement.Parse(await _http.GetStringAsync(new Uri("/api/v1/" + what, UriKind.Relative), Shop.Stop)).GetProperty("data");
}
