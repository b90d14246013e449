using System.ComponentModel;
using System.Globalization;
using System.Security.Claims;
using Lakala.Silo.Notices;
using Lakala.Silo.Web;
using Lakala.Storage;
using Lakala.Storage.Fleet;
using Lakala.Storage.Operators;
using Lakala.Wire.Keys;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Ops.Alarms;

/// <summary>Alarms, who takes care of them, and the runbook that says what to do.</summary>
internal sealed class AlarmsSlice : IOpsSlice
{
    private const string Back = OpsPages.Root + "/alarms", Title = "Alarms";

    private const int Shown = 200;

    /// <returns>Null when the alarm is about nothing that has a page.</returns>
    public static string? LinkOf(AlarmRow alarm) => alarm.Kind switch
    {
        "terminal_silent" or "paper_out" or "tamper" or "clock_off" or "declines_terminal" => $"{OpsPages.Root}/terminals/{alarm.Subject}",
        "declines_store" => $"{OpsPages.Root}/stores/{alarm.Subject}",
        "bank_line_down" or "commit_queue_full" => $"{OpsPages.Root}/network",
        "refund_stopped" or "refund_refused" => $"{OpsPages.Root}/refunds/{alarm.Subject}",
        "trades_stopped" or "trades_old" => $"{OpsPages.Root}/disputes/trades/{alarm.Subject}",
        "reversals_ageing" or "refunds_uncovered" or "refund_contradicted" or "notices_parked" => $"{OpsPages.Root}/open",
        _ => null,
    };

    public void AddServices(IServiceCollection services)
    {
        services.AddSingleton<AlarmRows>();
        services.AddSingleton<AlarmChanges>();
        services.AddSingleton(Target);
        services.AddSingleton<INoticeChannel, OperatorChannel>();
        services.AddHostedService<AlarmWatch>();
    }

    public void MapPages(PageRoutes pages)
    {
        pages.Get("/alarms", OperatorRole.Watch, Show);
        pages.Post("/alarms/{id:long}/acknowledge", OperatorRole.Act, Acknowledge);
        pages.Post("/alarms/{id:long}/silence", OperatorRole.Act, Silence);
        pages.Post("/alarms/{id:long}/end_silence", OperatorRole.Act, EndSilence);
        pages.Get("/runbook", OperatorRole.Watch, (HttpContext context, OpsPages page) => page.Show<RunbookPage>(context, []));
        pages.Get("/runbook/{section}", OperatorRole.Watch, ShowSection);
    }

    public void MapApi(RouteGroupBuilder api)
    {
        api.MapGet("/alarms", async (int? limit, AlarmRows alarms, CancellationToken stop) => AdminApi.RefuseLimit(limit)
            ?? (IResult)TypedResults.Ok(new ListModel<AlarmModel>([.. (await alarms.List(limit ?? AdminApi.UsualSize, stop)).Select(AlarmModel.Of)], null)))
            .WithTags("Watch").Watch("listAlarms", "Lists raised alarms, then the latest cleared ones").Produces<ListModel<AlarmModel>>();

        api.MapPost("/alarms/{id:long}/acknowledge", async (long id, ClaimsPrincipal user, AlarmChanges changes, CancellationToken stop) =>
            (await changes.Acknowledge(id, user.AsOperator().Name, stop)).ToAnswer(AlarmModel.Answer))
            .WithTags("Watch").Act("acknowledgeAlarm", "Acknowledges a raised alarm").Produces<AlarmModel>().ProducesProblem(StatusCodes.Status404NotFound);

        api.MapPost("/alarms/{id:long}/silence", async (long id, Body<SilenceAlarm> body, ClaimsPrincipal user, AlarmChanges changes, CancellationToken stop) =>
            (await changes.Silence(id, new Silence(user.AsOperator().Name, body.Value.Reason.Trim(), body.Value.Until), stop)).ToAnswer(AlarmModel.Answer))
            .WithTags("Watch").Act("silenceAlarm", "Silences a raised alarm until a time")
            .WithDescription("The silence counts for the alarm's kind and subject. The alarm stays raised; its webhook is sent when the silence ends, if it is still raised then.")
            .Produces<AlarmModel>().ProducesProblem(StatusCodes.Status404NotFound).Changes();

        api.MapPost("/alarms/{id:long}/end_silence", async (long id, ClaimsPrincipal user, AlarmChanges changes, CancellationToken stop) =>
            (await changes.EndSilence(id, user.AsOperator().Name, stop)).ToAnswer(AlarmModel.Answer))
            .WithTags("Watch").Act("endSilence", "Ends the silence of an alarm").Produces<AlarmModel>().ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> Show(HttpContext context, OpsPages pages, AlarmRows alarms) =>
        await pages.Show<AlarmsPage>(context, new() { [nameof(AlarmsPage.Alarms)] = await alarms.List(Shown, context.RequestAborted) });

    private static async Task<IResult> Acknowledge(long id, HttpContext context, OpsPages pages, AlarmChanges changes) =>
        await Answer(context, pages, await changes.Acknowledge(id, context.User.AsOperator().Name, context.RequestAborted));

    private static async Task<IResult> Silence(long id, HttpContext context, OpsPages pages, AlarmChanges changes, TimeProvider time)
    {
        var form = PageGuard.FormOf(context);
        var hours = int.TryParse(form["hours"], CultureInfo.InvariantCulture, out var some) && some <= Storage.Fleet.Silence.Longest.TotalHours ? some : 0;
        var silence = new Silence(context.User.AsOperator().Name, form["reason"].ToString().Trim(), time.GetUtcNow().AddHours(hours));
        return await Answer(context, pages, await changes.Silence(id, silence, context.RequestAborted));
    }

    private static async Task<IResult> EndSilence(long id, HttpContext context, OpsPages pages, AlarmChanges changes) =>
        await Answer(context, pages, await changes.EndSilence(id, context.User.AsOperator().Name, context.RequestAborted));

    private static async Task<IResult> Answer(HttpContext context, OpsPages pages, Result<AlarmRow> changed) =>
        changed.Refused is { } refused ? await pages.Refuse(context, Title, refused, Back) : PageGuard.SeeOther(Back);

    private static async Task<IResult> ShowSection(string section, HttpContext context, OpsPages pages) =>
        Runbook.Own.Has(section) ? PageGuard.SeeOther($"{OpsPages.Root}/runbook#{section}") : await pages.NotFound(context, "section of the runbook", section);

    private static OperatorTarget Target(IServiceProvider services)
    {
        var options = services.GetRequiredService<IOptions<OpsOptions>>().Value;
        return new OperatorTarget(
            options.AlarmUrl,
            options.AlarmUrl.Length == 0 ? [] : services.GetRequiredService<IKeyVault>().Wrap(KeyFile.Read(options.AlarmSecretFile, "Ops:AlarmSecretFile")));
    }
}

internal sealed record AlarmModel(long Id, string Kind, string Title, string Subject, string Detail, string WhatToDo, DateTimeOffset RaisedAt, DateTimeOffset? ClearedAt,
    [property: Description("Who has seen it and takes care.")] string? AcknowledgedBy, DateTimeOffset? AcknowledgedAt,
    [property: Description("Until then nobody is told of it.")] DateTimeOffset? SilencedUntil, string? SilencedBy, string? SilenceReason)
{
    public static IResult Answer(AlarmRow alarm) => TypedResults.Ok(Of(alarm));

    public static AlarmModel Of(AlarmRow alarm)
    {
        var kind = AlarmKind.Find(alarm.Kind);
        return new(alarm.Id, alarm.Kind, kind?.Title ?? "", alarm.Subject, alarm.Detail, kind?.WhatToDo ?? "", alarm.RaisedAt, alarm.ClearedAt,
            alarm.AcknowledgedBy, alarm.AcknowledgedAt, alarm.Silence?.Until, alarm.Silence?.Who, alarm.Silence?.Reason);
    }
}

internal sealed record SilenceAlarm(
    [property: Description("When the silence ends, as an RFC 3339 time: within 7 days.")] DateTimeOffset Until,
    [property: Description("1 to 200 characters.")] string Reason);
