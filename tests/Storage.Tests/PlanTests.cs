using Lakala.Rules.Attempts;
using Lakala.Storage.Ledger;
using Lakala.Storage.Postgres;
using Lakala.Storage.Swipes;
using Lakala.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Lakala.Storage.Tests;

/// <summary>
/// PostgreSQL keeps a plan with the session, also a plan that it made while the tables were empty. Each test has a database of its own, whose
/// reads it counts.
/// </summary>
public sealed class PlanTests(TestPostgres postgres) : IAsyncLifetime
{
    private const int Batch = 8, Batches = 150, Folds = 40;

    // Of the indexes of bills and attempts, for C1 and C2 of a swipe. A plan that reads the tables needs hundreds.
    private const int MostEntries = 20;

    private readonly Books _books = new(postgres);

    public ValueTask InitializeAsync() => _books.InitializeAsync();

    public ValueTask DisposeAsync() => _books.DisposeAsync();

    [Fact]
    public async Task Planned_while_the_tables_were_empty_a_swipes_commits_read_only_their_own_rows()
    {
        await _books.Execute("analyze");
        await using (var connections = Database.OpenForCommits(_books.ConnectionString))
        await using (var commits = new Commits(connections, Options.Create(new SwipeOptions()), NullLogger<Commits>.Instance))
        {
            for (var batch = 0; batch < Batches; batch++)
            {
                await Swipe(commits, batch);
            }
        }

        // A session reports its reads at its end.
        await Eventually.Is(async () => await _books.Scalar<long>("select n_tup_upd from pg_stat_user_tables where relname = 'attempts'") == Batch * Batches, "both sessions have ended");
        var read = await _books.Scalar<decimal>(
            """
            select (select sum(idx_tup_read) from pg_stat_user_indexes where relname in ('attempts', 'bills'))
                 + (select sum(seq_tup_read) from pg_stat_user_tables where relname in ('attempts', 'bills'))
            """);

        (read / (Batch * Batches)).Should().BeInRange(1, MostEntries);
    }

    [Fact]
    public async Task Planned_while_the_tables_were_empty_a_fold_reads_only_what_is_new()
    {
        await _books.Execute("analyze");
        var before = await OtherScans();
        await using (var connections = Database.OpenForCommits(_books.ConnectionString))
        {
            var ledger = new LedgerRows(connections);
            for (var batch = 0; batch < Folds; batch++)
            {
                await Swipe(_books.Commits, Batches + batch);
                await ledger.FoldCredits(TestContext.Current.CancellationToken);
            }
        }

        // A session reports its reads at its end.
        await Eventually.Is(async () => await _books.Scalar<long>($"select {ByTransaction}") >= Folds, "the session has ended");
        (await OtherScans()).Should().Be(before);
    }

    // Scans of the index by the transaction's id. All others read more than what is new.
    private const string ByTransaction =
        """
        coalesce(sum(idx_scan), 0)::bigint from pg_stat_user_indexes s join pg_class i on i.oid = s.indexrelid join pg_am m on m.oid = i.relam
        where s.indexrelname like 'payment_entries_%xact%' and m.amname = 'btree'
        """;

    private Task<long> OtherScans() => _books.Scalar<long>(
        $"""
        select coalesce(sum(seq_scan + idx_scan), 0)::bigint - (select {ByTransaction}) from pg_stat_user_tables where relname like 'payment_entries_%'
        """);

    private async Task Swipe(Commits commits, int batch)
    {
        var starts = new List<StartAttempt>();
        for (var i = 0; i < Batch; i++)
        {
            starts.Add(await _books.NewAttempt(await _books.PutBill(), (batch * Batch) + i));
        }

        await Task.WhenAll(starts.Select(commits.StartAttempts.Submit));
        await Task.WhenAll(starts.Select(start => commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, TimeProvider.System.GetUtcNow()))));
    }
}
