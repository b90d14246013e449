using Lakala.Silo.Ops;
using Lakala.Silo.Ops.Alarms;
using Lakala.Silo.Ops.Audit;
using Lakala.Silo.Ops.Books;
using Lakala.Silo.Ops.Commands;
using Lakala.Silo.Ops.Disputes;
using Lakala.Silo.Ops.Fleet;
using Lakala.Silo.Ops.Guarantee;
using Lakala.Silo.Ops.Import;
using Lakala.Silo.Ops.Merchants;
using Lakala.Silo.Ops.Network;
using Lakala.Silo.Ops.Operators;
using Lakala.Silo.Ops.Refunds;
using Lakala.Silo.Ops.Settings;
using Lakala.Silo.Ops.SignIn;
using Lakala.Silo.Ops.Stores;
using Lakala.Silo.Ops.Swipes;
using Lakala.Silo.Ops.Terminals;
using Lakala.Silo.Web;
using Microsoft.Extensions.Options;

namespace Lakala.Silo;

/// <summary>The operators' room: pages under <c>/ops</c>, API under <c>/v1/admin</c>, alarms. All of it is in the slices.</summary>
internal static class Operations
{
    // The API's document has them in this order.
    private static readonly IOpsSlice[] Slices =
    [
        new SignInSlice(), new FleetSlice(), new TerminalsSlice(), new StoresSlice(), new ImportSlice(), new CommandsSlice(), new SettingsSlice(),
        new AlarmsSlice(), new SwipesSlice(), new NetworkSlice(), new BooksSlice(), new AuditSlice(), new OperatorsSlice(), new MerchantsSlice(), new GuaranteeSlice(),
        new DisputesSlice(), new RefundsSlice(),
    ];

    public static WebApplicationBuilder AddOperations(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<OpsOptions>().BindConfiguration("Ops").ValidateOnStart();
        services.AddSingleton<IValidateOptions<OpsOptions>, OpsOptions.Validator>();
        services.AddSingleton<OpsPages>();
        services.AddSingleton(new RefusalPage(OpsPages.Root, OpsPages.Refusal));
        services.AddOpenApi(AdminApi.Document, AdminApi.Describe);
        foreach (var slice in Slices)
        {
            slice.AddServices(services);
        }

        OrleansDashboard.AddTo(builder);
        return builder;
    }

    public static WebApplication MapOperations(this WebApplication app)
    {
        var (pages, api) = (new PageRoutes(app), AdminApi.MapGroup(app));
        foreach (var slice in Slices)
        {
            slice.MapPages(pages);
            slice.MapApi(api);
        }

        OrleansDashboard.MapOn(app);
        return app;
    }
}
