using System.ComponentModel;
using System.Security.Claims;
using Lakala.Silo.Web;
using Lakala.Storage.Fleet;
using Lakala.Storage.Operators;
using Lakala.Storage.Stores;

namespace Lakala.Silo.Ops.Stores;

/// <summary>Stores: adding and changing them, and blocking and retiring them with their terminals.</summary>
internal sealed class StoresSlice : IOpsSlice
{
    private const string Root = OpsPages.Root + "/stores", Title = "Store", Tag = "Fleet";

    private static readonly (StoreChange Change, OperatorRole Least, string Summary)[] Changes =
    [
        (StoreChange.Block, OperatorRole.Act, "Blocks a store's terminals"),
        (StoreChange.Unblock, OperatorRole.Act, "Unblocks a store's terminals"),
        (StoreChange.Retire, OperatorRole.Administer, "Retires a store for good"),
    ];

    public void AddServices(IServiceCollection services) => services.AddSingleton<StoreChanges>();

    public void MapPages(PageRoutes pages)
    {
        pages.Get("/stores", OperatorRole.Administer, (HttpContext context, OpsPages page) => page.Show<NewStorePage>(context, []));
        pages.Get("/stores/{id}", OperatorRole.Watch, Show);
        pages.Post("/stores", OperatorRole.Administer, Put);
        foreach (var (change, least, _) in Changes)
        {
            pages.Post($"/stores/{{id}}/{StoreChangeText.Of(change)}", least, async (string id, HttpContext context, OpsPages page, StoreChanges changes) =>
                (await changes.Change(id, change, context.User.AsOperator().Name, context.RequestAborted)).Refused is { } refused
                    ? await page.Refuse(context, Title, refused, $"{Root}/{id}")
                    : PageGuard.SeeOther($"{Root}/{id}"));
        }
    }

    public void MapApi(RouteGroupBuilder api)
    {
        api.MapGet("/stores/{id}", async Task<IResult> (string id, FleetQueries fleet, CancellationToken stop) =>
            await fleet.FindStore(id, stop) is { } store ? StoreDetailModel.Answer(store) : Problems.NoSuch("store", id))
            .WithTags(Tag).Watch("getStore", "Shows a store").Produces<StoreDetailModel>().ProducesProblem(StatusCodes.Status404NotFound);

        api.MapPut("/stores/{id}", async (string id, Body<PutStore> body, ClaimsPrincipal user, StoreChanges changes, CancellationToken stop) =>
            (await changes.Put(body.Value.ToStore(id), user.AsOperator().Name, stop)).ToAnswer(StoreDetailModel.Answer))
            .WithTags(Tag).Administer("putStore", "Adds a store, or brings it up to date").Produces<StoreDetailModel>().Changes();

        foreach (var (change, least, summary) in Changes)
        {
            var text = StoreChangeText.Of(change);
            api.MapPost($"/stores/{{id}}/{text}", async (string id, ClaimsPrincipal user, StoreChanges changes, CancellationToken stop) =>
                (await changes.Change(id, change, user.AsOperator().Name, stop)).ToAnswer(StoreDetailModel.Answer))
                .WithTags(Tag).Named(least, text + "Store", summary).Produces<StoreDetailModel>().ProducesProblem(StatusCodes.Status404NotFound);
        }
    }

    private static async Task<IResult> Show(string id, HttpContext context, OpsPages pages, FleetQueries fleet, AlarmRows alarms, AuditLog audit, CancellationToken stop) =>
        await fleet.FindStore(id, stop) is not { } detail
            ? await pages.NotFound(context, "store", id)
            : await pages.Show<StorePage>(context, new()
            {
                [nameof(StorePage.Detail)] = detail,
                [nameof(StorePage.Count)] = await fleet.CountOf(id, stop),
                [nameof(StorePage.Alarms)] = await alarms.Of(id, OpsPages.ListLength, stop),
                [nameof(StorePage.Audit)] = await audit.List(id, null, OpsPages.ListLength, stop),
            });

    private static async Task<IResult> Put(HttpContext context, OpsPages pages, StoreChanges changes)
    {
        var form = PageGuard.FormOf(context);
        var store = StoreFields.Read(name => form[name]);
        var put = store.Refused is { } unread ? unread : await changes.Put(store.Value, context.User.AsOperator().Name, context.RequestAborted);
        return put.Refused is { } refused ? await pages.Refuse(context, Title, refused, Root) : PageGuard.SeeOther($"{Root}/{put.Value.Store.Id}");
    }
}

internal sealed record PutStore(
    [property: Description("How shoppers know it: 1 to 200 characters.")] string Name,
    [property: Description("Its share of the fee: 0 to 100.")] int CommissionPercent,
    string? NameZh = null,
    string? Chain = null,
    [property: Description("With district, or neither.")] string? Region = null,
    string? District = null,
    string? Address = null,
    [property: Description("WGS 84, with longitude, or neither.")] double? Latitude = null,
    double? Longitude = null,
    string? Hours = null,
    string? Phone = null)
{
    public Store ToStore(string id) => new(id, Name, CommissionPercent, NameZh, Chain, Region, District, Address, Latitude, Longitude, Hours, Phone);
}

internal sealed record StoreDetailModel(
    string Id,
    string Name,
    int CommissionPercent,
    string? NameZh,
    string? Chain,
    string? Region,
    string? District,
    string? Address,
    double? Latitude,
    double? Longitude,
    string? Hours,
    string? Phone,
    bool Blocked,
    DateTimeOffset? RetiredAt)
{
    public static IResult Answer(StoreDetail detail)
    {
        var (id, name, commission, nameZh, chain, region, district, address, latitude, longitude, hours, phone) = detail.Store;
        return TypedResults.Ok(new StoreDetailModel(
            id, name, commission, nameZh, chain, region, district, address, latitude, longitude, hours, phone, detail.Blocked, detail.RetiredAt));
    }
}
