using Lakala.Silo.Notices;
using Lakala.Silo.Web;
using Lakala.Storage;
using Lakala.Storage.Fleet;
using Lakala.Storage.Ledger;
using Lakala.Storage.Operators;
using Lakala.Storage.Postgres;
using Lakala.Storage.Stores;
using Lakala.Storage.Terminals;
using Lakala.Wire.Keys;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Orleans.Dashboard;

namespace Lakala.Silo.Ops;

/// <summary>The operators' room: pages under <c>/ops</c>, API under <c>/v1/admin</c>, alarms.</summary>
internal static class Operations
{
    private const string Dashboard = "/orleans";

    public static WebApplicationBuilder AddOperations(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<OpsOptions>().BindConfiguration("Ops").ValidateOnStart();
        services.AddSingleton<IValidateOptions<OpsOptions>, OpsOptions.Validator>();
        services.AddSingleton<OperatorRows>();
        services.AddSingleton<FleetQueries>();
        services.AddSingleton<FleetCounts>();
        services.AddSingleton<CommandRows>();
        services.AddSingleton<AlarmRows>();
        services.AddSingleton<NetworkQueries>();
        services.AddSingleton<ParameterRows>();
        services.AddSingleton<BookRows>();
        services.AddSingleton<AuditLog>();
        services.AddSingleton<ProvisioningRows>();
        services.AddSingleton<OperatorDesk>();
        services.AddSingleton<SignInLimits>();
        services.AddSingleton<SessionCookie>();
        services.AddSingleton<OpsPages>();
        services.AddSingleton(new RefusalPage(OpsPages.Root, OpsPages.Refusal));
        services.AddSingleton(Target);
        services.AddSingleton<INoticeChannel, OperatorChannel>();
        services.AddHostedService<NetworkWatch>();
        services.AddOpenApi(AdminApi.Document, AdminApi.Describe);
        if (HasDashboard(builder.Configuration))
        {
            builder.UseOrleans(static silo => silo.AddDashboard(static options => options.HideTrace = true));
        }

        new AuthenticationBuilder(services)
            .AddScheme<AuthenticationSchemeOptions, SessionAuthentication>(SessionAuthentication.SchemeName, null)
            .AddScheme<AuthenticationSchemeOptions, AdminKeyAuthentication>(AdminKeyAuthentication.SchemeName, null);
        return builder;
    }

    public static WebApplication MapOperations(this WebApplication app)
    {
        OpsPages.Map(app);
        AdminApi.Map(app);
        if (HasDashboard(app.Configuration))
        {
            IEndpointConventionBuilder dashboard = app.MapOrleansDashboard(OpsPages.Root + Dashboard);
            dashboard.For(OperatorRole.Administer, SessionAuthentication.SchemeName).Finally(Hide);
        }

        return app;
    }

    // A grain's state holds keys, even if they are wrapped.
    private static void Hide(EndpointBuilder endpoint)
    {
        if (endpoint is RouteEndpointBuilder { RoutePattern.RawText: { } path } && path.EndsWith("/GrainState", StringComparison.OrdinalIgnoreCase))
        {
            endpoint.RequestDelegate = static context => Results.NotFound().ExecuteAsync(context);
        }
    }

    private static bool HasDashboard(IConfiguration configuration) => configuration.GetValue<bool>("Ops:OrleansDashboard");

    /// <summary>The verb <c>operator</c>: sets somebody up who may sign in at <c>/ops</c>, or anew, and prints the password, once.</summary>
    /// <returns>64: it is no such operator.</returns>
    public static async Task<int> SetUp(string connectionString, string name, string role)
    {
        var person = new Operator(name, Operator.Parse(role) ?? OperatorRole.Watch);
        if (Operator.Parse(role) is null || person.Fault() is not null)
        {
            await Console.Error.WriteLineAsync($"operator: {person.Fault() ?? "role is watch, act or administer"}");
            return 64;
        }

        await using var source = Database.Open(connectionString);
        await Database.Migrate(source, connectionString);
        Console.WriteLine(await new OperatorRows(source).Put(person, "command line", CancellationToken.None));
        return 0;
    }

    private static OperatorTarget Target(IServiceProvider services)
    {
        var options = services.GetRequiredService<IOptions<OpsOptions>>().Value;
        return new OperatorTarget(
            options.AlarmUrl,
            options.AlarmUrl.Length == 0 ? [] : services.GetRequiredService<IKeyVault>().Wrap(KeyFile.Read(options.AlarmSecretFile, "Ops:AlarmSecretFile")));
    }
}
