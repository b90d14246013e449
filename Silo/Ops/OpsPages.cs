using System.Globalization;
using System.Text.Json;
using Lakala.Grains.Notices;
using Lakala.Grains.Terminals;
using Lakala.Silo.Web;
using Lakala.Storage;
using Lakala.Storage.Fleet;
using Lakala.Storage.Ledger;
using Lakala.Storage.Merchants;
using Lakala.Storage.Notices;
using Lakala.Storage.Operators;
using Lakala.Storage.Terminals;
using Lakala.Vocabulary;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Ops;

/// <summary>
/// <c>/ops</c>: the operators' pages. What is shown is read when it is asked for; every change goes over the
/// <see cref="OperatorDesk"/> or a store that writes the audit log with it.
/// </summary>
internal sealed class OpsPages(
    OperatorRows operators,
    FleetQueries fleet,
    FleetCounts counts,
    CommandRows commands,
    AlarmRows alarms,
    NetworkQueries network,
    ParameterRows settings,
    BookRows books,
    AuditLog audit,
    ApiKeyRows keys,
    OperatorDesk desk,
    SignInLimits limits,
    SessionCookie cookie,
    NoticeSignal notices,
    PageRenderer renderer,
    TimeProvider time,
    ILogger<OpsPages> log)
{
    public const string Root = "/ops";

    /// <summary>On requests that a page's script makes by itself.</summary>
    private const string LiveHeader = "X-Live";

    /// <summary>In the address from which a page without script loads itself again.</summary>
    private const string LiveParameter = "live";

    // A name and a password, and no more than that.
    private const int MostOfASignIn = 4 * 1024;

    /// <summary>Stands in addresses for those that have no region, or no chain.</summary>
    public const string NoArea = "-";

    public const int ListLength = 50, BookDays = 7;

    private static readonly string[] CommandFields = ["kind", "argument", "due", "which", "state", "region", "chain", "store", "q"];

    private static readonly string[] DatabaseAway = ["The database cannot be reached. Look at its own monitoring, then try again."];

    private const int ShownOfATerminal = 50, OpenShown = 200;

    public static readonly Asset Style = new(typeof(OpsPages), "ops.css", "text/css; charset=utf-8");
    public static readonly Asset Script = new(typeof(OpsPages), "ops.js", "text/javascript; charset=utf-8");
    public static readonly Asset Icon = Asset.Icon;

    public static void Map(WebApplication app)
    {
        var open = app.MapGroup(Root).AddEndpointFilter(Protect).ExcludeFromDescription();
        foreach (var asset in new[] { Style, Script, Icon })
        {
            open.MapGet($"/assets/{asset.Name}", (HttpContext context) => asset.Serve(context)).AllowAnonymous();
        }

        open.MapGet("/sign-in", (OpsPages pages, HttpContext context) => pages.AskToSignIn(context)).AllowAnonymous();
        open.MapPost("/sign-in", (OpsPages pages, HttpContext context) => pages.SignIn(context))
            .AllowAnonymous().WithMetadata(new RequestSizeLimitAttribute(MostOfASignIn));

        Get("", OperatorRole.Watch, static (pages, context) => pages.Fleet(context));
        Get("/terminals", OperatorRole.Watch, static (pages, context) => pages.Terminals(context));
        Get("/terminals/{id}", OperatorRole.Watch, static (pages, context) => pages.Terminal(context));
        Get("/stores", OperatorRole.Administer, static (pages, context) => pages.AskForStore(context));
        Get("/stores/{id}", OperatorRole.Watch, static (pages, context) => pages.Store(context));
        Get("/swipes", OperatorRole.Watch, static (pages, context) => pages.Swipes(context));
        Get("/open", OperatorRole.Watch, static (pages, context) => pages.OpenItems(context));
        Get("/network", OperatorRole.Watch, static (pages, context) => pages.Network(context));
        Get("/alarms", OperatorRole.Watch, static (pages, context) => pages.Alarms(context));
        Get("/actions", OperatorRole.Watch, static (pages, context) => pages.Commands(context));
        Get("/actions/{id:guid}", OperatorRole.Watch, static (pages, context) => pages.Command(context));
        Get("/settings", OperatorRole.Watch, static (pages, context) => pages.Settings(context));
        Get("/books", OperatorRole.Watch, static (pages, context) => pages.Books(context));
        Get("/audit", OperatorRole.Watch, static (pages, context) => pages.Audit(context));
        Get("/runbook", OperatorRole.Watch, static (pages, context) => pages.Page<RunbookPage>(context, []));
        Get("/runbook/{section}", OperatorRole.Watch, static (pages, context) => pages.RunbookSection(context));
        Get("/import", OperatorRole.Administer, static (pages, context) => pages.AskForFile(context));
        Get("/operators", OperatorRole.Administer, static (pages, context) => pages.Operators(context));
        Get("/merchants", OperatorRole.Administer, static (pages, context) => pages.Merchants(context));
        Get("/merchants/{id}", OperatorRole.Administer, static (pages, context) => pages.Merchant(context));

        Post("/sign-out", OperatorRole.Watch, static (pages, context, _) => pages.SignOut(context));
        Post("/actions", OperatorRole.Act, static (pages, context, form) => pages.GiveCommand(context, form));
        Post("/actions/{id:guid}/cancel", OperatorRole.Act, static (pages, context, _) => pages.Cancel(context));
        Post("/resend", OperatorRole.Act, static (pages, context, form) => pages.Resend(context, form));
        Post("/alarms/{id:long}/acknowledge", OperatorRole.Act, static (pages, context, _) => pages.Acknowledge(context));
        Post("/alarms/{id:long}/silence", OperatorRole.Act, static (pages, context, form) => pages.Silence(context, form));
        Post("/alarms/{id:long}/end_silence", OperatorRole.Act, static (pages, context, _) => pages.EndSilence(context));
        Post("/stores", OperatorRole.Administer, static (pages, context, form) => pages.PutStore(context, form));
        Post("/stores/{id}/{what:regex(^(block|unblock)$)}", OperatorRole.Act, static (pages, context, _) => pages.ChangeStore(context));
        Post("/stores/{id}/{what:regex(^retire$)}", OperatorRole.Administer, static (pages, context, _) => pages.ChangeStore(context));
        Post("/terminals", OperatorRole.Administer, static (pages, context, form) => pages.AddTerminal(context, form));
        Post("/terminals/{id}/master_key", OperatorRole.Administer, static (pages, context, _) => pages.ReplaceMasterKey(context));
        Post("/settings", OperatorRole.Administer, static (pages, context, form) => pages.PutSettings(context, form));
        Post("/import", OperatorRole.Administer, static (pages, context, form) => pages.Import(context, form));
        Post("/operators", OperatorRole.Administer, static (pages, context, form) => pages.PutOperator(context, form));
        Post("/operators/{name}/block", OperatorRole.Administer, static (pages, context, _) => pages.BlockOperator(context));
        Post("/keys", OperatorRole.Administer, static (pages, context, form) => pages.AddKey(context, form));
        Post("/keys/{name}/revoke", OperatorRole.Administer, static (pages, context, _) => pages.RevokeKey(context));
        Post("/merchants/{id}/revoke_keys", OperatorRole.Administer, static (pages, context, _) => pages.RevokeKeysOfMerchant(context));

        void Get(string path, OperatorRole least, Func<OpsPages, HttpContext, Task<IResult>> show) =>
            open.MapGet(path, (OpsPages pages, HttpContext context) => show(pages, context)).For(least, SessionAuthentication.SchemeName);

        void Post(string path, OperatorRole least, Func<OpsPages, HttpContext, IFormCollection, Task<IResult>> act) =>
            open.MapPost(path, async (OpsPages pages, HttpContext context) =>
                await Form(context) is var form && form.All(field => field.Value.All(UploadedText.IsWhole))
                    ? await act(pages, context, form)
                    : await pages.Refuse(context, "Not understood", ["A field holds characters that are not UTF-8 text."], Root))
                .For(least, SessionAuthentication.SchemeName).WithMetadata(new RequestSizeLimitAttribute(OperatorDesk.MostImportBytes + 64 * 1024));
    }

    /// <summary>No person asked for it: the page did so by itself.</summary>
    public static bool IsByItself(HttpRequest request) => request.Headers.ContainsKey(LiveHeader) || request.Query.ContainsKey(LiveParameter);

    public static string SettingsLink(SettingsAt at) =>
        $"{Root}/settings?{Shown.Query(("level", at.Level.ToString().ToLowerInvariant()), ("subject", at.Subject))}";

    /// <returns>Null when the alarm is about nothing that has a page.</returns>
    public static string? LinkOf(AlarmRow alarm) => alarm.Kind switch
    {
        "terminal_silent" or "paper_out" or "tamper" or "clock_off" or "declines_terminal" => $"{Root}/terminals/{alarm.Subject}",
        "declines_store" => $"{Root}/stores/{alarm.Subject}",
        "bank_line_down" or "commit_queue_full" => $"{Root}/network",
        "reversals_ageing" or "notices_parked" => $"{Root}/open",
        _ => null,
    };

    private async Task<IResult> AskToSignIn(HttpContext context) =>
        await Page<SignInPage>(context, new() { [nameof(SignInPage.To)] = context.Request.Query["to"].ToString() });

    private async Task<IResult> SignIn(HttpContext context)
    {
        var form = await Form(context);
        var (name, password, to) = (form["name"].ToString().Trim(), form["password"].ToString(), form["to"].ToString());
        var source = SourceOf(context);
        if (!limits.Enter(name, source))
        {
            context.Response.Headers.RetryAfter = SignInThrottle.Window.TotalSeconds.ToString(CultureInfo.InvariantCulture);
            return await Refused("Too many wrong passwords. Try again in five minutes.", StatusCodes.Status429TooManyRequests);
        }

        string? token;
        try
        {
            token = await operators.SignIn(name, password, context.RequestAborted);
        }
        catch (SignInsBusyException)
        {
            limits.NotTried(name);
            return await Refused("Too many sign in at once. Try again in a moment.", StatusCodes.Status503ServiceUnavailable);
        }

        if (token is null)
        {
            log.LogWarning("Somebody could not sign in at {Root}: wrong name or password.", Root);
            return await Refused("Name and password do not belong together.", StatusCodes.Status403Forbidden);
        }

        limits.Succeeded(name, source);
        cookie.Write(context.Response, token);

        // Nowhere but to a page of ours.
        return SeeOther(to.StartsWith(Root, StringComparison.Ordinal) && !to.Contains("//", StringComparison.Ordinal) && !to.Contains('\\') ? to : Root);

        Task<IResult> Refused(string why, int status) => Page<SignInPage>(
            context, new() { [nameof(SignInPage.To)] = to, [nameof(SignInPage.Name)] = name, [nameof(SignInPage.Why)] = why }, status);
    }

    // Behind the front every connection is the front's; whom it speaks for is the last that it has added.
    private static string SourceOf(HttpContext context) =>
        $"{context.Connection.RemoteIpAddress} {context.Request.Headers["X-Forwarded-For"].ToString().Split(',')[^1].Trim()}";

    private async Task<IResult> SignOut(HttpContext context)
    {
        if (cookie.Read(context.Request) is { } token)
        {
            await operators.SignOut(token, context.RequestAborted);
        }

        cookie.Delete(context.Response);
        return SeeOther($"{Root}/sign-in");
    }

    private async Task<IResult> Fleet(HttpContext context)
    {
        var stop = context.RequestAborted;
        return await Page<FleetPage>(context, new()
        {
            [nameof(FleetPage.Counted)] = await counts.Latest(stop),
            [nameof(FleetPage.Alarms)] = (await alarms.List(ListLength, stop)).Where(alarm => alarm.ClearedAt is null).ToList(),
            [nameof(FleetPage.Minutes)] = await network.Minutes(TimeSpan.FromHours(1), TimeSpan.FromMinutes(1), stop),
        });
    }

    private async Task<IResult> Terminals(HttpContext context)
    {
        var query = context.Request.Query;
        var filter = Filter(name => query[name].ToString());
        var sort = query["sort"].ToString() switch { "heard" => FleetSort.Heard, "store" => FleetSort.Store, _ => FleetSort.Terminal };
        var skip = int.TryParse(query["skip"], CultureInfo.InvariantCulture, out var some) && some is > 0 and < TerminalCommand.MostTerminals ? some : 0;
        if (filter.Fault() is { } fault)
        {
            return await Refuse(context, "Terminals", [fault + "."], $"{Root}/terminals");
        }

        var list = await fleet.List(filter, sort, skip, ListLength + 1, context.RequestAborted);
        return await Page<TerminalsPage>(context, new()
        {
            [nameof(TerminalsPage.Filter)] = filter,
            [nameof(TerminalsPage.Sort)] = sort,
            [nameof(TerminalsPage.Skip)] = skip,
            [nameof(TerminalsPage.HasMore)] = list.Count > ListLength,
            [nameof(TerminalsPage.Terminals)] = list.Take(ListLength).ToList(),
        });
    }

    private async Task<IResult> Terminal(HttpContext context)
    {
        var (id, stop) = (Value(context, "id"), context.RequestAborted);
        if (await fleet.Find(id, stop) is not { } detail)
        {
            return await NoSuch(context, "terminal", id);
        }

        return await Page<TerminalPage>(context, new()
        {
            [nameof(TerminalPage.Detail)] = detail,
            [nameof(TerminalPage.Settings)] = await settings.Effective(detail.Terminal.Chain, detail.Terminal.Store, id, stop),
            [nameof(TerminalPage.History)] = await fleet.History(id, ShownOfATerminal, stop),
            [nameof(TerminalPage.Swipes)] = await fleet.SwipesOf(id, ShownOfATerminal, stop),
            [nameof(TerminalPage.Commands)] = await commands.Of(id, ShownOfATerminal, stop),
            [nameof(TerminalPage.Alarms)] = await alarms.Of(id, ShownOfATerminal, stop),
            [nameof(TerminalPage.Audit)] = await audit.List(id, null, ShownOfATerminal, stop),
        });
    }

    private async Task<IResult> Store(HttpContext context)
    {
        var (id, stop) = (Value(context, "id"), context.RequestAborted);
        if (await fleet.FindStore(id, stop) is not { } detail)
        {
            return await NoSuch(context, "store", id);
        }

        return await Page<StorePage>(context, new()
        {
            [nameof(StorePage.Detail)] = detail,
            [nameof(StorePage.Count)] = await fleet.CountOf(id, stop),
            [nameof(StorePage.Alarms)] = await alarms.Of(id, ShownOfATerminal, stop),
            [nameof(StorePage.Audit)] = await audit.List(id, null, ShownOfATerminal, stop),
        });
    }

    private async Task<IResult> Swipes(HttpContext context)
    {
        var (span, step) = context.Request.Query["hours"].ToString() switch
        {
            "24" => (TimeSpan.FromHours(24), TimeSpan.FromMinutes(10)),
            "168" => (TimeSpan.FromHours(168), TimeSpan.FromHours(1)),
            _ => (TimeSpan.FromHours(1), TimeSpan.FromMinutes(1)),
        };
        return await Page<SwipesPage>(context, new()
        {
            [nameof(SwipesPage.Minutes)] = await network.Minutes(span, step, context.RequestAborted),
            [nameof(SwipesPage.Span)] = span,
            [nameof(SwipesPage.Step)] = step,
        });
    }

    private async Task<IResult> OpenItems(HttpContext context) => await Page<OpenPage>(context, new()
    {
        [nameof(OpenPage.Attempts)] = await fleet.Unresolved(OpenShown, context.RequestAborted),
        [nameof(OpenPage.Reversals)] = await network.Reversals(OpenShown, context.RequestAborted),
        [nameof(OpenPage.Parked)] = await network.Parked(OpenShown, context.RequestAborted),
    });

    private async Task<IResult> Network(HttpContext context) => await Page<NetworkPage>(context, new()
    {
        [nameof(NetworkPage.Silos)] = (await network.Silos(context.RequestAborted))
            .Select(silo => (silo.Silo, silo.At, JsonSerializer.Deserialize(silo.Body, SiloReportJson.Default.SiloReport)!)).ToList(),
    });

    private async Task<IResult> Alarms(HttpContext context) =>
        await Page<AlarmsPage>(context, new() { [nameof(AlarmsPage.Alarms)] = await alarms.List(OpenShown, context.RequestAborted) });

    private async Task<IResult> Acknowledge(HttpContext context) =>
        await alarms.Acknowledge(AlarmId(context), context.User.AsOperator().Name, context.RequestAborted)
            ? SeeOther($"{Root}/alarms")
            : await NotRaised(context);

    private async Task<IResult> Silence(HttpContext context, IFormCollection form)
    {
        var now = time.GetUtcNow();
        var hours = int.TryParse(form["hours"], CultureInfo.InvariantCulture, out var some) && some <= Storage.Fleet.Silence.Longest.TotalHours ? some : 0;
        var silence = new Silence(context.User.AsOperator().Name, form["reason"].ToString().Trim(), now.AddHours(hours));
        return silence.Fault(now) is { } fault ? await Refuse(context, "Alarms", [fault], $"{Root}/alarms")
            : await alarms.Silence(AlarmId(context), silence, context.RequestAborted) ? SeeOther($"{Root}/alarms")
            : await NotRaised(context);
    }

    private async Task<IResult> EndSilence(HttpContext context) =>
        await alarms.EndSilence(AlarmId(context), context.User.AsOperator().Name, context.RequestAborted)
            ? SeeOther($"{Root}/alarms")
            : await NotRaised(context);

    private Task<IResult> NotRaised(HttpContext context) => Refuse(
        context, "Alarms", ["The alarm is not raised any more, or not silenced."], $"{Root}/alarms", StatusCodes.Status404NotFound);

    private static long AlarmId(HttpContext context) => long.Parse(Value(context, "id"), CultureInfo.InvariantCulture);

    private async Task<IResult> RunbookSection(HttpContext context)
    {
        var name = Value(context, "section");
        return Runbook.Own.Has(name) ? SeeOther($"{Root}/runbook#{name}") : await NoSuch(context, "section of the runbook", name);
    }

    private async Task<IResult> Commands(HttpContext context) =>
        await Page<CommandsPage>(context, new() { [nameof(CommandsPage.Commands)] = await commands.List(ListLength, context.RequestAborted) });

    private async Task<IResult> Command(HttpContext context)
    {
        var (id, query) = (Guid.Parse(Value(context, "id")), context.Request.Query);
        if (await commands.Find(id, context.RequestAborted) is not { } command)
        {
            return await NoSuch(context, "command", id.ToString());
        }

        var state = query["state"].ToString() is { Length: > 0 } wanted ? wanted : null;
        var after = query["after"].ToString() is { Length: > 0 } last ? last : null;
        return await Page<CommandPage>(context, new()
        {
            [nameof(CommandPage.Command)] = command,
            [nameof(CommandPage.State)] = state,
            [nameof(CommandPage.Targets)] = await commands.Targets(id, state, after, ListLength, context.RequestAborted),
        });
    }

    private async Task<IResult> Settings(HttpContext context)
    {
        var (level, subject) = SettingsOf(name => context.Request.Query[name].ToString());
        return await Page<SettingsPage>(context, new() { [nameof(SettingsPage.Settings)] = await settings.At(level, subject, context.RequestAborted) });
    }

    private async Task<IResult> Books(HttpContext context)
    {
        var since = BeijingTime.BusinessDate(time.GetUtcNow()).AddDays(1 - BookDays);
        return await Page<BooksPage>(context, new() { [nameof(BooksPage.Totals)] = await books.Totals(since, context.RequestAborted) });
    }

    private async Task<IResult> Audit(HttpContext context)
    {
        var query = context.Request.Query;
        var subject = query["subject"].ToString().Trim() is { Length: > 0 } wanted ? wanted : null;
        long? before = long.TryParse(query["before"], CultureInfo.InvariantCulture, out var id) ? id : null;
        return await Page<AuditPage>(context, new()
        {
            [nameof(AuditPage.Entries)] = await audit.List(subject, before, ListLength, context.RequestAborted),
            [nameof(AuditPage.Subject)] = subject,
        });
    }

    private Task<IResult> AskForStore(HttpContext context) => Page<NewStorePage>(context, []);

    private Task<IResult> AskForFile(HttpContext context) => Page<ImportPage>(context, []);

    private async Task<IResult> Operators(HttpContext context) => await Page<OperatorsPage>(context, new()
    {
        [nameof(OperatorsPage.People)] = await operators.List(context.RequestAborted),
        [nameof(OperatorsPage.Keys)] = await operators.ListKeys(context.RequestAborted),
    });

    private async Task<IResult> GiveCommand(HttpContext context, IFormCollection form)
    {
        var who = context.User.AsOperator();
        if (CommandKinds.Parse(form["kind"]) is not { } kind)
        {
            return await Refuse(context, "Command", ["Choose a command."], $"{Root}/terminals");
        }

        if (who.Role < CommandRoles.LeastFor(kind))
        {
            return await Refuse(context, "Command", ["Your role does not allow this command. Ask an administrator."], $"{Root}/terminals", StatusCodes.Status403Forbidden);
        }

        DateTimeOffset? due = null;
        if (form["due"].ToString() is { Length: > 0 } text)
        {
            if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
            {
                return await Refuse(context, "Command", [$"'{text}' is not a time. Give it in UTC, such as 2026-03-01T18:30."], $"{Root}/terminals");
            }

            due = at;
        }

        var argument = kind == CommandKind.Move ? form["argument"].ToString().Trim() : null;
        var filter = form["which"] == "filtered" ? Filter(name => form[name].ToString()) : null;
        if (filter is not null && filter.Fault() is null)
        {
            // When there are others than were agreed to, that is asked anew.
            var count = (await fleet.Ids(filter, TerminalCommand.MostTerminals, context.RequestAborted)).Count;
            if (count > 0 && form["sure"] != count.ToString(CultureInfo.InvariantCulture))
            {
                return await Page<ConfirmCommandPage>(context, new()
                {
                    [nameof(ConfirmCommandPage.Kind)] = kind,
                    [nameof(ConfirmCommandPage.Count)] = count,
                    [nameof(ConfirmCommandPage.Fields)] = CommandFields.Select(name => (name, form[name].ToString())).ToList(),
                });
            }
        }

        var given = await desk.GiveCommand(
            kind, argument, due, [.. form["terminal"].OfType<string>()], filter, who, context.RequestAborted);
        return given.IsRefused
            ? await Refuse(context, "Command", given.Refusals, $"{Root}/terminals")
            : SeeOther($"{Root}/actions/{given.Value}");
    }

    private async Task<IResult> Cancel(HttpContext context)
    {
        var id = Guid.Parse(Value(context, "id"));
        await commands.Cancel(id, context.User.AsOperator().Name, context.RequestAborted);
        return SeeOther($"{Root}/actions/{id}");
    }

    private async Task<IResult> Resend(HttpContext context, IFormCollection form)
    {
        Guid? id = EventName.TryParse(form["event"], out var one) ? one : null;
        await network.Resend(id, form["receiver"].ToString(), context.User.AsOperator().Name, context.RequestAborted);
        notices.Raise();
        return SeeOther($"{Root}/open");
    }

    private async Task<IResult> PutStore(HttpContext context, IFormCollection form)
    {
        var (store, fault) = ImportFile.Store(name => form[name]);
        if (fault is not null)
        {
            return await Refuse(context, "Store", [fault + "."], $"{Root}/stores");
        }

        var put = await desk.PutStore(store, context.User.AsOperator().Name, context.RequestAborted);
        return put.IsRefused ? await Refuse(context, "Store", put.Refusals, $"{Root}/stores") : SeeOther($"{Root}/stores/{store.Id}");
    }

    private async Task<IResult> ChangeStore(HttpContext context)
    {
        var id = Value(context, "id");
        var changed = await desk.ChangeStore(id, Value(context, "what"), context.User.AsOperator().Name, context.RequestAborted);
        return changed.IsRefused ? await Refuse(context, "Store", changed.Refusals, $"{Root}/stores/{id}") : SeeOther($"{Root}/stores/{id}");
    }

    private async Task<IResult> AddTerminal(HttpContext context, IFormCollection form)
    {
        var added = await desk.AddTerminals(
            [(form["id"].ToString().Trim(), form["store"].ToString().Trim())], context.User.AsOperator().Name, context.RequestAborted);
        return added.IsRefused
            ? await Refuse(context, "Add a terminal", added.Refusals, $"{Root}/terminals")
            : await Tell(context, "Add a terminal", "It is added. This is its master key, for its secure chip:", added.Value![0].MasterKey, $"{Root}/terminals/{added.Value[0].Terminal}");
    }

    private async Task<IResult> ReplaceMasterKey(HttpContext context)
    {
        var id = Value(context, "id");
        var replaced = await desk.ReplaceMasterKey(id, context.User.AsOperator().Name, context.RequestAborted);
        return replaced.IsRefused
            ? await Refuse(context, "A new master key", replaced.Refusals, $"{Root}/terminals/{id}")
            : await Tell(context, $"Terminal {id}", "This is its new master key, for its secure chip:", replaced.Value!.MasterKey, $"{Root}/terminals/{id}");
    }

    private async Task<IResult> PutSettings(HttpContext context, IFormCollection form)
    {
        var (level, subject) = SettingsOf(name => form[name].ToString());
        var body = form["body"].ToString();
        var put = await desk.PutSettings(level, subject, body, context.User.AsOperator().Name, context.RequestAborted);
        var now = await settings.At(level, subject, context.RequestAborted);
        return put.IsRefused
            ? await Page<SettingsPage>(
                context,
                new() { [nameof(SettingsPage.Settings)] = now, [nameof(SettingsPage.Body)] = body, [nameof(SettingsPage.Refusal)] = put.Refusals[0] },
                StatusCodes.Status400BadRequest)
            : SeeOther(SettingsLink(now));
    }

    private async Task<IResult> Import(HttpContext context, IFormCollection form)
    {
        if (form.Files.GetFile("file") is not { Length: <= OperatorDesk.MostImportBytes } file)
        {
            return await Refuse(context, "Import", [$"Choose a file of at most {OperatorDesk.MostImportBytes / (1024 * 1024)} MiB."], $"{Root}/import");
        }

        await using var content = file.OpenReadStream();
        var imported = await desk.Import(content, context.User.AsOperator().Name, context.RequestAborted);
        return imported switch
        {
            { IsRefused: true } => await Refuse(context, "Import", imported.Refusals, $"{Root}/import"),
            { Value: { Terminals: { Count: > 0 } terminals } } => await Tell(
                context,
                "Import",
                $"{terminals.Count} terminals are added. These are their master keys, for their secure chips:",
                "id,store,master_key\n" + string.Join('\n', terminals.Select(one => $"{one.Terminal},{one.Store},{one.MasterKey}")),
                $"{Root}/terminals"),
            _ => await Tell(context, "Import", $"{imported.Value!.Stores} stores are taken over.", null, Root),
        };
    }

    private async Task<IResult> PutOperator(HttpContext context, IFormCollection form)
    {
        var back = $"{Root}/operators";
        if (Operator.Parse(form["role"]) is not { } role)
        {
            return await Refuse(context, "Operators", ["A role is watch, act or administer."], back);
        }

        var person = new Operator(form["name"].ToString().Trim(), role);
        return person.Fault() is { } fault
            ? await Refuse(context, "Operators", [fault + "."], back)
            : await Tell(
                context,
                "Operators",
                $"{person.Name} may {Operator.Text(role)}. This is the password:",
                await operators.Put(person, context.User.AsOperator().Name, context.RequestAborted),
                back);
    }

    private async Task<IResult> BlockOperator(HttpContext context)
    {
        var name = Value(context, "name");
        return await operators.Block(name, context.User.AsOperator().Name, context.RequestAborted)
            ? SeeOther($"{Root}/operators")
            : await NoSuch(context, "operator", name);
    }

    private async Task<IResult> AddKey(HttpContext context, IFormCollection form)
    {
        var (name, back) = (form["name"].ToString().Trim(), $"{Root}/operators");
        if (Operator.Parse(form["role"]) is not { } role || new Operator(name, role).Fault() is not null)
        {
            return await Refuse(context, "Admin keys", ["A key has a name of 2 to 40 lower-case letters and digits, and a role."], back);
        }

        return await operators.AddKey(name, role, context.User.AsOperator().Name, context.RequestAborted) is { } key
            ? await Tell(context, "Admin keys", $"A program with this key may {Operator.Text(role)}:", key, back)
            : await Refuse(context, "Admin keys", [$"There is a key {name} already."], back);
    }

    private async Task<IResult> RevokeKey(HttpContext context)
    {
        var name = Value(context, "name");
        return await operators.RevokeKey(name, context.User.AsOperator().Name, context.RequestAborted)
            ? SeeOther($"{Root}/operators")
            : await NoSuch(context, "key", name);
    }

    private async Task<IResult> Merchants(HttpContext context)
    {
        var search = context.Request.Query["q"].ToString().Trim();
        return await Page<MerchantsPage>(context, new()
        {
            [nameof(MerchantsPage.Search)] = search,
            [nameof(MerchantsPage.Merchants)] = await keys.FindMerchants(search, ListLength, context.RequestAborted),
        });
    }

    private async Task<IResult> Merchant(HttpContext context)
    {
        var (id, stop) = (Value(context, "id"), context.RequestAborted);
        return await keys.FindMerchant(id, stop) is not { } merchant
            ? await NoSuch(context, "merchant", id)
            : await Page<MerchantPage>(context, new()
            {
                [nameof(MerchantPage.Merchant)] = merchant,
                [nameof(MerchantPage.Keys)] = await keys.List(id, stop),
                [nameof(MerchantPage.Audit)] = await audit.List(id, null, ListLength, stop),
            });
    }

    private async Task<IResult> RevokeKeysOfMerchant(HttpContext context)
    {
        var id = Value(context, "id");
        if (await keys.RevokeAll(id, context.User.AsOperator().Name) is null)
        {
            return await NoSuch(context, "merchant", id);
        }

        notices.Raise();
        return SeeOther($"{Root}/merchants/{id}");
    }

    private static FleetFilter Filter(Func<string, string> value)
    {
        return new FleetFilter(Shown.ParseState(value("state")), Area("region"), Area("chain"), Text("store"), Text("q"));

        string? Text(string name) => value(name).Trim() is { Length: > 0 } text ? text : null;

        string? Area(string name) => Text(name) is { } area ? area == NoArea ? "" : area : null;
    }

    private static (SettingLevel Level, string? Subject) SettingsOf(Func<string, string> value)
    {
        var level = Enum.TryParse<SettingLevel>(value("level"), ignoreCase: true, out var parsed) && Enum.IsDefined(parsed) ? parsed : SettingLevel.Platform;
        return (level, level == SettingLevel.Platform ? null : value("subject").Trim());
    }

    private static string Value(HttpContext context, string name) => context.Request.RouteValues[name]!.ToString()!;

    /// <exception cref="BadHttpRequestException">It cannot be read, or has a control character.</exception>
    private static async Task<IFormCollection> Form(HttpContext context)
    {
        if (!context.Request.HasFormContentType)
        {
            return FormCollection.Empty;
        }

        IFormCollection form;
        try
        {
            form = await context.Request.ReadFormAsync(context.RequestAborted);
        }
        catch (InvalidDataException fault)
        {
            // Such as a NUL, or more fields than anybody has.
            throw new BadHttpRequestException($"The form cannot be read: {fault.Message}", fault);
        }

        return form.Where(static field => field.Value.Any(static value => RequestGuard.HasControl(value ?? ""))).Select(static field => field.Key).FirstOrDefault() is { } wrong
            ? throw new BadHttpRequestException($"{wrong} has a control character.")
            : form;
    }

    private static SeeOtherResult SeeOther(string where) => new SeeOtherResult(where);

    private Task<IResult> NoSuch(HttpContext context, string what, string id) =>
        Refuse(context, "Not found", [$"There is no {what} {id}."], Root, StatusCodes.Status404NotFound);

    private Task<IResult> Refuse(
        HttpContext context, string title, IReadOnlyList<string> refusals, string back, int status = StatusCodes.Status400BadRequest) =>
        Page<Told>(context, new() { [nameof(Told.Title)] = title, [nameof(Told.Refusals)] = refusals, [nameof(Told.Back)] = back }, status);

    private Task<IResult> Tell(HttpContext context, string title, string text, string? secret, string back) => Page<Told>(
        context,
        new() { [nameof(Told.Title)] = title, [nameof(Told.Text)] = text, [nameof(Told.Secret)] = secret, [nameof(Told.Back)] = back });

    private async Task<IResult> Page<T>(HttpContext context, Dictionary<string, object?> parameters, int status = StatusCodes.Status200OK)
        where T : IComponent
    {
        var who = context.User.Identity?.IsAuthenticated is true ? context.User.AsOperator() : null;
        parameters["Here"] = new Here(who, time.GetUtcNow(), who is null ? 0 : (await alarms.Counts(context.RequestAborted)).Sum(kind => kind.Count), Again(context.Request));
        return await renderer.Page<T>(status, parameters);
    }

    private static string Again(HttpRequest request) =>
        (request.Query.ContainsKey(LiveParameter) ? request.QueryString : request.QueryString.Add(LiveParameter, "1")).Value!;

    // Nothing of it is kept or framed, and what changes something comes from our own pages.
    private static async ValueTask<object?> Protect(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        PageHeaders.Put(context.Response, formAction: "'self'", referrer: "same-origin");
        if (HttpMethods.IsPost(context.Request.Method) && !IsFromHere(context))
        {
            return Problems.Conflict("This came from another site's page.");
        }

        try
        {
            return await next(invocation);
        }
        catch (BadHttpRequestException bad)
        {
            return await Refusal(context, bad.StatusCode, "Not valid", [bad.Message]);
        }
        catch (Exception fault) when (ProblemsOfFaults.WillPass(fault))
        {
            context.RequestServices.GetRequiredService<ILogger<OpsPages>>().LogWarning(
                fault, "{Method} {Route}: an operators' page cannot be shown.", context.Request.Method, ProblemsOfFaults.RouteOf(context));
            return await Refusal(context, StatusCodes.Status503ServiceUnavailable, "Not now", DatabaseAway);
        }
    }

    /// <summary>A page that is shown without knowing who looks at it.</summary>
    public static Task<IResult> Refusal(HttpContext context, int status, string title, IReadOnlyList<string> refusals)
    {
        var services = context.RequestServices;
        PageHeaders.Put(context.Response, formAction: "'self'", referrer: "same-origin");
        return services.GetRequiredService<PageRenderer>().Page<Told>(status, new()
        {
            ["Here"] = new Here(null, services.GetRequiredService<TimeProvider>().GetUtcNow(), 0, Again(context.Request)),
            [nameof(Told.Title)] = title,
            [nameof(Told.Refusals)] = refusals,
            [nameof(Told.Back)] = Root,
        });
    }

    // Browsers name the page's origin with every form, or say that it is the same; a program that says neither is none of our pages.
    private static bool IsFromHere(HttpContext context)
    {
        var headers = context.Request.Headers;
        if (headers.Origin is not [{ } origin])
        {
            return headers.Origin.Count == 0 && headers["Sec-Fetch-Site"] == "same-origin";
        }

        var known = new Uri(context.RequestServices.GetRequiredService<IOptions<HttpOptions>>().Value.PublicUrl);
        return Uri.TryCreate(origin, UriKind.Absolute, out var from)
            && (from.Scheme == known.Scheme || from.Scheme == Uri.UriSchemeHttps)
            && (from.Authority == context.Request.Host.Value || from.Authority == known.Authority);
    }

    private sealed class SeeOtherResult(string where) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
            httpContext.Response.Headers.Location = where;
            return Task.CompletedTask;
        }
    }
}
