using Lakala.Silo.Web;
using Lakala.Storage.Claims;
using Lakala.Storage.Operators;
using Lakala.Storage.Refunds;
using Lakala.Vocabulary;

namespace Lakala.Silo.Ops.Refunds;

/// <summary>A refund, and the rulings about it when it does not come to an end by itself. People rule, at the page; the API only shows.</summary>
internal sealed class RefundsSlice : IOpsSlice
{
    private const string Root = "/refunds/{id}", Ruling = Root + "/rulings/{place:int}";

    public static string LinkOf(RefundRow refund) => $"{OpsPages.Root}/refunds/{Rrn.ToText(refund.Rrn)}";

    public void AddServices(IServiceCollection services) => services.AddSingleton<RefundRulings>().AddSingleton<RefundRemedies>().AddSingleton<RefundChanges>();

    public void MapPages(PageRoutes pages)
    {
        pages.Get(Root, OperatorRole.Watch, Show);
        pages.Post(Root + "/rulings", OperatorRole.Act, (string id, HttpContext context, OpsPages shown, RefundChanges changes) =>
        {
            var form = PageGuard.FormOf(context);
            return Answer(id, context, shown, changes.Propose(id, form["what"].ToString(), form["reason"].ToString(), context.User.AsOperator().Name, OpsPages.TextsOf(context)));
        });
        pages.Post(Ruling + "/approve", OperatorRole.Act, (string id, int place, HttpContext context, OpsPages shown, RefundChanges changes) =>
            Answer(id, context, shown, changes.Approve(id, place, context.User.AsOperator().Name, OpsPages.TextsOf(context))));
        pages.Post(Ruling + "/drop", OperatorRole.Act, (string id, int place, HttpContext context, OpsPages shown, RefundChanges changes) =>
            Answer(id, context, shown, changes.Drop(id, place, context.User.AsOperator().Name, OpsPages.TextsOf(context))));
    }

    public void MapApi(RouteGroupBuilder api)
    {
        // GET /v1/admin/open_items has them.
    }

    private static async Task<IResult> Show(string id, HttpContext context, OpsPages pages, RefundRows refunds, RefundRulings rulings, AuditLog audit)
    {
        var stop = context.RequestAborted;
        return !Rrn.TryParse(id, out var rrn) || await refunds.Find(rrn, stop) is not { } refund
            ? await pages.NotFound(context, "refund", id, OpsPages.TextsOf(context))
            : await pages.Show<RefundPage>(context, new()
            {
                [nameof(RefundPage.Refund)] = refund,
                [nameof(RefundPage.Question)] = await rulings.FindQuestion(rrn, stop),
                [nameof(RefundPage.Rulings)] = await rulings.List(rrn, stop),
                [nameof(RefundPage.Audit)] = await audit.List(id, null, OpsPages.ListLength, stop),
            });
    }

    private static async Task<IResult> Answer(string id, HttpContext context, OpsPages pages, Task<Result<RefundRow>> ruling)
    {
        var (ruled, texts) = (await ruling, OpsPages.TextsOf(context));
        return ruled.Refused is { } refused
            ? await pages.Refuse(context, texts.RefundTitle, refused, Rrn.TryParse(id, out var rrn) ? $"{OpsPages.Root}/refunds/{Rrn.ToText(rrn)}" : $"{OpsPages.Root}/open", texts)
            : PageGuard.SeeOther(LinkOf(ruled.Value));
    }
}
