using Lakala.Grains.Claims;
using Lakala.Grains.Notices;
using Lakala.Grains.Refunds;
using Lakala.Grains.Trades;
using Lakala.Storage.Bills;
using Lakala.Storage.Claims;
using Lakala.Storage.Postgres;
using Lakala.Storage.Refunds;
using Lakala.Storage.Swipes;
using Lakala.Storage.Trades;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.Hosting;

namespace Lakala.Grains.Bills;

public static class BillServices
{
    /// <summary>Adds the flows of a bill without a swipe, and those of its trade and its claims, over the group-commit writers of <see cref="Swipes.SwipeServices.AddSwipes"/>.</summary>
    public static IServiceCollection AddBills(this IServiceCollection services) => services
        .AddSingleton<ICommit<HoldBill, BillSeen>>(provider => provider.GetRequiredService<Commits>().HoldBills)
        .AddSingleton<ICommit<CloseBill, CloseOutcome>>(provider => provider.GetRequiredService<Commits>().CloseBills)
        .AddSingleton<ICommit<RemindShopper, ReminderOutcome>>(provider => provider.GetRequiredService<Commits>().RemindShoppers)
        .AddSingleton<BillRows>()
        .AddSingleton<IDueBills>(provider => provider.GetRequiredService<BillRows>())
        .AddSingleton<OpenBills>()
        .AddSingleton<ICommit<MoveTrade, TradeMoved>>(provider => provider.GetRequiredService<Commits>().MoveTrades)
        .AddSingleton<IDueTrades, TradeRows>()
        .AddSingleton<TradeMoves>()
        .AddSingleton<IRefundNotices, RefundNotices>()
        .AddSingleton<RefundRows>()
        .AddSingleton<CounterRefundRows>()
        .AddSingleton<CounterRefunds>()
        .AddSingleton<IClaimNotices, ClaimNotices>()
        .AddSingleton<ClaimRows>()
        .AddSingleton<ClaimMoves>()
        .AddSingleton<DebtRows>()
        .AddSingleton<IBillGrains, BillGrains>()
        .AddGrainDirectory(NoDirectory.Name, static (_, _) => new NoDirectory());
}
