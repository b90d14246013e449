using Lakala.Silo.Web;
using Lakala.Storage.Ledger;
using Lakala.Storage.Operators;
using Lakala.Vocabulary;

namespace Lakala.Silo.Ops.Books;

/// <summary>The trial balance.</summary>
internal sealed class BooksSlice : IOpsSlice
{
    public const int Days = 7;

    public void AddServices(IServiceCollection services) => services.AddSingleton<BookRows>();

    public void MapPages(PageRoutes pages) => pages.Get("/books", OperatorRole.Watch, Show);

    public void MapApi(RouteGroupBuilder api) => api.MapGet("/books", async (DateOnly? since, BookRows books, TimeProvider time, CancellationToken stop) =>
        TypedResults.Ok(new ListModel<BalanceModel>(
            [.. (await books.Totals(since ?? BeijingTime.BusinessDate(time.GetUtcNow()), stop)).Select(total => new BalanceModel(
                total.BusinessDate, total.Account, total.Currency, total.Debit, total.Credit))],
            null)))
        .WithTags("Watch").Watch("getBooks", "Shows the trial balance since a business date, today's when none is named");

    private static async Task<IResult> Show(HttpContext context, OpsPages pages, BookRows books, TimeProvider time)
    {
        var since = BeijingTime.BusinessDate(time.GetUtcNow()).AddDays(1 - Days);
        return await pages.Show<BooksPage>(context, new() { [nameof(BooksPage.Totals)] = await books.Totals(since, context.RequestAborted) });
    }
}

internal sealed record BalanceModel(DateOnly BusinessDate, string Account, string Currency, decimal Debit, decimal Credit);
