namespace Lakala.Storage.Stores;

/// <summary>A store in the result of a search.</summary>
/// <param name="NameZh">Its Chinese name; null when it has only one name.</param>
/// <param name="Hours">Opening hours in the store's own words.</param>
/// <param name="Metres">The distance from the point of the search; null without a point.</param>
/// <param name="IsReady">A terminal there was heard within <see cref="StoreFinder.ReadyWithin"/>, reports no fault, and neither it nor the store is blocked, so a bill can be paid.</param>
public sealed record StoreFound(
    string Id,
    string Name,
    string? NameZh,
    string? Chain,
    string? Region,
    string? District,
    string? Address,
    GeoPoint? Place,
    string? Hours,
    string? Phone,
    int? Metres,
    bool IsReady);

/// <summary>A district with the number of its stores.</summary>
public sealed record StoreArea(string Region, string District, int Stores);
