using Lakala.Grains.Claims;
using Lakala.Rules.Claims;
using Lakala.Rules.Trades;
using Lakala.Silo.Merchants;
using Lakala.Silo.Web;
using Lakala.Storage;
using Lakala.Storage.Claims;
using Lakala.Vocabulary;

namespace Lakala.Silo.MerchantPages;

/// <summary>The claims of the merchant's shoppers, and its answers.</summary>
internal static class ClaimEndpoints
{
    private const int MostOtherFields = 64 * 1024, MostOfFiles = (EvidenceFile.MostOfSide * EvidenceFile.MostBytes) + MostOtherFields;

    public static void MapClaims(this RouteGroupBuilder pages)
    {
        pages.MapGet("/claims", List).ForPeople();
        pages.MapGet("/claims/{id}", Get).ForPeople();
        pages.MapGet("/claims/{id}/files/{side}/{place:int}", GetFile).ForPeople();
        pages.MapPost("/claims/{id}/files", AddFiles).TakesForm(MostOfFiles).ForPeople();
        pages.MapPost("/claims/{id}/agree", (string id, HttpContext context, Claims claims) => Take(id, context, claims, static _ => new ClaimStep.Agree(), needsText: false))
            .TakesForm().ForPeople();
        pages.MapPost("/claims/{id}/received", (string id, HttpContext context, Claims claims) => Take(id, context, claims, static _ => new ClaimStep.ConfirmReturn(), needsText: false))
            .TakesForm().ForPeople();
        pages.MapPost("/claims/{id}/return", (string id, HttpContext context, Claims claims) => Take(id, context, claims, static _ => new ClaimStep.AskBack(), needsText: true))
            .TakesForm().ForPeople();
        pages.MapPost("/claims/{id}/offer", (string id, HttpContext context, Claims claims) => Take(id, context, claims, ReadOffer, needsText: false)).TakesForm().ForPeople();
        pages.MapPost("/claims/{id}/refuse", (string id, HttpContext context, Claims claims) => Take(id, context, claims, static _ => new ClaimStep.Refuse(), needsText: true))
            .TakesForm(MostOfFiles).ForPeople();
    }

    public static string AddressOf(ClaimRow claim) => $"{MerchantRoom.Root}/claims/{Rrn.ToText(claim.Id)}";

    private static async Task<IResult> List(string? cursor, HttpContext context, Claims claims, CancellationToken stop)
    {
        long? before = null;
        if (!string.IsNullOrEmpty(cursor))
        {
            if (!Rrn.TryParse(cursor, out var last))
            {
                return await MerchantRoom.NotFound(context);
            }

            before = last;
        }

        var page = await claims.Rows.ListOfMerchant(context.User.Merchant().Id, null, null, before, MerchantRoom.ListLength + 1, stop);
        return await MerchantRoom.Show<ClaimsPage>(context, new()
        {
            [nameof(ClaimsPage.Claims)] = page.Take(MerchantRoom.ListLength).ToList(),
            [nameof(ClaimsPage.Next)] = page.Count > MerchantRoom.ListLength ? $"{MerchantRoom.Root}/claims?cursor={Rrn.ToText(page[MerchantRoom.ListLength - 1].Id)}" : null,
        });
    }

    private static async Task<IResult> Get(string id, HttpContext context, Claims claims) =>
        await Find(id, context, claims) is { } claim ? await Show(context, claims, claim) : await MerchantRoom.NotFound(context);

    private static async Task<IResult> GetFile(string id, string side, int place, HttpContext context, Claims claims, CancellationToken stop)
    {
        Side? whose = side == StateNames.Format(Side.Shopper) ? Side.Shopper : side == StateNames.Format(Side.Merchant) ? Side.Merchant : null;
        return await Find(id, context, claims) is { } claim && whose is { } of && await claims.Evidence.Read(claim.Id, of, place, stop) is { } file
            ? StrangersFile.Serve(context.Response, file.Type, file.Bytes, $"{Rrn.ToText(claim.Id)}-{side}-{place}")
            : await MerchantRoom.NotFound(context);
    }

    private static async Task<IResult> AddFiles(string id, HttpContext context, Claims claims)
    {
        if (await Find(id, context, claims) is not { } claim)
        {
            return await MerchantRoom.NotFound(context);
        }

        var texts = MerchantRoom.TextsOf(context);
        return await Add(context, claims, claim) is { } refusal ? await Refuse(context, claims, claim, refusal)
            : await Show(context, claims, claim, done: texts.FilesAdded);
    }

    /// <param name="read">Makes the step from the form; null: the amount is none.</param>
    private static async Task<IResult> Take(string id, HttpContext context, Claims claims, Func<IFormCollection, ClaimStep?> read, bool needsText)
    {
        if (await Find(id, context, claims) is not { } claim)
        {
            return await MerchantRoom.NotFound(context);
        }

        var (form, texts) = (PageGuard.FormOf(context), MerchantRoom.TextsOf(context));

        // A text area sends the ends of its lines.
        var text = form["text"].ToString().ReplaceLineEndings(" ").Trim();
        if (read(form) is not { } step)
        {
            return await Show(context, claims, claim, StatusCodes.Status400BadRequest, refusal: texts.BadOffer);
        }

        if (text.Length == 0 ? needsText : ClaimTexts.Refuse(text) is not null)
        {
            return await Show(context, claims, claim, StatusCodes.Status400BadRequest, refusal: texts.BadText);
        }

        // Before the move, so that the operators have them with the words.
        if (await Add(context, claims, claim) is { } refused)
        {
            return await Refuse(context, claims, claim, refused);
        }

        return await claims.Moves.Take(claim.Id, step, text.Length > 0 ? text : null) switch
        {
            { Claim: { } moved, Refusal: null } => await Show(context, claims, moved, done: texts.ClaimDone),
            { Claim: var now, Refusal: var why } => await Refuse(context, claims, now ?? claim, why ?? Refusal.TryLater),
        };
    }

    private static ClaimStep.MakeOffer? ReadOffer(IFormCollection form) =>
        OrderShown.ReadYuan(form["amount"].ToString()) is { } amount && new OfferToShopper(amount).Check() is null ? new ClaimStep.MakeOffer(amount) : null;

    /// <returns>Why one of the files is not added; null: all are, or there are none.</returns>
    private static async Task<Refusal?> Add(HttpContext context, Claims claims, ClaimRow claim)
    {
        foreach (var file in PageGuard.FormOf(context).Files.GetFiles("files").Where(static file => file.Length > 0))
        {
            if (file.Length > EvidenceFile.MostBytes)
            {
                return Refusal.EvidenceTooLarge;
            }

            using var bytes = new MemoryStream((int)file.Length);
            await file.CopyToAsync(bytes, context.RequestAborted);
            if ((await claims.Evidence.Add(claim.Id, Side.Merchant, bytes.ToArray())).Refusal is { } refusal)
            {
                return refusal;
            }
        }

        return null;
    }

    private static Task<ClaimRow?> Find(string id, HttpContext context, Claims claims) =>
        Merchants.ClaimEndpoints.Find(id, context.User, claims.Rows, context.RequestAborted);

    private static Task<IResult> Refuse(HttpContext context, Claims claims, ClaimRow claim, Refusal why) => Show(
        context, claims, claim, StatusCodes.Status409Conflict, refusal: MerchantTexts.Fill(MerchantRoom.TextsOf(context).Refusals(why), ""));

    private static async Task<IResult> Show(
        HttpContext context, Claims claims, ClaimRow claim, int status = StatusCodes.Status200OK, string? done = null, string? refusal = null) => await MerchantRoom.Show<ClaimPage>(
        context,
        new() { [nameof(ClaimPage.Row)] = claim, [nameof(ClaimPage.Files)] = await claims.Evidence.List(claim.Id, context.RequestAborted) },
        status,
        done,
        refusal);

    /// <summary>What the pages of claims read and move.</summary>
    internal sealed record Claims(ClaimRows Rows, EvidenceRows Evidence, ClaimMoves Moves);
}
