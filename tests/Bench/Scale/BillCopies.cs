using Lakala.Local;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Bench.Scale;

/// <summary>
/// Fills the tables with copies of two bills: one that the product has paid, with all rows of its payment, and an open one. Every
/// column is as the product has written it, but for those that differ from bill to bill.
/// </summary>
/// <param name="terminals">Terminals that do not pay meanwhile: the payments are spread over them.</param>
internal sealed class BillCopies(string connectionString, long paid, long open, IReadOnlyList<string> terminals) : IAsyncDisposable
{
    /// <summary>The number of retrieval reference numbers in a block. The product never uses the rest of one that it has begun.</summary>
    private const int BlockSize = 10_000;

    /// <summary>Approved payments in a batch; the product allows a few more.</summary>
    private const int BatchSize = 9_000;

    private const int MostSeconds = 600;

    private const string Deliveries = "deliveries";

    // Each copy has a new bill number (c.bill), number of its payment (c.rrn) and key (c.terminal_id, c.batch, c.stan). A shop's orders come in
    // their order, so their ids grow; bill numbers are drawn.
    private const string NewToken = "left(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), length(t.page_token))";

    // Without a common divisor with their count, so that no number comes twice.
    private const long Stride = 618_033_988_749;

    // The copies of another open bill have other orders.
    private readonly Dictionary<string, string> _openBill = new()
    {
        ["number"] = "c.bill",
        ["order_id"] = $"'open-{open}-' || c.rrn",
        ["page_token"] = NewToken,
    };

    private readonly NpgsqlDataSource _database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString)
    {
        // Faster; a crash would end the measurement anyway.
        Options = "-c synchronous_commit=off",
        CommandTimeout = MostSeconds,
    });

    private readonly long _first = Random.Shared.NextInt64(BillNumber.RandomParts);
    private long _copies, _opened, _drawn;

    /// <summary>Adds copies, open and paid ones mixed.</summary>
    /// <param name="progress">Called with the number of paid bills so far.</param>
    /// <returns>The numbers of the open bills.</returns>
    public async Task<IReadOnlyList<string>> Add(int paidBills, int openBills, Action<int> progress, CancellationToken stop)
    {
        var (paidSql, openSql) = (await ComposePaid(stop), await ComposeInsert("bills", $"t.number = {open}", _openBill, stop));
        var blocks = (paidBills + BlockSize - 1) / BlockSize;
        var numbers = new List<string>(openBills);
        var done = 0;
        await Parallel.ForEachAsync(
            Enumerable.Range(0, blocks),
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = stop },
            async (block, cancel) =>
            {
                var ofBlock = Math.Min(BlockSize, paidBills - (block * BlockSize));
                var opened = NewNumbers((int)((long)openBills * (block + 1) / blocks) - (int)((long)openBills * block / blocks));
                var (numbersOfPaid, firstCopy) = (NewNumbers(ofBlock), Interlocked.Add(ref _copies, ofBlock) - ofBlock);

                // Before the transaction, which would keep other blocks waiting for their numbers.
                var firstRrn = BlockSize * await Scalar<long>("select next_rrn_block()", cancel);
                await using var connection = await _database.OpenConnectionAsync(cancel);
                await using var transaction = await connection.BeginTransactionAsync(cancel);
                foreach (var insert in paidSql)
                {
                    await Insert(connection, insert, numbersOfPaid, firstRrn, firstCopy, cancel);
                }

                await Insert(connection, openSql, opened, Interlocked.Add(ref _opened, opened.Length) - opened.Length, 0, cancel);
                await transaction.CommitAsync(cancel);
                lock (numbers)
                {
                    numbers.AddRange(opened.Select(number => BillNumber.FromStored(number).ToString()));
                    progress(done += ofBlock);
                }
            });
        return numbers;
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    private async Task<IReadOnlyList<Statement>> ComposePaid(CancellationToken stop)
    {
        var rrn = await Scalar<long>($"select paid_rrn from bills where number = {paid}", stop);
        var ofPaid = $"in (select id from events where bill = {paid})";
        return
        [
            await ComposeInsert("bills", $"t.number = {paid}", new(_openBill) { ["order_id"] = "'paid-' || c.rrn", ["paid_rrn"] = "c.rrn" }, stop),
            await ComposeInsert(
                "attempts",
                $"t.rrn = {rrn}",
                new()
                {
                    ["terminal_id"] = "c.terminal_id",
                    ["batch"] = "c.batch",
                    ["stan"] = "c.stan",
                    ["id"] = "gen_random_uuid()",
                    ["bill"] = "c.bill",
                    ["rrn"] = "c.rrn",
                },
                stop),
            await ComposeInsert("entries", $"t.kind = 'payment' and t.number = {rrn}", new() { ["number"] = "c.rrn", ["subject"] = "c.rrn", ["xact"] = "txid_current()" }, stop),
            await ComposeInsert(
                "events",
                $"t.id {ofPaid}",
                new()
                {
                    ["id"] = NewEvent("t.id"),
                    ["bill"] = "c.bill",
                    ["data"] = $"replace(replace(t.data, '{paid:D14}', lpad(c.bill::text, 14, '0')), '{rrn:D12}', lpad(c.rrn::text, 12, '0'))",
                },
                stop),
            await ComposeInsert(
                Deliveries,
                $"t.event_id {ofPaid}",
                new()
                {
                    ["event_id"] = NewEvent("t.event_id"),
                    ["state"] = "'ACCEPTED'",
                    ["tries"] = "1",
                    ["last_status"] = "200",
                    ["finished_at"] = "t.due_at",
                },
                stop),
        ];
    }

    // As young as the copied one, and unique by the number of the payment.
    private static string NewEvent(string id) => $"(substr({id}::text, 1, 24) || lpad(to_hex(c.rrn), 12, '0'))::uuid";

    private async Task<Statement> ComposeInsert(string table, string template, Dictionary<string, string> changed, CancellationToken stop)
    {
        var columns = await Columns(table, stop);
        if (changed.Keys.Except(columns).FirstOrDefault() is { } missing)
        {
            throw new SetupException($"the table {table} has no column {missing}: BillCopies has to follow the schema");
        }

        return new Statement(
            table,
            $"""
            insert into {table} ({string.Join(", ", columns)})
            select {string.Join(", ", columns.Select(column => changed.GetValueOrDefault(column, "t." + column)))}
            from {table} t cross join (
              select n.bill, $2 + n.ord - 1 as rrn, $4[1 + (($3 + n.ord) % cardinality($4))] as terminal_id,
                     (1 + ($3 + n.ord) / cardinality($4) / {BatchSize})::int as batch, (1 + ($3 + n.ord) / cardinality($4) % {BatchSize})::int as stan
              from unnest($1) with ordinality as n(bill, ord)) as c
            where {template}
            """);
    }

    private async Task<IReadOnlyList<string>> Columns(string table, CancellationToken stop)
    {
        await using var command = _database.CreateCommand(
            "select attname::text from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum");
        command.Parameters.AddWithValue(table);
        await using var rows = await command.ExecuteReaderAsync(stop);
        var columns = new List<string>();
        while (await rows.ReadAsync(stop))
        {
            columns.Add(rows.GetString(0));
        }

        return columns;
    }

    private async Task Insert(NpgsqlConnection connection, Statement statement, long[] bills, long first, long firstCopy, CancellationToken stop)
    {
        await using var insert = new NpgsqlCommand(statement.Sql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<long[]> { TypedValue = bills },
                new NpgsqlParameter<long> { TypedValue = first },
                new NpgsqlParameter<long> { TypedValue = firstCopy },
                new NpgsqlParameter<string[]> { TypedValue = [.. terminals] },
            },
        };

        // A merchant without an endpoint has no deliveries.
        if (await insert.ExecuteNonQueryAsync(stop) < bills.Length && statement.Table != Deliveries)
        {
            throw new SetupException($"the bill that is copied has no row in {statement.Table}");
        }
    }

    private async Task<T> Scalar<T>(string sql, CancellationToken stop)
    {
        await using var command = _database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(stop))!;
    }

    private long[] NewNumbers(int count)
    {
        var end = Interlocked.Add(ref _drawn, count);
        return [.. Enumerable.Range(0, count).Select(at =>
            BillNumber.FromRandom((long)(((Int128)Stride * (end - count + at) + _first) % BillNumber.RandomParts)).Value)];
    }

    private sealed record Statement(string Table, string Sql);
}
