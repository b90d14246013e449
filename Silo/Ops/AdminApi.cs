using System.ComponentModel;
using System.Globalization;
using System.Security.Claims;
using System.Text.Json;
using Lakala.Grains.Notices;
using Lakala.Silo.Web;
using Lakala.Storage.Fleet;
using Lakala.Storage.Ledger;
using Lakala.Storage.Merchants;
using Lakala.Storage.Notices;
using Lakala.Storage.Operators;
using Lakala.Storage.Stores;
using Lakala.Storage.Terminals;
using Lakala.Vocabulary;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Lakala.Silo.Ops;

/// <summary>
/// <c>/v1/admin</c>: what operators do at their pages, for their programs. Admin keys have the roles that operators have. Its OpenAPI
/// document, <c>/v1/admin/openapi/admin.json</c>, wants a key too.
/// </summary>
internal static class AdminApi
{
    public const string Document = "admin";

    private const string Root = "/v1/admin";
    private const int UsualSize = 50, MostSize = 500, ShownOfATerminal = 50;

    public static void Describe(OpenApiOptions options)
    {
        DocumentShapes.Describe(options);
        KeepPublishedNames(options);
        options.AddSchemaTransformer(static (schema, context, _) =>
        {
            if (context.JsonPropertyInfo is { Name: "value" } member && member.DeclaringType == typeof(EffectiveSettingModel))
            {
                // A number, a text or an array, as the setting has it.
                schema.Type = null;
            }

            return Task.CompletedTask;
        });
        options.ShouldInclude = static endpoint => endpoint.RelativePath?.StartsWith("v1/admin/", StringComparison.Ordinal) ?? false;
        options.AddDocumentTransformer(static (document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Lakala operators' API",
                Version = "1",
                Description = "Stores, terminals, commands to them, settings, alarms and the money's open items. Every change is in the audit log under the "
                    + "key's name. Errors are application/problem+json. Members are only ever added to what is answered.",
            };
            document.Tags = new HashSet<OpenApiTag>
            {
                new() { Name = "Fleet", Description = "Stores and terminals." },
                new() { Name = "Commands", Description = "What operators ask of terminals." },
                new() { Name = "Settings", Description = "What terminals are told to do always." },
                new() { Name = "Watch", Description = "Alarms, swipes, open items, books and the audit log." },
                new() { Name = "Operators", Description = "Who may do what." },
                new() { Name = "Merchants", Description = "Their API keys." },
            };
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                [AdminKeyAuthentication.SchemeName] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "An admin key." },
            };
            document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(AdminKeyAuthentication.SchemeName, document)] = [] }];
            return Task.CompletedTask;
        });
    }

    // Programs that are made from the document have these names.
    private static void KeepPublishedNames(OpenApiOptions options)
    {
        var nameOf = options.CreateSchemaReferenceId;
        options.CreateSchemaReferenceId = type => nameOf(type) switch
        {
            "Command" => "Action",
            "CommandList" => "ActionList",
            "NewCommand" => "OrderAction",
            "CommandFilter" => "ActionFilter",
            var name => name,
        };
    }

    public static void Map(WebApplication app)
    {
        var api = app.MapGroup(Root).AddEndpointFilter(RefusedArguments.Answer)
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status500InternalServerError)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        Fleet(api.MapGroup("").WithTags("Fleet"));
        Commands(api.MapGroup("").WithTags("Commands"));
        Settings(api.MapGroup("").WithTags("Settings"));
        Watch(api.MapGroup("").WithTags("Watch"));
        People(api.MapGroup("").WithTags("Operators"));
        Merchants(api.MapGroup("").WithTags("Merchants"));
        app.MapOpenApi(Root + "/openapi/{documentName:regex(^" + Document + "$)}.json").For(OperatorRole.Watch, AdminKeyAuthentication.SchemeName);
    }

    private static void Fleet(RouteGroupBuilder api)
    {
        api.MapGet("/fleet", async (FleetCounts counts, CancellationToken stop) =>
        {
            var (at, summary) = await counts.Latest(stop);
            return TypedResults.Ok(new FleetModel(
                at, summary.All.Model(), [.. summary.Regions.Select(AdminModels.Model)], [.. summary.Chains.Select(AdminModels.Model)]));
        }).Watch("getFleet", "Counts terminals by state, region and chain");

        api.MapGet("/terminals", async Task<IResult> (
            string? state, string? region, string? chain, string? store, string? q,
            [Description("terminal, store or heard: those not heard for the longest time first.")] string? sort,
            [Description("How many to pass over.")] int? skip, [Description("From 1 to 500; 50 when nothing is said.")] int? limit,
            FleetQueries fleet, CancellationToken stop) =>
        {
            var filter = new FleetFilter(Shown.ParseState(state), region, chain, store, q);
            var sorted = sort switch { null or "terminal" => FleetSort.Terminal, "store" => FleetSort.Store, "heard" => FleetSort.Heard, _ => (FleetSort?)null };
            return state is not null && filter.State is null ? Problems.Invalid("state", "state is ready, attention, silent, never_seen or retired.")
                : sorted is null ? Problems.Invalid("sort", "sort is terminal, store or heard.")
                : skip is < 0 ? Problems.Invalid("skip", "skip is not negative.")
                : BadLimit(limit) ?? (filter.Fault() is { } fault ? Problems.Invalid("q", fault + ".") : null)
                ?? (IResult)TypedResults.Ok(new ListModel<TerminalModel>(
                    [.. (await fleet.List(filter, sorted.Value, skip ?? 0, limit ?? UsualSize, stop)).Select(AdminModels.Model)], null));
        }).Watch("listTerminals", "Lists terminals").Produces<ListModel<TerminalModel>>().ProducesProblem(StatusCodes.Status400BadRequest);

        api.MapGet("/terminals/{id}", async Task<IResult> (
            string id, FleetQueries fleet, ParameterRows settings, CommandRows commands, AlarmRows alarms, CancellationToken stop) =>
            await fleet.Find(id, stop) is not { } found
                ? Problems.NoSuch("terminal", id)
                : TypedResults.Ok(new TerminalDetailModel(
                    found.Terminal.Model(),
                    found.Blocked,
                    found.RetiredAt,
                    found.KeySet,
                    found.KeysSince,
                    found.Report is null ? null : JsonElement.Parse(found.Report),
                    found.ReportedAt,
                    found.Parameters,
                    [.. (await settings.Effective(found.Terminal.Chain, found.Terminal.Store, id, stop)).Select(AdminModels.Model)],
                    [.. (await fleet.SwipesOf(id, ShownOfATerminal, stop)).Select(AdminModels.Model)],
                    [.. (await commands.Of(id, ShownOfATerminal, stop)).Select(AdminModels.Model)],
                    [.. (await alarms.Of(id, ShownOfATerminal, stop)).Select(AdminModels.Model)])))
            .Watch("getTerminal", "Shows a terminal").Produces<TerminalDetailModel>().ProducesProblem(StatusCodes.Status404NotFound);

        api.MapPost("/terminals", async Task<IResult> (Body<AddTerminals> body, ClaimsPrincipal user, OperatorDesk desk, CancellationToken stop) =>
        {
            if (body.Value.Terminals.Count is 0 or > OperatorDesk.MostLines)
            {
                return Problems.Invalid("terminals", $"terminals are 1 to {OperatorDesk.MostLines}.");
            }

            var added = await desk.AddTerminals([.. body.Value.Terminals.Select(terminal => (terminal.Id, terminal.Store))], user.AsOperator().Name, stop);
            return added.IsRefused
                ? Problems.Conflict(string.Join(' ', added.Refusals))
                : Secret(new ListModel<TerminalKeyModel>([.. added.Value!.Select(AdminModels.Model)], null));
        }).Administer("addTerminals", "Adds terminals").Produces<ListModel<TerminalKeyModel>>(StatusCodes.Status201Created).Changes();

        api.MapPost("/terminals/{id}/master_key", async Task<IResult> (string id, ClaimsPrincipal user, OperatorDesk desk, CancellationToken stop) =>
            await desk.ReplaceMasterKey(id, user.AsOperator().Name, stop) is { Value: { } secret } ? Secret(secret.Model()) : Problems.NoSuch("terminal", id))
            .Administer("replaceMasterKey", "Gives a terminal a new master key; its session ends")
            .Produces<TerminalKeyModel>(StatusCodes.Status201Created).ProducesProblem(StatusCodes.Status404NotFound);

        api.MapGet("/stores/{id}", async Task<IResult> (string id, FleetQueries fleet, CancellationToken stop) =>
            await fleet.FindStore(id, stop) is { } store ? TypedResults.Ok(store.Model()) : Problems.NoSuch("store", id))
            .Watch("getStore", "Shows a store").Produces<StoreDetailModel>().ProducesProblem(StatusCodes.Status404NotFound);

        api.MapPut("/stores/{id}", async Task<IResult> (string id, Body<PutStore> body, ClaimsPrincipal user, OperatorDesk desk, FleetQueries fleet, CancellationToken stop) =>
        {
            var store = body.Value;
            var put = await desk.PutStore(
                new Store(
                    id,
                    store.Name,
                    store.CommissionPercent,
                    store.NameZh,
                    store.Chain,
                    store.Region,
                    store.District,
                    store.Address,
                    store.Latitude,
                    store.Longitude,
                    store.Hours,
                    store.Phone),
                user.AsOperator().Name,
                stop);
            return put.IsRefused ? Problems.Invalid(null, put.Refusals[0]) : TypedResults.Ok((await fleet.FindStore(id, stop))!.Model());
        }).Administer("putStore", "Adds a store, or brings it up to date").Produces<StoreDetailModel>().Changes();

        foreach (var (what, least) in new[] { ("block", OperatorRole.Act), ("unblock", OperatorRole.Act), ("retire", OperatorRole.Administer) })
        {
            api.MapPost($"/stores/{{id}}/{what}", async Task<IResult> (string id, ClaimsPrincipal user, OperatorDesk desk, FleetQueries fleet, CancellationToken stop) =>
                await desk.ChangeStore(id, what, user.AsOperator().Name, stop) is { IsRefused: false }
                    ? TypedResults.Ok((await fleet.FindStore(id, stop))!.Model())
                    : Problems.NoSuch("store", id))
                .Named(least, $"{what}Store", what == "retire" ? "Retires a store for good" : $"{char.ToUpperInvariant(what[0])}{what[1..]}s a store's terminals")
                .Produces<StoreDetailModel>().ProducesProblem(StatusCodes.Status404NotFound);
        }

        api.MapPost("/import", async Task<IResult> (HttpRequest request, ClaimsPrincipal user, OperatorDesk desk, CancellationToken stop) =>
        {
            var imported = await desk.Import(request.Body, user.AsOperator().Name, stop);
            return imported.IsRefused
                ? Problems.BadLines(imported.Refusals)
                : Secret(new ImportedModel(imported.Value!.Stores, [.. imported.Value.Terminals.Select(AdminModels.Model)]));
        }).Administer("import", "Imports stores or terminals from a CSV file in UTF-8: all lines or none")
            .Accepts<string>("text/csv").Produces<ImportedModel>(StatusCodes.Status201Created).ProducesProblem(StatusCodes.Status400BadRequest)
            .WithMetadata(new RequestSizeLimitAttribute(OperatorDesk.MostImportBytes));
    }

    private static void Commands(RouteGroupBuilder api)
    {
        api.MapPost("/actions", async Task<IResult> (Body<NewCommand> body, ClaimsPrincipal user, OperatorDesk desk, CommandRows commands, CancellationToken stop) =>
        {
            var (command, who) = (body.Value, user.AsOperator());
            if (CommandKinds.Parse(command.Kind) is not { } kind)
            {
                return Problems.Invalid("kind", $"kind is {string.Join(", ", CommandKinds.All.Select(CommandKinds.Text))}.");
            }

            if (who.Role < CommandRoles.LeastFor(kind))
            {
                return Problems.NotAllowed();
            }

            if ((command.Terminals is null) == (command.Filter is null))
            {
                return Problems.Invalid("terminals", "Give terminals or a filter, one of them.");
            }

            if (command.Filter?.State is { } state && Shown.ParseState(state) is null)
            {
                return Problems.Invalid("filter.state", "state is ready, attention, silent, never_seen or retired.");
            }

            var filter = command.Filter is { } of ? new FleetFilter(Shown.ParseState(of.State), of.Region, of.Chain, of.Store, of.Q) : null;
            var given = await desk.GiveCommand(kind, command.Store, command.DueAt, command.Terminals ?? [], filter, who, stop);
            return given.IsRefused
                ? Problems.Conflict(given.Refusals[0])
                : TypedResults.Json((await commands.Find(given.Value, stop))!.Model(), statusCode: StatusCodes.Status201Created);
        }).Named(OperatorRole.Act, "orderAction", "Commands terminals, at once or at a time")
            .WithDescription("retire and move want the role administer.").Produces<CommandModel>(StatusCodes.Status201Created).Changes();

        api.MapGet("/actions", async (int? limit, CommandRows commands, CancellationToken stop) => BadLimit(limit)
            ?? (IResult)TypedResults.Ok(new ListModel<CommandModel>([.. (await commands.List(limit ?? UsualSize, stop)).Select(AdminModels.Model)], null)))
            .Watch("listActions", "Lists commands, newest first").Produces<ListModel<CommandModel>>();

        api.MapGet("/actions/{id:guid}", async Task<IResult> (Guid id, CommandRows commands, CancellationToken stop) =>
            await commands.Find(id, stop) is { } command ? TypedResults.Ok(command.Model()) : Problems.NoSuch("command", id.ToString()))
            .Watch("getAction", "Shows a command").Produces<CommandModel>().ProducesProblem(StatusCodes.Status404NotFound);

        api.MapGet("/actions/{id:guid}/targets", async (
            Guid id, string? state, [Description("The last terminal of the page before.")] string? after, int? limit, CommandRows commands, CancellationToken stop) =>
            BadLimit(limit) ?? (IResult)TypedResults.Ok(new ListModel<TargetModel>(
                [.. (await commands.Targets(id, state, after, limit ?? UsualSize, stop)).Select(AdminModels.Model)], null)))
            .Watch("listTargets", "Lists a command's terminals with their outcomes").Produces<ListModel<TargetModel>>();

        api.MapPost("/actions/{id:guid}/cancel", async Task<IResult> (Guid id, ClaimsPrincipal user, CommandRows commands, CancellationToken stop) =>
        {
            await commands.Cancel(id, user.AsOperator().Name, stop);
            return await commands.Find(id, stop) is { } command ? TypedResults.Ok(command.Model()) : Problems.NoSuch("command", id.ToString());
        }).Named(OperatorRole.Act, "cancelAction", "Cancels a command for the terminals that still wait").Produces<CommandModel>().ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static void Settings(RouteGroupBuilder api)
    {
        const string Path = "/settings/{level:regex(^(platform|chain|store|terminal)$)}";
        foreach (var path in new[] { Path, Path + "/{subject}" })
        {
            var suffix = path == Path ? "OfPlatform" : "";
            api.MapGet(path, async (string level, string? subject, ParameterRows settings, CancellationToken stop) =>
                TypedResults.Ok((await settings.At(Level(level), subject, stop)).Model()))
                .Watch("getSettings" + suffix, "Shows the settings of a level, without what it inherits").Produces<SettingsModel>();

            api.MapPut(path, async Task<IResult> (
                string level, string? subject, Body<PutSettings> body, ClaimsPrincipal user, OperatorDesk desk, ParameterRows settings, CancellationToken stop) =>
            {
                var put = await desk.PutSettings(Level(level), subject, body.Value.Settings.GetRawText(), user.AsOperator().Name, stop);
                return put.IsRefused
                    ? Problems.Invalid("settings", put.Refusals[0])
                    : TypedResults.Ok((await settings.At(Level(level), subject, stop)).Model());
            }).Administer("putSettings" + suffix, "Replaces the settings of a level").Produces<SettingsModel>().Changes();
        }
    }

    private static void Watch(RouteGroupBuilder api)
    {
        api.MapGet("/alarms", async (int? limit, AlarmRows alarms, CancellationToken stop) => BadLimit(limit)
            ?? (IResult)TypedResults.Ok(new ListModel<AlarmModel>([.. (await alarms.List(limit ?? UsualSize, stop)).Select(AdminModels.Model)], null)))
            .Watch("listAlarms", "Lists raised alarms, then the latest cleared ones").Produces<ListModel<AlarmModel>>();

        api.MapPost("/alarms/{id:long}/acknowledge", async Task<IResult> (long id, ClaimsPrincipal user, AlarmRows alarms, CancellationToken stop) =>
            await alarms.Acknowledge(id, user.AsOperator().Name, stop)
                ? TypedResults.Ok((await alarms.Find(id, stop))!.Model())
                : Problems.NoSuch("raised alarm", id.ToString(CultureInfo.InvariantCulture)))
            .Named(OperatorRole.Act, "acknowledgeAlarm", "Acknowledges a raised alarm").Produces<AlarmModel>().ProducesProblem(StatusCodes.Status404NotFound);

        api.MapPost("/alarms/{id:long}/silence", async Task<IResult> (
            long id, Body<SilenceAlarm> body, ClaimsPrincipal user, AlarmRows alarms, TimeProvider time, CancellationToken stop) =>
        {
            var silence = new Silence(user.AsOperator().Name, body.Value.Reason.Trim(), body.Value.Until);
            return silence.Fault(time.GetUtcNow()) is { } fault ? Problems.Invalid(null, fault)
                : await alarms.Silence(id, silence, stop) ? TypedResults.Ok((await alarms.Find(id, stop))!.Model())
                : Problems.NoSuch("raised alarm", id.ToString(CultureInfo.InvariantCulture));
        }).Named(OperatorRole.Act, "silenceAlarm", "Silences a raised alarm until a time")
            .WithDescription("The silence counts for the alarm's kind and subject. The alarm stays raised; its webhook is sent when the silence ends, if it is still raised then.")
            .Produces<AlarmModel>().ProducesProblem(StatusCodes.Status404NotFound).Changes();

        api.MapPost("/alarms/{id:long}/end_silence", async Task<IResult> (long id, ClaimsPrincipal user, AlarmRows alarms, CancellationToken stop) =>
            await alarms.EndSilence(id, user.AsOperator().Name, stop)
                ? TypedResults.Ok((await alarms.Find(id, stop))!.Model())
                : Problems.NoSuch("silenced alarm", id.ToString(CultureInfo.InvariantCulture)))
            .Named(OperatorRole.Act, "endSilence", "Ends the silence of an alarm").Produces<AlarmModel>().ProducesProblem(StatusCodes.Status404NotFound);

        api.MapGet("/swipes", async (
            [Description("How far back: 1 to 168; 1 when nothing is said.")] int? hours, [Description("1 to 60; 1 when nothing is said.")] int? stepMinutes,
            NetworkQueries network, CancellationToken stop) =>
            hours is < 1 or > 168 ? Problems.Invalid("hours", "hours are 1 to 168.")
            : stepMinutes is < 1 or > 60 ? Problems.Invalid("step_minutes", "step_minutes are 1 to 60.")
            : (IResult)TypedResults.Ok(new ListModel<SwipeMinuteModel>(
                [.. (await network.Minutes(TimeSpan.FromHours(hours ?? 1), TimeSpan.FromMinutes(stepMinutes ?? 1), stop)).Select(minute => new SwipeMinuteModel(
                    minute.Minute, minute.Approved, minute.Declined, minute.Refused, minute.NotSent, minute.Reversed, minute.Unresolved, minute.P50, minute.P99))],
                null)))
            .Watch("listSwipes", "Counts swipes over time by outcome").Produces<ListModel<SwipeMinuteModel>>().ProducesProblem(StatusCodes.Status400BadRequest);

        api.MapGet("/open_items", async (FleetQueries fleet, NetworkQueries network, CancellationToken stop) => TypedResults.Ok(new OpenItemsModel(
            [.. (await fleet.Unresolved(MostSize, stop)).Select(AdminModels.Model)],
            [.. (await network.Reversals(MostSize, stop)).Select(reversal => new ReversalModel(
                Rrn.ToText(reversal.Rrn), reversal.Terminal, reversal.Store, reversal.Amount, reversal.Tries, reversal.CreatedAt, reversal.DueAt))],
            [.. (await network.Parked(MostSize, stop)).Select(notice => new ParkedModel(
                EventName.Format(notice.Event), notice.Receiver, notice.Merchant, notice.Type, notice.Tries, notice.LastError, notice.ParkedAt))])))
            .Watch("getOpenItems", "Lists open items: attempts without an outcome, unacknowledged reversals, parked notices");

        api.MapPost("/open_items/resend", async Task<IResult> (
            Body<ResendParked> body, ClaimsPrincipal user, NetworkQueries network, NoticeSignal notices, CancellationToken stop) =>
        {
            Guid? id = null;
            if (body.Value.Event is { } name)
            {
                if (!EventName.TryParse(name, out var one))
                {
                    return Problems.Invalid("event", "event is evt_ and 32 hexadecimal digits.");
                }

                id = one;
            }

            var resent = await network.Resend(id, body.Value.Receiver ?? "", user.AsOperator().Name, stop);
            notices.Raise();
            return TypedResults.Ok(new ResentModel(resent));
        }).Named(OperatorRole.Act, "resendParked", "Sends parked notices again").Produces<ResentModel>().Changes();

        api.MapGet("/silos", async (NetworkQueries network, CancellationToken stop) => TypedResults.Ok(new ListModel<SiloModel>(
            [.. (await network.Silos(stop)).Select(silo => new SiloModel(silo.Silo, silo.At, JsonSerializer.Deserialize(silo.Body, SiloReportJson.Default.SiloReport)!))],
            null)))
            .Watch("listSilos", "Lists silos by their last status report");

        api.MapGet("/books", async (DateOnly? since, BookRows books, TimeProvider time, CancellationToken stop) => TypedResults.Ok(new ListModel<BalanceModel>(
            [.. (await books.Totals(since ?? BeijingTime.BusinessDate(time.GetUtcNow()), stop)).Select(total => new BalanceModel(
                total.BusinessDate, total.Account, total.Currency, total.Debit, total.Credit))],
            null)))
            .Watch("getBooks", "Shows the trial balance since a business date, today's when none is named");

        api.MapGet("/audit", async (string? subject, long? before, int? limit, AuditLog audit, CancellationToken stop) => BadLimit(limit)
            ?? (IResult)TypedResults.Ok(Page(
                [.. (await audit.List(subject, before, limit ?? UsualSize, stop)).Select(entry => new AuditModel(
                    entry.Id, entry.At, entry.Who, entry.What, entry.Subject, entry.Detail, Parsed(entry.Before), Parsed(entry.After)))],
                limit ?? UsualSize)))
            .Watch("listAudit", "Lists the audit log, newest first").Produces<ListModel<AuditModel>>();

        static JsonElement? Parsed(string? json) => json is null ? null : JsonElement.Parse(json);

        static ListModel<AuditModel> Page(AuditModel[] entries, int limit) =>
            new(entries, entries.Length == limit ? entries[^1].Id.ToString(CultureInfo.InvariantCulture) : null);
    }

    private static void People(RouteGroupBuilder api)
    {
        api.MapGet("/operators", async (OperatorRows operators, CancellationToken stop) => TypedResults.Ok(new ListModel<OperatorModel>(
            [.. (await operators.List(stop)).Select(person => new OperatorModel(person.Name, Operator.Text(person.Role), person.Blocked))], null)))
            .Administer("listOperators", "Lists operators");

        api.MapPut("/operators/{name}", async Task<IResult> (
            string name, Body<PutOperatorBody> body, ClaimsPrincipal user, OperatorRows operators, CancellationToken stop) =>
            Operator.Parse(body.Value.Role) is not { } role ? Problems.Invalid("role", "role is watch, act or administer.")
            : new Operator(name, role).Fault() is { } fault ? Problems.Invalid(null, fault + ".")
            : Secret(new SecretModel(name, body.Value.Role, await operators.Put(new Operator(name, role), user.AsOperator().Name, stop))))
            .Administer("putOperator", "Adds an operator, or replaces its role and password").Produces<SecretModel>(StatusCodes.Status201Created).Changes();

        api.MapPost("/operators/{name}/block", async Task<IResult> (string name, ClaimsPrincipal user, OperatorRows operators, CancellationToken stop) =>
            await operators.Block(name, user.AsOperator().Name, stop) ? TypedResults.NoContent() : Problems.NoSuch("operator", name))
            .Administer("blockOperator", "Blocks an operator and ends its sessions")
            .Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);

        api.MapGet("/keys", async (OperatorRows operators, CancellationToken stop) => TypedResults.Ok(new ListModel<AdminKeyModel>(
            [.. (await operators.ListKeys(stop)).Select(key => new AdminKeyModel(key.Name, key.Prefix, Operator.Text(key.Role), key.CreatedAt, key.RevokedAt))], null)))
            .Administer("listKeys", "Lists admin keys");

        api.MapPut("/keys/{name}", async Task<IResult> (
            string name, Body<PutOperatorBody> body, ClaimsPrincipal user, OperatorRows operators, CancellationToken stop) =>
            Operator.Parse(body.Value.Role) is not { } role ? Problems.Invalid("role", "role is watch, act or administer.")
            : new Operator(name, role).Fault() is { } fault ? Problems.Invalid(null, fault + ".")
            : await operators.AddKey(name, role, user.AsOperator().Name, stop) is { } key ? Secret(new SecretModel(name, body.Value.Role, key))
            : Problems.Conflict($"There is a key {name} already."))
            .Administer("addKey", "Makes an admin key").Produces<SecretModel>(StatusCodes.Status201Created).Changes();

        api.MapPost("/keys/{name}/revoke", async Task<IResult> (string name, ClaimsPrincipal user, OperatorRows operators, CancellationToken stop) =>
            await operators.RevokeKey(name, user.AsOperator().Name, stop) ? TypedResults.NoContent() : Problems.NoSuch("key", name))
            .Administer("revokeKey", "Revokes an admin key").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static void Merchants(RouteGroupBuilder api)
    {
        api.MapGet("/merchants/{id}/api_keys", async Task<IResult> (string id, ApiKeyRows keys, CancellationToken stop) =>
            await keys.FindMerchant(id, stop) is null
                ? Problems.NoSuch("merchant", id)
                : TypedResults.Ok(new ListModel<MerchantKeyModel>([.. (await keys.List(id, stop)).Select(AdminModels.Model)], null)))
            .Administer("listMerchantKeys", "Lists a merchant's API keys that work").Produces<ListModel<MerchantKeyModel>>().ProducesProblem(StatusCodes.Status404NotFound);

        api.MapPost("/merchants/{id}/api_keys/revoke", async Task<IResult> (string id, ClaimsPrincipal user, ApiKeyRows keys, NoticeSignal notices) =>
        {
            if (await keys.RevokeAll(id, user.AsOperator().Name) is not { } revoked)
            {
                return Problems.NoSuch("merchant", id);
            }

            notices.Raise();
            return TypedResults.Ok(new RevokedModel(revoked));
        }).Administer("revokeMerchantKeys", "Revokes all API keys of a merchant, at once").Produces<RevokedModel>().ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static SettingLevel Level(string text) => Enum.Parse<SettingLevel>(text, ignoreCase: true);

    private static ProblemHttpResult? BadLimit(int? limit) => limit is < 1 or > MostSize ? Problems.Invalid("limit", $"limit is 1 to {MostSize}.") : null;

    private static JsonHttpResult<T> Secret<T>(T value) => TypedResults.Json(value, statusCode: StatusCodes.Status201Created);

    private static RouteHandlerBuilder Watch(this RouteHandlerBuilder endpoint, string name, string summary) => endpoint.Named(OperatorRole.Watch, name, summary);

    private static RouteHandlerBuilder Administer(this RouteHandlerBuilder endpoint, string name, string summary) =>
        endpoint.Named(OperatorRole.Administer, name, summary);

    private static RouteHandlerBuilder Named(this RouteHandlerBuilder endpoint, OperatorRole least, string name, string summary) =>
        endpoint.WithName(name).WithSummary(summary).For(least, AdminKeyAuthentication.SchemeName);

    private static RouteHandlerBuilder Changes(this RouteHandlerBuilder endpoint) => endpoint
        .ProducesProblem(StatusCodes.Status400BadRequest)
        .ProducesProblem(StatusCodes.Status409Conflict)
        .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
        .ProducesProblem(StatusCodes.Status415UnsupportedMediaType);
}
