using Lakala.Storage.Stores;

namespace Lakala.Storage.Fleet;

/// <param name="Blocked">True: its terminals take no payment.</param>
public sealed record StoreDetail(Store Store, bool Blocked, DateTimeOffset? RetiredAt);
