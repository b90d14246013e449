using Lakala.Rules.Ledger;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Ledger;

/// <summary>
/// Entries that are no swipes. Each is posted in the commit of the move that it belongs to, together with the balances that it changes:
/// a balance that does not cover its debit stops the entry.
/// </summary>
internal static class Postings
{
    private static readonly string ToColumns = string.Join(", ", LedgerRows.Places.Select(
        static place => $"max(account) filter (where place = {place}), max(amount) filter (where place = {place})"));

    private const string Lines = "unnest($1::text[], $2::text[], $3::text[]";

    /// <remarks>The rows of the balances are locked in the order of the accounts, as all others do.</remarks>
    /// <param name="number">Of the entry, within its kind.</param>
    /// <param name="who">An operator; null when it was the system or a merchant.</param>
    /// <param name="more">Statements of the same commit that run behind it in the same round trip, whatever comes of it.</param>
    /// <returns>False: a balance does not cover its debit. The entry has changed nothing.</returns>
    public static async Task<bool> TryPost(
        NpgsqlConnection connection, long number, Entry entry, DateTimeOffset at, string? who = null, params IEnumerable<Statement> more)
    {
        string[] kinds = [.. entry.Lines.Select(static line => StateNames.Format(line.Account.Kind))];
        string[] owners = [.. entry.Lines.Select(static line => line.Account.Owner)];
        string[] currencies = [.. entry.Lines.Select(static line => line.Account.Currency)];
        long[] amounts = [.. entry.Lines.Select(static line => line.Amount)];
        await using var first = connection.ToBatch([Post(), .. more]);
        await first.ExecuteNonQueryAsync();
        if (first.BatchCommands[0].RecordsAffected == 1)
        {
            return true;
        }

        // Either that, or it is the first entry of an account. A statement of its own sees what these have made.
        await using var second = connection.ToBatch(
        [
            new Statement(AccountNumbers.MakeMissing, kinds, owners, currencies),
            new Statement(
                $"""
                insert into balances (account, amount)
                select a.id, 0 from {Lines}) as l(kind, owner, currency) join accounts a using (kind, owner, currency)
                where a.kind = any($4) and not exists (select 1 from balances b where b.account = a.id)
                order by a.id on conflict do nothing
                """,
                kinds,
                owners,
                currencies,
                LedgerRows.KindsWithBalance),
            Post(),
        ]);
        await second.ExecuteNonQueryAsync();
        return second.BatchCommands[^1].RecordsAffected == 1;

        // Without one of its accounts or balances it locks nothing.
        Statement Post() => new(
            $"""
            with lines as materialized (
              select l.place, a.id as account, l.amount, a.kind = any($4) as has_balance
              from {Lines}, $5::bigint[]) with ordinality as l(kind, owner, currency, amount, place) join accounts a using (kind, owner, currency)
            ), known as materialized (
              select count(*) = cardinality($5) and bool_and(not has_balance or exists (select 1 from balances b where b.account = l.account)) as are_all from lines l
            ), locked as materialized (
              select b.account, b.amount - l.amount as remains from known, lines l join balances b using (account)
              where are_all and l.has_balance order by b.account for no key update of b
            ), cover as materialized (
              select are_all and (select coalesce(bool_and(remains >= 0), true) from locked) as is_enough from known
            ), changed as (
              update balances b set amount = l.remains from locked l, cover where is_enough and b.account = l.account
            )
            insert into entries (kind, number, subject, sequence, business_date, at, who, {LineColumns.Names})
            select $6, $7, $8, $9, $10, $11, $12, {ToColumns} from lines having (select is_enough from cover)
            """,
            kinds,
            owners,
            currencies,
            LedgerRows.KindsWithBalance,
            amounts,
            StateNames.Format(entry.Kind),
            number,
            entry.Subject,
            entry.Sequence,
            BeijingTime.BusinessDate(at),
            at,
            Queries.Typed(who));
    }

    /// <summary>Locks the balances of several entries of one commit, so that their order is the one of all others.</summary>
    public static Task<int> Lock(NpgsqlConnection connection, IEnumerable<Account> accounts) => connection.Execute(
        "select from balances b join accounts a on a.id = b.account where a.name = any($1) order by b.account for no key update of b",
        CancellationToken.None,
        [accounts.Select(StateNames.Format).ToArray()]);

    /// <summary>Reads an entry back, such as to mirror its lines.</summary>
    /// <exception cref="InvalidOperationException">There is no such entry.</exception>
    public static async Task<Entry> Read(NpgsqlConnection connection, EntryKind kind, long subject, int sequence)
    {
        var lines = await connection.List(
            $"""
            select a.kind, a.owner, a.currency, l.amount
            from other_entries e cross join lateral {LedgerRows.Lines} join accounts a on a.id = l.account
            where e.kind = $1 and e.subject = $2 and e.sequence = $3 order by l.line
            """,
            static row => new EntryLine(
                new Account(StateNames.ParseAccount(row.Get<string>("kind")), row.Get<string>("owner"), row.Get<string>("currency")), row.Get<long>("amount")),
            CancellationToken.None,
            StateNames.Format(kind),
            subject,
            sequence);
        return lines.Count > 0 ? new Entry(kind, subject, sequence, [.. lines]) : throw new InvalidOperationException($"There is no entry {kind} of {subject}.");
    }
}
