using Lakala.Storage.Operators;
using Orleans.Dashboard;

namespace Lakala.Silo.Ops.Network;

/// <summary>The dashboard of Orleans, for administrators, where the settings want it.</summary>
internal static class OrleansDashboard
{
    public static void AddTo(WebApplicationBuilder builder)
    {
        if (IsWanted(builder.Configuration))
        {
            builder.UseOrleans(static silo => silo.AddDashboard(static options => options.HideTrace = true));
        }
    }

    public static void MapOn(WebApplication app)
    {
        if (IsWanted(app.Configuration))
        {
            IEndpointConventionBuilder dashboard = app.MapOrleansDashboard(OpsPages.Root + "/orleans");
            dashboard.For(OperatorRole.Administer, OperatorAccess.Session).Finally(HideState);
        }
    }

    // A grain's state holds keys, even if they are wrapped.
    private static void HideState(EndpointBuilder endpoint)
    {
        if (endpoint is RouteEndpointBuilder { RoutePattern.RawText: { } path } && path.EndsWith("/GrainState", StringComparison.OrdinalIgnoreCase))
        {
            endpoint.RequestDelegate = static context => Results.NotFound().ExecuteAsync(context);
        }
    }

    private static bool IsWanted(IConfiguration configuration) => configuration.GetValue<bool>("Ops:OrleansDashboard");
}
