namespace Lakala.Vocabulary.Tests;

public sealed class Rfc3339Tests
{
    [Theory]
    [InlineData("2030-11-24T15:59:59.9996Z", "2030-11-24T15:59:59Z", "2030-11-24T15:59:59.999Z")]
    [InlineData("2031-01-01T00:00:00+08:00", "2030-12-31T16:00:00Z", "2030-12-31T16:00:00.000Z")]
    public void Times_are_written_in_UTC_and_cut(string at, string seconds, string milliseconds)
    {
        var time = DateTimeOffset.Parse(at, null);

        Rfc3339.ToSeconds(time).Should().Be(seconds);
        Rfc3339.ToMilliseconds(time).Should().Be(milliseconds);
    }
}
