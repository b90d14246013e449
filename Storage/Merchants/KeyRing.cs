using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Merchants;

/// <summary>A merchant's keys, locked against other changes until the transaction ends.</summary>
internal sealed class KeyRing
{
    /// <summary>The columns that <see cref="Read"/> takes; $1 is the merchant.</summary>
    public const string LiveKeys =
        $"select prefix, name, created_at, last_used_at, expires_at from api_keys where merchant_id = $1 and {ApiKeyRows.Working} order by created_at, prefix";

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
        var connection = transaction.Connection!;
        if (await connection.First("select id from merchants where id = $1 for no key update", static row => row.Get<string>("id"), CancellationToken.None, merchantId) is null)
        {
            return null;
        }

        // A separate statement, which sees the changes of others while this one waited for the merchant's row.
        var at = await connection.First("select clock_timestamp() as now", static row => row.Get<DateTimeOffset>("now"), CancellationToken.None);
        var live = await connection.List(LiveKeys, Read, CancellationToken.None, merchantId);
        return new KeyRing(transaction, merchantId, at, live);
    }

    public static MerchantKey Read(NpgsqlDataReader row) => new(
        MerchantKey.Mark + row.Get<string>("prefix"),
        row.GetOrNull<string>("name"),
        row.Get<DateTimeOffset>("created_at"),
        row.Get<DateTimeOffset?>("last_used_at"),
        row.Get<DateTimeOffset?>("expires_at"));

    /// <param name="who">The name in the audit log.</param>
    /// <param name="by">The merchant's key of the request; null: an operator did it.</param>
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

        await _transaction.Connection!.Execute(
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
            CancellationToken.None,
            _merchantId,
            revoked.Select(key => key.Id[MerchantKey.Mark.Length..]).ToArray(),
            Queries.Typed(othersWorkUntil),
            Queries.Typed(added?.Id[MerchantKey.Mark.Length..]),
            Queries.Typed(hash),
            Queries.Typed(added?.Name),
            _at,
            told.Select(_ => Guid.CreateVersion7(_at)).ToArray(),
            told.Select(one => one.Type).ToArray(),
            told.Select(one => one.Data).ToArray(),
            who,
            what,
            Shown(Live, null),
            Shown([.. Live.Except(revoked), .. added is null ? Array.Empty<MerchantKey>() : [added]], othersWorkUntil));
    }

    private static string Data(MerchantKey key, DateTimeOffset? othersWorkUntil, string? by)
    {
        var data = new JsonObject { ["id"] = key.Id, ["prefix"] = key.Prefix, ["created_at"] = Rfc3339.ToMilliseconds(key.CreatedAt) };
        Put("name", key.Name);
        Put("others_work_until", othersWorkUntil is { } until ? Rfc3339.ToMilliseconds(until) : null);
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
            shown["others_work_until"] = Rfc3339.ToMilliseconds(until);
        }

        return shown.ToJsonString(Json);
    }
}
