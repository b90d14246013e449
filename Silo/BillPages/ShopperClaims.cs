using System.Globalization;
using Lakala.Grains.Claims;
using Lakala.Grains.Trades;
using Lakala.Rules.Claims;
using Lakala.Rules.Trades;
using Lakala.Silo.Web;
using Lakala.Storage;
using Lakala.Storage.Bills;
using Lakala.Storage.Claims;
using Lakala.Vocabulary;

namespace Lakala.Silo.BillPages;

/// <summary>What the shopper of an escrow bill does about a claim, in a session that a code has opened.</summary>
internal sealed class ShopperClaims(ShopperSession session, TradeMoves trades, ClaimMoves moves, ClaimRows claims, EvidenceRows evidence)
{
    /// <summary>The most of a request with files.</summary>
    public const long MostOfAClaim = ((long)EvidenceFile.MostBytes * EvidenceFile.MostOfSide) + (64 * 1024);

    private const int MostText = 1000, MostParcel = 64;

    private static readonly Dictionary<string, ClaimKind> Kinds = Enum.GetValues<ClaimKind>().ToDictionary(StateNames.Format);

    /// <summary>Shows the form. From now on the money is not released for half an hour.</summary>
    public Task<IResult> Begin(HttpContext context, BillRow bill) => session.Take(context, bill, async () =>
        StepEnd.Of(bill.Trade is { IsOver: false } ? (await trades.Take(bill.Number, new TradeStep.Lease())).Refusal : null, Told.ClaimForm));

    public Task<IResult> Open(HttpContext context, BillRow bill) => session.Take(context, bill, async () =>
    {
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var (reason, amount) = (Text(form, "reason", MostText), form["amount"].ToString().Trim());
        if (reason is null || !Kinds.TryGetValue(form["kind"].ToString(), out var kind) || !TryReadAmount(amount, out var minor))
        {
            return StepEnd.Done(Told.ClaimIncomplete);
        }

        var opened = await moves.Open(bill.Number, kind, minor, reason);
        return opened.Refusal is { } refusal ? StepEnd.Refused(refusal) : await Add(form, opened.Claim!.Id) ?? StepEnd.Done(Told.ClaimSent);
    });

    public Task<IResult> AddFiles(HttpContext context, BillRow bill) => Move(context, bill, async (claim, form) => await Add(form, claim.Id) ?? StepEnd.Done(Told.FilesAdded));

    public Task<IResult> Accept(HttpContext context, BillRow bill) => Take(context, bill, static _ => new ClaimStep.AcceptOffer());

    public Task<IResult> Withdraw(HttpContext context, BillRow bill) => Take(context, bill, static _ => new ClaimStep.Withdraw());

    public Task<IResult> Escalate(HttpContext context, BillRow bill) =>
        Take(context, bill, static form => Text(form, "text", MostText) is null ? null : new ClaimStep.Escalate(), static form => Text(form, "text", MostText));

    public Task<IResult> SendBack(HttpContext context, BillRow bill) => Take(
        context,
        bill,
        static form => Text(form, "carrier", MostParcel) is { } carrier && Text(form, "number", MostParcel) is { } number
            ? new ClaimStep.SendBack(new ReturnParcel(carrier, number))
            : null);

    /// <summary>One file of either side, for the shopper of the claim alone. The browser neither guesses what it is nor runs anything in it.</summary>
    public async Task<IResult> ShowFile(HttpContext context, BillRow bill, string id, string of, int place)
    {
        if (!await session.IsOpen(context, bill)
            || !Rrn.TryParse(id, out var claim)
            || (await claims.ListOfBill(bill.Number, context.RequestAborted)).All(one => one.Id != claim)
            || of is not ("shopper" or "merchant")
            || await evidence.Read(claim, StateNames.ParseSide(of), place, context.RequestAborted) is not { } file)
        {
            return Problems.NoSuchPage();
        }

        return StrangersFile.Serve(context.Response, file.Type, file.Bytes, $"{id}-{of}-{place}");
    }

    private Task<IResult> Take(HttpContext context, BillRow bill, Func<IFormCollection, ClaimStep?> read, Func<IFormCollection, string?>? words = null) =>
        Move(context, bill, async (claim, form) => read(form) is not { } step
            ? StepEnd.Done(Told.ClaimIncomplete)
            : StepEnd.Of((await moves.Take(claim.Id, step, words?.Invoke(form))).Refusal, Told.ClaimMoved));

    private Task<IResult> Move(HttpContext context, BillRow bill, Func<ClaimRow, IFormCollection, Task<StepEnd>> act) => session.Take(context, bill, async () =>
        (await claims.ListOfBill(bill.Number, context.RequestAborted)) is [.., { Claim.IsOver: false } open]
            ? await act(open, await context.Request.ReadFormAsync(context.RequestAborted))
            : StepEnd.Refused(Refusal.ClaimOver));

    // The first file that is refused ends it: those before it are there.
    private async Task<StepEnd?> Add(IFormCollection form, long claim)
    {
        foreach (var file in form.Files.Where(static file => file.Length > 0))
        {
            var bytes = new byte[Math.Min(file.Length, EvidenceFile.MostBytes + 1)];
            await using (var content = file.OpenReadStream())
            {
                await content.ReadExactlyAsync(bytes);
            }

            if ((await evidence.Add(claim, Side.Shopper, bytes)).Refusal is { } refusal)
            {
                return StepEnd.Refused(refusal);
            }
        }

        return null;
    }

    private static string? Text(IFormCollection form, string name, int most) =>
        form[name].ToString().Trim() is { Length: > 0 } text && text.Length <= most && !RequestGuard.HasControl(text) ? text : null;

    // Yuan with at most two decimals, as they stand on the page.
    private static bool TryReadAmount(string text, out long? minor)
    {
        minor = null;
        if (text.Length == 0)
        {
            return true;
        }

        if (!decimal.TryParse(text.Replace("¥", "", StringComparison.Ordinal), NumberStyles.AllowDecimalPoint | NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var yuan)
            || yuan is <= 0 or > 1_000_000_000
            || yuan * 100 != decimal.Truncate(yuan * 100))
        {
            return false;
        }

        minor = (long)(yuan * 100);
        return true;
    }
}
