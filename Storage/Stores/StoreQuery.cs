namespace Lakala.Storage.Stores;

/// <summary>The search: the stores nearest to a point, or those of an area. Without either, the first ones.</summary>
public sealed record StoreQuery(GeoPoint? Near, string? Region, string? District, int Limit);
