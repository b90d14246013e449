using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Lakala.Local;
using Lakala.Testing;
using Npgsql;

namespace Lakala.EndToEnd.Tests;

/// <summary>An HTTP answer of the merchant API.</summary>
internal sealed record Answer(int Status, string? ContentType, string Text, HttpResponseHeaders Headers)
{
    public JsonElement Json => JsonElement.Parse(Text);

    public string String(string member) => Json.GetProperty(member).GetString()!;
}

/// <summary>A web shop that sends any requests to the merchant API, right or wrong.</summary>
internal sealed class Shop : IDisposable
{
    private readonly LocalNetwork _network;
    private readonly HttpClient _http;

    public Shop(LocalNetwork network, string? apiKey)
    {
        _network = network;
        _http = new HttpClient { BaseAddress = network.Http };
        if (apiKey is not null)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
        }
    }

    public string? ApiKey => _http.DefaultRequestHeaders.Authorization?.Parameter;

    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>A merchant that only this test uses.</summary>
    public static Task<Shop> Open(LocalNetwork network) => WithKey(
        network,
        "lk_",
        """
        with merchant as (insert into merchants (id, name, fee_basis_points) values ($3, 'Tea & <b>Sons</b>', 60) returning id)
        insert into api_keys (prefix, merchant_id, secret_hash) select $1, id, $2 from merchant
        """,
        "shop-" + Guid.NewGuid().ToString("N")[..12]);

    /// <summary>A program of the operators' with a key of this role.</summary>
    public static Task<Shop> OpenAdmin(LocalNetwork network, string role) => WithKey(
        network, "lka_", "insert into admin_keys (prefix, name, role, secret_hash) values ($1, 'test-' || $1, $3, $2)", role);

    public static string NewOrder() => "order-" + Guid.NewGuid().ToString("N");

    public static string BillOf(string order, string more = "", string amount = "12800") =>
        $$"""{"order_id":"{{order}}","amount":{{amount}},"currency":"CNY","description":"A teapot"{{more}}}""";

    public Task<Answer> Get(string path) => Send(HttpMethod.Get, path);

    public Task<Answer> Delete(string path) => Send(HttpMethod.Delete, path);

    public Task<Answer> Put(string path, string json) => Send(HttpMethod.Put, path, new StringContent(json, Encoding.UTF8, "application/json"));

    public Task<Answer> Post(string path, string? json = null, string? idempotencyKey = null) =>
        Post(path, json is null ? null : Encoding.UTF8.GetBytes(json), "application/json", idempotencyKey);

    public Task<Answer> Post(string path, byte[]? body, string contentType, string? idempotencyKey = null)
    {
        var content = body is null ? null : new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue(contentType) } };
        return Send(HttpMethod.Post, path, content, idempotencyKey);
    }

    public async Task<JsonElement> NewBill(string more = "", string amount = "12800")
    {
        var answer = await Post("/v1/bills", BillOf(NewOrder(), more, amount));
        answer.Status.Should().Be(201, answer.Text);
        return answer.Json;
    }

    /// <summary>Asks until the answer is as expected, for changes that come by themselves within seconds.</summary>
    public Task<Answer> GetUntil(string path, Func<JsonElement, bool> isWanted) =>
        Eventually.Is(() => Get(path), answer => isWanted(answer.Json), $"what is wanted of {path}");

    /// <summary>Changes rows directly in the database.</summary>
    public async Task<int> Sql(string statement)
    {
        await using var database = NpgsqlDataSource.Create(_network.ConnectionString);
        await using var command = database.CreateCommand(statement);
        return await command.ExecuteNonQueryAsync(Stop);
    }

    public void Dispose() => _http.Dispose();

    /// <param name="insert">Gets the key's prefix, its hash and its owner.</param>
    private static async Task<Shop> WithKey(LocalNetwork network, string mark, string insert, string whose)
    {
        var prefix = RandomNumberGenerator.GetHexString(16, lowercase: true);
        var key = $"{mark}{prefix}_{RandomNumberGenerator.GetString("abcdefghijkmnpqrstuvwxyz23456789", 43)}";
        await using var database = NpgsqlDataSource.Create(network.ConnectionString);
        await using var command = database.CreateCommand(insert);
        command.Parameters.Add(new() { Value = prefix });
        command.Parameters.Add(new() { Value = SHA256.HashData(Encoding.ASCII.GetBytes(key)) });
        command.Parameters.Add(new() { Value = whose });
        await command.ExecuteNonQueryAsync(Stop);
        return new Shop(network, key);
    }

    private async Task<Answer> Send(HttpMethod method, string path, HttpContent? content = null, string? idempotencyKey = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        using var answer = await _http.SendAsync(request, Stop);
        return new Answer(
            (int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, await answer.Content.ReadAsStringAsync(Stop), answer.Headers);
    }
}

internal static class ProblemAssertions
{
    /// <summary>Expects a problem document of this type with a text.</summary>
    public static JsonElement ShouldBeProblem(this Answer answer, int status, string type, string? field = null)
    {
        answer.Status.Should().Be(status, answer.Text);
        answer.ContentType.Should().Be("application/problem+json");
        answer.String("type").Should().Be("urn:lakala:problem:" + type);
        answer.String("title").Should().NotBeNullOrEmpty();
        answer.String("detail").Should().NotBeNullOrEmpty();
        if (field is not null)
        {
            answer.String("field").Should().Be(field);
            answer.String("detail").Should().Contain(field);
        }

        return answer.Json;
    }
}
