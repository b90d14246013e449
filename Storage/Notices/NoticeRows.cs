using Lakala.Storage.Bills;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Lakala.Storage.Notices;

public enum TestOutcome
{
    Sent,

    NoSuchEndpoint,

    /// <summary>The first try of the previous test has not ended.</summary>
    UnderWay,
}

/// <param name="Receivers">The number of the event's receivers now.</param>
/// <param name="Wait">Null: it is sent again. Otherwise the limit is reached, and this is the time until it may be sent again.</param>
public sealed record Resent(int Receivers, TimeSpan? Wait);

/// <summary>Webhook endpoints, events and the queue of notices.</summary>
public sealed class NoticeRows : IAsyncDisposable
{
    /// <summary>The time for which the old secret still signs after a rotation.</summary>
    public static readonly TimeSpan RotationTime = TimeSpan.FromDays(1);

    public const string TestEvent = "webhook.test";

    /// <summary>The longest time for which a test prevents the next one.</summary>
    public static readonly TimeSpan LongestTest = TimeSpan.FromMinutes(1);

    // The number of further rows that a read of the queue checks after a receiver with more due notices than free places.
    private const int Window = 1024;

    private const string EndpointColumns =
        """
        id, url, created_at, case when previous_expires_at > clock_timestamp() then previous_expires_at end as rotating_until, disabled_at, disabled_reason
        """;

    // Three queries, each with its own index.
    private const string AllEvents =
        "select id, type, created_at, data from events where merchant_id = $1 and id < $2 order by id desc limit $3";

    private const string OneEvent = "select id, type, created_at, data from events where merchant_id = $1 and id = $2 limit $3";

    private const string ParkedEvents =
        """
        select e.id, e.type, e.created_at, e.data
        from (
          select distinct event_id from deliveries
          where merchant_id = $1 and state = 'PARKED' and event_id < $2 order by event_id desc limit $3
        ) d join events e on e.merchant_id = $1 and e.id = d.event_id
        """;

    private readonly NpgsqlDataSource _database;

    /// <summary>
    /// The receivers of a bill's event: the merchant's endpoints that are not disabled, and the receivers of the shopper in the command.
    /// </summary>
    /// <param name="row">The alias of rows with merchant_id and receivers.</param>
    internal static string ReceiversOf(string row) =>
        $"""
        (select w.id from webhook_endpoints w where w.merchant_id = {row}.merchant_id and w.deleted_at is null and w.disabled_at is null
         union all select unnest(string_to_array({row}.receivers, ' ')))
        """;

    public NoticeRows(NpgsqlDataSource database, [FromKeyedServices(Database.Writers)] NpgsqlDataSource writers, ILogger<NoticeRows> log)
    {
        _database = database;
        Recorded = new(new RecordNotices(), writers, log);
    }

    /// <summary>Records the outcome of a try.</summary>
    public GroupCommit<TriedNotice, NoticeRecorded> Recorded { get; }

    public ValueTask DisposeAsync() => Recorded.DisposeAsync();

    /// <summary>
    /// Claims due notices, each for one try. The caller has them for the time of the lease, which it can renew; a notice without
    /// a recorded outcome is then due again. Several silos may do so at once.
    /// </summary>
    /// <param name="limitPerReceiver">The most notices to one receiver.</param>
    /// <param name="room">The limits of these receivers, instead; 0 or less: none.</param>
    public async Task<IReadOnlyList<Notice>> Claim(
        int limit, int limitPerReceiver, TimeSpan lease, IReadOnlyDictionary<string, int> room)
    {
        await using var command = _database.CreateCommand(
            $"""
            with room as materialized (
              select * from unnest($1::text[], $2::int[]) as t(receiver, notices)
            ), due as materialized (
              select event_id, receiver, due_at from deliveries
              where state = 'PENDING' and due_at <= statement_timestamp()
                and receiver not in (select receiver from room where notices <= 0)
              order by due_at limit $3
            ), ranked as (
              select event_id, receiver, row_number() over (partition by receiver order by due_at) as place from due
            ), mine as materialized (
              select d.event_id, d.receiver
              from ranked r
              join deliveries d on d.event_id = r.event_id and d.receiver = r.receiver
              left join room f on f.receiver = r.receiver
              where r.place <= coalesce(f.notices, $4) and d.state = 'PENDING' and d.due_at <= statement_timestamp()
              limit $5
              for no key update of d skip locked
            ), claimed as (
              update deliveries d set due_at = clock_timestamp() + $6, tries = d.tries + 1
              from mine m where d.event_id = m.event_id and d.receiver = m.receiver
              returning d.event_id, d.receiver, d.merchant_id, d.tries, d.was_uncertain
            )
            select c.event_id, c.receiver, e.type, e.created_at, e.data, c.tries, w.url, w.secret,
                   case when w.previous_expires_at > clock_timestamp() then w.previous_secret end,
                   w.deleted_at is not null, w.disabled_at is not null, c.was_uncertain, b.*
            from claimed c
            join events e on e.merchant_id = c.merchant_id and e.id = c.event_id
            left join webhook_endpoints w on w.id = c.receiver
            left join lateral (select {BillRows.Columns} from {BillRows.From} where b.number = e.bill and w.id is null) b on true
            """);
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. room.Keys] });
        command.Parameters.Add(new NpgsqlParameter<int[]> { TypedValue = [.. room.Values] });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = Window });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limitPerReceiver });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = lease });
        await using var rows = await command.ExecuteReaderAsync();
        var claimed = new List<Notice>();
        while (await rows.ReadAsync())
        {
            claimed.Add(new Notice(
                rows.GetGuid(0),
                rows.GetString(1),
                rows.GetString(2),
                rows.GetFieldValue<DateTimeOffset>(3),
                rows.GetString(4),
                rows.IsDBNull(6)
                    ? null
                    : new WebhookTarget(
                        rows.GetString(6),
                        rows.GetFieldValue<byte[]>(7),
                        rows.IsDBNull(8) ? null : rows.GetFieldValue<byte[]>(8),
                        rows.GetBoolean(9),
                        rows.GetBoolean(10)),
                BillRows.Read(rows, 12),
                rows.GetInt32(5),
                rows.GetBoolean(11)));
        }

        return claimed;
    }

    /// <summary>Renews the lease of the caller's notices from now on. A notice that another caller has claimed since is not renewed.</summary>
    public Task Renew(IReadOnlyCollection<Notice> notices, TimeSpan lease) => _database.Execute(
        """
        with mine as materialized (
          select d.event_id, d.receiver
          from unnest($1::uuid[], $2::text[], $3::int[]) as t(event_id, receiver, tries)
          join deliveries d on d.event_id = t.event_id and d.receiver = t.receiver and d.tries = t.tries
          where d.state = 'PENDING' order by d.event_id, d.receiver for no key update of d skip locked
        )
        update deliveries d set due_at = clock_timestamp() + $4::interval from mine m where d.event_id = m.event_id and d.receiver = m.receiver
        """,
        CancellationToken.None,
        notices.Select(notice => notice.EventId).ToArray(),
        notices.Select(notice => notice.Receiver).ToArray(),
        notices.Select(notice => notice.Tries).ToArray(),
        lease);

    /// <returns>Null: the merchant has <paramref name="most"/> endpoints already.</returns>
    public async Task<WebhookEndpoint?> AddEndpoint(string merchantId, string id, string url, byte[] wrappedSecret, int most)
    {
        await using var connection = await _database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();

        // The next statement counts, and sees the endpoints that were added while this one waited for the merchant's row.
        await using var alone = new NpgsqlCommand("select 1 from merchants where id = $1 for no key update", connection, transaction);
        alone.Parameters.Add(new NpgsqlParameter<string> { TypedValue = merchantId });
        await alone.ExecuteNonQueryAsync();
        await using var command = new NpgsqlCommand(
            $"""
            insert into webhook_endpoints (id, merchant_id, url, secret)
            select $1, m.id, $3, $4 from merchants m
            where m.id = $2 and (select count(*) from webhook_endpoints w where w.merchant_id = $2 and w.deleted_at is null) < $5
            returning {EndpointColumns}
            """,
            connection,
            transaction);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = merchantId });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = url });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = wrappedSecret });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = most });
        var added = await OneEndpoint(command, CancellationToken.None);
        await transaction.CommitAsync();
        return added;
    }

    /// <summary>Disables the endpoint: it gets no further notices, and waiting ones are skipped when they are due.</summary>
    /// <returns>False: it is deleted, or disabled already.</returns>
    public async Task<bool> DisableEndpoint(string id, string reason) => await _database.Execute(
        "update webhook_endpoints set disabled_at = clock_timestamp(), disabled_reason = $2 where id = $1 and deleted_at is null and disabled_at is null",
        CancellationToken.None,
        id,
        reason) == 1;

    /// <summary>Enables the endpoint: it gets the events from now on.</summary>
    /// <returns>Null: there is no such endpoint.</returns>
    public async Task<WebhookEndpoint?> EnableEndpoint(string merchantId, string id)
    {
        await using var command = _database.CreateCommand(
            $"""
            update webhook_endpoints set disabled_at = null, disabled_reason = null
            where merchant_id = $1 and id = $2 and deleted_at is null
            returning {EndpointColumns}
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = merchantId });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
        return await OneEndpoint(command, CancellationToken.None);
    }

    public async Task<IReadOnlyList<WebhookEndpoint>> ListEndpoints(string merchantId, CancellationToken stop)
    {
        await using var command = _database.CreateCommand(
            $"select {EndpointColumns} from webhook_endpoints where merchant_id = $1 and deleted_at is null order by created_at, id");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = merchantId });
        await using var rows = await command.ExecuteReaderAsync(stop);
        var endpoints = new List<WebhookEndpoint>();
        while (await rows.ReadAsync(stop))
        {
            endpoints.Add(ReadEndpoint(rows));
        }

        return endpoints;
    }

    /// <summary>Deletes the endpoint. Its waiting and parked notices are skipped.</summary>
    /// <returns>False: there is no such endpoint.</returns>
    public async Task<bool> DeleteEndpoint(string merchantId, string id)
    {
        await using var command = _database.CreateCommand(
            """
            with deleted as (
              update webhook_endpoints set deleted_at = clock_timestamp() where merchant_id = $1 and id = $2 and deleted_at is null returning id
            ), parked as materialized (
              select d.event_id, d.receiver from deliveries d join deleted on d.receiver = deleted.id
              where d.merchant_id = $1 and d.state = 'PARKED' order by d.event_id, d.receiver for no key update of d
            ), skipped as (
              update deliveries d set state = 'SKIPPED' from parked p where d.event_id = p.event_id and d.receiver = p.receiver
            )
            select count(*) from deleted
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = merchantId });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
        return (long)(await command.ExecuteScalarAsync())! == 1;
    }

    /// <summary>Signs with the new secret from now on, and with the previous one for <see cref="RotationTime"/>.</summary>
    /// <returns>Null: there is no such endpoint.</returns>
    public async Task<WebhookEndpoint?> RotateSecret(string merchantId, string id, byte[] wrappedSecret)
    {
        await using var command = _database.CreateCommand(
            $"""
            update webhook_endpoints
            set previous_secret = secret, previous_expires_at = clock_timestamp() + $4, secret = $3
            where merchant_id = $1 and id = $2 and deleted_at is null
            returning {EndpointColumns}
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = merchantId });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = wrappedSecret });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = RotationTime });
        return await OneEndpoint(command, CancellationToken.None);
    }

    /// <summary>Makes an event of type <see cref="TestEvent"/>, for this endpoint only.</summary>
    /// <remarks>An earlier test prevents it until its first try has ended, for <see cref="LongestTest"/> at the most.</remarks>
    public async Task<TestOutcome> AddTestEvent(string merchantId, string endpointId, Guid eventId, DateTimeOffset at, string data)
    {
        // A delivery that this statement does not see yet counts as not ended.
        var (isThere, isSent) = await _database.First(
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
            select exists (select from endpoint), exists (select from receiver)
            """,
            static row => (row.GetBoolean(0), row.GetBoolean(1)),
            CancellationToken.None,
            merchantId,
            endpointId,
            eventId,
            at,
            data,
            LongestTest);
        return isSent ? TestOutcome.Sent : isThere ? TestOutcome.UnderWay : TestOutcome.NoSuchEndpoint;
    }

    /// <summary>Sends the event again, under its old id and with all retries, to every endpoint that is not disabled.</summary>
    /// <param name="perDay">The limit within a day, for all receivers together.</param>
    /// <returns>Null: there is no such event.</returns>
    public Task<Resent?> ResendToEndpoints(string merchantId, Guid eventId, int perDay) => Resend(
        $"""
        select e.id, w.id, e.merchant_id, clock_timestamp()
        from event e join webhook_endpoints w on w.merchant_id = e.merchant_id and w.deleted_at is null and w.disabled_at is null
        where e.type not in ('{EventTypes.Created}', '{EventTypes.Expiring}')
        """,
        merchantId,
        eventId,
        perDay);

    /// <summary>Sends the event again to the shopper of its bill.</summary>
    /// <param name="perDay">The limit within a day, for all receivers together.</param>
    /// <returns>Null: there is no such event.</returns>
    public Task<Resent?> ResendToShopper(string merchantId, Guid eventId, ShopperReceivers shoppers, int perDay) => Resend(
        $"""
        select e.id, s.receiver, e.merchant_id, clock_timestamp()
        from event e join bills b on b.number = e.bill
        cross join lateral (values ('{ShopperReceivers.Mail}', b.shopper_email is not null and {shoppers.HasMail}),
                                   ('{ShopperReceivers.Sms}', b.shopper_phone is not null and {shoppers.HasSms})) as s(receiver, is_reached)
        where s.is_reached
        """,
        merchantId,
        eventId,
        perDay);

    private Task<Resent?> Resend(string receivers, string merchantId, Guid eventId, int perDay) => _database.First(
        $"""
        with event as (
          select merchant_id, id, type, bill from events where merchant_id = $1 and id = $2
        ), wanted (event_id, receiver, merchant_id, due_at) as materialized (
          {receivers}
        ), counted as (
          {QuotaStatements.Count($"(select merchant_id, '{QuotaStatements.Resend}' as what, uuid_send(id) as subject from event where exists (select from wanted)) as one", null, "$3")}
        ), delivered as (
          insert into deliveries (event_id, receiver, merchant_id, due_at)
          select * from wanted where exists (select from counted) order by receiver
          on conflict (event_id, receiver) do update
          set state = 'PENDING', tries = 0, due_at = clock_timestamp(), finished_at = null, was_uncertain = false, is_counted = false
        )
        select (select count(*) from wanted)::int, exists (select from counted),
               (select day_from + interval '1 day' - clock_timestamp() from merchant_quotas
                where merchant_id = $1 and what = '{QuotaStatements.Resend}' and subject = uuid_send($2))
        from event
        """,
        static row => row.GetInt32(0) is var count && (count == 0 || row.GetBoolean(1))
            ? new Resent(count, null)
            : new Resent(count, row.Nullable<TimeSpan>(2) ?? TimeSpan.FromDays(1)),
        CancellationToken.None,
        merchantId,
        eventId,
        perDay);

    /// <summary>Counts a notice to a shopper before it is sent, over all silos and once for all of its tries.</summary>
    /// <param name="address">A value that represents the shopper's address; not empty.</param>
    public async Task<NoticeQuota> CountNotice(Guid eventId, string receiver, byte[] address, NoticeQuotas quotas)
    {
        var (isFirst, hasAddressRoom, hasRoom) = await _database.First(
            $"""
            with mine as (
              update deliveries set is_counted = true where event_id = $1 and receiver = $2 and not is_counted returning merchant_id, receiver
            ), address as (
              {QuotaStatements.Count("(select merchant_id, receiver as what, $3::bytea as subject from mine) as one", "$4", "$5")}
            ), merchant as (
              {QuotaStatements.Count("(select merchant_id, $2::text as what, ''::bytea as subject from address) as one", null, "$6")}
            )
            select exists (select from mine), exists (select from address), exists (select from merchant)
            """,
            static row => (row.GetBoolean(0), row.GetBoolean(1), row.GetBoolean(2)),
            CancellationToken.None,
            eventId,
            receiver,
            address,
            quotas.PerHour,
            quotas.PerDay,
            quotas.InAllPerDay);
        return !isFirst || hasRoom ? NoticeQuota.Free : hasAddressRoom ? NoticeQuota.MerchantFull : NoticeQuota.AddressFull;
    }

    /// <returns>The number of deleted counts whose day is over; if it is <paramref name="limit"/>, there may be more.</returns>
    public Task<int> ForgetCounts(int limit, CancellationToken stop) => _database.Execute(
        """
        delete from merchant_quotas where ctid = any(array(
          select ctid from merchant_quotas where day_from < statement_timestamp() - interval '1 day' limit $1))
        """,
        stop,
        limit);

    /// <summary>A merchant's events, newest first.</summary>
    /// <param name="before">Only events that are older than this one.</param>
    /// <param name="parked">Only events with a parked notice.</param>
    public Task<IReadOnlyList<EventRow>> ListEvents(string merchantId, Guid? before, bool parked, int limit, CancellationToken stop) =>
        ReadEvents(parked ? ParkedEvents : AllEvents, merchantId, before ?? Guid.AllBitsSet, limit, stop);

    /// <returns>Null: the merchant has no such event.</returns>
    public async Task<EventRow?> FindEvent(string merchantId, Guid id, CancellationToken stop) =>
        (await ReadEvents(OneEvent, merchantId, id, 1, stop)).SingleOrDefault();

    private async Task<IReadOnlyList<EventRow>> ReadEvents(string page, string merchantId, Guid id, int limit, CancellationToken stop)
    {
        await using var command = _database.CreateCommand(
            $"""
            with page as ({page})
            select p.id, p.type, p.created_at, p.data,
                   d.receiver, d.state, d.tries, case d.state when 'PENDING' then d.due_at end, d.last_status, d.last_error, d.finished_at
            from page p left join deliveries d on d.event_id = p.id
            order by p.id desc, d.receiver
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = merchantId });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        await using var rows = await command.ExecuteReaderAsync(stop);
        var events = new List<EventRow>();
        var deliveries = new List<DeliveryRow>();
        while (await rows.ReadAsync(stop))
        {
            if (events.Count == 0 || events[^1].Id != rows.GetGuid(0))
            {
                deliveries = [];
                events.Add(new EventRow(
                    rows.GetGuid(0), rows.GetString(1), rows.GetFieldValue<DateTimeOffset>(2), rows.GetString(3), deliveries));
            }

            if (!rows.IsDBNull(4))
            {
                deliveries.Add(new DeliveryRow(
                    rows.GetString(4),
                    rows.GetString(5),
                    rows.GetInt32(6),
                    rows.Nullable<DateTimeOffset>(7),
                    rows.Nullable<int>(8),
                    rows.Text(9),
                    rows.Nullable<DateTimeOffset>(10)));
            }
        }

        return events;
    }

    private static async Task<WebhookEndpoint?> OneEndpoint(NpgsqlCommand command, CancellationToken stop)
    {
        await using var rows = await command.ExecuteReaderAsync(stop);
        return await rows.ReadAsync(stop) ? ReadEndpoint(rows) : null;
    }

    private static WebhookEndpoint ReadEndpoint(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetFieldValue<DateTimeOffset>(2), row.Nullable<DateTimeOffset>(3), row.Nullable<DateTimeOffset>(4), row.Text(5));
}
