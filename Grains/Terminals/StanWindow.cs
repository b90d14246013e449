using Lakala.Rules.Attempts;

namespace Lakala.Grains.Terminals;

/// <summary>
/// Refuses replays: every batch and STAN is accepted once, and none that is older than the window. It lives as long
/// as the session; payments do not need it, because the database has their keys.
/// </summary>
public sealed class StanWindow
{
    private const int Width = 64;
    private const int StansPerBatch = 1_000_000;

    private long _highest = -1;
    private ulong _seen;

    public bool Accept(SwipeKey key)
    {
        var place = (long)key.Batch * StansPerBatch + key.Stan;
        var behind = _highest - place;
        if (behind >= Width)
        {
            return false;
        }

        if (behind >= 0)
        {
            var bit = 1UL << (int)behind;
            var isNew = (_seen & bit) == 0;
            _seen |= bit;
            return isNew;
        }

        _seen = -behind >= Width ? 1 : (_seen << (int)-behind) | 1;
        _highest = place;
        return true;
    }

    public void Clear() => (_highest, _seen) = (-1, 0);
}
