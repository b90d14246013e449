using System.Security.Cryptography;
using Lakala.Storage.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Merchants;

public enum RevokeOutcome
{
    Revoked,
    NoSuchKey,

    /// <summary>Without this key the merchant would have none, or only keys that expire.</summary>
    LastKey,
}

/// <summary>
/// Merchants' API keys. They are not cached: every silo refuses a revoked key from that commit on. The commit of each
/// change also writes the event for the merchant's webhook endpoints and the row of the audit log.
/// </summary>
public sealed class ApiKeyRows([FromKeyedServices(Database.Visitors)] NpgsqlDataSource database)
{
    /// <summary>The most valid keys of a merchant. A key with an expiry counts until it has expired.</summary>
    public const int MostKeys = 5;

    /// <summary>The time for which the other keys stay valid after a rotation.</summary>
    public static readonly TimeSpan RotationTime = TimeSpan.FromDays(1);

    /// <summary>The least time between two writes of a key's last use.</summary>
    public static readonly TimeSpan UseNotedEvery = TimeSpan.FromHours(1);

    internal const string Working = "(expires_at is null or expires_at > clock_timestamp())";

    private const string Entries =
        $"select id, name, (select count(*)::int from api_keys k where k.merchant_id = m.id and {Working}) as keys from merchants m";

    /// <summary>Finds the merchant of an API key; null when the key is unknown or no longer valid.</summary>
    public async Task<KeyHolder?> Authenticate(string presented, CancellationToken stop)
    {
        if (!ApiKey.TryParse(presented, ApiKey.MerchantMark, out var key))
        {
            return null;
        }

        var (holder, hash, isNoted) = await database.ReadTwice(() => database.First(
            $"""
            select m.id, m.name, k.secret_hash, coalesce(k.last_used_at > clock_timestamp() - $2::interval, false) as is_noted
            from api_keys k join merchants m on m.id = k.merchant_id where k.prefix = $1 and {Working}
            """,
            row => (
                new KeyHolder(new Merchant(row.Get<string>("id"), row.Get<string>("name")), MerchantKey.Mark + key.Prefix),
                row.Get<byte[]>("secret_hash"),
                row.Get<bool>("is_noted")),
            stop,
            key.Prefix,
            UseNotedEvery));
        if (hash is null || !CryptographicOperations.FixedTimeEquals(hash, key.Hash))
        {
            return null;
        }

        if (!isNoted)
        {
            // Of many requests at that moment only one writes; none waits for another.
            await database.Execute(
                """
                update api_keys set last_used_at = clock_timestamp() where prefix in (
                  select prefix from api_keys
                  where prefix = $1 and (last_used_at is null or last_used_at <= clock_timestamp() - $2::interval) for no key update skip locked)
                """,
                stop,
                key.Prefix,
                UseNotedEvery);
        }

        return holder;
    }

    /// <summary>The merchant's valid keys, oldest first.</summary>
    public Task<IReadOnlyList<MerchantKey>> List(string merchantId, CancellationToken stop) =>
        database.List(KeyRing.LiveKeys, KeyRing.Read, stop, merchantId);

    /// <param name="othersWorkFor">The longest time for which the other keys stay valid: zero revokes them; null changes nothing.</param>
    /// <param name="by">The key of the request.</param>
    /// <returns>Null: the merchant would have more than <see cref="MostKeys"/>.</returns>
    public Task<NewMerchantKey?> Add(string merchantId, string? name, TimeSpan? othersWorkFor, string by) =>
        Add(merchantId, name, othersWorkFor, by, "api_key.create");

    /// <summary>Makes a new key, as <see cref="Add(string, string?, TimeSpan?, string)"/>; all others stay valid for <see cref="RotationTime"/> at the most.</summary>
    public Task<NewMerchantKey?> Rotate(string merchantId, string by) => Add(merchantId, null, RotationTime, by, "api_key.rotate");

    /// <summary>Revokes the key: every silo refuses it from now on.</summary>
    public async Task<RevokeOutcome> Revoke(string merchantId, string id, string by) => await Alone(merchantId, async ring =>
    {
        if (ring.Live.FirstOrDefault(key => key.Id == id) is not { } key)
        {
            return RevokeOutcome.NoSuchKey;
        }

        if (!ring.Live.Any(other => other != key && other.ExpiresAt is null))
        {
            return RevokeOutcome.LastKey;
        }

        await ring.Revoke([key], WhoOf(merchantId, by), by, "api_key.revoke");
        return RevokeOutcome.Revoked;
    });

    /// <summary>For operators: revokes all keys of the merchant. <see cref="MerchantRows.Provision"/> makes a new one.</summary>
    /// <returns>The number of revoked keys; null: there is no such merchant.</returns>
    public Task<int?> RevokeAll(string merchantId, string who) => Alone<int?>(merchantId, async ring =>
    {
        if (ring.Live.Count > 0)
        {
            await ring.Revoke(ring.Live, who, by: null, "api_key.revoke_all");
        }

        return ring.Live.Count;
    });

    /// <param name="search">The beginning of the id or of one of the keys; empty: all merchants.</param>
    public Task<IReadOnlyList<MerchantEntry>> FindMerchants(string search, int limit, CancellationToken stop) => database.List(
        $"""
        {Entries}
        where starts_with(id, $1) or id in (select merchant_id from api_keys where prefix = $2::text) order by id limit $3
        """,
        ReadMerchant,
        stop,
        search,
        ApiKey.PrefixOf(search, ApiKey.MerchantMark),
        limit);

    public Task<MerchantEntry?> FindMerchant(string id, CancellationToken stop) => database.First(
        $"{Entries} where id = $1", ReadMerchant, stop, id);

    /// <summary>The name of a merchant's key in the audit log.</summary>
    internal static string WhoOf(string merchantId, string keyId) => $"merchant:{merchantId} {keyId}";

    private Task<NewMerchantKey?> Add(string merchantId, string? name, TimeSpan? othersWorkFor, string by, string what) => Alone(merchantId, async ring =>
        othersWorkFor != TimeSpan.Zero && ring.Live.Count >= MostKeys ? null : await ring.Add(name, othersWorkFor, WhoOf(merchantId, by), by, what));

    private static MerchantEntry ReadMerchant(NpgsqlDataReader row) => new(row.Get<string>("id"), row.Get<string>("name"), row.Get<int>("keys"));

    /// <returns>The default when there is no such merchant.</returns>
    private async Task<T?> Alone<T>(string merchantId, Func<KeyRing, Task<T>> change)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        if (await KeyRing.Lock(transaction, merchantId) is not { } ring)
        {
            return default;
        }

        var done = await change(ring);
        await transaction.CommitAsync();
        return done;
    }
}
