using Lakala.Local;

namespace Lakala.Deploy.Tests;

public sealed class TestReportTests
{
    [Fact]
    public void The_end_of_a_run_names_each_failure_also_of_a_cleanup()
    {
        var report = Read(
            """
            <assembly passed="75" failed="1" skipped="2" not-run="0" errors="1" total="78">
              <errors>
                <error type="test-class-cleanup" name="Till.Tests"><failure><message>Class fixture 'Till' threw in DisposeAsync
            ---- it is stuck</message></failure></error>
              </errors>
              <collection>
                <test name="Till.Tests.Opens" type="Till.Tests" result="Pass" />
                <test name="Till.Tests.Closes" type="Till.Tests" result="Fail"><failure><message>Expected closed.</message></failure></test>
              </collection>
            </assembly>
            """);

        (report.Passed, report.Failed, report.Skipped).Should().Be((75, 2, 2));
        report.Troubles.Should().Equal(
            "test-class-cleanup Till.Tests: Class fixture 'Till' threw in DisposeAsync ---- it is stuck",
            "Till.Tests.Closes: Expected closed.");
    }

    [Fact]
    public void A_run_in_which_all_fails_stays_short()
    {
        var failed = """<test name="T" result="Fail"><failure><message>""" + new string('x', 1_000) + "</message></failure></test>";

        var report = Read($"""<assembly passed="0" failed="50" skipped="0" errors="0">{string.Concat(Enumerable.Repeat(failed, 50))}</assembly>""");

        report.Failed.Should().Be(50);
        report.Troubles.Should().HaveCount(21).And.OnlyContain(line => line.Length < 400);
        report.Troubles[^1].Should().StartWith("and 30 more");
    }

    private static TestReport Read(string assembly)
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, $"<assemblies>{assembly}</assemblies>");
            return TestReport.Read(file);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
