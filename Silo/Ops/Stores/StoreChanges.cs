using Lakala.Grains.Terminals;
using Lakala.Storage.Fleet;
using Lakala.Storage.Stores;

namespace Lakala.Silo.Ops.Stores;

/// <summary>Puts, blocks and retires stores.</summary>
internal sealed class StoreChanges(ProvisioningRows provisioning, FleetQueries fleet, IGrainFactory grains)
{
    private const int RefreshedAtOnce = 500;

    /// <summary>Adds the store, or brings it up to date.</summary>
    public async Task<Result<StoreDetail>> Put(Store store, string who, CancellationToken stop)
    {
        if (store.Fault() is { } fault)
        {
            return Refused.Invalid(null, fault + ".");
        }

        await provisioning.PutStores([store], who);
        return (await fleet.FindStore(store.Id, stop))!;
    }

    /// <summary>Its terminals take no payment while it is blocked; one that is retired does not come back.</summary>
    public async Task<Result<StoreDetail>> Change(string id, StoreChange change, string who, CancellationToken stop)
    {
        if (await provisioning.ChangeStore(id, change, who, stop) is not { } terminals)
        {
            return Refused.NotFound("store", id, $"There is no store {id}, or it is retired.");
        }

        foreach (var some in terminals.Chunk(RefreshedAtOnce))
        {
            await grains.RefreshTerminals(some);
        }

        return (await fleet.FindStore(id, stop))!;
    }
}
