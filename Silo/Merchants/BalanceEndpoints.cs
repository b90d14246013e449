using System.Security.Claims;
using Lakala.Storage.Ledger;
using Lakala.Vocabulary;

namespace Lakala.Silo.Merchants;

/// <summary><c>/v1/balance</c></summary>
internal static class BalanceEndpoints
{
    public static void MapBalance(this IEndpointRouteBuilder api) =>
        api.MapGet("/balance", Get).WithName("getBalance").WithTags("Balance")
            .WithSummary("Shows what you have")
            .Produces<BalanceModel>();

    private static async Task<BalanceModel> Get(ClaimsPrincipal user, BalanceRows balances, CancellationToken stop)
    {
        var balance = await balances.Read(user.Merchant().Id, Money.Cny, stop);
        return new BalanceModel(Money.Cny, balance.Available, balance.Held);
    }
}
