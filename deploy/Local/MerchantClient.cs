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

    /// <summary>The same, which may be repeated under its key, at any silo, until it is answered.</summary>
    /// <param name="mail">Where its shopper is told; null: nowhere.</param>
    public Task<JsonElement> CreateBill(
        string orderId, long amount, string description, string idempotencyKey, string? mail, CancellationToken cancel = default) =>
        Post("/v1/bills", new { order_id = orderId, amount, currency = "CNY", description, shopper = new { email = mail } }, cancel, idempotencyKey);

    public Task<JsonElement> CancelBill(string number, CancellationToken cancel = default) => Post($"/v1/bills/{number}/cancel", null, cancel);

    public Task<JsonElement> GetBill(string number, CancellationToken cancel = default) =>
        _http.GetFromJsonAsync<JsonElement>($"/v1/bills/{number}", cancel);

    /// <returns>The endpoint with its secret, which is shown only here.</returns>
    public Task<JsonElement> CreateWebhookEndpoint(Uri url, CancellationToken cancel = default) =>
        Post("/v1/webhook_endpoints", new { url }, cancel);

    public void Dispose() => _http.Dispose();

    private async Task<JsonElement> Post(string path, object? body, CancellationToken cancel, string? idempotencyKey = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = body is null ? null : JsonContent.Create(body) };
        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        using var answer = await _http.SendAsync(request, cancel);
        return answer.IsSuccessStatusCode
            ? await answer.Content.ReadFromJsonAsync<JsonElement>(cancel)
            : throw new HttpRequestException($"POST {path}: {await answer.Content.ReadAsStringAsync(cancel)}", null, answer.StatusCode);
    }
}
