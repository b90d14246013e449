using System.Diagnostics.Metrics;
using Lakala.Storage;

namespace Lakala.Silo.Gateway;

/// <summary>
/// Messages with a wrong MAC: all are counted, and the log has a line for a terminal at most once a minute. Anybody can send them
/// in any terminal's name, so the number of remembered names is bounded.
/// </summary>
public sealed class MacFailures(TimeProvider time, ILogger<MacFailures> log)
{
    private const int MostTerminals = 1_000;

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);
    private static readonly Meter Meter = new(Instrumentation.Name);
    private static readonly Counter<long> Failures = Meter.CreateCounter<long>("lakala.terminal.mac_failures");

    private readonly Lock _lock = new();

    // The time of the last log line about a terminal, and the number of messages since.
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
