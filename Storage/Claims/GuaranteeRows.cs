using Lakala.Rules.Ledger;
using Lakala.Storage.Ledger;
using Lakala.Storage.Postgres;
using Lakala.Storage.Refunds;
using Lakala.Vocabulary;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Claims;

/// <param name="Number">Its name in the books.</param>
/// <param name="ApprovedBy">Null: nobody yet, and no money has moved.</param>
public sealed record GuaranteePayment(
    long Number, Money Amount, string Reason, string MadeBy, DateTimeOffset MadeAt, string? ApprovedBy, DateTimeOffset? ApprovedAt);

/// <summary>The guarantee fund: own money of the platform, out of which shoppers get what a merchant cannot give back.</summary>
public sealed class GuaranteeRows([FromKeyedServices(Database.Moves)] NpgsqlDataSource database, TimeProvider time)
{
    private const string Columns = "p.number, p.amount, p.currency, p.reason, p.made_by, p.made_at, p.approved_by, p.approved_at";

    /// <summary>Somebody says that own money was put into the reserve account for the fund. Another one has to approve it.</summary>
    /// <param name="number">Fresh.</param>
    public async Task<GuaranteePayment> Propose(long number, Money amount, string reason, string who)
    {
        var payment = new GuaranteePayment(number, amount, reason, who, Now(), null, null);
        await database.Execute(
            """
            with payment as (
              insert into guarantee_payments (number, amount, currency, reason, made_by, made_at) values ($1, $2, $3, $4, $5, $6)
            )
            insert into audit_log (who, what, subject, detail, after) values ($5, 'guarantee.propose', $7, $4, jsonb_build_object('amount', $2, 'currency', $3::text))
            """,
            CancellationToken.None,
            number,
            amount.Minor,
            amount.Currency,
            reason,
            who,
            payment.MadeAt,
            Rrn.ToText(number));
        return payment;
    }

    /// <summary>The money is in the fund. Once, whoever tries again.</summary>
    /// <returns>The payment, null when there is none; and why it is not approved, null when it is, now or before.</returns>
    public async Task<(GuaranteePayment? Payment, Refusal? Refusal)> Approve(long number, string who)
    {
        try
        {
            return await database.Commit<(GuaranteePayment?, Refusal?)>(async connection =>
            {
                var payment = await connection.First(
                    $"select {Columns} from guarantee_payments p where p.number = $1 for no key update", Read, CancellationToken.None, number);
                if (payment is null || payment.ApprovedBy is not null)
                {
                    return (payment, payment is null ? Refusal.RulingNone : null);
                }

                // The database compares the two names.
                var at = Now();
                await connection.Execute(
                    """
                    with approved as (
                      update guarantee_payments set approved_by = $2, approved_at = $3 where number = $1
                    )
                    insert into audit_log (who, what, subject) values ($2, 'guarantee.approve', $4)
                    """,
                    CancellationToken.None,
                    number,
                    who,
                    at,
                    Rrn.ToText(number));
                return await Postings.TryPost(connection, number, ClaimEntry.Fund(number, payment.Amount), at, who)
                    ? (payment with { ApprovedBy = who, ApprovedAt = at }, null)
                    : throw new InvalidOperationException($"The payment {Rrn.ToText(number)} to the guarantee fund debits a balance.");
            });
        }
        catch (PostgresException fault) when (fault is { SqlState: PostgresErrorCodes.CheckViolation, ConstraintName: "guarantee_payments_two_people" })
        {
            return (await database.First($"select {Columns} from guarantee_payments p where p.number = $1", Read, CancellationToken.None, number), Refusal.RulingAlone);
        }
    }

    /// <summary>The payments to the fund, the newest first.</summary>
    public Task<IReadOnlyList<GuaranteePayment>> List(int limit, CancellationToken stop) =>
        database.List($"select {Columns} from guarantee_payments p order by p.number desc limit $1", Read, stop, limit);

    /// <summary>What the fund can still give, in minor units.</summary>
    public async Task<long> Balance(string currency, CancellationToken stop) => await database.First(
        "select coalesce(max(b.amount), 0) as amount from accounts a join balances b on b.account = a.id where a.name = $1 and a.currency = $2",
        static row => row.Get<long>("amount"),
        stop,
        StateNames.Format(AccountKind.Guarantee),
        currency);

    // The API shows milliseconds.
    private DateTimeOffset Now() => RefundRows.CutToMilliseconds(time.GetUtcNow());

    private static GuaranteePayment Read(NpgsqlDataReader row) => new(
        row.Get<long>("number"),
        new Money(row.Get<long>("amount"), row.Get<string>("currency")),
        row.Get<string>("reason"),
        row.Get<string>("made_by"),
        row.Get<DateTimeOffset>("made_at"),
        row.GetOrNull<string>("approved_by"),
        row.Get<DateTimeOffset?>("approved_at"));
}
