using Lakala.Silo.Merchants;
using Lakala.Silo.Web;

namespace Lakala.Silo.MerchantPages;

/// <summary>Many orders are shipped at once, from a file.</summary>
internal static class ShippingEndpoints
{
    private const int MostFileBytes = 1024 * 1024, MostOtherFields = 16 * 1024;

    public static void MapShipping(this RouteGroupBuilder pages)
    {
        pages.MapGet("/ship", (Delegate)((HttpContext context) => MerchantRoom.Show<ShipManyPage>(context, []))).ForPeople();
        pages.MapPost("/ship", Ship).TakesForm(MostFileBytes + MostOtherFields).ForPeople();
    }

    private static async Task<IResult> Ship(HttpContext context, Parcels parcels)
    {
        var texts = MerchantRoom.TextsOf(context);
        if (PageGuard.FormOf(context).Files.GetFile("file") is not { Length: > 0 and <= MostFileBytes } file)
        {
            return await Refuse(texts.NoFile);
        }

        using var bytes = new MemoryStream((int)file.Length);
        await file.CopyToAsync(bytes, context.RequestAborted);
        var (csv, unreadable) = UploadedText.Read(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
        if (csv is null)
        {
            return await Refuse(unreadable!);
        }

        var (lines, fault) = ParcelFile.Read(csv, texts);
        if (fault is not null)
        {
            return await Refuse(fault);
        }

        var shipped = await parcels.Ship(context.User.Merchant().Id, lines, texts, context.RequestAborted);
        var count = shipped.Count(static line => line.IsShipped);
        var told = MerchantTexts.Fill(texts.ShipManyDone, count, shipped.Count);
        return await MerchantRoom.Show<ShipManyPage>(
            context,
            new() { [nameof(ShipManyPage.Lines)] = shipped },
            done: count == shipped.Count ? told : null,
            refusal: count == shipped.Count ? null : told);

        Task<IResult> Refuse(string why) => MerchantRoom.Show<ShipManyPage>(context, [], StatusCodes.Status400BadRequest, refusal: why);
    }
}
