using Lakala.Storage.Postgres;

namespace Lakala.Model.Tests;

/// <summary>
/// The connection to the books: a commit waits, is made or not, and its outcome may stay unknown, as with
/// <see cref="GroupCommit{TItem,TOutcome}"/>.
/// </summary>
public sealed class ModelDatabase(World world, ModelBooks books, Temperament temperament, Action committed)
{
    private readonly Actor _actor = new("db");

    private long _rrn;

    public ModelBooks Books { get; } = books;

    public long NextRrn() => ++_rrn;

    /// <exception cref="DatabaseAwayException">Not stored.</exception>
    /// <exception cref="CommitUnknownException">Stored, or not, or stored later.</exception>
    public async Task<T> Commit<T>(Func<ModelBooks, T> statement)
    {
        await world.Turn();
        if (!world.Chance(temperament.CommitFault))
        {
            var outcome = Store(statement);
            await world.Turn();
            return outcome;
        }

        switch (world.Random.Next(4))
        {
            case 0:
                throw new DatabaseAwayException("away");
            case 1:
                Store(statement);
                break;
            case 2:
                world.Begin(_actor, async () =>
                {
                    await world.Turn();
                    Store(statement);
                });
                break;
        }

        await world.Turn();
        throw new CommitUnknownException("unknown");
    }

    /// <summary>A read.</summary>
    /// <exception cref="DatabaseAwayException">It cannot be answered now.</exception>
    public async Task<T> Read<T>(Func<ModelBooks, T> question)
    {
        Books.Now = world.Now;
        var answer = question(Books);
        await world.Turn();
        return world.Chance(temperament.ReadFault) ? throw new DatabaseAwayException("away") : answer;
    }

    private T Store<T>(Func<ModelBooks, T> statement)
    {
        Books.Now = world.Now;
        var outcome = statement(Books);
        committed();
        return outcome;
    }
}
