using System.Security.Cryptography;
using System.Text.Json;
using Lakala.Silo.Ops.Terminals;
using Lakala.Silo.Security;
using Lakala.Silo.Web;
using Lakala.Storage.Merchants;
using Lakala.Storage.Operators;
using Lakala.Storage.Postgres;
using Lakala.Storage.Stores;
using Lakala.Storage.Terminals;
using Lakala.Vocabulary;
using Lakala.Wire.Keys;
using Npgsql;

namespace Lakala.Silo;

/// <summary>
/// The verb <c>provision</c>: a merchant, a store and its terminals from JSON on standard input, their secrets as JSON on
/// standard output, and nowhere else. Every run gives new secrets.
/// </summary>
public static class Provisioning
{
    // The name in the audit log.
    private const string Who = "command line";

    private static readonly TimeSpan BillLifetime = TimeSpan.FromHours(72);
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static async Task<int> Run(WebApplicationBuilder builder, string connectionString)
    {
        Request request;
        try
        {
            using var input = new MemoryStream();
            await Console.OpenStandardInput().CopyToAsync(input);
            var (text, unreadable) = UploadedText.Read(input.GetBuffer().AsSpan(0, (int)input.Length));
            request = JsonSerializer.Deserialize<Request>(text ?? throw new JsonException(unreadable), Json) ?? throw new JsonException("Nothing came in.");
            if (request.Parameters is { } given && TerminalSettings.Fault(given) is { } fault)
            {
                throw new JsonException($"parameters: {fault}.");
            }

            if ((request.Operators ?? []).FirstOrDefault(person => Operator.Parse(person.Role) is null || person.AsOperator().Fault() is not null) is { } nobodyElse)
            {
                throw new JsonException($"operator {nobodyElse.Name}: {nobodyElse.AsOperator().Fault() ?? "role is watch, act or administer"}.");
            }

            if ((request.Clerks ?? []).FirstOrDefault(clerk => clerk.Fault() is not null) is { } nobody)
            {
                throw new JsonException($"clerk {nobody.Number}: {nobody.Fault()}.");
            }

            if (new Merchant(request.Merchant.Id, request.Merchant.Name).Fault() is { } noMerchant)
            {
                throw new JsonException($"merchant: {noMerchant}.");
            }

            if ((request.Stores ?? []).Append(request.Store).FirstOrDefault(store => store.Fault() is not null) is { } wrong)
            {
                throw new JsonException($"store {wrong.Id}: {wrong.Fault()}.");
            }
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
        var stores = new ProvisioningRows(database);
        var apiKey = await new MerchantRows(database).Provision(
            new Merchant(request.Merchant.Id, request.Merchant.Name), request.Merchant.FeeBasisPoints);
        await stores.PutStores([request.Store, .. request.Stores ?? []], Who);

        var masterKeys = request.Terminals.Select(_ => MasterKey.NewKey()).ToArray();
        await stores.PutTerminals(request.Store.Id, request.Terminals, [.. masterKeys.Select(key => vault.Wrap(key))]);

        if (request.Parameters is { } parameters)
        {
            await new ParameterRows(database).Put(SettingLevel.Store, request.Store.Id, parameters.GetRawText(), Who, CancellationToken.None);
        }

        var clerks = (request.Clerks ?? []).Select(clerk => (Clerk: clerk, Password: NewPassword())).ToArray();
        await new ClerkRows(database).Put(request.Store.Id, clerks);

        var operators = new List<OperatorSecret>();
        foreach (var person in request.Operators ?? [])
        {
            operators.Add(new OperatorSecret(person.Name, await new OperatorRows(database).Put(person.AsOperator(), Who, CancellationToken.None)));
        }

        var numbers = new HashSet<long>();
        while (numbers.Count < (request.Bills?.Count ?? 0))
        {
            numbers.Add(BillNumber.Draw().Value);
        }

        await stores.PutBills(request.Merchant.Id, [.. numbers], request.Bills?.Amount ?? 0, BillLifetime, TimeProvider.System.GetUtcNow());
        return new Answer(
            apiKey,
            [.. request.Terminals.Zip(masterKeys, (id, key) => new TerminalSecret(id, request.Store.Id, Convert.ToHexStringLower(key)))],
            [.. clerks.Select(entry => new ClerkSecret(entry.Clerk.Number, entry.Password))],
            operators,
            [.. numbers.Select(number => BillNumber.FromStored(number).ToString())]);
    }

    // Digits, because every counter's keyboard has them; five tries in five minutes cannot guess this many.
    private static string NewPassword() =>
        RandomNumberGenerator.GetInt32(100_000_000).ToString("D8", System.Globalization.CultureInfo.InvariantCulture);

    /// <param name="Stores">Further stores, without terminals.</param>
    /// <param name="Parameters">Parameters for the terminals of the store.</param>
    /// <param name="Clerks">Clerks of the store that has the terminals.</param>
    /// <param name="Operators">Operators who may sign in at <c>/ops</c>.</param>
    private sealed record Request(MerchantPart Merchant, Store Store, string[] Terminals, BillsPart? Bills, Store[]? Stores, Clerk[]? Clerks, JsonElement? Parameters,
        OperatorPart[]? Operators);

    private sealed record OperatorPart(string Name, string Role)
    {
        public Operator AsOperator() => new(Name, Operator.Parse(Role) ?? OperatorRole.Watch);
    }

    private sealed record OperatorSecret(string Name, string Password);


    private sealed record MerchantPart(string Id, string Name, int FeeBasisPoints);

    private sealed record BillsPart(int Count, long Amount);

    private sealed record Answer(string ApiKey, TerminalSecret[] Terminals, ClerkSecret[] Clerks, IReadOnlyList<OperatorSecret> Operators, string[] Bills);

    private sealed record ClerkSecret(string Number, string Password);
}
