using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Terminals;

/// <summary>The levels of settings. Each inherits from the ones before it, member by member.</summary>
public enum SettingLevel
{
    Platform,
    Chain,
    Store,
    Terminal,
}

/// <summary>The settings of a level, as a JSON object of the members in <see cref="TerminalSettings.Members"/>.</summary>
/// <param name="Subject">The chain, store or terminal; null for the platform.</param>
public sealed record SettingsAt(SettingLevel Level, string? Subject, string Body, int Version);

/// <param name="Value">JSON.</param>
/// <param name="From">The nearest level that sets it; null: none does.</param>
/// <param name="Inherited">Its value without that level; null: none.</param>
public sealed record EffectiveSetting(string Member, string? Value, SettingsAt? From, string? Inherited);

/// <summary>The settings and their limits. All members at their longest fit into the one message that has them.</summary>
public static class TerminalSettings
{
    private const int MaxFooterBytes = 150, MaxGatewayBytes = 180;
    private const long MostAmount = 999_999_999_999;

    /// <summary>By name: the purpose, with the limits.</summary>
    public static IReadOnlyDictionary<string, string> Members { get; } = new Dictionary<string, string>
    {
        ["footer_en"] = $"last lines of every receipt in English, at most {MaxFooterBytes} bytes",
        ["footer_zh"] = $"the same in Chinese, at most {MaxFooterBytes} bytes",
        ["largest_amount"] = "the largest amount paid here, in minor units",
        ["copies"] = "receipts of a payment: 2, or 1 for the customer alone",
        ["gateways"] = $"further servers, each host:port, at most {MaxGatewayBytes} bytes together",
    };

    /// <summary>The error, with the name of the member; null when it is valid.</summary>
    public static string? Fault(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            return "settings are a JSON object";
        }

        foreach (var member in body.EnumerateObject())
        {
            if (!Members.TryGetValue(member.Name, out var meaning))
            {
                return $"{member.Name} is not a setting; the settings are {string.Join(", ", Members.Keys)}";
            }

            if (!IsRight(member))
            {
                return $"{member.Name} is {meaning}";
            }
        }

        return null;
    }

    private static bool IsRight(JsonProperty member) => member.Name switch
    {
        "footer_en" or "footer_zh" => member.Value.ValueKind == JsonValueKind.String && Bytes(member.Value) <= MaxFooterBytes
            && !member.Value.GetString()!.Any(sign => char.IsControl(sign) && sign != '\n'),
        "largest_amount" => member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetInt64(out var most) && most is > 0 and <= MostAmount,
        "copies" => member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetInt32(out var copies) && copies is 1 or 2,
        _ => member.Value.ValueKind == JsonValueKind.Array && Bytes(member.Value) <= MaxGatewayBytes
            && member.Value.EnumerateArray().All(static gateway => gateway.ValueKind == JsonValueKind.String && IsAddress(gateway.GetString()!)),
    };

    // In the form of the message.
    private static int Bytes(JsonElement value) => Encoding.UTF8.GetByteCount(JsonSerializer.Serialize(value, AsTheyTravel));

    private static readonly JsonSerializerOptions AsTheyTravel = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static bool IsAddress(string text) => text.Split(':') is [{ Length: > 0 } host, var port]
        && Uri.CheckHostName(host) is not UriHostNameType.Unknown && ushort.TryParse(port, out var number) && number > 0;
}

/// <summary>Settings of the terminals at their four levels. Insert-only: the newest row of a level counts, the others are its history.</summary>
public sealed class ParameterRows(NpgsqlDataSource database)
{
    private const string Newest =
        """
        select distinct on (store_id, chain, terminal_id) version, store_id, chain, terminal_id, body::text from terminal_parameters
        where (store_id is null and chain is null and terminal_id is null) or chain = $1 or store_id = $2 or terminal_id = $3
        order by store_id, chain, terminal_id, version desc
        """;

    /// <summary>Replaces the settings of a level.</summary>
    /// <param name="body">A JSON object for which <see cref="TerminalSettings.Fault"/> is null; empty: the level sets nothing.</param>
    /// <returns>Its version; null: there is no such store or terminal, or no store of such a chain.</returns>
    public async Task<int?> Put(SettingLevel level, string? subject, string body, string who, CancellationToken stop)
    {
        var (chain, store, terminal) = Split(level, subject);
        var version = await database.First(
            """
            with put as (
              insert into terminal_parameters (chain, store_id, terminal_id, body)
              select $1, $2, $3, $4::jsonb
              where ($1::text is null or exists (select from stores where chain = $1)) and ($2::text is null or exists (select from stores where id = $2))
                and ($3::text is null or exists (select from terminals where id = $3))
              returning version
            ), logged as (
              insert into audit_log (who, what, subject, before, after)
              select $5, 'settings.put', $6,
                     (select body from terminal_parameters p
                      where p.chain is not distinct from $1 and p.store_id is not distinct from $2 and p.terminal_id is not distinct from $3
                      order by p.version desc limit 1),
                     $4::jsonb
              from put
            )
            select version from put
            """,
            static row => (int?)row.GetInt32(0),
            stop,
            chain,
            store,
            terminal,
            body,
            who,
            subject is null ? "platform" : level == SettingLevel.Chain ? $"chain:{subject}" : subject);
        return version;
    }

    /// <returns>The level's own settings; an empty object when it has none.</returns>
    public async Task<SettingsAt> At(SettingLevel level, string? subject, CancellationToken stop)
    {
        var (chain, store, terminal) = Split(level, subject);
        return (await Levels(chain, store, terminal, stop)).FirstOrDefault(settings => settings.Level == level) ?? new SettingsAt(level, subject, "{}", 0);
    }

    /// <summary>Every member with its value for a terminal, and the level that sets it.</summary>
    public async Task<IReadOnlyList<EffectiveSetting>> Effective(string? chain, string store, string terminal, CancellationToken stop)
    {
        var levels = (await Levels(chain, store, terminal, stop)).OrderByDescending(settings => settings.Level)
            .Select(settings => (Settings: settings, Body: JsonElement.Parse(settings.Body))).ToList();
        return [.. TerminalSettings.Members.Keys.Select(member =>
        {
            var set = levels.Where(level => level.Body.TryGetProperty(member, out _)).ToList();
            return set.Count == 0
                ? new EffectiveSetting(member, null, null, null)
                : new EffectiveSetting(member, Value(set[0].Body, member), set[0].Settings, set.Count > 1 ? Value(set[1].Body, member) : null);
        })];
    }

    private static string Value(JsonElement body, string member) => body.GetProperty(member).GetRawText();

    private static (string? Chain, string? Store, string? Terminal) Split(SettingLevel level, string? subject) => (
        level == SettingLevel.Chain ? subject : null, level == SettingLevel.Store ? subject : null, level == SettingLevel.Terminal ? subject : null);

    private Task<IReadOnlyList<SettingsAt>> Levels(string? chain, string? store, string? terminal, CancellationToken stop) => database.List(
        Newest,
        static row => row.Text(3) is { } terminal ? new SettingsAt(SettingLevel.Terminal, terminal, row.GetString(4), row.GetInt32(0))
            : row.Text(1) is { } store ? new SettingsAt(SettingLevel.Store, store, row.GetString(4), row.GetInt32(0))
            : row.Text(2) is { } chain ? new SettingsAt(SettingLevel.Chain, chain, row.GetString(4), row.GetInt32(0))
            : new SettingsAt(SettingLevel.Platform, null, row.GetString(4), row.GetInt32(0)),
        stop,
        chain,
        store,
        terminal);
}
