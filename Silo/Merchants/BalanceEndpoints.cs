using System.Buffers.Text;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Security.Claims;
using System.Text;
using Lakala.Silo.Web;
using Lakala.Storage.Ledger;
using Lakala.Vocabulary;

namespace Lakala.Silo.Merchants;

/// <summary><c>/v1/balance</c></summary>
internal static class BalanceEndpoints
{
    public static void MapBalance(this IEndpointRouteBuilder api)
    {
        api.MapGet("/balance", Get).WithName("getBalance").WithTags("Balance")
            .WithSummary("Shows what you have")
            .Produces<BalanceModel>();
        api.MapGet("/balance/entries", List).WithName("listBalanceEntries").WithTags("Balance")
            .WithSummary("Lists what has changed your available money, newest first")
            .WithDescription("What is posted while you read comes at the top. An entry never changes, and none leaves the list.")
            .Produces<ListModel<BalanceEntryModel>>()
            .ProducesProblem(StatusCodes.Status400BadRequest);
    }

    /// <summary>The cursor of the page after this entry.</summary>
    public static string Write(BalanceEntry last) => Base64Url.EncodeToString(
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{last.At.UtcTicks}.{last.Number}.{last.Kind}")));

    public static bool TryRead(string cursor, out EntryCursor after)
    {
        after = default;
        if (!Base64Url.IsValid(cursor)
            || Encoding.ASCII.GetString(Base64Url.DecodeFromChars(cursor)).Split('.') is not [var ticks, var number, { Length: > 0 } kind]
            || !kind.All(static one => one is '_' or (>= 'a' and <= 'z'))
            || !long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            || !long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var entry)
            || at > DateTime.MaxValue.Ticks
            || entry == long.MaxValue)
        {
            return false;
        }

        after = new EntryCursor(new DateTimeOffset(at, TimeSpan.Zero), entry, kind);
        return true;
    }

    private static async Task<BalanceModel> Get(ClaimsPrincipal user, BalanceRows balances, CancellationToken stop)
    {
        var balance = await balances.Read(user.Merchant().Id, Money.Cny, stop);
        return new BalanceModel(Money.Cny, balance.Available, balance.Held, balance.Frozen, balance.Owed, balance.RefundsOut);
    }

    private static async Task<IResult> List(
        [Range(1, Paging.MaxSize), Description("From 1 to 100; default 20.")] int? limit,
        [Description("next_cursor of the previous page.")] string? cursor,
        ClaimsPrincipal user,
        BalanceRows balances,
        CancellationToken stop)
    {
        if (Paging.Refuse(limit) is { } refusal)
        {
            return refusal;
        }

        EntryCursor after = default;
        if (cursor is not null && !TryRead(cursor, out after))
        {
            return Paging.UnknownCursor();
        }

        var size = limit ?? Paging.UsualSize;
        var entries = await balances.List(user.Merchant().Id, Money.Cny, cursor is null ? null : after, size + 1, stop);
        return TypedResults.Ok(new ListModel<BalanceEntryModel>(
            [.. entries.Take(size).Select(BalanceEntryModel.Of)], entries.Count > size ? Write(entries[size - 1]) : null));
    }
}
