using Lakala.Rules.Claims;
using Lakala.Rules.Trades;
using Lakala.Storage;
using Npgsql;

namespace Lakala.Model.Tests.Trades;

/// <summary>A bill, its trade and its open claim between two steps of a history.</summary>
/// <param name="Trade">Null, as the next ones, when it has none.</param>
/// <param name="IsLeased">The form of a claim delays a release for a minute at least.</param>
/// <param name="Claim">The number of the open claim, if there is one.</param>
/// <param name="Ruling">The place of the ruling that waits.</param>
/// <param name="Unsent">A refund that was not sent yet, if there is one.</param>
/// <param name="Refused">A refund about which two operators have to decide, if there is one.</param>
/// <param name="Remedy">The place of the ruling about it that waits.</param>
internal sealed record Sight(
    long Bill,
    bool IsPaid,
    long Amount,
    long Refunded,
    TradeState? Trade,
    long Held,
    int Releases,
    bool IsFrozen,
    bool IsLeased,
    long? Claim,
    ClaimState? ClaimState,
    long Claimed,
    bool HasOffer,
    bool IsAfterSale,
    int? Ruling,
    long? Unsent,
    long? Refused,
    int? Remedy)
{
    private const string Sql =
        """
        select b.number, b.state = 'PAID', b.amount, b.refunded, t.state, coalesce(t.held, 0), coalesce(t.releases, 0)::int, t.frozen_by is not null,
               coalesce(t.leased_until > clock_timestamp() + interval '1 minute', false), c.id, c.state, coalesce(c.amount, 0), c.offer is not null,
               coalesce(c.is_after_sale, false), (select max(g.place)::int from rulings g where g.claim = c.id and g.approved_by is null and g.dropped_by is null),
               (select max(r.rrn) from refunds r where r.bill = b.number and r.state in ('QUEUED', 'REQUESTED')), q.rrn,
               (select max(g.place)::int from refund_rulings g where g.rrn = q.rrn and g.approved_by is null and g.dropped_by is null)
        from bills b left join trades t on t.bill = b.number left join claims c on c.bill = b.number and c.state not in ('AGREED', 'JUDGED', 'WITHDRAWN')
        left join lateral (select min(f.rrn) as rrn from refused_refunds f where f.bill = b.number and f.closed_at is null) q on true
        """;

    public long Left => Amount - Refunded;

    public bool IsOpen => !IsPaid;

    public static async Task<IReadOnlyDictionary<long, Sight>> Read(NpgsqlDataSource database, CancellationToken stop)
    {
        await using var command = database.CreateCommand(Sql);
        await using var rows = await command.ExecuteReaderAsync(stop);
        var all = new Dictionary<long, Sight>();
        while (await rows.ReadAsync(stop))
        {
            all[rows.GetInt64(0)] = new Sight(
                rows.GetInt64(0),
                rows.GetBoolean(1),
                rows.GetInt64(2),
                rows.GetInt64(3),
                rows.IsDBNull(4) ? null : StateNames.ParseTrade(rows.GetString(4)),
                rows.GetInt64(5),
                rows.GetInt32(6),
                rows.GetBoolean(7),
                rows.GetBoolean(8),
                rows.IsDBNull(9) ? null : rows.GetInt64(9),
                rows.IsDBNull(10) ? null : StateNames.ParseClaim(rows.GetString(10)),
                rows.GetInt64(11),
                rows.GetBoolean(12),
                rows.GetBoolean(13),
                rows.IsDBNull(14) ? null : rows.GetInt32(14),
                rows.IsDBNull(15) ? null : rows.GetInt64(15),
                rows.IsDBNull(16) ? null : rows.GetInt64(16),
                rows.IsDBNull(17) ? null : rows.GetInt32(17));
        }

        return all;
    }
}
