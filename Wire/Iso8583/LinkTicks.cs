using System.Runtime.CompilerServices;

namespace Lakala.Wire.Iso8583;

/// <summary>One timer for all lines of a process, instead of one for each: a program with many terminals has as many lines.</summary>
internal sealed class LinkTicks
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private static readonly ConditionalWeakTable<TimeProvider, LinkTicks> OfClocks = new();

    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly HashSet<Action> _looks = new(ReferenceEqualityComparer.Instance);
    private Action[]? _present;
    private bool _isRunning;

    private LinkTicks(TimeProvider time) => _time = time;

    public static LinkTicks Of(TimeProvider time) => OfClocks.GetValue(time, static time => new LinkTicks(time));

    /// <param name="look">Runs at every tick; it neither waits nor throws. It may run once more while it is removed.</param>
    public void Add(Action look)
    {
        lock (_lock)
        {
            _looks.Add(look);
            _present = null;
            if (_isRunning)
            {
                return;
            }

            _isRunning = true;
        }

        _ = Run();
    }

    public void Remove(Action look)
    {
        lock (_lock)
        {
            _looks.Remove(look);
            _present = null;
        }
    }

    private async Task Run()
    {
        using var timer = new PeriodicTimer(Interval, _time);
        do
        {
            await timer.WaitForNextTickAsync();
        }
        while (Look());
    }

    /// <returns>False when there is no line any more.</returns>
    private bool Look()
    {
        Action[] present;
        lock (_lock)
        {
            present = _present ??= [.. _looks];
            _isRunning = present.Length > 0;
        }

        foreach (var look in present)
        {
            look();
        }

        return present.Length > 0;
    }
}
