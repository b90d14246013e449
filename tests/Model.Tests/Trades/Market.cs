using System.Collections.Concurrent;
using Lakala.Chaos.Audit;
using Lakala.Grains.Claims;
using Lakala.Grains.Notices;
using Lakala.Grains.Trades;
using Lakala.Silo.Bank;
using Lakala.Silo.Merchants;
using Lakala.Silo.Sweeping;
using Lakala.Storage.Bills;
using Lakala.Storage.Claims;
using Lakala.Storage.Ledger;
using Lakala.Storage.Notices;
using Lakala.Storage.Postgres;
using Lakala.Storage.Refunds;
using Lakala.Storage.Swipes;
using Lakala.Storage.Trades;
using Lakala.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Lakala.Model.Tests.Trades;

/// <summary>
/// The product's own flows of trades, claims and refunds over the real PostgreSQL, to which they have one line. What the test itself writes
/// and reads goes another way.
/// </summary>
internal sealed class Market : IAsyncDisposable
{
    // Of the auditor's statements those that follow from the database and from the bank's book of refunds.
    private static readonly int[] Statements = [1, 8, 11, 12, 13, 14, 15, 16, 17, 20, 24, 25];

    private readonly NpgsqlDataSource _writers, _moves, _visitors;
    private readonly Commits[] _silos;
    private readonly RrnBlocks _rrns;
    private readonly List<(DateTimeOffset At, TimeSpan Time)> _passed = [];
    private readonly Warnings _log = new();

    /// <param name="edits">Break the rules of statements; null: the product as it is.</param>
    public Market(Books books, SqlEdits? edits)
    {
        Books = books;
        Line = new TestLine(books.ConnectionString, edits);
        _writers = Database.OpenForCommits(Line.ConnectionString);
        _moves = Database.OpenForMoves(Line.ConnectionString);
        _visitors = Database.Open(Line.ConnectionString);
        _silos = [.. Enumerable.Range(0, 2).Select(_ => new Commits(_writers, Options.Create(new SwipeOptions()), NullLogger<Commits>.Instance))];
        _rrns = new RrnBlocks(_visitors, TimeProvider.System);

        var (signal, changes) = (new NoticeSignal(TimeProvider.System), new NobodyLooks());
        var notices = new BillNotices(new ShopperReceivers(hasMail: false, hasSms: false), new BillPageAddress("https://pay.test"));
        Trades = [.. _silos.Select(silo => new TradeMoves(silo.MoveTrades, silo.ReadBills, _rrns, notices, signal, changes))];
        Refunds = new RefundRows(_moves, new RefundNotices(notices), TimeProvider.System);
        MerchantRefunds = new MerchantRefunds(new MerchantBills(_visitors), Refunds, _rrns, signal, changes);
        ClaimRows = new ClaimRows(_moves, Refunds, new ClaimNotices(notices), TimeProvider.System);
        Claims = new ClaimMoves(ClaimRows, _rrns, signal, changes);
        Stops = new TradeStops(_moves, Refunds, TimeProvider.System);
        Rulings = new RefundRulings(_moves, Refunds, new RefundRemedies(Refunds, new ClaimNotices(notices), TimeProvider.System));
        Fund = new GuaranteeRows(_moves, TimeProvider.System);
        TradeSweeps = new TradeSweeps(new TradeRows(_writers), Trades[^1]);
        ClaimSweeps = new ClaimSweeps(ClaimRows, Claims, new DebtRows(_moves, _rrns, TimeProvider.System));
        Ledger = new LedgerRows(_writers);
    }

    /// <summary>Directly, without the line.</summary>
    public Books Books { get; }

    public TestLine Line { get; }

    public RefundBank Bank { get; private set; } = new();

    public Commits Commits => _silos[0];

    public IRrnSource Rrns => _rrns;

    /// <summary>Of each silo.</summary>
    public IReadOnlyList<TradeMoves> Trades { get; }

    public RefundRows Refunds { get; }

    public MerchantRefunds MerchantRefunds { get; }

    public ClaimRows ClaimRows { get; }

    public ClaimMoves Claims { get; }

    public TradeStops Stops { get; }

    public RefundRulings Rulings { get; }

    public GuaranteeRows Fund { get; }

    public TradeSweeps TradeSweeps { get; }

    public ClaimSweeps ClaimSweeps { get; }

    public LedgerRows Ledger { get; }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in _silos)
        {
            await silo.DisposeAsync();
        }

        _rrns.Dispose();
        await _visitors.DisposeAsync();
        await _moves.DisposeAsync();
        await _writers.DisposeAsync();
        await Line.DisposeAsync();
    }

    /// <summary>Forgets every bill, and the bank its book.</summary>
    public async Task Empty()
    {
        Bank = new RefundBank();
        _passed.Clear();
        await Books.Execute(
            """
            delete from deliveries; delete from events; delete from entries; delete from balances; delete from refunds; delete from idempotency_keys;
            delete from refund_contradictions; delete from refused_refunds; delete from refund_rulings; delete from debts; delete from rulings; delete from claim_moves; delete from claims; delete from trades; delete from guarantee_payments;
            delete from attempts; delete from bills;
            """);
    }

    /// <summary>The sender of refunds of one silo.</summary>
    /// <param name="word">What the bank answers; null: nothing.</param>
    public Refunds Sender(Func<RefundToSend, Task<string?>> word) => new(
        Refunds, _rrns, new RefundBank.Line(word), Options.Create(new BankLinkOptions()), new Random(1), _log);

    /// <summary>Whatever a sender has logged as a warning since the last call: it goes on after a fault.</summary>
    public IReadOnlyList<string> TakeWarnings() => _log.Take();

    /// <summary>All timers of trades and claims have come so much nearer, and refunds are so much older.</summary>
    public async Task Pass(TimeSpan time)
    {
        _passed.Add((TimeProvider.System.GetUtcNow(), time));
        await Books.Execute(
            $"""
            update trades set since = since - t, due_at = due_at - t, shipped_at = shipped_at - t, leased_until = leased_until - t, ended_at = ended_at - t from (values ({Interval(time)})) as p(t);
            update refunds set created_at = created_at - t from (values ({Interval(time)})) as p(t);
            update claims set since = since - t, due_at = due_at - t, opened_at = opened_at - t from (values ({Interval(time)})) as p(t);
            """);
    }

    /// <summary>The pause before the next try of a refund, and the lease of its sender, are over.</summary>
    /// <param name="rrn">Null: of all.</param>
    public Task EndPauses(long? rrn = null) => Books.Execute(
        $"update refunds set due_at = clock_timestamp() where due_at is not null {(rrn is { } one ? $"and rrn = {one}" : "")}");

    /// <summary>Every entry is in the balances.</summary>
    public async Task FoldAll()
    {
        using var bound = new CancellationTokenSource(HangGuard.Bound);
        while (await Books.Scalar<bool>("select exists (select from entries where xact >= (select upto from folded))"))
        {
            await Ledger.FoldCredits(bound.Token);
        }
    }

    /// <summary>What the auditor finds.</summary>
    /// <param name="acknowledged">The refunds that the merchant was told.</param>
    public async Task<IReadOnlyList<string>> Audit(IReadOnlyList<AcknowledgedRefund> acknowledged)
    {
        var read = await DatabaseReader.Read(Books.ConnectionString, Stop);
        var evidence = new Evidence
        {
            // A deadline that was told before time has passed is as much nearer as the timers are.
            Database = read with { Events = [.. read.Events.Select(told => told with { ConfirmBy = told.ConfirmBy - PassedSince(told.CreatedAt), ShipBy = told.ShipBy - PassedSince(told.CreatedAt) })] },
            Bank = [],
            BankRefunds = Bank.Book,
            Terminals = [],
            Receivers = [],
            Acknowledged = new Acknowledged([], [], acknowledged),
        };
        return [.. Auditor.Check(evidence).Where(violation => Statements.Contains(violation.Statement)).Select(static violation => violation.ToString())];
    }

    /// <summary>What refunds, trades and claims have come to.</summary>
    public async Task<IReadOnlyList<string>> Ends() => (await Books.Scalar<string[]>(
        """
        select array(
          select 'refund ' || state from refunds union select 'trade ' || state from trades union select 'claim ' || state from claims
          union select 'frozen' from claims where frozen > 0 union select 'frozen for a refused refund' from refused_refunds where frozen > 0 union select 'debt' from debts
          union select 'ruling ' || state from refund_rulings where approved_by is not null
          union select 'refund QUEUED' from events where type = 'refund.created' and data::jsonb ->> 'status' = 'QUEUED')
        """)).Order(StringComparer.Ordinal).ToList();

    private TimeSpan PassedSince(DateTimeOffset at) => TimeSpan.FromTicks(_passed.Where(pass => pass.At >= at).Sum(static pass => pass.Time.Ticks));

    private static string Interval(TimeSpan time) => $"interval '{(int)time.TotalSeconds} seconds'";

    private sealed class NobodyLooks : IBillChanges
    {
        public void Report(long bill)
        {
        }
    }

    private sealed class Warnings : ILogger<Refunds>
    {
        private readonly ConcurrentQueue<string> _warnings = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        // An error is a word of the bank that contradicts its first one; the row of it is looked at.
        public bool IsEnabled(LogLevel logLevel) => logLevel == LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                _warnings.Enqueue(formatter(state, exception));
            }
        }

        public List<string> Take()
        {
            var taken = new List<string>();
            while (_warnings.TryDequeue(out var warning))
            {
                taken.Add(warning);
            }

            return taken;
        }
    }
}
