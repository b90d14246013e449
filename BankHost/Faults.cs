namespace Lakala.BankHost;

public enum FaultKind
{
    /// <summary>Decides, and answers after the delay.</summary>
    Slow,

    /// <summary>Decides, and answers once another plan is made.</summary>
    Held,

    /// <summary>Decides, and never answers.</summary>
    Silent,

    /// <summary>Decides, and answers when nobody waits any more.</summary>
    Late,

    /// <summary>Decides, then drops the line.</summary>
    Drop,

    /// <summary>Decides once, and answers twice.</summary>
    Twice,
}

/// <param name="Count">How many authorisations it befalls; 0 takes back what is still outstanding.</param>
/// <param name="DelayMs">For <see cref="FaultKind.Slow"/> and <see cref="FaultKind.Late"/>, where nothing else is said 2 s and 15 s.</param>
public sealed record Fault(FaultKind Kind, int Count = 1, int? DelayMs = null)
{
    private const int LongestDelayMs = 600_000;

    public TimeSpan Delay => TimeSpan.FromMilliseconds(DelayMs ?? (Kind == FaultKind.Late ? 15_000 : 2_000));

    /// <returns>What is wrong with it; null when nothing is.</returns>
    public string? Check() =>
        !Enum.IsDefined(Kind) ? "kind is one of slow, held, silent, late, drop, twice"
        : Count < 0 ? "count is 0 or more"
        : DelayMs is < 0 or > LongestDelayMs ? $"delay_ms is 0 to {LongestDelayMs}"
        : null;
}

/// <summary>Faults on demand: what befalls the next authorisations.</summary>
public sealed class Faults
{
    private readonly Lock _lock = new();
    private Fault? _fault;
    private int _left;
    private TaskCompletionSource _next = NewSignal();

    /// <summary>Until another plan is made.</summary>
    public Task NextPlan => Volatile.Read(ref _next).Task;

    public void Plan(Fault fault)
    {
        lock (_lock)
        {
            (_fault, _left) = (fault, fault.Count);
        }

        Interlocked.Exchange(ref _next, NewSignal()).SetResult();
    }

    /// <returns>Null: nothing befalls this one.</returns>
    public Fault? Next()
    {
        // Read without the lock: there is hardly ever one.
        if (Volatile.Read(ref _left) == 0)
        {
            return null;
        }

        lock (_lock)
        {
            return _left > 0 && _left-- > 0 ? _fault : null;
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
