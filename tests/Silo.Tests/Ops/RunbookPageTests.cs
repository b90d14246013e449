using Lakala.Silo.Ops.Alarms;
using Lakala.Storage.Fleet;

namespace Lakala.Silo.Tests.Ops;

/// <summary>The runbook as the silo serves it.</summary>
public sealed class RunbookPageTests
{
    [Fact]
    public void Every_alarm_leads_to_a_section_of_the_runbook()
    {
        AlarmKind.All.Should().OnlyContain(kind => Runbook.Own.Has(kind.Section));
        Runbook.Own.Sections.Should().Contain(new RunbookSection("a-terminal-stays-outcome-unknown", "A terminal stays \"outcome unknown\""));
        Runbook.Own.Has("").Should().BeFalse();
        Runbook.Own.Html.Value.Should().Contain("<h3 id=\"4-make-it-the-cluster-again\">").And.Contain("<table>").And.NotContain("<h1").And.NotContain("operations.md\"");
    }

    [Fact]
    public void The_runbook_is_shown_without_HTML_of_its_own_and_leads_to_nothing_that_is_not_served()
    {
        var html = Runbook.Parse(
            """
            # Title

            <script>alert(1)</script> and <b onclick="x()">bold</b>

            ## What to do

            [script](javascript:alert) [file](../deploy/README.md) [page](https://example.com/) [down](#what-to-do)
            """).Html.Value;

        html.Should().Contain("&lt;script&gt;").And.NotContain("<script").And.NotContain("<b ").And.NotContain("<h1");
        html.Should().Contain("script file <a href=\"https://example.com/\">page</a> <a href=\"#what-to-do\">down</a>");
    }
}
