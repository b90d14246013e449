using System.Globalization;

namespace Lakala.Model.Tests;

/// <summary>Tests the model itself: for each broken rule a few runs show the harm.</summary>
public sealed class MutationTests
{
    private const int MostSeeds = 3_000;

    [Theory]
    [MemberData(nameof(Mutations))]
    public void A_broken_rule_is_seen_by_its_harm(Mutation broken)
    {
        Seeds.SkipWhenRepeating();
        var found =
            from seed in Enumerable.Range(1, MostSeeds)
            from configuration in Configuration.All
            let violation = Run.Of(configuration, seed, broken).Violation
            where violation is not null
            select string.Create(CultureInfo.InvariantCulture, $"{configuration} {seed}: {violation}");

        var first = found.FirstOrDefault();

        first.Should().NotBeNull($"{broken} does harm");
        TestContext.Current.TestOutputHelper!.WriteLine(first!);
    }

    public static TheoryData<Mutation> Mutations => [.. Enum.GetValues<Mutation>().Where(mutation => mutation != Mutation.None)];
}
