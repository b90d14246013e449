using System.Security.Cryptography;
using System.Text.Json;
using Lakala.Bills;
using Lakala.Grains.Storage;
using Lakala.Wire;
using Npgsql;

namespace Lakala.Silo;

/// <summary>
/// The verb <c>provision</c>: a merchant, a store and its terminals from JSON on standard input, their secrets as JSON on
/// standard output, and nowhere else. Every run gives new secrets.
/// </summary>
public static class Provisioning
{
    private static readonly TimeSpan BillLifetime = TimeSpan.FromHours(72);
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static async Task<int> Run(WebApplicationBuilder builder, string connectionString)
    {
        Request request;
        try
        {
            request = await JsonSerializer.DeserializeAsync<Request>(Console.OpenStandardInput(), Json) ?? throw new JsonException("Nothing came in.");
        }
        catch (JsonException fault)
        {
            await Console.Error.WriteLineAsync($"provision: standard input holds no such request: {fault.Message}");
            return 64;
        }

        await using var database = Database.Open(connectionString);
        await Database.Migrate(database, connectionString);
        var keys = builder.Configuration.GetSection("Keys").Get<KeysOptions>() ?? new KeysOptions();
        using var vault = new SoftwareKeyVault(Microsoft.Extensions.Options.Options.Create(keys));
        var answer = await Provision(request, database, vault);
        await JsonSerializer.SerializeAsync(Console.OpenStandardOutput(), answer, Json);
        return 0;
    }

    private static async Task<Answer> Provision(Request request, NpgsqlDataSource database, SoftwareKeyVault vault)
    {
        var stores = new ProvisioningStore(database);
        var apiKey = await new MerchantStore(database).Provision(
            new Grains.Storage.Merchant(request.Merchant.Id, request.Merchant.Name), request.Merchant.FeeBasisPoints);
        await stores.PutStore(new Store(request.Store.Id, request.Store.Name, request.Store.CommissionPercent));

        var masterKeys = request.Terminals.Select(_ => MasterKey.NewKey()).ToArray();
        await stores.PutTerminals(request.Store.Id, request.Terminals, [.. masterKeys.Select(key => vault.Wrap(key))]);

        var numbers = new HashSet<long>();
        while (numbers.Count < (request.Bills?.Count ?? 0))
        {
            numbers.Add(BillNumber.FromRandom((long)(RandomNumberGenerator.GetInt32(1_000_000) * 1_000_000L) + RandomNumberGenerator.GetInt32(1_000_000)).Value);
        }

        await stores.PutBills(request.Merchant.Id, [.. numbers], request.Bills?.Amount ?? 0, BillLifetime, TimeProvider.System.GetUtcNow());
        return new Answer(
            apiKey,
            [.. request.Terminals.Zip(masterKeys, (id, key) => new TerminalSecret(id, request.Store.Id, Convert.ToHexStringLower(key)))],
            [.. numbers.Select(number => BillNumber.FromStored(number).ToString())]);
    }

    private sealed record Request(MerchantPart Merchant, StorePart Store, string[] Terminals, BillsPart? Bills);

    private sealed record MerchantPart(string Id, string Name, int FeeBasisPoints);

    private sealed record StorePart(string Id, string Name, int CommissionPercent);

    private sealed record BillsPart(int Count, long Amount);

    private sealed record Answer(string ApiKey, TerminalSecret[] Terminals, string[] Bills);

    private sealed record TerminalSecret(string Id, string Store, string MasterKey);
}
