namespace Lakala.Vocabulary.Tests;

public sealed class BeijingTimeTests
{
    [Theory]
    [InlineData("2030-11-24T15:59:59Z", "2030-11-24")]
    [InlineData("2030-11-24T16:00:00Z", "2030-11-25")]
    [InlineData("2030-12-31T17:00:00+01:00", "2031-01-01")]
    public void The_books_have_the_calendar_of_China(string at, string date) =>
        BeijingTime.BusinessDate(DateTimeOffset.Parse(at, null)).Should().Be(DateOnly.Parse(date, null));
}
