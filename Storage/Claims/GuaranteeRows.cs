using Lakala.Rules.Ledger;
using Lakala.Storage.Ledger;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Claims;

/// <param name="Number">Its name in the books.</param>
/// <param name="ApprovedBy">Null: nobody yet, and no money has moved.</param>
public sealed record GuaranteePayment(
    long Number, Money Amount, string Reason, string MadeBy, DateTimeOffset MadeAt, string? ApprovedBy, DateTimeOffset? ApprovedAt);

/// <summary>The guarantee fund: own money of the platform, out of which shoppers get what a merchant cannot give back.</summary>
public sealed class GuaranteeRows([FromKeyedServices(Database.Writers)] NpgsqlDataSource database, TimeProvider time)
{
    private const string Columns = "p.number, p.amount, p.currency, p.reason, p.made_by, p.made_at, p.approved_by, p.approved_at";

    /// <summary>Somebody says that own money was put into the reserve account for the fund. Another one has to approve it.</summary>
    /// <param name="number">Fresh.</param>
    public Task Propose(long number, Money amount, string reason, string who) => database.Execute(
        "insert into guarantee_payments (number, amount, currency, reason, made_by, made_at) values ($1, $2, $3, $4, $5, $6)",
        CancellationToken.None,
        number,
        amount.Minor,
        amount.Currency,
        reason,
        who,
        time.GetUtcNow());

    /// <summary>The money is in the fund. Once, whoever tries again.</summary>
    /// <returns>Null when it is done, now or before.</returns>
    public async Task<Refusal?> Approve(long number, string who)
    {
        try
        {
            return await database.Commit<Refusal?>(async connection =>
            {
                var payment = await connection.First(
                    $"select {Columns} from guarantee_payments p where p.number = $1 for no key update", Read, CancellationToken.None, number);
                if (payment is null || payment.ApprovedBy is not null)
                {
                    return payment is null ? Refusal.RulingNone : null;
                }

                var at = time.GetUtcNow();
                await connection.Execute(
                    "update guarantee_payments set approved_by = $2, approved_at = $3 where number = $1", CancellationToken.None, number, who, at);
                return await Postings.TryPost(connection, number, ClaimEntry.Fund(number, payment.Amount), at, who)
                    ? null
                    : throw new InvalidOperationException($"The payment {number} to the guarantee fund debits a balance.");
            });
        }
        catch (PostgresException fault) when (fault is { SqlState: PostgresErrorCodes.CheckViolation, ConstraintName: "guarantee_payments_two_people" })
        {
            return Refusal.RulingAlone;
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

    private static GuaranteePayment Read(NpgsqlDataReader row) => new(
        row.Get<long>("number"),
        new Money(row.Get<long>("amount"), row.Get<string>("currency")),
        row.Get<string>("reason"),
        row.Get<string>("made_by"),
        row.Get<DateTimeOffset>("made_at"),
        row.GetOrNull<string>("approved_by"),
        row.Get<DateTimeOffset?>("approved_at"));
}
