using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Lakala.Local;

/// <summary>The web shop's side: the few calls of the merchant API that an instance is set up and shown with.</summary>
public sealed class MerchantClient : IDisposable
{
    private readonly HttpClient _http;

    public MerchantClient(Uri address, string apiKey) => _http = new HttpClient
    {
        BaseAddress = address,
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", apiKey) },
    };

    public Task<JsonElement> CreateBill(string orderId, long amount, string description, CancellationToken cancel = default) =>
        Post("/v1/bills", new { order_id = orderId, amount, currency = "CNY", description }, cancel);

    public Task<JsonElement> GetBill(string number, CancellationToken cancel = default) =>
        _http.GetFromJsonAsync<JsonElement>($"/v1/bills/{number}", cancel);

    /// <returns>The endpoint with its secret, which is shown only here.</returns>
    public Task<JsonElement> CreateWebhookEndpoint(Uri url, CancellationToken cancel = default) =>
        Post("/v1/webhook_endpoints", new { url }, cancel);

    public void Dispose() => _http.Dispose();

    private async Task<JsonElement> Post(string path, object body, CancellationToken cancel)
    {
        using var answer = await _http.PostAsJsonAsync(path, body, cancel);
        return answer.IsSuccessStatusCode
            ? await answer.Content.ReadFromJsonAsync<JsonElement>(cancel)
            : throw new HttpRequestException($"POST {path}: {await answer.Content.ReadAsStringAsync(cancel)}", null, answer.StatusCode);
    }
}
