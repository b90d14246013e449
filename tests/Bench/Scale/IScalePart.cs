namespace Lakala.Bench.Scale;

/// <summary>One measurement of <c>bench scale</c>, in a network of its own.</summary>
internal interface IScalePart
{
    /// <summary>What it is called on the command line.</summary>
    string Name { get; }

    /// <summary>What it writes to the disk, at most.</summary>
    long DiskBytes { get; }

    /// <returns>Figures by name. <c>mismatches</c> of several parts are added up.</returns>
    Task<IReadOnlyDictionary<string, double>> Measure(CancellationToken stop);
}
