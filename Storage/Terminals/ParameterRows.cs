using System.Text.Json;
using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Terminals;

/// <summary>The settings of a level, as a JSON object of the members in <see cref="TerminalSettings.Members"/>.</summary>
/// <param name="Subject">The chain, store or terminal; null for the platform.</param>
public sealed record SettingsAt(SettingLevel Level, string? Subject, string Body, int Version);

/// <param name="Value">JSON.</param>
/// <param name="From">The nearest level that sets it; null: none does.</param>
/// <param name="Inherited">Its value without that level; null: none.</param>
public sealed record EffectiveSetting(string Member, string? Value, SettingsAt? From, string? Inherited);

/// <summary>Settings of the terminals at their four levels. Insert-only: the newest row of a level counts, the others are its history.</summary>
public sealed class ParameterRows(NpgsqlDataSource database)
{
    private static readonly string Levels = new SettingLevels("$1::text", "$2::text", "$3::text").Rows;

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
            static row => row.Get<int?>("version"),
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
        return (await Read(chain, store, terminal, stop)).FirstOrDefault(settings => settings.Level == level) ?? new SettingsAt(level, subject, "{}", 0);
    }

    /// <summary>Every member with its value for a terminal, and the level that sets it.</summary>
    public async Task<IReadOnlyList<EffectiveSetting>> Effective(string? chain, string store, string terminal, CancellationToken stop)
    {
        var levels = (await Read(chain, store, terminal, stop)).OrderByDescending(settings => settings.Level)
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

    private Task<IReadOnlyList<SettingsAt>> Read(string? chain, string? store, string? terminal, CancellationToken stop) => database.List(
        Levels,
        row =>
        {
            var level = (SettingLevel)row.Get<int>("level");
            var subject = level switch { SettingLevel.Chain => chain, SettingLevel.Store => store, SettingLevel.Terminal => terminal, _ => null };
            return new SettingsAt(level, subject, row.Get<string>("body"), row.Get<int>("version"));
        },
        stop,
        chain,
        store,
        terminal);
}
