using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Lakala.Grains.Notices;
using Lakala.Silo.Web;
using Lakala.Storage;
using Lakala.Storage.Claims;
using Lakala.Storage.Fleet;
using Lakala.Storage.Notices;
using Lakala.Storage.Operators;
using Lakala.Storage.Refunds;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;

namespace Lakala.Silo.Ops.Swipes;

/// <summary>Swipes over time, and what is open: attempts without an outcome, reversals, refunds that are not sent any more or about which the
/// bank contradicts itself, notices that were given up.</summary>
internal sealed class SwipesSlice : IOpsSlice
{
    private const int OpenShown = 200;

    public void AddServices(IServiceCollection services) => services.AddSingleton<SwipeMinuteRows>().AddSingleton<RefundContradictions>().AddHostedService<SwipeHistory>();

    public void MapPages(PageRoutes pages)
    {
        pages.Get("/swipes", OperatorRole.Watch, Show);
        pages.Get("/open", OperatorRole.Watch, ShowOpenItems);
        pages.Post("/resend", OperatorRole.Act, Resend);
    }

    public void MapApi(RouteGroupBuilder api)
    {
        api.MapGet("/swipes", async (
            [Description("How far back: 1 to 168; 1 when nothing is said.")] int? hours, [Description("1 to 60; 1 when nothing is said.")] int? stepMinutes,
            SwipeMinuteRows minutes, CancellationToken stop) =>
            hours is < 1 or > 168 ? Problems.Invalid("hours", "hours are 1 to 168.")
            : stepMinutes is < 1 or > 60 ? Problems.Invalid("step_minutes", "step_minutes are 1 to 60.")
            : (IResult)TypedResults.Ok(new ListModel<SwipeMinuteModel>(
                [.. (await minutes.List(TimeSpan.FromHours(hours ?? 1), TimeSpan.FromMinutes(stepMinutes ?? 1), stop)).Select(minute => new SwipeMinuteModel(
                    minute.Minute, minute.Approved, minute.Declined, minute.Refused, minute.NotSent, minute.Reversed, minute.Unresolved, minute.P50, minute.P99))],
                null)))
            .WithTags("Watch").Watch("listSwipes", "Counts swipes over time by outcome")
            .Produces<ListModel<SwipeMinuteModel>>().ProducesProblem(StatusCodes.Status400BadRequest);

        api.MapGet("/open_items", async (
            FleetQueries fleet, ReversalRows reversals, RefundRulings rulings, RefundContradictions contradictions, DeliveryRows deliveries, CancellationToken stop) => TypedResults.Ok(new OpenItemsModel(
            [.. (await fleet.Unresolved(AdminApi.MostSize, stop)).Select(SwipeModel.Of)],
            [.. (await reversals.ListOpen(AdminApi.MostSize, stop)).Select(reversal => new ReversalModel(
                Rrn.ToText(reversal.Rrn), reversal.Terminal, reversal.Store, reversal.Amount, reversal.Tries, reversal.CreatedAt, reversal.DueAt))],
            [.. (await deliveries.ListParked(AdminApi.MostSize, stop)).Select(notice => new ParkedModel(
                EventName.Format(notice.Event), notice.Receiver, notice.Merchant, notice.Type, notice.Tries, notice.LastError, notice.ParkedAt))],
            [.. (await contradictions.ListOpen(AdminApi.MostSize, stop)).Select(refund => new ContradictionModel(
                Rrn.ToText(refund.Rrn), refund.Bill.ToString(), refund.Merchant, refund.Amount, StateNames.Format(refund.State), refund.FirstCode, refund.OtherCode, refund.ReceivedAt))],
            [.. (await rulings.ListOpen(AdminApi.MostSize, stop)).Select(refund => new UndecidedRefundModel(
                StateNames.Format(refund.Question), Rrn.ToText(refund.Rrn), refund.Bill.ToString(), refund.Merchant, refund.Amount, refund.LastCode, refund.Since, refund.HasRuling))])))
            .WithTags("Watch").Watch("getOpenItems", "Lists open items: attempts without an outcome, unacknowledged reversals, parked notices, refunds about which the bank contradicts itself, refunds that two operators decide");

        api.MapPost("/open_items/resend", async Task<IResult> (
            Body<ResendParked> body, ClaimsPrincipal user, DeliveryRows deliveries, NoticeSignal notices, CancellationToken stop) =>
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

            var resent = await deliveries.ResendParked(id, body.Value.Receiver ?? "", user.AsOperator().Name, stop);
            notices.Raise();
            return TypedResults.Ok(new ResentModel(resent));
        }).WithTags("Watch").Act("resendParked", "Sends parked notices again").Produces<ResentModel>().Changes();
    }

    private static async Task<IResult> Show(HttpContext context, OpsPages pages, SwipeMinuteRows minutes)
    {
        var (span, step) = context.Request.Query["hours"].ToString() switch
        {
            "24" => (TimeSpan.FromHours(24), TimeSpan.FromMinutes(10)),
            "168" => (TimeSpan.FromHours(168), TimeSpan.FromHours(1)),
            _ => (TimeSpan.FromHours(1), TimeSpan.FromMinutes(1)),
        };
        return await pages.Show<SwipesPage>(context, new()
        {
            [nameof(SwipesPage.Minutes)] = await minutes.List(span, step, context.RequestAborted),
            [nameof(SwipesPage.Span)] = span,
            [nameof(SwipesPage.Step)] = step,
        });
    }

    private static async Task<IResult> ShowOpenItems(HttpContext context, OpsPages pages, FleetQueries fleet, ReversalRows reversals, RefundRulings rulings, RefundContradictions contradictions, DeliveryRows deliveries) =>
        await pages.Show<OpenPage>(context, new()
        {
            [nameof(OpenPage.Attempts)] = await fleet.Unresolved(OpenShown, context.RequestAborted),
            [nameof(OpenPage.Reversals)] = await reversals.ListOpen(OpenShown, context.RequestAborted),
            [nameof(OpenPage.Undecided)] = await rulings.ListOpen(OpenShown, context.RequestAborted),
            [nameof(OpenPage.Contradictions)] = await contradictions.ListOpen(OpenShown, context.RequestAborted),
            [nameof(OpenPage.Parked)] = await deliveries.ListParked(OpenShown, context.RequestAborted),
        });

    private static async Task<IResult> Resend(HttpContext context, DeliveryRows deliveries, NoticeSignal notices)
    {
        var form = PageGuard.FormOf(context);
        Guid? id = EventName.TryParse(form["event"], out var one) ? one : null;
        await deliveries.ResendParked(id, form["receiver"].ToString(), context.User.AsOperator().Name, context.RequestAborted);
        notices.Raise();
        return PageGuard.SeeOther($"{OpsPages.Root}/open");
    }
}

internal sealed record SwipeModel(
    string Terminal, int Batch, int Stan, string State, string? Bill, long? Amount, string? ResponseCode, string? Rrn, DateTimeOffset StartedAt, double? Seconds, string? TraceId)
{
    public static SwipeModel Of(SwipeEntry swipe) => new(
        swipe.Terminal,
        swipe.Batch,
        swipe.Stan,
        swipe.State,
        swipe.Bill is null ? null : Format.Bill(swipe.Bill),
        swipe.Amount,
        swipe.ResponseCode,
        swipe.Rrn is { } rrn ? Vocabulary.Rrn.ToText(rrn) : null,
        swipe.StartedAt,
        swipe.Duration?.TotalSeconds,
        swipe.TraceId);
}

internal sealed record SwipeMinuteModel(
    DateTimeOffset From, int Approved, int Declined, int Refused, int NotSent, int Reversed, int Unresolved, int? P50Ms, int? P99Ms);

internal sealed record OpenItemsModel(IReadOnlyList<SwipeModel> Attempts, IReadOnlyList<ReversalModel> Reversals, IReadOnlyList<ParkedModel> Parked,
    IReadOnlyList<ContradictionModel> ContradictedRefunds, IReadOnlyList<UndecidedRefundModel> UndecidedRefunds);

internal sealed record ReversalModel(string Rrn, string Terminal, string Store, long Amount, int Tries, DateTimeOffset CreatedAt, DateTimeOffset DueAt);

internal sealed record ParkedModel(string Event, string Receiver, string Merchant, string Type, int Tries, string? LastError, DateTimeOffset? ParkedAt);

internal sealed record ContradictionModel(
    string Rrn, string Bill, string Merchant, long Amount,
    [property: Description("By the bank's first final word, which counts: DONE or DECLINED.")] string State,
    [property: Description("Of that word; ruling: two operators have entered it.")] string FirstCode,
    [property: Description("The bank's code that says the opposite.")] string OtherCode, DateTimeOffset ReceivedAt);

internal sealed record UndecidedRefundModel(
    [property: AllowedValues("stopped", "refused", "uncovered")]
    [property: Description("stopped: it is not sent any more; refused: by the bank, although the shopper was promised the money; uncovered: it has waited too long for the merchant's money.")]
    string Why,
    string Rrn, string Bill, string Merchant, long Amount,
    [property: Description("The bank's last answer; none when it has given none.")] string? LastCode,
    [property: Description("Its first sending, the bank's refusal, or its order.")] DateTimeOffset Since,
    [property: Description("True: a proposed ruling waits for a second operator.")] bool HasRuling);

internal sealed record ResendParked(
    [property: Description("An event's id; every event when nothing is said.")] string? Event = null,
    [property: Description("One receiver; all when nothing is said.")] string? Receiver = null);

internal sealed record ResentModel(int Resent);
