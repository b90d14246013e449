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
    /// <summary>
    /// The columns for <see cref="Read"/>, from <see cref="From"/>. No expression may have a comma, and no name may be that of a bill's
    /// column, because one result may have both.
    /// </summary>
    internal const string Columns =
        """
        a.terminal_id, a.batch, a.stan, a.id, a.state as attempt_state, a.bill, a.amount as attempt_amount, a.currency as attempt_currency, a.masked_pan, a.store_id, a.rrn,
        a.fee_basis_points, a.commission_percent, a.started_at, a.settled_at, a.response_code, a.reason, a.authorisation_code,
        am.name as payee, ab.order_id as paid_order, a.trace_id
        """;

    internal const string From =
        "attempts a left join bills ab on ab.number = a.bill left join merchants am on am.id = ab.merchant_id";

    /// <returns>Null when the outer join found no attempt.</returns>
    internal static AttemptRow? Read(NpgsqlDataReader row)
    {
        if (row.IsNull("terminal_id"))
        {
            return null;
        }

        return new AttemptRow(
            new SwipeKey(row.Get<string>("terminal_id"), row.Get<int>("batch"), row.Get<int>("stan")),
            row.Get<Guid>("id"),
            StateNames.ParseAttempt(row.Get<string>("attempt_state")),
            row.Get<long?>("bill"),
            row.Get<long?>("attempt_amount") is { } amount ? new Money(amount, row.Get<string>("attempt_currency")) : null,
            row.GetOrNull<string>("masked_pan"),
            row.GetOrNull<string>("store_id"),
            row.Get<long?>("rrn"),
            new Rates(row.Get<int?>("fee_basis_points") ?? 0, row.Get<int?>("commission_percent") ?? 0),
            row.Get<DateTimeOffset>("started_at"),
            row.Get<DateTimeOffset?>("settled_at"),
            row.GetOrNull<string>("response_code"),
            (Refusal?)row.Get<short?>("reason"),
            row.GetOrNull<string>("authorisation_code"),
            row.GetOrNull<string>("payee"),
            row.GetOrNull<string>("paid_order"),
            row.GetTraceId("trace_id"));
    }
}
