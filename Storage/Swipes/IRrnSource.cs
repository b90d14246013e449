namespace Lakala.Storage.Swipes;

/// <summary>Gives retrieval reference numbers (field 37).</summary>
public interface IRrnSource
{
    /// <summary>A number that was never given before.</summary>
    /// <exception cref="Postgres.DatabaseAwayException">The database gives none now.</exception>
    ValueTask<long> Next();
}
