using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Notices;

public enum TestOutcome
{
    Sent,

    NoSuchEndpoint,

    /// <summary>The first try of the previous test has not ended.</summary>
    UnderWay,
}

/// <summary>Merchants' webhook endpoints.</summary>
public sealed class EndpointRows(NpgsqlDataSource database)
{
    /// <summary>The time for which the old secret still signs after a rotation.</summary>
    public static readonly TimeSpan RotationTime = TimeSpan.FromDays(1);

    public const string TestEvent = "webhook.test";

    /// <summary>The longest time for which a test prevents the next one.</summary>
    public static readonly TimeSpan LongestTest = TimeSpan.FromMinutes(1);

    private const string Columns =
        """
        id, url, created_at, case when previous_expires_at > clock_timestamp() then previous_expires_at end as rotating_until, disabled_at, disabled_reason
        """;

    /// <returns>Null: the merchant has <paramref name="most"/> endpoints already.</returns>
    public async Task<WebhookEndpoint?> Add(string merchantId, string id, string url, byte[] wrappedSecret, int most)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();

        // The next statement counts, and sees the endpoints that were added while this one waited for the merchant's row.
        await connection.Execute("select 1 from merchants where id = $1 for no key update", CancellationToken.None, merchantId);
        var added = await connection.First(
            $"""
            insert into webhook_endpoints (id, merchant_id, url, secret)
            select $1, m.id, $3, $4 from merchants m
            where m.id = $2 and (select count(*) from webhook_endpoints w where w.merchant_id = $2 and w.deleted_at is null) < $5
            returning {Columns}
            """,
            Read,
            CancellationToken.None,
            id,
            merchantId,
            url,
            wrappedSecret,
            most);
        await transaction.CommitAsync();
        return added;
    }

    /// <summary>Disables the endpoint: it gets no further notices, and waiting ones are skipped when they are due.</summary>
    /// <returns>False: it is deleted, or disabled already.</returns>
    public async Task<bool> Disable(string id, string reason) => await database.Execute(
        "update webhook_endpoints set disabled_at = clock_timestamp(), disabled_reason = $2 where id = $1 and deleted_at is null and disabled_at is null",
        CancellationToken.None,
        id,
        reason) == 1;

    /// <summary>Enables the endpoint: it gets the events from now on.</summary>
    /// <returns>Null: there is no such endpoint.</returns>
    public Task<WebhookEndpoint?> Enable(string merchantId, string id) => database.First(
        $"""
        update webhook_endpoints set disabled_at = null, disabled_reason = null
        where merchant_id = $1 and id = $2 and deleted_at is null
        returning {Columns}
        """,
        Read,
        CancellationToken.None,
        merchantId,
        id);

    public Task<IReadOnlyList<WebhookEndpoint>> List(string merchantId, CancellationToken stop) => database.List(
        $"select {Columns} from webhook_endpoints where merchant_id = $1 and deleted_at is null order by created_at, id", Read, stop, merchantId);

    /// <summary>Deletes the endpoint. Its waiting and parked notices are skipped.</summary>
    /// <returns>False: there is no such endpoint.</returns>
    public async Task<bool> Delete(string merchantId, string id) => await database.First(
        """
        with deleted as (
          update webhook_endpoints set deleted_at = clock_timestamp() where merchant_id = $1 and id = $2 and deleted_at is null returning id
        ), parked as materialized (
          select d.event_id, d.receiver from deliveries d join deleted on d.receiver = deleted.id
          where d.merchant_id = $1 and d.state = 'PARKED' order by d.event_id, d.receiver for no key update of d
        ), skipped as (
          update deliveries d set state = 'SKIPPED' from parked p where d.event_id = p.event_id and d.receiver = p.receiver
        )
        select count(*) as endpoints from deleted
        """,
        static row => row.Get<long>("endpoints"),
        CancellationToken.None,
        merchantId,
        id) == 1;

    /// <summary>Signs with the new secret from now on, and with the previous one for <see cref="RotationTime"/>.</summary>
    /// <returns>Null: there is no such endpoint.</returns>
    public Task<WebhookEndpoint?> RotateSecret(string merchantId, string id, byte[] wrappedSecret) => database.First(
        $"""
        update webhook_endpoints
        set previous_secret = secret, previous_expires_at = clock_timestamp() + $4, secret = $3
        where merchant_id = $1 and id = $2 and deleted_at is null
        returning {Columns}
        """,
        Read,
        CancellationToken.None,
        merchantId,
        id,
        wrappedSecret,
        RotationTime);

    /// <summary>Makes an event of type <see cref="TestEvent"/>, for this endpoint only.</summary>
    /// <remarks>An earlier test prevents it until its first try has ended, for <see cref="LongestTest"/> at the most.</remarks>
    public async Task<TestOutcome> AddTestEvent(string merchantId, string endpointId, Guid eventId, DateTimeOffset at, string data)
    {
        // A delivery that this statement does not see yet counts as not ended.
        var (isThere, isSent) = await database.First(
            $"""
            with endpoint as (
              select id from webhook_endpoints where merchant_id = $1 and id = $2 and deleted_at is null
            ), receiver as (
              update webhook_endpoints w set test_event = $3, tested_at = clock_timestamp()
              where w.merchant_id = $1 and w.id = $2 and w.deleted_at is null
                and (w.tested_at is null or w.tested_at <= clock_timestamp() - $6
                     or exists (select from deliveries d where d.event_id = w.test_event and d.receiver = w.id and (d.state <> 'PENDING' or d.last_error is not null)))
              returning w.id, w.merchant_id
            ), evented as (
              insert into events (merchant_id, id, type, created_at, data) select merchant_id, $3, '{TestEvent}', $4, $5 from receiver
            ), delivered as (
              insert into deliveries (event_id, receiver, merchant_id, due_at) select $3, id, merchant_id, clock_timestamp() from receiver
            )
            select exists (select from endpoint) as is_there, exists (select from receiver) as is_sent
            """,
            static row => (row.Get<bool>("is_there"), row.Get<bool>("is_sent")),
            CancellationToken.None,
            merchantId,
            endpointId,
            eventId,
            at,
            data,
            LongestTest);
        return isSent ? TestOutcome.Sent : isThere ? TestOutcome.UnderWay : TestOutcome.NoSuchEndpoint;
    }

    private static WebhookEndpoint Read(NpgsqlDataReader row) => new(
        row.Get<string>("id"),
        row.Get<string>("url"),
        row.Get<DateTimeOffset>("created_at"),
        row.Get<DateTimeOffset?>("rotating_until"),
        row.Get<DateTimeOffset?>("disabled_at"),
        row.GetOrNull<string>("disabled_reason"));
}
