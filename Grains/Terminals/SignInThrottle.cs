namespace Lakala.Grains.Terminals;

/// <summary>Keeps a terminal from guessing passwords: after a number of wrong ones none is checked for a while.</summary>
public sealed class SignInThrottle(TimeProvider time)
{
    public const int FailuresPerWindow = 5;
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    private long _windowStart = time.GetTimestamp();
    private int _failures;

    public bool Accept()
    {
        if (time.GetElapsedTime(_windowStart) >= Window)
        {
            (_windowStart, _failures) = (time.GetTimestamp(), 0);
        }

        return _failures < FailuresPerWindow;
    }

    public void Failed() => _failures++;

    /// <summary>Takes back the last count: the password was right, or was not checked.</summary>
    public void Succeeded() => _failures = Math.Max(0, _failures - 1);
}
