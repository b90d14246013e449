using Lakala.Storage.Bills;
using Lakala.Storage.Postgres;
using Lakala.Storage.Swipes;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.Hosting;

namespace Lakala.Grains.Bills;

public static class BillServices
{
    /// <summary>Adds the flows of a bill without a swipe, over the group-commit writers of <see cref="Swipes.SwipeServices.AddSwipes"/>.</summary>
    public static IServiceCollection AddBills(this IServiceCollection services) => services
        .AddSingleton<ICommit<HoldBill, BillSeen>>(provider => provider.GetRequiredService<Commits>().HoldBills)
        .AddSingleton<ICommit<CloseBill, CloseOutcome>>(provider => provider.GetRequiredService<Commits>().CloseBills)
        .AddSingleton<ICommit<RemindShopper, ReminderOutcome>>(provider => provider.GetRequiredService<Commits>().RemindShoppers)
        .AddSingleton<BillRows>()
        .AddSingleton<IDueBills>(provider => provider.GetRequiredService<BillRows>())
        .AddSingleton<OpenBills>()
        .AddSingleton<IBillGrains, BillGrains>()
        .AddGrainDirectory(NoDirectory.Name, static (_, _) => new NoDirectory());
}
