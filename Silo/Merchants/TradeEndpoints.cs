using System.Security.Claims;
using System.Text;
using Lakala.Grains.Notices;
using Lakala.Grains.Trades;
using Lakala.Rules.Trades;
using Lakala.Silo.Web;
using Lakala.Storage;
using Lakala.Storage.Bills;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;

namespace Lakala.Silo.Merchants;

/// <summary>What a merchant does about the trade of an escrow bill.</summary>
internal static class TradeEndpoints
{
    public static void MapTrades(this IEndpointRouteBuilder api)
    {
        api.MapPost("/bills/{number}/ship", Ship).WithName("shipOrder").WithTags("Trades")
            .WithSummary("Says that the goods of an escrow bill were shipped")
            .WithDescription("The same data again gets the bill as it is, so that the call can be repeated. Other data corrects it, once; the time for the confirmation then starts again.")
            .Produces<BillModel>()
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status415UnsupportedMediaType);
        api.MapPost("/bills/{number}/extend", Extend).WithName("extendTime").WithTags("Trades")
            .WithSummary("Gives the shopper more time to confirm")
            .WithDescription("Once for each trade, up to 60 days after the shipping. The same days again get the bill as it is, so that the call can be repeated.")
            .Produces<BillModel>()
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status415UnsupportedMediaType);
    }

    private static async Task<IResult> Ship(string number, Body<ShipOrder> body, ClaimsPrincipal user, Commits commits, TradeMoves trades, BillPageAddress pages)
    {
        var order = body.Value;
        if (order.Check() is { } refusal)
        {
            return refusal;
        }

        if (await BillEndpoints.Find(number, user, commits) is not { } bill)
        {
            return Problems.NoSuch("bill", number);
        }

        var method = order.Method is { } named ? StateNames.ParseDeliveryMethod(named) : bill.Escrow?.Delivery ?? default;
        return Answer(await trades.Take(bill.Number, new TradeStep.Ship(new Shipping(method, order.Carrier, order.TrackingNumber))), bill, pages);
    }

    private static async Task<IResult> Extend(string number, Body<ExtendTime> body, ClaimsPrincipal user, Commits commits, TradeMoves trades, BillPageAddress pages) =>
        body.Value.Check() is { } refusal ? refusal
        : await BillEndpoints.Find(number, user, commits) is { } bill
            ? Answer(await trades.Take(bill.Number, new TradeStep.Extend(Side.Merchant, body.Value.Days)), bill, pages)
        : Problems.NoSuch("bill", number);

    private static IResult Answer(TradeOutcome outcome, BillRow bill, BillPageAddress pages) => outcome switch
    {
        { Row: { } row, Refusal: null } => TypedResults.Text(BillView.Json(row, pages), "application/json", Encoding.UTF8),
        _ => Problems.TradeRefused(outcome.Row ?? bill, outcome.Refusal ?? Refusal.TryLater),
    };
}
