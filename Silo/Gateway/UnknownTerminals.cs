using System.Collections.Concurrent;

namespace Lakala.Silo.Gateway;

/// <summary>Ids that no terminal had a moment ago, so that a stranger with invented ids does not cause a query each time.</summary>
internal sealed class UnknownTerminals(TimeProvider time)
{
    /// <summary>The longest time for which a terminal that has just been added may count as unknown.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromSeconds(10);

    private const int MaxIds = 4_096;

    private readonly ConcurrentDictionary<string, long> _since = new();

    public bool Has(string id)
    {
        if (!_since.TryGetValue(id, out var since))
        {
            return false;
        }

        if (time.GetElapsedTime(since) < Memory)
        {
            return true;
        }

        _since.TryRemove(new KeyValuePair<string, long>(id, since));
        return false;
    }

    public void Add(string id)
    {
        if (_since.Count >= MaxIds)
        {
            _since.Clear();
        }

        _since[id] = time.GetTimestamp();
    }
}
