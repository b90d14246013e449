using Orleans.GrainDirectory;

namespace Lakala.Grains.Bills;

/// <summary>
/// The directory of grains that each silo has for itself. Orleans looks every grain up before it places it: in its own directory the
/// part with a grain may be at another silo, or at a dead one.
/// </summary>
public sealed class NoDirectory : IGrainDirectory
{
    public const string Name = "none";

    public Task<GrainAddress?> Lookup(GrainId grainId) => Task.FromResult<GrainAddress?>(null);

    public Task<GrainAddress?> Register(GrainAddress address) => Task.FromResult<GrainAddress?>(address);

    public Task Unregister(GrainAddress address) => Task.CompletedTask;

    public Task UnregisterSilos(List<SiloAddress> siloAddresses) => Task.CompletedTask;
}
