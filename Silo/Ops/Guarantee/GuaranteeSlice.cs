using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Lakala.Silo.Web;
using Lakala.Storage.Claims;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;

namespace Lakala.Silo.Ops.Guarantee;

/// <summary>The guarantee fund: what it has, and own money for it, which one administrator enters and another one approves.</summary>
internal sealed class GuaranteeSlice : IOpsSlice
{
    private const string Root = "/guarantee", Payments = Root + "/payments", Tag = "Guarantee";

    public void AddServices(IServiceCollection services) => services.AddSingleton<GuaranteeRows>();

    public void MapApi(RouteGroupBuilder api)
    {
        api.MapGet(Root, async (GuaranteeRows fund, CancellationToken stop) => TypedResults.Ok(new GuaranteeModel(
                Money.Cny, await fund.Balance(Money.Cny, stop), [.. (await fund.List(AdminApi.UsualSize, stop)).Select(GuaranteePaymentModel.Of)])))
            .WithTags(Tag).Watch("getGuarantee", "Shows what the guarantee fund has, and the last payments to it");

        api.MapPost(Payments, async Task<IResult> (Body<NewGuaranteePayment> body, ClaimsPrincipal user, GuaranteeRows fund, IRrnSource rrns) =>
        {
            if (body.Value.Check() is { } refusal)
            {
                return refusal;
            }

            var made = await fund.Propose(await rrns.Next(), new Money(body.Value.Amount, Money.Cny), body.Value.Reason, user.AsOperator().Name);
            return AdminApi.Created(GuaranteePaymentModel.Of(made));
        }).WithTags(Tag).Administer("addGuaranteePayment", "Says that own money was put into the reserve account for the fund")
            .WithDescription("It counts when another administrator has approved it.").Produces<GuaranteePaymentModel>(StatusCodes.Status201Created).Changes();

        api.MapPost(Payments + "/{id}/approve", async Task<IResult> (string id, ClaimsPrincipal user, GuaranteeRows fund) =>
            !Rrn.TryParse(id, out var number) ? Problems.NoSuch("payment", id)
            : await fund.Approve(number, user.AsOperator().Name) switch
            {
                { Payment: { } payment, Refusal: null } => TypedResults.Ok(GuaranteePaymentModel.Of(payment)),
                { Payment: null } => Problems.NoSuch("payment", id),
                _ => Problems.Conflict("You have entered this payment: another administrator has to approve it."),
            }).WithTags(Tag).Administer("approveGuaranteePayment", "Approves a payment that somebody else has entered")
            .Produces<GuaranteePaymentModel>().ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
    }
}

internal sealed record NewGuaranteePayment(
    [property: Range(Money.MinBillAmount, Money.MaxBillAmount), Description("An integer in minor units (fen).")]
    long Amount,
    [property: Length(1, NewGuaranteePayment.Most), Description("Where it comes from, such as the bank's reference: 1 to 255 characters.")]
    string Reason)
{
    public const int Most = 255;

    public Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult? Check() =>
        Amount is < Money.MinBillAmount or > Money.MaxBillAmount ? Problems.Invalid("amount", $"amount must be an integer in minor units from {Money.MinBillAmount} to {Money.MaxBillAmount}.")
        : string.IsNullOrWhiteSpace(Reason) || Reason.Length > Most || !PlainText.Is(Reason) ? Problems.Invalid("reason", $"reason must have 1 to {Most} characters, none of them a control or format character.")
        : null;
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
