using Lakala.Storage.Bills;
using Lakala.Storage.Postgres;
using Lakala.Storage.Trades;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Lakala.Storage.Swipes;

/// <summary>One group-commit writer for each statement that a swipe or a bill waits for.</summary>
public sealed class Commits([FromKeyedServices(Database.Writers)] NpgsqlDataSource writers, IOptions<SwipeOptions> options, ILogger<Commits> log) : IAsyncDisposable
{
    /// <summary>C1.</summary>
    public GroupCommit<StartAttempt, StartOutcome> StartAttempts { get; } = new(new StartAttempts(options.Value.CommitDeadline), writers, log);

    /// <summary>C2 and the other moves out of SENT.</summary>
    public GroupCommit<FinishAttempt, FinishOutcome> FinishAttempts { get; } = new(new FinishAttempts(), writers, log);

    public GroupCommit<CloseKey, AttemptRow> CloseKeys { get; } = new(new CloseKeys(), writers, log);

    public GroupCommit<long, BillSeen> ReadBills { get; } = new(new ReadBills(), writers, log);

    public GroupCommit<HoldBill, BillSeen> HoldBills { get; } = new(new HoldBills(), writers, log);

    public GroupCommit<CloseBill, CloseOutcome> CloseBills { get; } = new(new CloseBills(), writers, log);

    public GroupCommit<RemindShopper, ReminderOutcome> RemindShoppers { get; } = new(new RemindShoppers(), writers, log);

    public GroupCommit<MoveTrade, TradeMoved> MoveTrades { get; } = new(new MoveTrades(), writers, log);

    /// <summary>Commits as a swipe does, and changes nothing.</summary>
    public GroupCommit<TryCommit, CommitTried> TryCommits { get; } = new(new TryCommits(), writers, log);

    /// <summary>Commits the waiting items, then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await StartAttempts.DisposeAsync();
        await FinishAttempts.DisposeAsync();
        await CloseKeys.DisposeAsync();
        await HoldBills.DisposeAsync();
        await CloseBills.DisposeAsync();
        await RemindShoppers.DisposeAsync();
        await MoveTrades.DisposeAsync();
        await TryCommits.DisposeAsync();
        await ReadBills.DisposeAsync();
    }
}
