namespace Lakala.Terminal.Client.Desk;

/// <summary>
/// A card reader that types: tells its burst from the clerk's keys, wherever the cursor stands. It begins with a sentinel that
/// nobody types here, <c>%</c> of track 1 or <c>;</c> of track 2; from there on every sign is the card's until the burst is over,
/// and none of it is shown.
/// </summary>
internal sealed class CardWedge(TimeProvider time)
{
    // Track 1 has at most 79 signs, track 2 at most 40.
    private const int Longest = 160;
    private const char Track1 = '%', Track2 = ';', End = '?';

    /// <summary>A reader types a sign every few milliseconds; a pause ends its burst.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly System.Text.StringBuilder _signs = new();
    private long _lastAt;
    private bool _isOpen;
    private bool _mayEnd;

    /// <param name="sign">A key of the keyboard; <c>\r</c> is Enter.</param>
    /// <param name="burst">The whole burst once it is over, whatever it is worth.</param>
    /// <returns>False: it is the clerk's.</returns>
    public bool Take(char sign, out string? burst)
    {
        burst = null;
        var isPrompt = time.GetElapsedTime(_lastAt) < Pause;
        _lastAt = time.GetTimestamp();
        if (!_isOpen && sign is Track1 or Track2)
        {
            _isOpen = true;
        }

        if (!_isOpen)
        {
            // The Enter with which most readers end.
            var isEnd = _mayEnd && isPrompt && sign == '\r';
            _mayEnd = false;
            return isEnd;
        }

        if (sign != '\r' && _signs.Length < Longest)
        {
            _signs.Append(sign);
        }

        if (sign == '\r' || (sign == End && _signs.ToString().LastIndexOf(Track2) >= 0))
        {
            _mayEnd = sign != '\r';
            burst = Close();
        }

        return true;
    }

    /// <returns>A burst that ended with a pause; null when there is none.</returns>
    public string? Overdue() => _isOpen && time.GetElapsedTime(_lastAt) >= Pause ? Close() : null;

    private string Close()
    {
        var burst = _signs.ToString();
        _signs.Clear();
        _isOpen = false;
        return burst;
    }
}
