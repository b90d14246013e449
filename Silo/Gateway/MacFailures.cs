using System.Diagnostics.Metrics;
using Lakala.Storage;

namespace Lakala.Silo.Gateway;

/// <summary>
/// Messages whose MAC is wrong: all are counted, and the log has a line for a terminal at most once a minute. Anybody may send them
/// in any terminal's name, so the names that are remembered are bounded.
/// </summary>
public sealed class MacFailures(TimeProvider time, ILogger<MacFailures> log)
{
    private const int MostTerminals = 1_000;

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);
    private static readonly Meter Meter = new(Instrumentation.Name);
    private static readonly Counter<long> Failures = Meter.CreateCounter<long>("lakala.terminal.mac_failures");

    private readonly Lock _lock = new();

    // When the log last had a line about a terminal, and how many there have been since.
    private readonly Dictionary<string, (long LoggedAt, int Count)> _terminals = [];

    public void Note(string terminal)
    {
        Failures.Add(1);
        if (CountToLog(terminal) is var count and > 0)
        {
            log.LogWarning("{Terminal}: {Count} more with a wrong MAC: the wrong key, or somebody else in its name.", terminal, count);
        }
    }

    private int CountToLog(string terminal)
    {
        lock (_lock)
        {
            if (_terminals.TryGetValue(terminal, out var known) && time.GetElapsedTime(known.LoggedAt) < Pause)
            {
                _terminals[terminal] = known with { Count = known.Count + 1 };
                return 0;
            }

            if (_terminals.Count >= MostTerminals)
            {
                foreach (var old in _terminals.Where(entry => time.GetElapsedTime(entry.Value.LoggedAt) >= Pause).Select(entry => entry.Key).ToList())
                {
                    _terminals.Remove(old);
                }

                if (_terminals.Count >= MostTerminals)
                {
                    return 0;
                }
            }

            _terminals[terminal] = (time.GetTimestamp(), 0);
            return known.Count + 1;
        }
    }
}
