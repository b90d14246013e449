using System.ComponentModel;
using System.Globalization;
using System.Security.Claims;
using Lakala.Silo.Web;
using Lakala.Storage.Fleet;
using Lakala.Storage.Operators;
using Lakala.Storage.Stores;
using Lakala.Storage.Terminals;

namespace Lakala.Silo.Ops.Terminals;

/// <summary>Terminals: the list, all that is known of one, new ones, new master keys.</summary>
internal sealed class TerminalsSlice : IOpsSlice
{
    private const string List = OpsPages.Root + "/terminals", Tag = "Fleet";

    public void AddServices(IServiceCollection services)
    {
        services.AddSingleton<ProvisioningRows>();
        services.AddSingleton<TerminalProvisioning>();
    }

    public void MapPages(PageRoutes pages)
    {
        pages.Get("/terminals", OperatorRole.Watch, ShowList);
        pages.Get("/terminals/{id}", OperatorRole.Watch, Show);
        pages.Post("/terminals", OperatorRole.Administer, Add);
        pages.Post("/terminals/{id}/master_key", OperatorRole.Administer, ReplaceMasterKey);
    }

    public void MapApi(RouteGroupBuilder api)
    {
        api.MapGet("/terminals", async Task<IResult> (
            string? state, string? region, string? chain, string? store, string? q,
            [Description("terminal, store or heard: those not heard for the longest time first.")] string? sort,
            [Description("How many to pass over.")] int? skip, [Description("From 1 to 500; 50 when nothing is said.")] int? limit,
            FleetQueries fleet, CancellationToken stop) =>
        {
            var filter = new FleetFilter(TerminalStates.Parse(state), region, chain, store, q);
            var sorted = sort switch { null or "terminal" => FleetSort.Terminal, "store" => FleetSort.Store, "heard" => FleetSort.Heard, _ => (FleetSort?)null };
            return state is not null && filter.State is null ? Problems.Invalid("state", "state is ready, attention, silent, never_seen or retired.")
                : sorted is null ? Problems.Invalid("sort", "sort is terminal, store or heard.")
                : skip is < 0 ? Problems.Invalid("skip", "skip is not negative.")
                : AdminApi.RefuseLimit(limit) ?? (filter.Fault() is { } fault ? Problems.Invalid("q", fault + ".") : null)
                ?? (IResult)TypedResults.Ok(new ListModel<TerminalModel>(
                    [.. (await fleet.List(filter, sorted.Value, skip ?? 0, limit ?? AdminApi.UsualSize, stop)).Select(TerminalModel.Of)], null));
        }).WithTags(Tag).Watch("listTerminals", "Lists terminals").Produces<ListModel<TerminalModel>>().ProducesProblem(StatusCodes.Status400BadRequest);

        api.MapGet("/terminals/{id}", async Task<IResult> (
            string id, FleetQueries fleet, ParameterRows settings, CommandRows commands, AlarmRows alarms, CancellationToken stop) =>
            await fleet.Find(id, stop) is not { } found
                ? Problems.NoSuch("terminal", id)
                : TypedResults.Ok(TerminalDetailModel.Of(
                    found,
                    await settings.Effective(found.Terminal.Chain, found.Terminal.Store, id, stop),
                    await fleet.SwipesOf(id, AdminApi.UsualSize, stop),
                    await commands.Of(id, AdminApi.UsualSize, stop),
                    await alarms.Of(id, AdminApi.UsualSize, stop))))
            .WithTags(Tag).Watch("getTerminal", "Shows a terminal").Produces<TerminalDetailModel>().ProducesProblem(StatusCodes.Status404NotFound);

        api.MapPost("/terminals", async Task<IResult> (Body<AddTerminals> body, ClaimsPrincipal user, TerminalProvisioning terminals, CancellationToken stop) =>
            body.Value.Terminals.Count is 0 or > TerminalProvisioning.MostAtOnce
                ? Problems.Invalid("terminals", $"terminals are 1 to {TerminalProvisioning.MostAtOnce}.")
                : (await terminals.Add([.. body.Value.Terminals.Select(terminal => (terminal.Id, terminal.Store))], user.AsOperator().Name, stop))
                    .ToAnswer(added => AdminApi.Created(new ListModel<TerminalKeyModel>([.. added.Select(TerminalKeyModel.Of)], null))))
            .WithTags(Tag).Administer("addTerminals", "Adds terminals").Produces<ListModel<TerminalKeyModel>>(StatusCodes.Status201Created).Changes();

        api.MapPost("/terminals/{id}/master_key", async (string id, ClaimsPrincipal user, TerminalProvisioning terminals, CancellationToken stop) =>
            (await terminals.ReplaceMasterKey(id, user.AsOperator().Name, stop)).ToAnswer(secret => AdminApi.Created(TerminalKeyModel.Of(secret))))
            .WithTags(Tag).Administer("replaceMasterKey", "Gives a terminal a new master key; its session ends")
            .Produces<TerminalKeyModel>(StatusCodes.Status201Created).ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> ShowList(HttpContext context, OpsPages pages, FleetQueries fleet)
    {
        var query = context.Request.Query;
        var filter = FilterFields.Read(name => query[name].ToString());
        var sort = query["sort"].ToString() switch { "heard" => FleetSort.Heard, "store" => FleetSort.Store, _ => FleetSort.Terminal };
        var skip = int.TryParse(query["skip"], CultureInfo.InvariantCulture, out var some) && some is > 0 and < TerminalCommand.MostTerminals ? some : 0;
        if (filter.Fault() is { } fault)
        {
            return await pages.Refuse(context, "Terminals", Refused.Invalid("q", fault + "."), List);
        }

        var found = await fleet.List(filter, sort, skip, OpsPages.ListLength + 1, context.RequestAborted);
        return await pages.Show<TerminalsPage>(context, new()
        {
            [nameof(TerminalsPage.Filter)] = filter,
            [nameof(TerminalsPage.Sort)] = sort,
            [nameof(TerminalsPage.Skip)] = skip,
            [nameof(TerminalsPage.HasMore)] = found.Count > OpsPages.ListLength,
            [nameof(TerminalsPage.Terminals)] = found.Take(OpsPages.ListLength).ToList(),
        });
    }

    private static async Task<IResult> Show(
        string id, HttpContext context, OpsPages pages, FleetQueries fleet, ParameterRows settings, CommandRows commands, AlarmRows alarms, AuditLog audit, CancellationToken stop) =>
        await fleet.Find(id, stop) is not { } detail
            ? await pages.NotFound(context, "terminal", id)
            : await pages.Show<TerminalPage>(context, new()
            {
                [nameof(TerminalPage.Detail)] = detail,
                [nameof(TerminalPage.Settings)] = await settings.Effective(detail.Terminal.Chain, detail.Terminal.Store, id, stop),
                [nameof(TerminalPage.History)] = await fleet.History(id, OpsPages.ListLength, stop),
                [nameof(TerminalPage.Swipes)] = await fleet.SwipesOf(id, OpsPages.ListLength, stop),
                [nameof(TerminalPage.Commands)] = await commands.Of(id, OpsPages.ListLength, stop),
                [nameof(TerminalPage.Alarms)] = await alarms.Of(id, OpsPages.ListLength, stop),
                [nameof(TerminalPage.Audit)] = await audit.List(id, null, OpsPages.ListLength, stop),
            });

    private static async Task<IResult> Add(HttpContext context, OpsPages pages, TerminalProvisioning terminals)
    {
        var form = PageGuard.FormOf(context);
        var added = await terminals.Add(
            [(form["id"].ToString().Trim(), form["store"].ToString().Trim())], context.User.AsOperator().Name, context.RequestAborted);
        return added.Refused is { } refused
            ? await pages.Refuse(context, "Add a terminal", refused, List)
            : await pages.ShowOutcome(
                context, "Add a terminal", "The terminal is added. This is its master key, for its secure chip:", added.Value[0].MasterKey, $"{List}/{added.Value[0].Id}");
    }

    private static async Task<IResult> ReplaceMasterKey(string id, HttpContext context, OpsPages pages, TerminalProvisioning terminals)
    {
        var replaced = await terminals.ReplaceMasterKey(id, context.User.AsOperator().Name, context.RequestAborted);
        return replaced.Refused is { } refused
            ? await pages.Refuse(context, "A new master key", refused, $"{List}/{id}")
            : await pages.ShowOutcome(context, $"Terminal {id}", "This is its new master key, for its secure chip:", replaced.Value.MasterKey, $"{List}/{id}");
    }
}
