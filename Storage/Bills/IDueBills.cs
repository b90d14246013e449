namespace Lakala.Storage.Bills;

/// <summary>Finds due bills.</summary>
public interface IDueBills
{
    /// <summary>Open bills past their time that no counter holds. Closed bills are left out.</summary>
    Task<IReadOnlyList<long>> Expiring(int limit, CancellationToken stop);

    /// <summary>Open bills whose reminder is due. Bills past their time are left out.</summary>
    Task<IReadOnlyList<long>> Reminding(int limit, CancellationToken stop);
}
