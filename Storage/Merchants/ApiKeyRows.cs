using System.Security.Cryptography;
using Lakala.Storage.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Merchants;

/// <summary>A key of a merchant that works, without its secret.</summary>
/// <param name="LastUsedAt">To the hour; null: it has not come yet.</param>
/// <param name="ExpiresAt">Null: it does not end by itself.</param>
public sealed record MerchantKey(string Id, string? Name, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt, DateTimeOffset? ExpiresAt)
{
    /// <summary>With which every id begins.</summary>
    public const string Mark = "key_";

    /// <summary>What the key begins with.</summary>
    public string Prefix => ApiKey.MerchantMark + Id[Mark.Length..];
}

/// <param name="Secret">The whole key: it cannot be shown a second time.</param>
/// <param name="OthersWorkUntil">Null: as long as they did.</param>
public sealed record NewMerchantKey(MerchantKey Key, string Secret, DateTimeOffset? OthersWorkUntil)
{
    public override string ToString() => $"{Key.Prefix}_***";
}

/// <summary>Who is asking, by the key that came.</summary>
public sealed record KeyHolder(Merchant Merchant, string KeyId);

public enum RevokeOutcome
{
    Revoked,
    NoSuchKey,

    /// <summary>Without it the merchant would have none, or only keys that end.</summary>
    LastKey,
}

/// <param name="Keys">How many work.</param>
public sealed record MerchantEntry(string Id, string Name, int Keys);

/// <summary>
/// Merchants' API keys. Nothing of them is kept in memory: a key that is revoked is refused by every silo from that commit on. Each
/// change is told to the merchant's webhook endpoints, and is in the audit log, by its own commit.
/// </summary>
public sealed class ApiKeyRows([FromKeyedServices(Database.Visitors)] NpgsqlDataSource database)
{
    /// <summary>How many keys of a merchant work at a time. One that ends by itself counts until it has ended.</summary>
    public const int MostKeys = 5;

    /// <summary>How long the other keys go on working after a rotation.</summary>
    public static readonly TimeSpan RotationTime = TimeSpan.FromDays(1);

    /// <summary>That a key was used is written no more often than this.</summary>
    public static readonly TimeSpan UseNotedEvery = TimeSpan.FromHours(1);

    internal const string Working = "(expires_at is null or expires_at > clock_timestamp())";

    /// <summary>Whose API key it is; null when it is nobody's, or nobody's any more.</summary>
    public async Task<KeyHolder?> Authenticate(string presented, CancellationToken stop)
    {
        if (!ApiKey.TryParse(presented, ApiKey.MerchantMark, out var key))
        {
            return null;
        }

        var (holder, hash, isNoted) = await database.ReadTwice(() => database.First(
            $"""
            select m.id, m.name, k.secret_hash, coalesce(k.last_used_at > clock_timestamp() - $2::interval, false)
            from api_keys k join merchants m on m.id = k.merchant_id where k.prefix = $1 and {Working}
            """,
            row => (new KeyHolder(new Merchant(row.GetString(0), row.GetString(1)), MerchantKey.Mark + key.Prefix), row.GetFieldValue<byte[]>(2), row.GetBoolean(3)),
            stop,
            key.Prefix,
            UseNotedEvery));
        if (hash is null || !CryptographicOperations.FixedTimeEquals(hash, key.Hash))
        {
            return null;
        }

        if (!isNoted)
        {
            // Of many requests at that moment one writes; none waits for another.
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

    /// <summary>The merchant's keys that work, oldest first.</summary>
    public Task<IReadOnlyList<MerchantKey>> List(string merchantId, CancellationToken stop) =>
        database.List(KeyRing.LiveKeys, KeyRing.Read, stop, merchantId);

    /// <param name="othersWorkFor">How much longer the other keys work, at most: zero revokes them; null leaves them as they are.</param>
    /// <param name="by">The key that asks.</param>
    /// <returns>Null: the merchant would have more than <see cref="MostKeys"/>.</returns>
    public Task<NewMerchantKey?> Add(string merchantId, string? name, TimeSpan? othersWorkFor, string by) =>
        Add(merchantId, name, othersWorkFor, by, "api_key.create");

    /// <summary>A new key, as <see cref="Add(string, string?, TimeSpan?, string)"/>; all others work for <see cref="RotationTime"/> more, at most.</summary>
    public Task<NewMerchantKey?> Rotate(string merchantId, string by) => Add(merchantId, null, RotationTime, by, "api_key.rotate");

    /// <summary>The key is worth nothing from now on, at every silo.</summary>
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

    /// <summary>For operators: none of the merchant's keys is worth anything from now on. A new one comes from <see cref="MerchantRows.Provision"/>.</summary>
    /// <returns>How many; null: there is no such merchant.</returns>
    public Task<int?> RevokeAll(string merchantId, string who) => Alone<int?>(merchantId, async ring =>
    {
        if (ring.Live.Count > 0)
        {
            await ring.Revoke(ring.Live, who, by: null, "api_key.revoke_all");
        }

        return ring.Live.Count;
    });

    /// <param name="search">What the id begins with, or what one of the keys begins with; empty: all.</param>
    public Task<IReadOnlyList<MerchantEntry>> FindMerchants(string search, int limit, CancellationToken stop) => database.List(
        $"""
        select id, name, (select count(*)::int from api_keys k where k.merchant_id = m.id and {Working}) from merchants m
        where starts_with(id, $1) or id in (select merchant_id from api_keys where prefix = $2::text) order by id limit $3
        """,
        ReadMerchant,
        stop,
        search,
        ApiKey.PrefixOf(search, ApiKey.MerchantMark),
        limit);

    public Task<MerchantEntry?> FindMerchant(string id, CancellationToken stop) => database.First(
        $"select id, name, (select count(*)::int from api_keys k where k.merchant_id = m.id and {Working}) from merchants m where id = $1", ReadMerchant, stop, id);

    private Task<NewMerchantKey?> Add(string merchantId, string? name, TimeSpan? othersWorkFor, string by, string what) => Alone(merchantId, async ring =>
        othersWorkFor != TimeSpan.Zero && ring.Live.Count >= MostKeys ? null : await ring.Add(name, othersWorkFor, WhoOf(merchantId, by), by, what));

    private static string WhoOf(string merchantId, string keyId) => $"merchant:{merchantId} {keyId}";

    private static MerchantEntry ReadMerchant(NpgsqlDataReader row) => new(row.GetString(0), row.GetString(1), row.GetInt32(2));

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
