using Lakala.Grains.Claims;
using Lakala.Rules.Claims;
using Lakala.Storage.Claims;

namespace Lakala.Silo.Sweeping;

/// <summary>Takes the step of each claim whose time for the next move is over. Every silo sweeps; the lock of the bill makes that safe.</summary>
public sealed class ClaimSweeps(ClaimRows claims, ClaimMoves moves)
{
    private const int Limit = 200;

    public async Task EndTimes(CancellationToken stop)
    {
        foreach (var claim in await claims.ListDue(Limit, stop))
        {
            await moves.Take(claim, new ClaimStep.TimeUp());
        }
    }
}
