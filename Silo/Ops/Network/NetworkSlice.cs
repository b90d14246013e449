using System.Text.Json;
using Lakala.Silo.Web;
using Lakala.Storage.Operators;
using Lakala.Storage.Silos;

namespace Lakala.Silo.Ops.Network;

/// <summary>The silos, as each reports itself.</summary>
internal sealed class NetworkSlice : IOpsSlice
{
    public void AddServices(IServiceCollection services)
    {
        services.AddSingleton<SiloStateRows>();
        services.AddHostedService<SiloReporter>();
    }

    public void MapPages(PageRoutes pages) => pages.Get("/network", OperatorRole.Watch, Show);

    public void MapApi(RouteGroupBuilder api) => api.MapGet("/silos", async (SiloStateRows silos, CancellationToken stop) =>
        TypedResults.Ok(new ListModel<SiloModel>([.. (await silos.List(stop)).Select(SiloModel.Of)], null)))
        .WithTags("Watch").Watch("listSilos", "Lists silos by their last status report");

    private static async Task<IResult> Show(HttpContext context, OpsPages pages, SiloStateRows silos) =>
        await pages.Show<NetworkPage>(context, new() { [nameof(NetworkPage.Silos)] = (await silos.List(context.RequestAborted)).Select(SiloModel.Of).ToList() });
}

public sealed record SiloModel(string Silo, DateTimeOffset At, SiloReport Report)
{
    internal static SiloModel Of(SiloState silo) => new(silo.Silo, silo.At, JsonSerializer.Deserialize(silo.Body, SiloReportJson.Default.SiloReport)!);
}
