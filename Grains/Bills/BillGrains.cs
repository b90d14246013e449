namespace Lakala.Grains.Bills;

/// <summary>Gives the flows the grains of bills.</summary>
public interface IBillGrains
{
    IBillGrain GetBill(long number);
}

/// <summary>The grain of a bill is that of its slot, at the caller's silo.</summary>
public sealed class BillGrains(IGrainFactory grains) : IBillGrains
{
    /// <summary>
    /// Enough that no slot is busy while a core is idle, and that the bound of one grain's calls is reached only after those of the
    /// commits and of the bank. Few enough that all of them stay activated.
    /// </summary>
    public const int Slots = 64;

    public static readonly GrainType Type = GrainType.Create(BillGrain.TypeName);

    // Not in the constructor: the host makes this before the silo knows its grains.
    private IBillGrain[]? _slots;

    public IBillGrain GetBill(long number) => (_slots ??= [.. Enumerable.Range(0, Slots).Select(slot => grains.GetGrain<IBillGrain>(slot))])[number % Slots];
}
