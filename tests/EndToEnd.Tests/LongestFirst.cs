using Lakala.EndToEnd.Tests;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(LongestFirst))]

namespace Lakala.EndToEnd.Tests;

/// <summary>Classes run four at a time. What takes the longest begins first, so that nothing is left alone at the end.</summary>
internal sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] Longest =
    [
        nameof(ClerkScreenTests), nameof(ClerkDayTests), nameof(GeneratedClientsTests), nameof(PackageTests), nameof(OpsNetwork), nameof(CrashPointTests),
        nameof(PrometheusTests), nameof(ShopperPageTests), nameof(CanaryTests), nameof(ShopperClusterTests), nameof(FaultTests),
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(Place).ThenBy(collection => collection.TestCollectionDisplayName, StringComparer.Ordinal)];

    private static int Place<TTestCollection>(TTestCollection collection)
        where TTestCollection : ITestCollection =>
        Array.FindIndex(Longest, name => collection.TestCollectionDisplayName.Contains(name, StringComparison.Ordinal)) is >= 0 and var place ? place : Longest.Length;
}
