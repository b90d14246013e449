using Lakala.Grains.Claims;
using Lakala.Rules.Claims;
using Lakala.Storage.Claims;

namespace Lakala.Silo.Sweeping;

/// <summary>
/// Takes the step of each claim whose time for the next move is over, and what merchants owe out of what they have. Every silo sweeps;
/// the locks of the rows make that safe.
/// </summary>
public sealed class ClaimSweeps(ClaimRows claims, ClaimMoves moves, DebtRows debts)
{
    private const int Limit = 200;

    public async Task EndTimes(CancellationToken stop)
    {
        foreach (var claim in await claims.ListDue(Limit, stop))
        {
            await moves.Take(claim, new ClaimStep.TimeUp());
        }

        await debts.TakePayments(Limit, stop);
    }
}
