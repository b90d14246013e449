using System.Text.Json.Serialization;
using Lakala.Wire.Terminal;

namespace Lakala.Terminal.Client.Journals;

/// <summary>A payment that only one side has approved, or with different amounts; a refund's is below 0. Null: not on that side.</summary>
public sealed record BatchDifference(int Stan, long? TerminalAmount, long? ServerAmount);

/// <summary>The result of a batch close: the approved payments and the refunds of terminal and server.</summary>
/// <param name="Amount">Minor units, as every amount here.</param>
/// <param name="Refunds">Their number; <paramref name="Refunded"/> is their sum.</param>
public sealed record BatchReport(
    int Batch,
    int Count,
    long Amount,
    int ServerCount,
    long ServerAmount,
    IReadOnlyList<BatchDifference> Differences,
    int Refunds = 0,
    long Refunded = 0,
    int ServerRefunds = 0,
    long ServerRefunded = 0)
{
    public bool Agreed => (Count, Amount, Refunds, Refunded) == (ServerCount, ServerAmount, ServerRefunds, ServerRefunded);

    [JsonIgnore]
    public bool HasRefunds => Refunds + ServerRefunds > 0;

    public static BatchReport Make(int batch, BatchTotals ours, BatchTotals theirs, IReadOnlyList<BatchDifference> differences) => new(
        batch, ours.Count, ours.Amount, theirs.Count, theirs.Amount, differences, ours.Refunds, ours.Refunded, theirs.Refunds, theirs.Refunded);

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
