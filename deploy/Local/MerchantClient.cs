using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Lakala.Local;

/// <summary>The merchant's side: the calls of the merchant API for the set-up and the demonstration of an instance.</summary>
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

    /// <summary>The same under an Idempotency-Key: the call may be repeated at any silo until it is answered.</summary>
    /// <param name="mail">The shopper's mail address; null: none.</param>
    /// <param name="escrow">The seconds for shipping and for the confirmation of a bill whose money is held; null: direct.</param>
    /// <param name="isFeeKept">The shop alone bears its refunds.</param>
    public Task<JsonElement> CreateBill(
        string orderId, long amount, string description, string idempotencyKey, string? mail, (int Ship, int Confirm)? escrow = null, bool isFeeKept = false,
        CancellationToken cancel = default)
    {
        var shopper = new { email = mail };
        var fee = isFeeKept ? "kept" : "returned";
        return Post(
            "/v1/bills",
            escrow is { } times
                ? new
                {
                    order_id = orderId,
                    amount,
                    currency = "CNY",
                    description,
                    shopper,
                    fee_on_refund = fee,
                    settlement = "escrow",
                    delivery = "auto",
                    ship_within_seconds = times.Ship,
                    confirm_within_seconds = times.Confirm,
                }
                : new { order_id = orderId, amount, currency = "CNY", description, shopper, fee_on_refund = fee },
            cancel,
            idempotencyKey);
    }

    /// <summary>The goods of an escrow bill were delivered at once; the call may be repeated at any silo.</summary>
    public Task<JsonElement> ShipBill(string number, CancellationToken cancel = default) =>
        Post($"/v1/bills/{number}/ship", new { carrier = "", tracking_number = "" }, cancel);

    /// <summary>Gives the shopper more time; the call may be repeated at any silo.</summary>
    public Task<JsonElement> ExtendBill(string number, int days, CancellationToken cancel = default) =>
        Post($"/v1/bills/{number}/extend", new { days }, cancel);

    public Task<JsonElement> CancelBill(string number, CancellationToken cancel = default) => Post($"/v1/bills/{number}/cancel", null, cancel);

    /// <summary>Refunds a part of a paid bill; the call may be repeated under its key at any silo.</summary>
    /// <param name="amount">Minor units; null: all that is left.</param>
    public Task<JsonElement> RefundBill(string number, long? amount, string idempotencyKey, CancellationToken cancel = default) =>
        Post($"/v1/bills/{number}/refunds", amount is null ? new { } : new { amount }, cancel, idempotencyKey);

    public Task<JsonElement> GetRefund(string id, CancellationToken cancel = default) => _http.GetFromJsonAsync<JsonElement>($"/v1/refunds/{id}", cancel);

    /// <summary>The claims of the merchant's shoppers, the newest first; a hundred at the most.</summary>
    /// <param name="status">Null: in all states.</param>
    public Task<JsonElement> ListClaims(string? status = null, CancellationToken cancel = default) =>
        _http.GetFromJsonAsync<JsonElement>("/v1/claims?limit=100" + (status is null ? "" : $"&status={status}"), cancel);

    /// <summary>The shopper gets what she claims. This call and the next ones may be repeated at any silo.</summary>
    public Task<JsonElement> AgreeToClaim(string id, CancellationToken cancel = default) => Post($"/v1/claims/{id}/agree", null, cancel);

    /// <param name="amount">Minor units.</param>
    public Task<JsonElement> OfferInClaim(string id, long amount, CancellationToken cancel = default) => Post($"/v1/claims/{id}/offer", new { amount }, cancel);

    /// <summary>Asks for the goods.</summary>
    public Task<JsonElement> AskForReturn(string id, string text, CancellationToken cancel = default) => Post($"/v1/claims/{id}/return", new { text }, cancel);

    /// <summary>The goods have come back.</summary>
    public Task<JsonElement> ReceiveReturn(string id, CancellationToken cancel = default) => Post($"/v1/claims/{id}/received", null, cancel);

    public Task<JsonElement> RefuseClaim(string id, string text, CancellationToken cancel = default) => Post($"/v1/claims/{id}/refuse", new { text }, cancel);

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
