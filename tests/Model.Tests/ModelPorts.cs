using Lakala.Storage.Postgres;
using Lakala.Storage.Swipes;

namespace Lakala.Model.Tests;

/// <summary>A port of the product's flows: a commit to the model's books.</summary>
public sealed class ModelCommit<TCommand, TOutcome>(string name, ModelDatabase database, Func<ModelBooks, TCommand, TOutcome> statement)
    : ICommit<TCommand, TOutcome>
{
    public string Name => name;

    public Task<TOutcome> Submit(TCommand command) => database.Commit(books => statement(books, command));
}

/// <summary>A port with another in its place: how a rule of the product is broken.</summary>
public sealed class BrokenCommit<TCommand, TOutcome>(ICommit<TCommand, TOutcome> sound, Func<TCommand, Task<TOutcome>> submit)
    : ICommit<TCommand, TOutcome>
{
    public string Name => sound.Name;

    public Task<TOutcome> Submit(TCommand command) => submit(command);
}

public sealed class ModelRrns(ModelDatabase database) : IRrnSource
{
    public ValueTask<long> Next() => new(database.NextRrn());
}

public sealed class ModelAttempts(ModelDatabase database, Func<AttemptRow?, AttemptRow?> seen) : IAttemptReader
{
    public async Task<AttemptRow?> FindByRrn(long rrn, CancellationToken stop) => seen(await database.Read(books => books.FindByRrn(rrn)));
}
