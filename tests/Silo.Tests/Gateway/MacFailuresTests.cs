using Lakala.Silo.Gateway;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Silo.Tests.Gateway;

public sealed class MacFailuresTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly Lines _lines = new();

    [Fact]
    public void A_terminal_has_a_line_a_minute_with_the_number_since_the_last()
    {
        var failures = new MacFailures(_clock, _lines);
        for (var i = 0; i < 20; i++)
        {
            failures.Note("T0000001");
        }

        failures.Note("T0000002");
        _clock.Advance(TimeSpan.FromMinutes(1));
        failures.Note("T0000001");

        _lines.Select(line => line.Split(" more")[0]).Should().Equal("T0000001: 1", "T0000002: 1", "T0000001: 20");
    }

    [Fact]
    public void No_more_than_a_thousand_names_are_logged_in_a_minute()
    {
        var failures = new MacFailures(_clock, _lines);
        for (var i = 0; i < 3_000; i++)
        {
            failures.Note($"X{i:D7}");
        }

        _lines.Should().HaveCount(1_000);
        _clock.Advance(TimeSpan.FromMinutes(1));
        failures.Note("T0000001");
        _lines.Should().HaveCount(1_001);
    }

    private sealed class Lines : List<string>, ILogger<MacFailures>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Add(formatter(state, exception));
    }
}
