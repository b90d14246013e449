namespace Lakala.BankHost;

public enum FaultKind
{
    /// <summary>Decides, and answers after the delay.</summary>
    Slow,

    /// <summary>Decides, and answers when another fault is set.</summary>
    Held,

    /// <summary>Decides, and never answers.</summary>
    Silent,

    /// <summary>Decides, and answers after the acquirer has stopped waiting.</summary>
    Late,

    /// <summary>Decides, then drops the line.</summary>
    Drop,

    /// <summary>Decides once, and answers twice.</summary>
    Twice,
}

/// <summary>The messages whose answers have a fault.</summary>
public enum FaultyMessages
{
    Authorisations,
    Refunds,
}

/// <param name="Count">The number of messages with this fault; 0 removes the rest of the present one.</param>
/// <param name="DelayMs">For <see cref="FaultKind.Slow"/> (default 2 s) and <see cref="FaultKind.Late"/> (default 15 s), in milliseconds.</param>
/// <param name="Of">Authorisations and refunds have their faults apart.</param>
public sealed record Fault(FaultKind Kind, int Count = 1, int? DelayMs = null, FaultyMessages Of = FaultyMessages.Authorisations)
{
    private const int LongestDelayMs = 600_000;

    public TimeSpan Delay => TimeSpan.FromMilliseconds(DelayMs ?? (Kind == FaultKind.Late ? 15_000 : 2_000));

    /// <returns>The error of the request; null when it is valid.</returns>
    public string? Check() =>
        !Enum.IsDefined(Kind) ? "kind is one of slow, held, silent, late, drop, twice"
        : !Enum.IsDefined(Of) ? "of is one of authorisations, refunds"
        : Count < 0 ? "count is 0 or more"
        : DelayMs is < 0 or > LongestDelayMs ? $"delay_ms is 0 to {LongestDelayMs}"
        : null;
}

/// <summary>Faults on demand.</summary>
public sealed class Faults
{
    public FaultPlan OfAuthorisations { get; } = new();

    public FaultPlan OfRefunds { get; } = new();

    public void Plan(Fault fault) => (fault.Of == FaultyMessages.Refunds ? OfRefunds : OfAuthorisations).Set(fault);
}

/// <summary>The faults of the next messages of one kind.</summary>
public sealed class FaultPlan
{
    private readonly Lock _lock = new();
    private Fault? _fault;
    private int _left;
    private TaskCompletionSource _next = NewSignal();

    /// <summary>Completes when another fault is set.</summary>
    public Task NextFault => Volatile.Read(ref _next).Task;

    public void Set(Fault fault)
    {
        lock (_lock)
        {
            (_fault, _left) = (fault, fault.Count);
        }

        Interlocked.Exchange(ref _next, NewSignal()).SetResult();
    }

    /// <returns>Null: no fault for this message.</returns>
    public Fault? Next()
    {
        // Read without the lock, because there is rarely a fault.
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
