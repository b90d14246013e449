namespace Lakala.Storage.Bills;

/// <summary>Finds bills whose time has come.</summary>
public interface IBillReader
{
    /// <summary>Open bills past their time that no counter holds. What is closed and past its time is not looked at again.</summary>
    Task<IReadOnlyList<long>> Expiring(int limit, CancellationToken stop);

    /// <summary>Open bills whose shoppers are to be reminded now. What is over by now is not looked at again.</summary>
    Task<IReadOnlyList<long>> Reminding(int limit, CancellationToken stop);
}
