using System.ComponentModel;
using System.Globalization;
using System.Security.Claims;
using System.Text.Json.Serialization;
using Lakala.Silo.Web;
using Lakala.Storage.Fleet;
using Lakala.Storage.Operators;
using Lakala.Storage.Terminals;

namespace Lakala.Silo.Ops.Commands;

/// <summary>Commands to terminals: giving them, what became of them, cancelling them.</summary>
internal sealed class CommandsSlice : IOpsSlice
{
    private const string Root = OpsPages.Root + "/actions", Terminals = OpsPages.Root + "/terminals", Title = "Command", Tag = "Commands";

    private static readonly string[] Fields = ["kind", "argument", "due", "which", "state", "region", "chain", "store", "q"];

    public static string NameOf(CommandKind kind) => kind switch
    {
        CommandKind.RotateKeys => "new working keys",
        CommandKind.SendParameters => "fetch settings",
        CommandKind.SendStatus => "send status",
        CommandKind.Move => "move to another store",
        _ => CommandKinds.Text(kind),
    };

    public void AddServices(IServiceCollection services)
    {
        services.AddSingleton<CommandRows>();
        services.AddSingleton<TerminalCommands>();
        services.AddHostedService<CommandRunner>();
    }

    public void MapPages(PageRoutes pages)
    {
        pages.Get("/actions", OperatorRole.Watch, List);
        pages.Get("/actions/{id:guid}", OperatorRole.Watch, Show);
        pages.Post("/actions", OperatorRole.Act, Give);
        pages.Post("/actions/{id:guid}/cancel", OperatorRole.Act, Cancel);
    }

    public void MapApi(RouteGroupBuilder api)
    {
        api.MapPost("/actions", async Task<IResult> (Body<NewCommand> body, ClaimsPrincipal user, TerminalCommands commands, CancellationToken stop) =>
        {
            var (command, who) = (body.Value, user.AsOperator());
            if (CommandKinds.Parse(command.Kind) is not { } kind)
            {
                return Problems.Invalid("kind", $"kind is {string.Join(", ", CommandKinds.All.Select(CommandKinds.Text))}.");
            }

            if (TerminalCommands.RefuseRole(kind, who) is { } refused)
            {
                return refused.Problem;
            }

            if ((command.Terminals is null) == (command.Filter is null))
            {
                return Problems.Invalid("terminals", "Give terminals or a filter, one of them.");
            }

            if (command.Filter?.State is { } state && TerminalStates.Parse(state) is null)
            {
                return Problems.Invalid("filter.state", "state is ready, attention, silent, never_seen or retired.");
            }

            var filter = command.Filter is { } of ? new FleetFilter(TerminalStates.Parse(of.State), of.Region, of.Chain, of.Store, of.Q) : null;
            return (await commands.Give(kind, command.Store, command.DueAt, command.Terminals ?? [], filter, who, stop))
                .ToAnswer(given => AdminApi.Created(CommandModel.Of(given)));
        }).WithTags(Tag).Act("orderAction", "Commands terminals, at once or at a time")
            .WithDescription("retire and move want the role administer.").Produces<CommandModel>(StatusCodes.Status201Created).Changes();

        api.MapGet("/actions", async (int? limit, CommandRows commands, CancellationToken stop) => AdminApi.RefuseLimit(limit)
            ?? (IResult)TypedResults.Ok(new ListModel<CommandModel>([.. (await commands.List(limit ?? AdminApi.UsualSize, stop)).Select(CommandModel.Of)], null)))
            .WithTags(Tag).Watch("listActions", "Lists commands, newest first").Produces<ListModel<CommandModel>>();

        api.MapGet("/actions/{id:guid}", async Task<IResult> (Guid id, CommandRows commands, CancellationToken stop) =>
            await commands.Find(id, stop) is { } command ? TypedResults.Ok(CommandModel.Of(command)) : Problems.NoSuch("command", id.ToString()))
            .WithTags(Tag).Watch("getAction", "Shows a command").Produces<CommandModel>().ProducesProblem(StatusCodes.Status404NotFound);

        api.MapGet("/actions/{id:guid}/targets", async (
            Guid id, string? state, [Description("The last terminal of the page before.")] string? after, int? limit, CommandRows commands, CancellationToken stop) =>
            AdminApi.RefuseLimit(limit) ?? (IResult)TypedResults.Ok(new ListModel<TargetModel>(
                [.. (await commands.Targets(id, state, after, limit ?? AdminApi.UsualSize, stop)).Select(TargetModel.Of)], null)))
            .WithTags(Tag).Watch("listTargets", "Lists a command's terminals with their outcomes").Produces<ListModel<TargetModel>>();

        api.MapPost("/actions/{id:guid}/cancel", async Task<IResult> (Guid id, ClaimsPrincipal user, CommandRows commands, CancellationToken stop) =>
        {
            await commands.Cancel(id, user.AsOperator().Name, stop);
            return await commands.Find(id, stop) is { } command ? TypedResults.Ok(CommandModel.Of(command)) : Problems.NoSuch("command", id.ToString());
        }).WithTags(Tag).Act("cancelAction", "Cancels a command for the terminals that still wait")
            .Produces<CommandModel>().ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> List(HttpContext context, OpsPages pages, CommandRows commands) =>
        await pages.Show<CommandsPage>(context, new() { [nameof(CommandsPage.Commands)] = await commands.List(OpsPages.ListLength, context.RequestAborted) });

    private static async Task<IResult> Show(Guid id, HttpContext context, OpsPages pages, CommandRows commands)
    {
        var query = context.Request.Query;
        if (await commands.Find(id, context.RequestAborted) is not { } command)
        {
            return await pages.NotFound(context, "command", id.ToString());
        }

        var state = query["state"].ToString() is { Length: > 0 } wanted ? wanted : null;
        var after = query["after"].ToString() is { Length: > 0 } last ? last : null;
        return await pages.Show<CommandPage>(context, new()
        {
            [nameof(CommandPage.Command)] = command,
            [nameof(CommandPage.State)] = state,
            [nameof(CommandPage.Targets)] = await commands.Targets(id, state, after, OpsPages.ListLength, context.RequestAborted),
        });
    }

    private static async Task<IResult> Give(HttpContext context, OpsPages pages, TerminalCommands commands, FleetQueries fleet)
    {
        var (form, who) = (PageGuard.FormOf(context), context.User.AsOperator());
        if (CommandKinds.Parse(form["kind"]) is not { } kind)
        {
            return await pages.Refuse(context, Title, Refused.Invalid("kind", "Choose a command."), Terminals);
        }

        if (TerminalCommands.RefuseRole(kind, who) is { } notAllowed)
        {
            return await pages.Refuse(context, Title, notAllowed, Terminals);
        }

        DateTimeOffset? due = null;
        if (form["due"].ToString() is { Length: > 0 } text)
        {
            if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
            {
                return await pages.Refuse(context, Title, Refused.Invalid("due", $"'{text}' is not a time. Give it in UTC, such as 2026-03-01T18:30."), Terminals);
            }

            due = at;
        }

        var argument = kind == CommandKind.Move ? form["argument"].ToString().Trim() : null;
        var filter = form["which"] == "filtered" ? FilterFields.Read(name => form[name].ToString()) : null;
        if (filter is not null && filter.Fault() is null)
        {
            // When there are others than were agreed to, that is asked anew.
            var count = (await fleet.Ids(filter, TerminalCommand.MostTerminals, context.RequestAborted)).Count;
            if (count > 0 && form["sure"] != count.ToString(CultureInfo.InvariantCulture))
            {
                return await pages.Show<ConfirmCommandPage>(context, new()
                {
                    [nameof(ConfirmCommandPage.Kind)] = kind,
                    [nameof(ConfirmCommandPage.Count)] = count,
                    [nameof(ConfirmCommandPage.Fields)] = Fields.Select(name => (name, form[name].ToString())).ToList(),
                });
            }
        }

        var given = await commands.Give(kind, argument, due, [.. form["terminal"].OfType<string>()], filter, who, context.RequestAborted);
        return given.Refused is { } refused ? await pages.Refuse(context, Title, refused, Terminals) : PageGuard.SeeOther($"{Root}/{given.Value.Id}");
    }

    private static async Task<IResult> Cancel(Guid id, HttpContext context, CommandRows commands)
    {
        await commands.Cancel(id, context.User.AsOperator().Name, context.RequestAborted);
        return PageGuard.SeeOther($"{Root}/{id}");
    }
}

internal sealed record NewCommand(
    [property: Description("block, unblock, retire, move, rotate_keys, send_parameters or send_status.")] string Kind,
    [property: Description("With move: the store to move to.")] string? Store = null,
    [property: Description("When, as an RFC 3339 time; at once when nothing is said.")] DateTimeOffset? DueAt = null,
    [property: Description("Ids of terminals. Not with filter.")] IReadOnlyList<string>? Terminals = null,
    [property: Description("All terminals that it leaves: an object with state, region, chain, store and q, all optional.")] CommandFilter? Filter = null);

internal sealed record CommandFilter(string? State = null, string? Region = null, string? Chain = null, string? Store = null, string? Q = null);

internal sealed record CommandModel(
    Guid Id, string Kind, string? Store, string Who, DateTimeOffset CreatedAt, DateTimeOffset DueAt, int Waiting, int Asked, int Done, int Failed, int Cancelled)
{
    public static CommandModel Of(CommandSummary command) => new(
        command.Id,
        CommandKinds.Text(command.Kind),
        command.Argument,
        command.Who,
        command.CreatedAt,
        command.DueAt,
        command.Waiting,
        command.Asked,
        command.Done,
        command.Failed,
        command.Cancelled);
}

internal sealed record TargetModel(
    [property: JsonPropertyName("action")] Guid Command, string Terminal, string Kind, [property: Description("WAITING, ASKED, DONE, FAILED or CANCELLED.")] string State, string Outcome, DateTimeOffset ChangedAt)
{
    public static TargetModel Of(CommandTarget target) =>
        new(target.Command, target.Terminal, CommandKinds.Text(target.Kind), target.State, target.Outcome, target.ChangedAt);
}
