using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Lakala.Shop;

/// <summary>The address of the payment points' API, and this shop's key.</summary>
public sealed class LakalaOptions
{
    public Uri Url { get; set; } = new("http://127.0.0.1:8080");

    public string ApiKey { get; set; } = "";
}

public sealed record Shopper(string? Name, string? Email, string? Phone, string? Language);

public sealed record NewBill(string OrderId, long Amount, string Currency, string Description, Shopper Shopper);

public sealed record Bill(string Number, string Status, string OrderId, Uri PayUrl);

/// <param name="Id">The event's id, the same at every try.</param>
public sealed record Notice(string Id, string Type, JsonElement Data);

/// <summary>The payment points refuse the call; the type is the reason, the detail is for developers.</summary>
public sealed class LakalaException(string type, string detail) : Exception($"{type}: {detail}")
{
    public string Type => type;
}

/// <summary>All calls of this shop to the payment points, and all notices from them.</summary>
public sealed class LakalaClient(HttpClient http, TimeProvider time)
{
    private const int Tries = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1), Tolerance = TimeSpan.FromMinutes(5);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };

    private byte[]? _secret;

    /// <summary>Creates the bill of an order. Repeats under one Idempotency-Key, so that a lost answer makes no second bill.</summary>
    public Task<Bill> Create(NewBill bill, CancellationToken stop) => Ask<Bill>(HttpMethod.Post, "v1/bills", bill, $"order-{bill.OrderId}", stop);

    /// <summary>Reads the bill's present state, because its notice may have been lost.</summary>
    public Task<Bill> Get(string number, CancellationToken stop) => Ask<Bill>(HttpMethod.Get, $"v1/bills/{number}", null, null, stop);

    public Task<Bill> Cancel(string number, CancellationToken stop) => Ask<Bill>(HttpMethod.Post, $"v1/bills/{number}/cancel", null, null, stop);

    /// <summary>
    /// Registers an address for notices. The secret is shown only once and kept in memory, so the endpoint of an earlier run is deleted
    /// first; a shop that stores the secret registers only once.
    /// </summary>
    public async Task Listen(Uri address, CancellationToken stop)
    {
        var known = await Ask<JsonElement>(HttpMethod.Get, "v1/webhook_endpoints", null, null, stop);
        foreach (var old in known.GetProperty("data").EnumerateArray().Where(old => old.GetProperty("url").GetString() == address.ToString()))
        {
            await Ask<JsonElement>(HttpMethod.Delete, $"v1/webhook_endpoints/{old.GetProperty("id").GetString()}", null, null, stop);
        }

        var endpoint = await Ask<JsonElement>(HttpMethod.Post, "v1/webhook_endpoints", new { Url = address }, null, stop);
        _secret = Convert.FromBase64String(endpoint.GetProperty("secret").GetString()!["whsec_".Length..]);
    }

    /// <summary>Reads a notice; null when it is not genuine, or too old. Anybody can call the address.</summary>
    public Notice? Read(IHeaderDictionary headers, byte[] body)
    {
        var (id, sent) = (headers["webhook-id"].ToString(), headers["webhook-timestamp"].ToString());
        if (_secret is not { } secret
            || !long.TryParse(sent, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || Math.Abs((decimal)time.GetUtcNow().ToUnixTimeSeconds() - seconds) > (decimal)Tolerance.TotalSeconds)
        {
            return null;
        }

        byte[] signed = [.. Encoding.UTF8.GetBytes($"{id}.{sent}."), .. body];
        var right = Encoding.ASCII.GetBytes("v1," + Convert.ToBase64String(HMACSHA256.HashData(secret, signed)));
        if (!headers["webhook-signature"].ToString().Split(' ')
            .Any(given => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), right)))
        {
            return null;
        }

        var notice = JsonElement.Parse(body);
        return new Notice(id, notice.GetProperty("type").GetString()!, notice.GetProperty("data"));
    }

    private async Task<T> Ask<T>(HttpMethod method, string path, object? body, string? idempotencyKey, CancellationToken stop)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                using var request = new HttpRequestMessage(method, path);
                request.Content = body is null ? null : JsonContent.Create(body, body.GetType(), options: Json);
                if (idempotencyKey is not null)
                {
                    request.Headers.Add("Idempotency-Key", idempotencyKey);
                }

                using var answer = await http.SendAsync(request, stop);
                if (answer.StatusCode == HttpStatusCode.NoContent)
                {
                    return default!;
                }

                if (answer.IsSuccessStatusCode)
                {
                    return (await answer.Content.ReadFromJsonAsync<T>(Json, stop))!;
                }

                var problem = await answer.Content.ReadFromJsonAsync<JsonElement>(stop);
                if (answer.StatusCode != HttpStatusCode.ServiceUnavailable || attempt == Tries)
                {
                    throw new LakalaException(Member(problem, "type"), Member(problem, "detail"));
                }
            }
            catch (Exception fault) when (attempt < Tries && !stop.IsCancellationRequested && fault is HttpRequestException or TaskCanceledException)
            {
                // The outcome is unknown: the same call again has the same effect only once.
            }

            await Task.Delay(Pause, time, stop);
        }
    }

    private static string Member(JsonElement problem, string name) => problem.TryGetProperty(name, out var member) ? member.GetString() ?? "" : "";
}
