using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Lakala.Silo.Web;
using Lakala.Storage.Stores;

namespace Lakala.Silo.Merchants;

/// <summary><c>/v1/stores</c>: the stores where bills can be paid. Open to everybody, also from pages of other sites.</summary>
internal static class StoreEndpoints
{
    private const int UsualSize = 20;
    private const int MostStores = 50;

    public static void MapStores(this IEndpointRouteBuilder app)
    {
        var stores = app.MapGroup("/v1/stores").AllowAnonymous().WithTags("Stores")
            .AddEndpointFilter(app.ServiceProvider.GetRequiredService<StoreSearches>()).AddEndpointFilter(OpenToAll)
            .AddOpenApiOperationTransformer(static (operation, _, _) =>
            {
                operation.Security = [];
                return Task.CompletedTask;
            })
            .ProducesProblem(StatusCodes.Status429TooManyRequests)
            .ProducesProblem(StatusCodes.Status500InternalServerError)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        stores.MapGet("", Find).WithName("findStores")
            .WithSummary("Finds stores where a bill can be paid")
            .WithDescription("The nearest to a point, or those of an area. Needs no API key, and may be called from any page.")
            .Produces<ListModel<StoreModel>>()
            .ProducesProblem(StatusCodes.Status400BadRequest);
        stores.MapGet("/areas", Areas).WithName("listStoreAreas")
            .WithSummary("Lists the areas that have stores")
            .Produces<ListModel<StoreAreaModel>>();
    }

    private static async Task<IResult> Find(
        [Description("latitude,longitude in degrees (WGS 84): nearest first.")] string? near,
        [Description("Not with near.")] string? region,
        [Description("Not with near.")] string? district,
        [Range(1, MostStores), Description("From 1 to 50; default 20.")] int? limit,
        StoreFinder stores,
        CancellationToken stop)
    {
        GeoPoint? point = null;
        if (near is not null)
        {
            if (!GeoPoint.TryParse(near, out var parsed))
            {
                return Problems.Invalid("near", "near must be latitude,longitude in degrees, such as 31.2304,121.4737.");
            }

            if (region is not null || district is not null)
            {
                return Problems.Invalid("near", "Give near, or region and district, not both.");
            }

            point = parsed;
        }

        if (limit is < 1 or > MostStores)
        {
            return Problems.Invalid("limit", $"limit must be an integer from 1 to {MostStores}.");
        }

        var found = await stores.Find(new StoreQuery(point, region, district, limit ?? UsualSize), stop);
        return TypedResults.Ok(new ListModel<StoreModel>([.. found.Select(Show)], null));
    }

    private static async Task<IResult> Areas(StoreFinder stores, CancellationToken stop) => TypedResults.Ok(new ListModel<StoreAreaModel>(
        [.. (await stores.Areas(stop)).Select(area => new StoreAreaModel(area.Region, area.District, area.Stores))], null));

    private static StoreModel Show(StoreFound store) => new(
        store.Id,
        store.Name,
        store.NameZh,
        store.Chain,
        store.Region,
        store.District,
        store.Address,
        store.Place?.Latitude,
        store.Place?.Longitude,
        store.Hours,
        store.Phone,
        store.Metres,
        store.IsReady);

    private static async ValueTask<object?> OpenToAll(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var headers = context.HttpContext.Response.Headers;
        headers.AccessControlAllowOrigin = "*";
        headers.CacheControl = "public, max-age=10";
        return await next(context);
    }
}

internal sealed record StoreModel(
    string Id,
    string Name,
    string? NameZh,
    string? Chain,
    string? Region,
    string? District,
    string? Address,
    double? Latitude,
    double? Longitude,
    [property: Description("Opening hours in the store's own words.")]
    string? Hours,
    string? Phone,
    [property: Description("The distance from the point in near.")]
    int? DistanceMetres,
    [property: Description($"A terminal there was heard within the last {StoreFinder.ReadySeconds} seconds and reports no fault, and neither it nor the store is blocked: a bill can be paid there now.")]
    bool Ready);

internal sealed record StoreAreaModel(string Region, string District, int Stores);
