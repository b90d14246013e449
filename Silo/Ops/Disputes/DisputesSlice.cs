using System.ComponentModel;
using Lakala.Rules.Claims;
using Lakala.Rules.Trades;
using Lakala.Silo.Web;
using Lakala.Storage;
using Lakala.Storage.Claims;
using Lakala.Storage.Operators;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;

namespace Lakala.Silo.Ops.Disputes;

/// <summary>Claims that wait for a ruling, and trades that are stopped. People rule, at the pages; the API only shows.</summary>
internal sealed class DisputesSlice : IOpsSlice
{
    public const string Judging = "judging", Open = "open", Stopped = "stopped";

    private const string Disputes = "/disputes", Ruling = Disputes + "/{id}/rulings/{place:int}", Trades = "/trades";

    public static string LinkOf(ClaimRow claim) => $"{OpsPages.Root}{Disputes}/{Rrn.ToText(claim.Id)}";

    public static string LinkOf(BillNumber bill) => $"{OpsPages.Root}{Trades}/{bill}";

    public static string LinkOf(EvidenceRow file) => $"{OpsPages.Root}{Disputes}/{Rrn.ToText(file.Claim)}/evidence/{StateNames.Format(file.Side)}/{file.Place}";

    /// <summary>It has waited for a ruling for longer than it should.</summary>
    public static bool IsLate(Claim claim, DateTimeOffset now) => claim.State == ClaimState.Judging && claim.Since + Claim.RulingTime <= now;

    public void AddServices(IServiceCollection services)
    {
        services.AddSingleton<DisputeQueries>();
        services.AddSingleton<TradeStops>();
        services.AddSingleton<DisputeChanges>();
    }

    public void MapPages(PageRoutes pages)
    {
        pages.Get(Disputes, OperatorRole.Watch, List);
        pages.Get(Disputes + "/{id}", OperatorRole.Watch, Show);
        pages.Get(Disputes + "/{id}/evidence/{side}/{place:int}", OperatorRole.Watch, ShowEvidence);
        pages.Post(Disputes + "/{id}/rulings", OperatorRole.Act, Propose);
        pages.Post(Ruling + "/approve", OperatorRole.Act, (string id, int place, HttpContext context, OpsPages shown, DisputeChanges changes) =>
            Rule(id, context, shown, (claim, who) => changes.Approve(claim, place, who, OpsPages.TextsOf(context))));
        pages.Post(Ruling + "/drop", OperatorRole.Act, (string id, int place, HttpContext context, OpsPages shown, DisputeChanges changes) =>
            Rule(id, context, shown, (claim, who) => changes.Drop(claim, place, who, OpsPages.TextsOf(context))));
        pages.Get(Trades, OperatorRole.Watch, FindTrade);
        pages.Get(Trades + "/{number}", OperatorRole.Watch, ShowTrade);
        pages.Post(Trades + "/{number}/freeze", OperatorRole.Act, (string number, HttpContext context, OpsPages shown, DisputeChanges changes) =>
            MoveTrade(number, context, shown, changes.Freeze));
        pages.Post(Trades + "/{number}/unfreeze", OperatorRole.Act, (string number, HttpContext context, OpsPages shown, DisputeChanges changes) =>
            MoveTrade(number, context, shown, changes.Unfreeze));
    }

    public void MapApi(RouteGroupBuilder api)
    {
        api.MapGet("/disputes", async ([Description("True: only claims that wait for a ruling.")] bool? judging, DisputeQueries disputes, TimeProvider time, CancellationToken stop) =>
            TypedResults.Ok(new ListModel<DisputeModel>(
                [.. (judging is true ? await disputes.ListJudging(AdminApi.MostSize, stop) : await disputes.ListOpen(AdminApi.MostSize, stop))
                    .Select(dispute => DisputeModel.Of(dispute, time.GetUtcNow()))],
                null)))
            .WithTags("Watch").Watch("listDisputes", "Lists the open claims, the oldest first")
            .Produces<ListModel<DisputeModel>>().ProducesProblem(StatusCodes.Status400BadRequest);

        api.MapGet("/stopped_trades", async (DisputeQueries disputes, CancellationToken stop) => TypedResults.Ok(new ListModel<StoppedTradeModel>(
            [.. (await disputes.ListFrozen(AdminApi.MostSize, stop)).Select(trade => new StoppedTradeModel(
                trade.Bill.ToString(), trade.MerchantId, StateNames.Format(trade.State), trade.Held, trade.FrozenBy, trade.Since))],
            null)))
            .WithTags("Watch").Watch("listStoppedTrades", "Lists the trades that are stopped");
    }

    private static async Task<IResult> List(HttpContext context, OpsPages pages, DisputeQueries disputes, GuaranteeRows fund)
    {
        var (stop, show) = (context.RequestAborted, context.Request.Query["show"].ToString() is Open or Stopped ? context.Request.Query["show"].ToString() : Judging);
        return await pages.Show<DisputesPage>(context, new()
        {
            [nameof(DisputesPage.Shown)] = show,
            [nameof(DisputesPage.Disputes)] = show switch
            {
                Judging => await disputes.ListJudging(AdminApi.MostSize, stop),
                Open => await disputes.ListOpen(AdminApi.MostSize, stop),
                _ => [],
            },
            [nameof(DisputesPage.Trades)] = show == Stopped ? await disputes.ListFrozen(AdminApi.MostSize, stop) : [],
            [nameof(DisputesPage.Balance)] = await fund.Balance(Money.Cny, stop),
        });
    }

    private static async Task<IResult> Show(
        string id, HttpContext context, OpsPages pages, ClaimRows claims, EvidenceRows evidence, DisputeQueries disputes, GuaranteeRows fund, Commits commits, AuditLog audit)
    {
        var stop = context.RequestAborted;
        if (!Rrn.TryParse(id, out var number) || await claims.Find(number, stop) is not { } claim || (await commits.ReadBills.Submit(claim.Bill)).Row is not { } bill)
        {
            return await pages.NotFound(context, "claim", id, OpsPages.TextsOf(context));
        }

        return await pages.Show<DisputePage>(context, new()
        {
            [nameof(DisputePage.Claim)] = claim,
            [nameof(DisputePage.Bill)] = bill,
            [nameof(DisputePage.Evidence)] = await evidence.List(number, stop),
            [nameof(DisputePage.Moves)] = await disputes.ListMoves(number, stop),
            [nameof(DisputePage.Rulings)] = await claims.ListRulings(number, stop),
            [nameof(DisputePage.Balance)] = await fund.Balance(claim.Currency, stop),
            [nameof(DisputePage.Audit)] = await audit.List(id, null, OpsPages.ListLength, stop),
        });
    }

    private static async Task<IResult> ShowEvidence(string id, string side, int place, HttpContext context, OpsPages pages, EvidenceRows evidence)
    {
        if (!Rrn.TryParse(id, out var number)
            || Enum.GetValues<Side>().Where(one => StateNames.Format(one) == side).Select(static one => (Side?)one).FirstOrDefault() is not { } whose
            || await evidence.Read(number, whose, place, context.RequestAborted) is not { } file)
        {
            return await pages.NotFound(context, "file", $"{id}/{side}/{place}", OpsPages.TextsOf(context));
        }

        return StrangersFile.Serve(context.Response, file.Type, file.Bytes, $"{id}-{side}-{place}");
    }

    private static Task<IResult> Propose(string id, HttpContext context, OpsPages pages, DisputeChanges changes)
    {
        var form = PageGuard.FormOf(context);
        return Rule(id, context, pages, (claim, who) => changes.Propose(
            claim, (form["to_shopper"].ToString(), form["to_merchant"].ToString(), form["from_guarantee"].ToString()), form["text"].ToString(), who, OpsPages.TextsOf(context)));
    }

    private static async Task<IResult> Rule(string id, HttpContext context, OpsPages pages, Func<long, string, Task<Result<ClaimRow>>> rule)
    {
        if (!Rrn.TryParse(id, out var claim))
        {
            return await pages.NotFound(context, "claim", id, OpsPages.TextsOf(context));
        }

        var (ruled, texts) = (await rule(claim, context.User.AsOperator().Name), OpsPages.TextsOf(context));
        return ruled.Refused is { } refused
            ? await pages.Refuse(context, texts.Ruling, refused, $"{OpsPages.Root}{Disputes}/{Rrn.ToText(claim)}", texts)
            : PageGuard.SeeOther(LinkOf(ruled.Value));
    }

    private static Task<IResult> FindTrade(HttpContext context, OpsPages pages)
    {
        var keyed = context.Request.Query["number"].ToString().Trim();
        return BillNumber.TryParse(keyed.Replace(" ", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal), out var bill)
            ? Task.FromResult(PageGuard.SeeOther(LinkOf(bill)))
            : pages.NotFound(context, "bill", keyed, OpsPages.TextsOf(context));
    }

    private static async Task<IResult> ShowTrade(string number, HttpContext context, OpsPages pages, ClaimRows claims, Commits commits, AuditLog audit) =>
        !BillNumber.TryParse(number, out var wanted) || (await commits.ReadBills.Submit(wanted.Value)).Row is not { } bill
            ? await pages.NotFound(context, "bill", number, OpsPages.TextsOf(context))
            : await pages.Show<TradePage>(context, new()
            {
                [nameof(TradePage.Bill)] = bill,
                [nameof(TradePage.Claims)] = await claims.ListOfBill(bill.Number, context.RequestAborted),
                [nameof(TradePage.Audit)] = await audit.List(number, null, OpsPages.ListLength, context.RequestAborted),
            });

    private static async Task<IResult> MoveTrade(string number, HttpContext context, OpsPages pages, Func<BillNumber, string, string, OpsTexts?, Task<Result<BillNumber>>> move)
    {
        if (!BillNumber.TryParse(number, out var bill))
        {
            return await pages.NotFound(context, "bill", number, OpsPages.TextsOf(context));
        }

        var texts = OpsPages.TextsOf(context);
        var moved = await move(bill, PageGuard.FormOf(context)["reason"].ToString(), context.User.AsOperator().Name, texts);
        return moved.Refused is { } refused ? await pages.Refuse(context, texts.TradeTitle, refused, LinkOf(bill), texts) : PageGuard.SeeOther(LinkOf(bill));
    }
}

internal sealed record DisputeModel(
    string Id, string Bill, string Merchant, string Kind, string Status, long Amount, string Currency, DateTimeOffset OpenedAt,
    [property: Description("The beginning of the status.")] DateTimeOffset Since,
    [property: Description("The end of the time for the next move; none while a ruling is waited for.")] DateTimeOffset? DueAt,
    [property: Description("True: it has waited for a ruling for 15 days.")] bool IsLate,
    [property: Description("True: a proposed ruling waits for a second operator.")] bool HasRuling,
    [property: Description("Who has stopped the trade.")] string? StoppedBy)
{
    public static DisputeModel Of(OpenDispute dispute, DateTimeOffset now)
    {
        var claim = dispute.Claim;
        return new(
            Rrn.ToText(claim.Id), claim.BillNumber.ToString(), claim.MerchantId, StateNames.Format(claim.Claim.Kind), StateNames.Format(claim.Claim.State),
            claim.Claim.Amount, claim.Currency, claim.OpenedAt, claim.Claim.Since, claim.Claim.DueAt, DisputesSlice.IsLate(claim.Claim, now), dispute.HasRuling, dispute.FrozenBy);
    }
}

internal sealed record StoppedTradeModel(
    string Bill, string Merchant, string Status, long Held,
    [property: Description("An operator; refund-declined when the bank refused the refund of a closed trade.")] string StoppedBy,
    [property: Description("Where it is known.")] DateTimeOffset? Since);
