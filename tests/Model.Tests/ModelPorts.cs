using Lakala.Rules.Attempts;
using Lakala.Rules.Refunds;
using Lakala.Storage.Bills;
using Lakala.Storage.Postgres;
using Lakala.Storage.Refunds;
using Lakala.Storage.Swipes;
using Lakala.Storage.Terminals;

namespace Lakala.Model.Tests;

/// <summary>A port of the product's flows: a commit to the model's books.</summary>
public sealed class ModelCommit<TItem, TOutcome>(string name, ModelDatabase database, Func<ModelBooks, TItem, TOutcome> statement)
    : ICommit<TItem, TOutcome>
{
    public string Name => name;

    public Task<TOutcome> Submit(TItem item) => database.Commit(books => statement(books, item));
}

/// <summary>A port that is replaced by another: this breaks a rule of the product.</summary>
public sealed class BrokenCommit<TItem, TOutcome>(ICommit<TItem, TOutcome> sound, Func<TItem, Task<TOutcome>> submit)
    : ICommit<TItem, TOutcome>
{
    public string Name => sound.Name;

    public Task<TOutcome> Submit(TItem item) => submit(item);
}

public sealed class ModelRrns(ModelDatabase database) : IRrnSource
{
    public ValueTask<long> Next() => new(database.NextRrn());
}

public sealed class ModelAttempts(ModelDatabase database, Func<AttemptRow?, AttemptRow?> seen) : IAttemptReader
{
    public Task<IReadOnlyList<AttemptRow>> Overdue(TimeSpan pastDeadline, int limit, CancellationToken stop) =>
        database.Read(books => books.Overdue(pastDeadline, limit));

    public async Task<AttemptRow?> FindByRrn(long rrn, CancellationToken stop) => seen(await database.Read(books => books.FindByRrn(rrn)));
}

public sealed class ModelDueBills(ModelDatabase database) : IDueBills
{
    public Task<IReadOnlyList<long>> Expiring(int limit, CancellationToken stop) => database.Read(books => books.Expiring(limit));

    public Task<IReadOnlyList<long>> Reminding(int limit, CancellationToken stop) => throw new NotSupportedException("Nobody is reminded here.");
}

public sealed class ModelKeys(ModelDatabase database) : ISwipeKeyReader
{
    public Task<bool> HasKey(SwipeKey key) => database.Read(books => books.Attempts.ContainsKey(key));
}

public sealed class NoRefunds : ILateRefunds
{
    public Task<FinalWord?> TakeLate(long rrn, RefundState state, BankAnswer answer) => throw new NotSupportedException("Nobody is refunded here.");
}

public sealed class ModelReversals(World world, ModelDatabase database, ModelBank bank, Mutation broken) : IReversalRows
{
    public Task<IReadOnlyList<ReversalRow>> TakeDue(TimeSpan lease, int limit, CancellationToken stop) => database.Commit(books => books.TakeDue(lease, limit));

    public Task Acknowledged(long rrn) => Commit(books => books.Acknowledged(rrn));

    public Task TryAgain(long rrn, TimeSpan wait) =>
        broken == Mutation.ReversalGivenUp ? Acknowledged(rrn) : Commit(books => books.TryAgain(rrn, wait));

    public async Task RecordLateAnswer(long rrn, string responseCode, string? authorisationCode)
    {
        if (broken == Mutation.LateAnswerForgotten)
        {
            return;
        }

        await Commit(books =>
        {
            books.RecordLateAnswer(rrn, responseCode, authorisationCode);
            world.Note($"late answer rrn {rrn} {responseCode}");
        });
        if (responseCode == Attempt.ApprovedCode)
        {
            bank.Heard(rrn);
        }
    }

    public Task<IReadOnlyList<(long Rrn, bool Reversing)>> ReverseFalseApprovals(int limit, CancellationToken stop) => database.Commit(books =>
    {
        var approvals = books.ReverseFalseApprovals(limit);
        foreach (var (rrn, _) in approvals)
        {
            world.Note($"ALARM: the bank approves rrn {rrn}");
        }

        return approvals;
    });

    private Task<bool> Commit(Action<ModelBooks> statement) => database.Commit(books =>
    {
        statement(books);
        return true;
    });
}
