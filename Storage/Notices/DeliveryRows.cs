using Lakala.Storage.Bills;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Lakala.Storage.Notices;

/// <param name="Receivers">The number of the event's receivers now.</param>
/// <param name="Wait">Null: it is sent again. Otherwise the limit is reached, and this is the time until it may be sent again.</param>
public sealed record Resent(int Receivers, TimeSpan? Wait);

/// <summary>The queue of notices: due deliveries, and the outcomes of their tries.</summary>
public sealed class DeliveryRows(
    NpgsqlDataSource database, [FromKeyedServices(Database.Writers)] NpgsqlDataSource writers, ILogger<DeliveryRows> log) : IAsyncDisposable
{
    // The number of further rows that a read of the queue checks after a receiver with more due notices than free places.
    private const int Window = 1024;

    /// <summary>Records the outcome of a try.</summary>
    public GroupCommit<TriedNotice, NoticeRecorded> RecordNotices { get; } = new(new RecordNotices(), writers, log);

    public ValueTask DisposeAsync() => RecordNotices.DisposeAsync();

    /// <summary>
    /// Claims due notices, each for one try. The caller has them for the time of the lease, which it can renew; a notice without
    /// a recorded outcome is then due again. Several silos may do so at once.
    /// </summary>
    /// <remarks>In a writers' session: a plan that was made before the month began must not read all of the month's events for each notice.</remarks>
    /// <param name="limitPerReceiver">The most notices to one receiver.</param>
    /// <param name="room">The limits of these receivers, instead; 0 or less: none.</param>
    public Task<IReadOnlyList<Notice>> Claim(int limit, int limitPerReceiver, TimeSpan lease, IReadOnlyDictionary<string, int> room) => writers.List(
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
        select c.event_id, c.receiver, e.type, e.created_at as happened_at, e.data, c.tries, c.was_uncertain, w.url, w.secret,
               case when w.previous_expires_at > clock_timestamp() then w.previous_secret end as previous_secret,
               w.deleted_at is not null as is_deleted, w.disabled_at is not null as is_disabled, b.*
        from claimed c
        join events e on e.merchant_id = c.merchant_id and e.id = c.event_id
        left join webhook_endpoints w on w.id = c.receiver
        left join lateral (select {BillRows.Columns} from {BillRows.From} where b.number = e.bill and w.id is null) b on true
        """,
        Read,
        CancellationToken.None,
        room.Keys.ToArray(),
        room.Values.ToArray(),
        Window,
        limitPerReceiver,
        limit,
        lease);

    /// <summary>Renews the lease of the caller's notices from now on. A notice that another caller has claimed since is not renewed.</summary>
    public Task Renew(IReadOnlyCollection<Notice> notices, TimeSpan lease) => database.Execute(
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
        where s.is_reached and e.type <> '{EventTypes.BalanceOwed}'
        """,
        merchantId,
        eventId,
        perDay);

    private Task<Resent?> Resend(string receivers, string merchantId, Guid eventId, int perDay) => database.First(
        $"""
        with event as (
          select merchant_id, id, type, bill from events where merchant_id = $1 and id = $2
        ), wanted (event_id, receiver, merchant_id, due_at) as materialized (
          {receivers}
        ), counted as (
          {QuotaRows.CountOne($"(select merchant_id, '{QuotaRows.Resend}' as what, uuid_send(id) as subject from event where exists (select from wanted)) as one", null, "$3")}
        ), delivered as (
          insert into deliveries (event_id, receiver, merchant_id, due_at)
          select * from wanted where exists (select from counted) order by receiver
          on conflict (event_id, receiver) do update
          set state = 'PENDING', tries = 0, due_at = clock_timestamp(), finished_at = null, was_uncertain = false, is_counted = false
        )
        select (select count(*) from wanted)::int as receivers, exists (select from counted) as is_counted,
               (select day_from + interval '1 day' - clock_timestamp() from merchant_quotas
                where merchant_id = $1 and what = '{QuotaRows.Resend}' and subject = uuid_send($2)) as wait
        from event
        """,
        static row => row.Get<int>("receivers") is var count && (count == 0 || row.Get<bool>("is_counted"))
            ? new Resent(count, null)
            : new Resent(count, row.Get<TimeSpan?>("wait") ?? TimeSpan.FromDays(1)),
        CancellationToken.None,
        merchantId,
        eventId,
        perDay);

    private static Notice Read(NpgsqlDataReader row) => new(
        row.Get<Guid>("event_id"),
        row.Get<string>("receiver"),
        row.Get<string>("type"),
        row.Get<DateTimeOffset>("happened_at"),
        row.Get<string>("data"),
        row.IsNull("url")
            ? null
            : new WebhookTarget(
                row.Get<string>("url"),
                row.Get<byte[]>("secret"),
                row.GetOrNull<byte[]>("previous_secret"),
                row.Get<bool>("is_deleted"),
                row.Get<bool>("is_disabled")),
        BillRows.Read(row),
        row.Get<int>("tries"),
        row.Get<bool>("was_uncertain"));

    /// <summary>Parked notices, newest first.</summary>
    public Task<IReadOnlyList<ParkedNotice>> ListParked(int limit, CancellationToken stop) => database.List(
        """
        select d.event_id, d.receiver, d.merchant_id, e.type, d.tries, d.last_status, d.last_error, d.finished_at
        from (select * from deliveries where state = 'PARKED' order by event_id desc limit $1) d
        join events e on e.merchant_id = d.merchant_id and e.id = d.event_id order by d.event_id desc
        """,
        static row => new ParkedNotice(
            row.Get<Guid>("event_id"),
            row.Get<string>("receiver"),
            row.Get<string>("merchant_id"),
            row.Get<string>("type"),
            row.Get<int>("tries"),
            row.Get<int?>("last_status"),
            row.GetOrNull<string>("last_error"),
            row.Get<DateTimeOffset?>("finished_at")),
        stop,
        limit);

    /// <summary>Sends a parked notice again, with all its tries. An empty receiver: all parked notices.</summary>
    /// <returns>The number of notices.</returns>
    public Task<int> ResendParked(Guid? id, string receiver, string who, CancellationToken stop) => database.First(
        """
        with parked as materialized (
          select event_id, receiver from deliveries
          where state = 'PARKED' and ($1::uuid is null or event_id = $1) and ($2 = '' or receiver = $2)
          order by event_id, receiver limit 10000 for no key update
        ), resent as (
          update deliveries d set state = 'PENDING', tries = 0, due_at = clock_timestamp(), finished_at = null, was_uncertain = false
          from parked p where d.event_id = p.event_id and d.receiver = p.receiver returning 1
        ), logged as (
          insert into audit_log (who, what, subject, detail)
          select $3, 'notice.resend', coalesce('evt_' || replace($1::text, '-', ''), 'all'), count(*) || ' to ' || coalesce(nullif($2, ''), 'all receivers')
          from resent having count(*) > 0
        )
        select count(*)::int as notices from resent
        """,
        static row => row.Get<int>("notices"),
        stop,
        id,
        receiver,
        who);
}
