using System.ComponentModel;
using Lakala.Storage.Fleet;
using Lakala.Storage.Operators;

namespace Lakala.Silo.Ops.Fleet;

/// <summary>The network at a glance: how many terminals are in which state.</summary>
internal sealed class FleetSlice : IOpsSlice
{
    public void AddServices(IServiceCollection services)
    {
        services.AddSingleton<FleetQueries>();
        services.AddSingleton<FleetCounts>();
        services.AddHostedService<FleetGauge>();
    }

    public void MapPages(PageRoutes pages) => pages.Get("", OperatorRole.Watch, Show);

    public void MapApi(RouteGroupBuilder api) => api.MapGet("/fleet", async (FleetCounts counts, CancellationToken stop) =>
    {
        var (at, summary) = await counts.Latest(stop);
        return TypedResults.Ok(new FleetModel(
            at, FleetCountModel.Of(summary.All), [.. summary.Regions.Select(FleetCountModel.Of)], [.. summary.Chains.Select(FleetCountModel.Of)]));
    }).WithTags("Fleet").Watch("getFleet", "Counts terminals by state, region and chain");

    private static async Task<IResult> Show(HttpContext context, OpsPages pages, FleetCounts counts, AlarmRows alarms, SwipeMinuteRows minutes)
    {
        var stop = context.RequestAborted;
        return await pages.Show<FleetPage>(context, new()
        {
            [nameof(FleetPage.Counted)] = await counts.Latest(stop),
            [nameof(FleetPage.Alarms)] = (await alarms.List(OpsPages.ListLength, stop)).Where(alarm => alarm.ClearedAt is null).ToList(),
            [nameof(FleetPage.Minutes)] = await minutes.List(TimeSpan.FromHours(1), TimeSpan.FromMinutes(1), stop),
        });
    }
}

internal sealed record FleetCountModel(
    [property: Description("Of the region, chain or store; empty for those that have none.")] string Name, int Ready, int Attention, int Silent, int NeverSeen)
{
    public static FleetCountModel Of(FleetCount count) => new(count.Name, count.Ready, count.Attention, count.Silent, count.NeverSeen);
}

internal sealed record FleetModel(DateTimeOffset CountedAt, FleetCountModel All, IReadOnlyList<FleetCountModel> Regions, IReadOnlyList<FleetCountModel> Chains);
