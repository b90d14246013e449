using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Numerics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Lakala.Storage.Postgres;

/// <summary>
/// The group-commit writer: takes the waiting items into one statement with one commit. A single item
/// is committed at once; batches form only while a commit is running. No item fails because of another: a batch that
/// PostgreSQL rejects is halved until the item at fault is alone.
/// </summary>
public sealed class GroupCommit<TItem, TOutcome> : ICommit<TItem, TOutcome>, IAsyncDisposable
    where TOutcome : class
{
    public const int MaxBatch = 256;
    public const int Capacity = 16_384;

    // An item whose row another transaction has locked is run again; each round waits for that lock.
    private const int MaxRounds = 16;

    private static readonly Meter Meter = new(Instrumentation.Name);
    private static readonly Histogram<int> BatchSize = Meter.CreateHistogram<int>("lakala.commit.batch_size");
    private static readonly Histogram<double> CommitTime = Meter.CreateHistogram<double>("lakala.commit.duration", "s");

    /// <summary>
    /// A connection that was idle for longer is tested before an item uses it: if the test fails, the item is certainly
    /// not stored.
    /// </summary>
    public static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);

    // PostgreSQL keeps the plan of a prepared statement. One that was made while the tables were empty would read all of them
    // when they are full, so plans are made anew after 1, 2, 4, ... batches, until the tables cannot be small any more.
    private const int LastPlan = 4096;

    private static readonly TimeSpan BetweenComplaints = TimeSpan.FromSeconds(10);

    private readonly BatchStatement<TItem, TOutcome> _statement;
    private readonly NpgsqlDataSource _database;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly KeyValuePair<string, object?> _tag;
    private readonly Channel<Waiting> _queue;
    private readonly IDisposable _place;
    private readonly Task _loop;
    private long? _told;
    private NpgsqlConnection? _connection;
    private BatchCommand<TItem, TOutcome>? _command;
    private PostgresNotice? _doubt;
    private long _used;
    private int _batches;

    public GroupCommit(BatchStatement<TItem, TOutcome> statement, NpgsqlDataSource database, ILogger log, TimeProvider? time = null)
    {
        _statement = statement;
        _database = database;
        _log = log;
        _time = time ?? TimeProvider.System;
        _tag = new("statement", statement.Name);
        _queue = Channel.CreateBounded<Waiting>(new BoundedChannelOptions(Capacity) { SingleReader = true });
        _place = CommitQueues.Watch(statement.Name, () => (double)_queue.Reader.Count / Capacity);
        _loop = Task.Run(Run);
    }

    public string Name => _statement.Name;

    /// <inheritdoc/>
    public Task<TOutcome> Submit(TItem item)
    {
        var waiting = new Waiting(item);
        if (_queue.Writer.TryWrite(waiting))
        {
            return waiting.Task;
        }

        throw new CommitQueueFullException($"{_statement.Name}: {Capacity} items are waiting already.");
    }

    /// <summary>Commits the waiting items, then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _loop;
        _place.Dispose();
        await CloseConnection();
    }

    private async Task Run()
    {
        var batch = new List<Waiting>(MaxBatch);
        while (await _queue.Reader.WaitToReadAsync())
        {
            while (batch.Count < MaxBatch && _queue.Reader.TryRead(out var waiting))
            {
                batch.Add(waiting);
            }

            try
            {
                await Commit(batch);
            }
            catch (Exception fault)
            {
                // After any fault every caller must get an outcome, and the writer goes on.
                _log.LogError(fault, "{Statement}: unexpected fault over {Count} items.", _statement.Name, batch.Count);
                await CloseConnection();
                Fail(batch, new CommitUnknownException($"{_statement.Name}: unexpected fault.", fault));
            }

            batch.Clear();
        }
    }

    private async Task Commit(List<Waiting> batch)
    {
        for (var round = 0; round < MaxRounds && batch.Count > 0; round++)
        {
            var items = batch.ConvertAll(static waiting => waiting.Item).ToArray();
            try
            {
                await Open();
                await _statement.Prepare(_connection!, items);
            }
            catch (Exception fault) when (fault is NpgsqlException or TimeoutException or System.Net.Sockets.SocketException)
            {
                await CloseConnection();
                Tell(fault, "the database cannot be reached");
                Fail(batch, new DatabaseAwayException($"{_statement.Name}: the database cannot be reached.", fault));
                return;
            }

            try
            {
                await Execute(batch, items);
                batch.RemoveAll(static waiting => waiting.IsDone);
            }
            catch (PostgresException fault) when (fault.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure)
            {
                _log.LogWarning("{Statement}: {State} over {Count} items; running again.", _statement.Name, fault.SqlState, batch.Count);
            }
            catch (PostgresException fault) when (IsSessionLoss(fault))
            {
                TrustNoOldConnection();
                await CloseConnection();
                Tell(fault, "the database ended the session");
                Fail(batch, new CommitUnknownException($"{_statement.Name}: the database ended the session.", fault));
            }
            catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.UniqueViolation && batch.Count == 1 && round < MaxRounds - 1)
            {
                // Another session has stored the same name since the statement began: the next statement sees its row.
            }
            catch (PostgresException fault) when (IsAboutARow(fault))
            {
                await Bisect(batch, fault);
            }
            catch (PostgresException fault)
            {
                // No space, no memory, read-only after a failover: the statement is rolled back, and no row caused it.
                await CloseConnection();
                Tell(fault, "the database does not work now");
                Fail(batch, new DatabaseAwayException($"{_statement.Name}: the database does not work now ({fault.SqlState}).", fault));
            }
            catch (NpgsqlException fault)
            {
                await CloseConnection();
                Tell(fault, "the connection was lost in the commit");
                Fail(batch, new CommitUnknownException($"{_statement.Name}: the connection was lost in the commit.", fault));
            }
        }

        Fail(batch, new CommitUnknownException($"{_statement.Name}: still undecided after {MaxRounds} rounds."));
    }

    private async Task Execute(List<Waiting> batch, TItem[] items)
    {
        var started = Stopwatch.GetTimestamp();
        var running = _command!.Run(items);
        TOutcome?[] outcomes;
        try
        {
            outcomes = await running.WaitAsync(Bound(_connection!), _time);
        }
        catch (TimeoutException)
        {
            Abandon(running);
            Tell(null, "the database does not say whether it has committed");
            Fail(batch, new CommitUnknownException($"{_statement.Name}: the database does not say whether it has committed."));
            return;
        }

        if (Interlocked.Exchange(ref _doubt, null) is { } doubt)
        {
            TrustNoOldConnection();
            await CloseConnection();
            Fail(batch, new CommitUnknownException($"{_statement.Name}: the commit is in doubt: {doubt.MessageText}"));
            return;
        }

        BatchSize.Record(items.Length, _tag);
        CommitTime.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, _tag);
        for (var i = 0; i < outcomes.Length; i++)
        {
            if (outcomes[i] is { } outcome)
            {
                batch[i].Done(outcome);
            }
        }
    }

    // The driver's own time-out sends a cancel request, whatever its settings. A commit that waits for its standby would
    // then end at once and be visible, without being safe. So no cancel is sent: the session
    // stays open until the commit has ended.
    private void Abandon(Task running)
    {
        var (command, connection) = (_command!, _connection!);
        (_command, _connection) = (null, null);
        _ = CloseAtTheEnd();

        async Task CloseAtTheEnd()
        {
            try
            {
                await running;
                _log.LogInformation("{Statement}: what was given up as unknown has been committed.", _statement.Name);
            }
            catch (Exception fault)
            {
                _log.LogWarning("{Statement}: what was given up as unknown ended with: {Reason}", _statement.Name, fault.Message);
            }

            await command.DisposeAsync();
            await connection.DisposeAsync();
        }
    }

    private static TimeSpan Bound(NpgsqlConnection connection) =>
        connection.CommandTimeout > 0 ? TimeSpan.FromSeconds(connection.CommandTimeout) : Timeout.InfiniteTimeSpan;

    // The database rejected a row of the batch. Nothing of the batch was stored; the halves are tried separately.
    private async Task Bisect(List<Waiting> batch, PostgresException fault)
    {
        if (batch.Count == 1)
        {
            _log.LogError(fault, "{Statement}: the database rejects an item: {State}.", _statement.Name, fault.SqlState);
            Fail(batch, new InvalidOperationException($"{_statement.Name}: the database rejects the item ({fault.SqlState})."));
            return;
        }

        var half = batch.Count / 2;
        var rest = batch.GetRange(half, batch.Count - half);
        await Commit(batch.GetRange(0, half));
        await Commit(rest);
        batch.Clear();
    }

    private async Task Open()
    {
        if (_connection is { FullState: System.Data.ConnectionState.Open }
            && (_time.GetElapsedTime(_used) < Idle || await IsAlive(_connection)) && await IsPlanned(_command!))
        {
            _used = _time.GetTimestamp();
            return;
        }

        await CloseConnection();
        var connection = await _database.OpenConnectionAsync();
        _connection = connection;
        _doubt = null;
        connection.Notice += (_, told) => _doubt = IsDoubt(told.Notice) && connection == _connection ? told.Notice : _doubt;
        _command = new BatchCommand<TItem, TOutcome>(_statement, connection);
        await _command.Prepare();
        (_used, _batches) = (_time.GetTimestamp(), 0);
    }

    // A new connection waits for the standby before it reads anything; those of the pool have done so already.
    private void TrustNoOldConnection()
    {
        if (_connection is { } connection)
        {
            NpgsqlConnection.ClearPool(connection);
        }
    }

    private static async Task<bool> IsAlive(NpgsqlConnection connection)
    {
        try
        {
            await using var probe = new NpgsqlCommand("select 1", connection);
            await probe.ExecuteNonQueryAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    /// <returns>False when the connection is lost.</returns>
    private async Task<bool> IsPlanned(BatchCommand<TItem, TOutcome> command)
    {
        if (++_batches > LastPlan || !BitOperations.IsPow2(_batches))
        {
            return true;
        }

        try
        {
            await command.PrepareAgain();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private async Task CloseConnection()
    {
        if (_command is { } command)
        {
            _command = null;
            await command.DisposeAsync();
        }

        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }

    // While the database is down every swipe fails in the same way: the cause is logged only at intervals.
    private void Tell(Exception? fault, string what)
    {
        if (_told is { } told && _time.GetElapsedTime(told) < BetweenComplaints)
        {
            return;
        }

        _told = _time.GetTimestamp();
        _log.LogError(
            "{Statement}: {What}: {Reason} The next such fault is told in {Pause} s at the earliest.",
            _statement.Name,
            what,
            fault is null ? "it is silent." : Database.Reason(fault) + ".",
            BetweenComplaints.TotalSeconds);
    }

    private static void Fail(List<Waiting> batch, Exception why)
    {
        foreach (var waiting in batch)
        {
            waiting.Failed(why);
        }

        batch.Clear();
    }

    // Class 57: shutdown, crash of a neighbour; class 08: connection. The statement may have been committed.
    private static bool IsSessionLoss(PostgresException fault) =>
        fault.SqlState.StartsWith("57P", StringComparison.Ordinal) || fault.SqlState.StartsWith("08", StringComparison.Ordinal);

    // Class 22: data, class 23: constraints.
    private static bool IsAboutARow(PostgresException fault) =>
        fault.SqlState.StartsWith("22", StringComparison.Ordinal) || fault.SqlState.StartsWith("23", StringComparison.Ordinal);

    // An interrupted wait for the standby: the commit succeeds, but a failover may lose it.
    private static bool IsDoubt(PostgresNotice notice) =>
        notice.SqlState is PostgresErrorCodes.Warning or PostgresErrorCodes.AdminShutdown;

    private sealed class Waiting(TItem item) : TaskCompletionSource<TOutcome>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public TItem Item { get; } = item;

        public bool IsDone => Task.IsCompleted;

        public void Done(TOutcome outcome) => TrySetResult(outcome);

        public void Failed(Exception why) => TrySetException(why);
    }
}
