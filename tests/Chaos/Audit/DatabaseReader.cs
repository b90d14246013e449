using System.Data;
using System.Globalization;
using Npgsql;

namespace Lakala.Chaos.Audit;

/// <summary>Reads our database in one snapshot, with its own SQL.</summary>
internal static class DatabaseReader
{
    private const int TimeoutSeconds = 600, MostLines = 6, FirstLine = 4, AfterLines = FirstLine + (2 * MostLines);

    public static async Task<DatabaseBook> Read(string connectionString, CancellationToken stop)
    {
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var connection = await database.OpenConnectionAsync(stop);
        await using var snapshot = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, stop);

        Task<IReadOnlyList<T>> Rows<T>(string sql, Func<NpgsqlDataReader, T> read) => Query(connection, sql, read, stop);

        // If the server records commit times, they show with certainty what an event came after, and in which order entries came.
        var commitTime = (await Rows("select current_setting('track_commit_timestamp')::bool", row => row.GetBoolean(0))).Single()
            ? "pg_xact_commit_timestamp(xmin)"
            : "null::timestamptz";
        var accounts = (await Rows(
            "select id, kind, owner, currency from accounts",
            row => (Id: row.GetInt32(0), Name: row.GetString(2).Length == 0 ? row.GetString(1) : $"{row.GetString(1)}:{row.GetString(2)}", Currency: row.GetString(3))))
            .ToDictionary(account => account.Id);
        var entries = await Rows(
            $"""
            select number, kind, subject, sequence, account_1, amount_1, account_2, amount_2, account_3, amount_3, account_4, amount_4, account_5, amount_5, account_6, amount_6,
                   {commitTime}, coalesce(xact >= (select upto from folded), false)
            from entries
            """,
            row => Enumerable.Range(0, MostLines).Where(line => !row.IsDBNull(FirstLine + (2 * line))).Select(line =>
            {
                var account = accounts[row.GetInt32(FirstLine + (2 * line))];
                var kind = row.GetString(1);
                return new Posting(
                    Digits(row, 0, 12)!, line + 1, account.Name, row.GetInt64(FirstLine + 1 + (2 * line)), account.Currency, kind,
                    kind == EntryKinds.Release ? Digits(row, 2, 14) : null, row.GetInt32(3), Time(row, AfterLines), row.GetBoolean(AfterLines + 1));
            }).ToList());
        var moving = await Rows(
            $"select rrn, line, account, amount, currency, {commitTime} from old_postings",
            row => new Posting(
                Digits(row, 0, 12)!, row.GetInt16(1), row.GetString(2), row.GetInt64(3), row.GetString(4), CommittedAt: Time(row, 5), IsWaiting: true));
        return new DatabaseBook
        {
            Bills = await Rows(
                "select number, merchant_id, order_id, amount, currency, state, paid_rrn, shopper_email is not null, refunded, delivery is not null, is_fee_kept from bills",
                row => new Bill(
                    Digits(row, 0, 14)!, row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetString(4), row.GetString(5), Digits(row, 6, 12),
                    row.GetBoolean(7), row.GetInt64(8), row.GetBoolean(9), row.GetBoolean(10))),
            Attempts = await Rows(
                """
                select terminal_id, batch, stan, state, bill, amount, currency, store_id, rrn, coalesce(fee_basis_points, 0),
                       coalesce(commission_percent, 0), response_code, authorisation_code
                from attempts
                """,
                row => new Attempt(
                    KeyOf(row, 0), row.GetString(3), Digits(row, 4, 14), row.IsDBNull(5) ? null : row.GetInt64(5), Text(row, 6), Text(row, 7),
                    Digits(row, 8, 12), row.GetInt32(9), row.GetInt32(10), Text(row, 11), Text(row, 12))),
            Postings = [.. entries.SelectMany(lines => lines), .. moving],
            Balances = await Rows("select account, amount from balances", row =>
                new Balance(accounts[row.GetInt32(0)].Name, accounts[row.GetInt32(0)].Currency, row.GetInt64(1))),
            Events = await Rows(
                $"""
                select merchant_id, id, type, bill, created_at, {commitTime}, case when type like 'claim.%' then data::jsonb ->> 'id' when type = 'balance.owed' then data::jsonb ->> 'claim' end,
                       case when type like 'refund.%' then data::jsonb ->> 'id' when type = 'balance.owed' then data::jsonb ->> 'refund' end,
                       case when type like 'trade.%' then (data::jsonb ->> 'confirm_by')::timestamptz end,
                       case when type = 'bill.paid' or type like 'trade.%' then
                         case when data::jsonb -> 'trade' ->> 'status' = 'HELD' and data::jsonb -> 'trade' ->> 'ship_overdue' = 'false' then (data::jsonb ->> 'ship_by')::timestamptz end
                       end
                from events
                """,
                row => new Event(
                    row.GetString(0), row.GetGuid(1), row.GetString(2), Digits(row, 3, 14), row.GetFieldValue<DateTimeOffset>(4), Time(row, 5), Text(row, 6),
                    Text(row, 7), Time(row, 8), Time(row, 9))),
            Deliveries = await Rows(
                "select event_id, receiver, state, tries from deliveries",
                row => new Delivery(row.GetGuid(0), row.GetString(1), row.GetString(2), row.GetInt32(3))),
            Endpoints = await Rows(
                "select id, merchant_id, url, created_at, deleted_at from webhook_endpoints",
                row => new Endpoint(row.GetString(0), row.GetString(1), row.GetString(2), row.GetFieldValue<DateTimeOffset>(3), Time(row, 4))),
            Reversals = await Rows(
                """
                select r.terminal_id, coalesce(a.batch, 0), r.stan, r.rrn, r.amount, r.tries, r.acknowledged_at is not null
                from reversals r left join attempts a on a.rrn = r.rrn
                """,
                row => new Reversal(Digits(row, 3, 12)!, KeyOf(row, 0), row.GetInt64(4), row.GetInt32(5), row.GetBoolean(6))),
            LateAnswers = await Rows(
                "select rrn, response_code from late_answers",
                row => new LateAnswer(Digits(row, 0, 12)!, row.GetString(1))),
            Refunds = await Rows(
                "select rrn, bill, original_rrn, amount, before, state, store_id, state in ('DONE', 'DECLINED') and response_code is null and not is_paid_otherwise, is_paid_otherwise from refunds",
                row => new Refund(
                    Digits(row, 0, 12)!, Digits(row, 1, 14)!, Digits(row, 2, 12)!, row.GetInt64(3), row.GetInt64(4), row.GetString(5), Text(row, 6), row.GetBoolean(7),
                    row.GetBoolean(8))),
            RefundKeys = await Rows(
                "select terminal_id, batch, stan, refund, clerk, supervisor from refund_keys",
                row => new RefundKey(new Key(row.GetString(0), row.GetInt32(1), row.GetInt32(2)), Digits(row, 3, 12), Text(row, 4), Text(row, 5))),
            Trades = await Rows(
                """
                select bill, merchant_id, state, held, released, releases, due_at, is_overdue, shipped_at is not null,
                       is_corrected::int + (shopper_extended is not null)::int + (merchant_extended is not null)::int, leased_until, frozen_by
                from trades
                """,
                row => new Trade(
                    Digits(row, 0, 14)!, row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetInt64(4), row.GetInt16(5), Time(row, 6),
                    row.GetBoolean(7), row.GetBoolean(8), row.GetInt32(9), Time(row, 10), Text(row, 11))),
            Claims = await Rows(
                "select id, bill, merchant_id, place, state, amount, moves, is_after_sale, frozen, granted, refund, compensation, due_at from claims",
                row => new Claim(
                    Digits(row, 0, 12)!, Digits(row, 1, 14)!, row.GetString(2), row.GetInt16(3), row.GetString(4), row.GetInt64(5), row.GetInt32(6),
                    row.GetBoolean(7), row.GetInt64(8), row.IsDBNull(9) ? null : row.GetInt64(9), Digits(row, 10, 12), Digits(row, 11, 12), Time(row, 12))),
            ClaimMoves = await Rows(
                "select claim, move, what, amount, is_by_itself from claim_moves order by claim, move",
                row => new ClaimMove(Digits(row, 0, 12)!, row.GetInt32(1), row.GetString(2), row.IsDBNull(3) ? null : row.GetInt64(3), row.GetBoolean(4))),
            OperatorActs = await Rows(
                $"select who, what, subject, {commitTime} from audit_log where split_part(what, '.', 1) in ('trade', 'ruling', 'guarantee', 'refund') order by id",
                row => new OperatorAct(row.GetString(0), row.GetString(1), row.GetString(2), Time(row, 3))),
            Operators = await Rows(
                "select name, role from operators union all select 'key:' || name, role from admin_keys",
                row => new Operator(row.GetString(0), row.GetString(1))),
            Clerks = await Rows("select store_id, number, supervisor from clerks", row => new Clerk(row.GetString(0), row.GetString(1), row.GetBoolean(2))),
            Rulings = await Rows(
                "select claim, to_shopper, to_merchant, from_guarantee, made_by, approved_by from rulings",
                row => new Ruling(Digits(row, 0, 12)!, row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetString(4), Text(row, 5))),
            RefundRulings = await Rows(
                "select rrn, state, made_by, approved_by from refund_rulings",
                row => new RefundRuling(Digits(row, 0, 12)!, row.GetString(1), row.GetString(2), Text(row, 3))),
            RefusedRefunds = await Rows(
                "select rrn, frozen, closed_at is null, next_refund from refused_refunds",
                row => new RefusedRefund(Digits(row, 0, 12)!, row.GetInt64(1), row.GetBoolean(2), Digits(row, 3, 12))),
            Debts = await Rows(
                "select refund, claim, merchant_id, amount, repaid from debts",
                row => new Debt(Digits(row, 0, 12)!, Digits(row, 1, 12), row.GetString(2), row.GetInt64(3), row.GetInt64(4))),
            GuaranteePayments = await Rows(
                "select number, amount, made_by, approved_by from guarantee_payments",
                row => new GuaranteePayment(Digits(row, 0, 12)!, row.GetInt64(1), row.GetString(2), Text(row, 3))),
            ReadAt = (await Rows("select now()", row => row.GetFieldValue<DateTimeOffset>(0))).Single(),
        };
    }

    private static async Task<IReadOnlyList<T>> Query<T>(NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> read, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = TimeoutSeconds };
        await using var rows = await command.ExecuteReaderAsync(stop);
        var all = new List<T>();
        while (await rows.ReadAsync(stop))
        {
            all.Add(read(rows));
        }

        return all;
    }

    private static Key KeyOf(NpgsqlDataReader row, int at) => new(row.GetString(at), row.GetInt32(at + 1), row.GetInt32(at + 2));

    private static string? Text(NpgsqlDataReader row, int at) => row.IsDBNull(at) ? null : row.GetString(at);

    private static DateTimeOffset? Time(NpgsqlDataReader row, int at) => row.IsDBNull(at) ? null : row.GetFieldValue<DateTimeOffset>(at);

    private static string? Digits(NpgsqlDataReader row, int at, int count) =>
        row.IsDBNull(at) ? null : row.GetInt64(at).ToString("D" + count, CultureInfo.InvariantCulture);
}
