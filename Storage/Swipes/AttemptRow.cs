using Lakala.Rules.Attempts;
using Lakala.Rules.Ledger;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Swipes;

/// <summary>The row under a key. Except key, id and state, a member is null if the state does not have it.</summary>
/// <param name="TraceId">The id of the trace in which the attempt was started: 32 hex digits.</param>
public sealed record AttemptRow(
    SwipeKey Key,
    Guid Id,
    AttemptState State,
    long? Bill,
    Money? Amount,
    string? MaskedPan,
    string? Store,
    long? Rrn,
    Rates Rates,
    DateTimeOffset StartedAt,
    DateTimeOffset? SettledAt,
    string? ResponseCode,
    Refusal? Reason,
    string? AuthorisationCode,
    string? Payee,
    string? OrderId,
    string? TraceId = null)
{
    /// <summary>The columns for <see cref="Read"/>, of an attempt <c>a</c> with its bill <c>ab</c> and merchant <c>am</c>.</summary>
    internal const string Columns =
        """
        a.terminal_id, a.batch, a.stan, a.id, a.state, a.bill, a.amount, a.currency, a.masked_pan, a.store_id, a.rrn,
        a.fee_basis_points, a.commission_percent, a.started_at, a.settled_at, a.response_code, a.reason, a.authorisation_code,
        am.name as payee, ab.order_id as paid_order, a.trace_id
        """;

    internal const string From =
        "attempts a left join bills ab on ab.number = a.bill left join merchants am on am.id = ab.merchant_id";

    internal static readonly string NoColumns =
        "null::text, null::int, null::int, null::uuid, null::text, null::bigint, null::bigint, null::text, null::text, null::text, null::bigint, "
        + "null::int, null::int, null::timestamptz, null::timestamptz, null::text, null::smallint, null::text, null::text, null::text, null::uuid";

    /// <returns>Null when the outer join found no attempt.</returns>
    internal static AttemptRow? Read(NpgsqlDataReader row, int at)
    {
        if (row.IsDBNull(at))
        {
            return null;
        }

        return new AttemptRow(
            new SwipeKey(row.GetString(at), row.GetInt32(at + 1), row.GetInt32(at + 2)),
            row.GetGuid(at + 3),
            StateNames.ToAttempt(row.GetString(at + 4)),
            row.Nullable<long>(at + 5),
            row.IsDBNull(at + 6) ? null : new Money(row.GetInt64(at + 6), row.GetString(at + 7)),
            row.Text(at + 8),
            row.Text(at + 9),
            row.Nullable<long>(at + 10),
            new Rates(row.Nullable<int>(at + 11) ?? 0, row.Nullable<int>(at + 12) ?? 0),
            row.GetFieldValue<DateTimeOffset>(at + 13),
            row.Nullable<DateTimeOffset>(at + 14),
            row.Text(at + 15),
            (Refusal?)row.Nullable<short>(at + 16),
            row.Text(at + 17),
            row.Text(at + 18),
            row.Text(at + 19),
            row.TraceId(at + 20));
    }
}
