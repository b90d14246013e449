using Lakala.Rules.Attempts;
using Lakala.Storage.Postgres;

namespace Lakala.Storage.Terminals;

/// <summary>Reads which keys of swipes have a row.</summary>
public interface ISwipeKeyReader
{
    /// <summary>True when the key has a row.</summary>
    /// <exception cref="DatabaseAwayException">It cannot be read now.</exception>
    Task<bool> HasKey(SwipeKey key);
}
