using Lakala.Rules.Attempts;
using Lakala.Storage.Postgres;

namespace Lakala.Storage.Terminals;

/// <summary>Knows which keys of swipes are taken.</summary>
public interface ISwipeKeyReader
{
    /// <summary>Whether something stands under the key.</summary>
    /// <exception cref="DatabaseAwayException">It cannot be found out now.</exception>
    Task<bool> HasKey(SwipeKey key);
}
