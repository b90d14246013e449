using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Lakala.Silo.Web;
using Lakala.Storage.Claims;
using Lakala.Storage.Operators;
using Lakala.Vocabulary;

namespace Lakala.Silo.Ops.Guarantee;

/// <summary>The guarantee fund: what it has, and own money for it, which one administrator enters and another one approves.</summary>
internal sealed class GuaranteeSlice : IOpsSlice
{
    private const string Root = "/guarantee", Payments = Root + "/payments", Tag = "Guarantee";

    public void AddServices(IServiceCollection services) => services.AddSingleton<GuaranteeRows>().AddSingleton<GuaranteeChanges>();

    public void MapPages(PageRoutes pages)
    {
        pages.Get(Root, OperatorRole.Watch, Show);
        pages.Post(Root, OperatorRole.Administer, Enter);
        pages.Post(Root + "/{id}/approve", OperatorRole.Administer, Approve);
    }

    public void MapApi(RouteGroupBuilder api)
    {
        api.MapGet(Root, async (GuaranteeRows fund, CancellationToken stop) => TypedResults.Ok(new GuaranteeModel(
                Money.Cny, await fund.Balance(Money.Cny, stop), [.. (await fund.List(AdminApi.UsualSize, stop)).Select(GuaranteePaymentModel.Of)])))
            .WithTags(Tag).Watch("getGuarantee", "Shows what the guarantee fund has, and the last payments to it");

        api.MapPost(Payments, async (Body<NewGuaranteePayment> body, ClaimsPrincipal user, GuaranteeChanges changes) =>
            (await changes.Enter(body.Value.Amount, body.Value.Reason, user.AsOperator().Name)).ToAnswer(made => AdminApi.Created(GuaranteePaymentModel.Of(made))))
            .WithTags(Tag).Administer("addGuaranteePayment", "Says that own money was put into the reserve account for the fund")
            .WithDescription("It counts when another administrator has approved it.").Produces<GuaranteePaymentModel>(StatusCodes.Status201Created).Changes();

        api.MapPost(Payments + "/{id}/approve", async (string id, ClaimsPrincipal user, GuaranteeChanges changes) =>
            (await changes.Approve(id, user.AsOperator().Name)).ToAnswer(payment => TypedResults.Ok(GuaranteePaymentModel.Of(payment))))
            .WithTags(Tag).Administer("approveGuaranteePayment", "Approves a payment that somebody else has entered")
            .Produces<GuaranteePaymentModel>().ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> Show(HttpContext context, OpsPages pages, GuaranteeRows fund) => await pages.Show<FundPage>(context, new()
    {
        [nameof(FundPage.Balance)] = await fund.Balance(Money.Cny, context.RequestAborted),
        [nameof(FundPage.Payments)] = await fund.List(OpsPages.ListLength, context.RequestAborted),
    });

    private static async Task<IResult> Enter(HttpContext context, OpsPages pages, GuaranteeChanges changes)
    {
        var form = PageGuard.FormOf(context);
        return await Answer(context, pages, await changes.Enter(FormAmount.Parse(form["amount"].ToString()), form["reason"].ToString(), context.User.AsOperator().Name));
    }

    private static async Task<IResult> Approve(string id, HttpContext context, OpsPages pages, GuaranteeChanges changes) =>
        await Answer(context, pages, await changes.Approve(id, context.User.AsOperator().Name));

    private static async Task<IResult> Answer(HttpContext context, OpsPages pages, Result<GuaranteePayment> result) =>
        result.Refused is { } refused ? await pages.Refuse(context, "Guarantee fund", refused, OpsPages.Root + Root) : PageGuard.SeeOther(OpsPages.Root + Root);
}

internal sealed record NewGuaranteePayment(
    [property: Range(Money.MinBillAmount, Money.MaxBillAmount), Description("An integer in minor units (fen).")]
    long Amount,
    [property: Length(1, NewGuaranteePayment.Most), Description("Where it comes from, such as the bank's reference: 1 to 255 characters.")]
    string Reason)
{
    public const int Most = 255;
}

internal sealed record GuaranteeModel(
    string Currency,
    [property: Description("What the fund can still give, in minor units.")]
    long Available,
    [property: Description("The newest first.")]
    IReadOnlyList<GuaranteePaymentModel> Payments);

internal sealed record GuaranteePaymentModel(string Id, long Amount, string Currency, string Reason, string MadeBy, DateTimeOffset MadeAt,
    [property: Description("Missing: nobody yet, and no money counts.")] string? ApprovedBy,
    DateTimeOffset? ApprovedAt)
{
    public static GuaranteePaymentModel Of(GuaranteePayment payment) => new(
        Rrn.ToText(payment.Number), payment.Amount.Minor, payment.Amount.Currency, payment.Reason, payment.MadeBy, payment.MadeAt, payment.ApprovedBy, payment.ApprovedAt);
}
