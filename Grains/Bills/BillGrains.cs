namespace Lakala.Grains.Bills;

/// <summary>Gives the flows the grains of bills.</summary>
public interface IBillGrains
{
    IBillGrain GetBill(long number);
}

/// <summary>As <c>GetGrain</c>, without its reflection over the interface's attributes at every call.</summary>
public sealed class BillGrains(IGrainFactory grains) : IBillGrains
{
    private GrainReference? _any;

    public IBillGrain GetBill(long number)
    {
        var any = _any ??= (GrainReference)grains.GetGrain<IBillGrain>(number);
        return (IBillGrain)grains.GetGrain(GrainId.Create(any.GrainId.Type, GrainIdKeyExtensions.CreateIntegerKey(number)), any.InterfaceType);
    }
}
