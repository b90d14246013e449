using Lakala.Wire.Terminal;

namespace Lakala.Terminal.Client.Journals;

/// <summary>A payment that only one side has approved, or with different amounts. Null: not approved on that side.</summary>
public sealed record BatchDifference(int Stan, long? TerminalAmount, long? ServerAmount);

/// <summary>The result of a batch close: the approved payments of terminal and server.</summary>
/// <param name="Amount">Minor units, as every amount here.</param>
public sealed record BatchReport(int Batch, int Count, long Amount, int ServerCount, long ServerAmount, IReadOnlyList<BatchDifference> Differences)
{
    public bool Agreed => Count == ServerCount && Amount == ServerAmount;

    /// <param name="ours">By STAN.</param>
    /// <param name="theirs">By STAN.</param>
    public static IReadOnlyList<BatchDifference> Compare(IReadOnlyList<BatchEntry> ours, IReadOnlyList<BatchEntry> theirs)
    {
        var (mine, server) = (ours.ToDictionary(entry => entry.Stan, entry => entry.Amount), theirs.ToDictionary(entry => entry.Stan, entry => entry.Amount));
        return
        [
            .. mine.Keys.Union(server.Keys).Order()
                .Select(stan => new BatchDifference(stan, Find(mine, stan), Find(server, stan)))
                .Where(difference => difference.TerminalAmount != difference.ServerAmount),
        ];
    }

    private static long? Find(Dictionary<int, long> amounts, int stan) => amounts.TryGetValue(stan, out var amount) ? amount : null;
}
