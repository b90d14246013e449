using Lakala.Grains.Notices;
using Lakala.Storage.Bills;
using Lakala.Storage.Postgres;
using Lakala.Storage.Swipes;
using Microsoft.Extensions.DependencyInjection;

namespace Lakala.Grains.Swipes;

public static class SwipeServices
{
    /// <summary>Adds the flows of a swipe over the group-commit writers. The host adds the bank line, the clock and the receivers of notices.</summary>
    public static IServiceCollection AddSwipes(this IServiceCollection services) => services
        .AddSingleton<Commits>()
        .AddSingleton<ICommit<StartAttempt, StartOutcome>>(provider => provider.GetRequiredService<Commits>().StartAttempts)
        .AddSingleton<ICommit<FinishAttempt, FinishOutcome>>(provider => provider.GetRequiredService<Commits>().FinishAttempts)
        .AddSingleton<ICommit<CloseKey, AttemptRow>>(provider => provider.GetRequiredService<Commits>().CloseKeys)
        .AddSingleton<IRrnSource, RrnBlocks>()
        .AddSingleton<ICommit<long, BillSeen>>(provider => provider.GetRequiredService<Commits>().ReadBills)
        .AddSingleton<AttemptRows>()
        .AddSingleton<IAttemptReader>(provider => provider.GetRequiredService<AttemptRows>())
        .AddSingleton<BillNotices>()
        .AddSingleton<CommitRetry>()
        .AddSingleton<SwipeKeys>()
        .AddSingleton<Payments>();
}
