using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lakala.Grains.Notices;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Grains.Storage;

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
public sealed class ApiKeyStore([FromKeyedServices(Database.Visitors)] NpgsqlDataSource database)
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

    /// <summary>For operators: none of the merchant's keys is worth anything from now on. A new one comes from <see cref="MerchantStore.Provision"/>.</summary>
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

/// <summary>A merchant's keys while nobody else changes them: until the transaction ends.</summary>
internal sealed class KeyRing
{
    /// <summary>The columns that <see cref="Read"/> takes; $1 is the merchant.</summary>
    public const string LiveKeys =
        $"select prefix, name, created_at, last_used_at, expires_at from api_keys where merchant_id = $1 and {ApiKeyStore.Working} order by created_at, prefix";

    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly NpgsqlTransaction _transaction;
    private readonly string _merchantId;
    private readonly DateTimeOffset _at;

    private KeyRing(NpgsqlTransaction transaction, string merchantId, DateTimeOffset at, IReadOnlyList<MerchantKey> live) =>
        (_transaction, _merchantId, _at, Live) = (transaction, merchantId, at, live);

    public IReadOnlyList<MerchantKey> Live { get; }

    /// <returns>Null: there is no such merchant.</returns>
    public static async Task<KeyRing?> Lock(NpgsqlTransaction transaction, string merchantId)
    {
        await using var alone = Command(transaction, "select id from merchants where id = $1 for no key update", merchantId);
        if (await alone.ExecuteScalarAsync() is null)
        {
            return null;
        }

        // A statement of its own, which sees what others have changed while this one waited for the merchant's row.
        await using var now = Command(transaction, "select clock_timestamp()");
        var at = new DateTimeOffset((DateTime)(await now.ExecuteScalarAsync())!, TimeSpan.Zero);
        await using var list = Command(transaction, LiveKeys, merchantId);
        await using var rows = await list.ExecuteReaderAsync();
        var live = new List<MerchantKey>();
        while (await rows.ReadAsync())
        {
            live.Add(Read(rows));
        }

        return new KeyRing(transaction, merchantId, at, live);
    }

    public static MerchantKey Read(NpgsqlDataReader row) => new(
        MerchantKey.Mark + row.GetString(0), row.Text(1), row.GetFieldValue<DateTimeOffset>(2), row.Nullable<DateTimeOffset>(3), row.Nullable<DateTimeOffset>(4));

    /// <param name="who">For the audit log.</param>
    /// <param name="by">The merchant's key that asked; null: an operator did.</param>
    public async Task<NewMerchantKey> Add(string? name, TimeSpan? othersWorkFor, string who, string? by, string what)
    {
        var secret = ApiKey.Create(ApiKey.MerchantMark);
        var key = new MerchantKey(MerchantKey.Mark + secret.Prefix, name, _at, null, null);
        var until = _at + othersWorkFor;
        await Write(key, secret.Hash, othersWorkFor == TimeSpan.Zero ? Live : [], until, who, by, what);
        return new NewMerchantKey(key, secret.Text, until);
    }

    public Task Revoke(IReadOnlyList<MerchantKey> keys, string who, string? by, string what) => Write(null, null, keys, null, who, by, what);

    private async Task Write(
        MerchantKey? added, byte[]? hash, IReadOnlyList<MerchantKey> revoked, DateTimeOffset? othersWorkUntil, string who, string? by, string what)
    {
        var told = revoked.Select(key => (Type: EventTypes.KeyRevoked, Data: Data(key, null, by))).ToList();
        if (added is not null)
        {
            told.Add((EventTypes.KeyCreated, Data(added, Live.Count > 0 ? othersWorkUntil : null, by)));
        }

        await using var command = Command(
            _transaction,
            """
            with gone as (
              delete from api_keys where merchant_id = $1 and (prefix = any($2) or expires_at <= clock_timestamp())
            ), leaving as (
              update api_keys set expires_at = $3 where merchant_id = $1 and not prefix = any($2) and (expires_at is null or expires_at > $3) and $3::timestamptz is not null
            ), added as (
              insert into api_keys (prefix, merchant_id, secret_hash, name, created_at) select $4, $1, $5, $6, $7 where $4::text is not null
            ), told as materialized (
              select * from unnest($8::uuid[], $9::text[], $10::text[]) as t(id, type, data)
            ), evented as (
              insert into events (merchant_id, id, type, created_at, data) select $1, id, type, $7, data from told
            ), delivered as (
              insert into deliveries (event_id, receiver, merchant_id, due_at)
              select t.id, w.id, $1, clock_timestamp() from told t
              join webhook_endpoints w on w.merchant_id = $1 and w.deleted_at is null and w.disabled_at is null
            )
            insert into audit_log (who, what, subject, before, after) values ($11, $12, $1, $13::jsonb, $14::jsonb)
            """,
            _merchantId,
            revoked.Select(key => key.Id[MerchantKey.Mark.Length..]).ToArray(),
            new NpgsqlParameter<DateTimeOffset?> { TypedValue = othersWorkUntil },
            new NpgsqlParameter<string?> { TypedValue = added?.Id[MerchantKey.Mark.Length..] },
            new NpgsqlParameter<byte[]?> { TypedValue = hash },
            new NpgsqlParameter<string?> { TypedValue = added?.Name },
            _at,
            told.Select(_ => Guid.CreateVersion7(_at)).ToArray(),
            told.Select(one => one.Type).ToArray(),
            told.Select(one => one.Data).ToArray(),
            who,
            what,
            Shown(Live, null),
            Shown([.. Live.Except(revoked), .. added is null ? Array.Empty<MerchantKey>() : [added]], othersWorkUntil));
        await command.ExecuteNonQueryAsync();
    }

    private static string Data(MerchantKey key, DateTimeOffset? othersWorkUntil, string? by)
    {
        var data = new JsonObject { ["id"] = key.Id, ["prefix"] = key.Prefix, ["created_at"] = Text(key.CreatedAt) };
        Put("name", key.Name);
        Put("others_work_until", othersWorkUntil is { } until ? Text(until) : null);
        Put("by", by);
        return data.ToJsonString(Json);

        void Put(string name, string? value)
        {
            if (value is not null)
            {
                data[name] = value;
            }
        }
    }

    // For the audit log.
    private static string Shown(IReadOnlyList<MerchantKey> keys, DateTimeOffset? othersWorkUntil)
    {
        var shown = new JsonObject { ["keys"] = string.Join(", ", keys.Select(key => key.Id)) };
        if (othersWorkUntil is { } until)
        {
            shown["others_work_until"] = Text(until);
        }

        return shown.ToJsonString(Json);
    }

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static NpgsqlCommand Command(NpgsqlTransaction transaction, string sql, params object[] values)
    {
        var command = new NpgsqlCommand(sql, transaction.Connection, transaction);
        foreach (var value in values)
        {
            command.Parameters.Add(value as NpgsqlParameter ?? new NpgsqlParameter { Value = value });
        }

        return command;
    }
}

/// <summary>An API key: a prefix that finds its row, and 256 random bits of which only the hash is kept. Prints itself masked.</summary>
internal sealed class ApiKey
{
    /// <summary>With which a merchant's key begins.</summary>
    public const string MerchantMark = "lk_";

    /// <summary>With which a key to the operators' API begins.</summary>
    public const string AdminMark = "lka_";

    private const int PrefixLength = 16;
    private const int SecretBytes = 32;
    private const int SecretLength = 43;

    private readonly string _mark;

    private ApiKey(string mark, string text) => (_mark, Text) = (mark, text);

    public string Text { get; }

    public string Prefix => Text.Substring(_mark.Length, PrefixLength);

    public byte[] Hash => SHA256.HashData(Encoding.ASCII.GetBytes(Text));

    public static ApiKey Create(string mark) =>
        new(mark, $"{mark}{RandomNumberGenerator.GetHexString(PrefixLength, lowercase: true)}_"
            + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes)));

    public static bool TryParse(string text, string mark, [NotNullWhen(true)] out ApiKey? key)
    {
        var isOne = text.Length == mark.Length + PrefixLength + 1 + SecretLength && text.StartsWith(mark, StringComparison.Ordinal) && Ascii.IsValid(text);
        key = isOne ? new ApiKey(mark, text) : null;
        return isOne;
    }

    /// <returns>Null when the text does not begin as a key does. The secret need not be there.</returns>
    public static string? PrefixOf(string text, string mark) =>
        text.Length >= mark.Length + PrefixLength && text.StartsWith(mark, StringComparison.Ordinal) ? text.Substring(mark.Length, PrefixLength) : null;

    public override string ToString() => $"{_mark}{Prefix}_***";
}
