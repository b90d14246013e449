using Lakala.Storage.Bills;
using Lakala.Storage.Postgres;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Lakala.Storage.Swipes;

/// <summary>One group-commit writer for each statement that a swipe or a bill waits for.</summary>
public sealed class Commits(CommitConnections connections, IOptions<SwipeOptions> options, ILogger<Commits> log) : IAsyncDisposable
{
    /// <summary>C1.</summary>
    public GroupCommit<StartAttempt, StartOutcome> StartAttempts { get; } = new(new StartAttempts(options.Value.CommitDeadline), connections.Database, log);

    /// <summary>C2 and the other ways out of SENT.</summary>
    public GroupCommit<FinishAttempt, FinishOutcome> FinishAttempts { get; } = new(new FinishAttempts(), connections.Database, log);

    public GroupCommit<CloseKey, AttemptRow> CloseKeys { get; } = new(new CloseKeys(), connections.Database, log);

    public GroupCommit<long, BillSeen> ReadBills { get; } = new(new ReadBills(), connections.Database, log);

    public GroupCommit<long, BillSeen> HoldBills { get; } = new(new HoldBills(), connections.Database, log);

    public GroupCommit<CloseBill, CloseOutcome> CloseBills { get; } = new(new CloseBills(), connections.Database, log);

    public GroupCommit<RemindShopper, ReminderOutcome> RemindShoppers { get; } = new(new RemindShoppers(), connections.Database, log);

    /// <summary>Commits as a swipe does, and changes nothing.</summary>
    public GroupCommit<TryCommit, CommitTried> TryCommits { get; } = new(new TryCommits(), connections.Database, log);

    /// <summary>Commits what is waiting, then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await StartAttempts.DisposeAsync();
        await FinishAttempts.DisposeAsync();
        await CloseKeys.DisposeAsync();
        await HoldBills.DisposeAsync();
        await CloseBills.DisposeAsync();
        await RemindShoppers.DisposeAsync();
        await TryCommits.DisposeAsync();
        await ReadBills.DisposeAsync();
    }
}
