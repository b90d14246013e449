using CsCheck;

namespace Lakala.Vocabulary.Tests;

public sealed class BackoffTests
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(2), Longest = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 4)]
    [InlineData(4, 32)]
    [InlineData(5, 60)]
    [InlineData(1_000_000, 60)]
    public void Pauses_double_up_to_the_longest(int tries, double seconds) =>
        new Backoff(First, Longest, Jitter: 0).PauseAfter(tries, 0.3).Should().Be(TimeSpan.FromSeconds(seconds));

    [Theory]
    [InlineData(0.5, 0, 1)]
    [InlineData(0.5, 0.5, 1.5)]
    [InlineData(1, 0, 0)]
    [InlineData(1, 0.25, 0.5)]
    public void Jitter_is_the_share_that_is_left_to_chance(double jitter, double random, double seconds) =>
        new Backoff(First, Longest, jitter).PauseAfter(0, random).Should().Be(TimeSpan.FromSeconds(seconds));

    [Fact]
    public void No_pause_is_longer_than_the_longest_or_shorter_than_jitter_allows() =>
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.Double[0, 1], Gen.Double[0, 1]).Sample((tries, jitter, random) =>
        {
            var pause = new Backoff(First, Longest, jitter).PauseAfter(tries, random);
            return pause <= Longest && pause >= First * (1 - jitter) - TimeSpan.FromTicks(1);
        });
}
