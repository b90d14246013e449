using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Lakala.Local;
using Npgsql;

namespace Lakala.Bench;

/// <summary>An approval in a terminal's journal.</summary>
public sealed record Approval(string Bill, long Amount, string Rrn, string AuthorisationCode, string Terminal);

/// <summary>Three books of the swipes of some terminals: the terminals' journals, our database, and the bank's book.</summary>
public static class BookComparison
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>
    /// Counts an approval without its PAID bill or its debit, a debit without a PAID bill, and a PAID bill without a
    /// debit. A PAID bill without an approval in a journal is right: its answer was under way when the swarm ended.
    /// </summary>
    public static async Task<long> CountMismatches(
        LocalNetwork network, IReadOnlyList<SeededTerminal> terminals, IReadOnlyList<Approval> approvals, CancellationToken stop)
    {
        var ids = terminals.Select(terminal => terminal.Id).ToHashSet();
        var paid = await Paid(network.ConnectionString, ids, stop);
        var debits = await Debits(network.BankHttp, ids, stop);
        return approvals.LongCount(approval => !paid.Contains(approval))
            + approvals.LongCount(approval => !debits.Contains(Debit.Of(approval)))
            + paid.LongCount(approval => !debits.Contains(Debit.Of(approval)))
            + (debits.Count - paid.Count is > 0 and var more ? more : 0);
    }

    private static async Task<HashSet<Approval>> Paid(string connectionString, HashSet<string> terminals, CancellationToken stop)
    {
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var command = database.CreateCommand(
            """
            select b.number, b.amount, a.rrn, a.authorisation_code, a.terminal_id
            from attempts a join bills b on b.number = a.bill and b.paid_rrn = a.rrn
            where a.terminal_id = any($1) and b.state = 'PAID' and a.state = 'APPROVED'
            """);
        command.CommandTimeout = 300;
        command.Parameters.AddWithValue(terminals.ToArray());
        await using var rows = await command.ExecuteReaderAsync(stop);
        var paid = new HashSet<Approval>();
        while (await rows.ReadAsync(stop))
        {
            paid.Add(new Approval(
                Digits(rows.GetInt64(0), 14), rows.GetInt64(1), Digits(rows.GetInt64(2), 12), rows.GetString(3), rows.GetString(4)));
        }

        return paid;
    }

    private static async Task<HashSet<Debit>> Debits(Uri bank, HashSet<string> terminals, CancellationToken stop)
    {
        using var http = new HttpClient();
        var book = await http.GetFromJsonAsync<BankBook>(new Uri(bank, "/book"), Json, stop);
        return [.. book!.Entries.Where(entry => entry.State == "DEBITED" && terminals.Contains(entry.Terminal))
            .Select(entry => new Debit(entry.Rrn, entry.Amount, entry.AuthorisationCode ?? "", entry.Terminal))];
    }

    private static string Digits(long number, int count) => number.ToString("D" + count, CultureInfo.InvariantCulture);

    private sealed record Debit(string Rrn, long Amount, string AuthorisationCode, string Terminal)
    {
        public static Debit Of(Approval approval) => new(approval.Rrn, approval.Amount, approval.AuthorisationCode, approval.Terminal);
    }

    private sealed record BankBook(IReadOnlyList<BankEntry> Entries);

    private sealed record BankEntry(string Rrn, string State, long Amount, string? AuthorisationCode, string Terminal);
}
