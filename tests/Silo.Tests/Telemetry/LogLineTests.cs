using System.Diagnostics;
using Lakala.Silo.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Silo.Tests.Telemetry;

public sealed class LogLineTests
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 3, 1, 8, 15, 0, 7, TimeSpan.Zero));

    [Fact]
    public void A_line_names_the_trace_in_which_it_is_written_and_of_the_scopes_nothing()
    {
        using var span = new Activity("swipe").Start();
        span.ActivityTraceFlags = ActivityTraceFlags.Recorded;

        Line("It is so.").Should().Be($"2026-03-01T08:15:00.007Z warn: Lakala.Silo.Sweeper[0] TraceId:{span.TraceId} It is so.\n");
    }

    [Fact]
    public void Without_a_trace_it_is_as_short_as_it_can_be_and_a_fault_stays_on_it() =>
        Line("It\nfailed.", new IOException("The line\nis down.")).Should().Be(
            "2026-03-01T08:15:00.007Z warn: Lakala.Silo.Sweeper[0] It failed. System.IO.IOException: The line is down.\n");

    [Fact]
    public void Control_characters_do_not_reach_the_screen_of_who_reads_it() =>
        Line("a\u001b[2Jb\u0000c\u009bd").Should().EndWith(" a [2Jb c d\n");

    private string Line(string text, Exception? fault = null)
    {
        var scopes = new LoggerExternalScopeProvider();
        using var scope = scopes.Push("RequestPath:/b/secret");
        using var output = new StringWriter { NewLine = "\n" };
        new LogLine(_clock).Write(new LogEntry<string>(LogLevel.Warning, "Lakala.Silo.Sweeper", 0, text, fault, (state, _) => state), scopes, output);
        return output.ToString();
    }
}
