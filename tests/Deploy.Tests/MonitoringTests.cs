using Lakala.Local;
using Lakala.Silo.Ops.Alarms;
using YamlDotNet.RepresentationModel;

namespace Lakala.Deploy.Tests;

/// <summary>Checks the files of <c>deploy/prometheus</c> and <c>deploy/grafana</c> with Prometheus' own tool, without a server.</summary>
public sealed class MonitoringTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "deploy", "prometheus");

    private static readonly YamlMappingNode[] Rules =
        [.. Nodes(Nodes(Document("lakala.rules.yml"), "groups").Single(), "rules")];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("check", "config", "prometheus.yml")]
    [InlineData("check", "rules", "lakala.rules.yml")]
    [InlineData("test", "rules", "lakala.rules.test.yml")]
    public Task Promtool_takes(string verb, string what, string file) => Promtool(verb, what, Path.Combine(Folder, file));

    [Fact]
    public void Every_rule_is_tried_as_it_fires_and_as_it_does_not()
    {
        var tried = Nodes(Document("lakala.rules.test.yml"), "tests").SelectMany(test => Nodes(test, "alert_rule_test"))
            .ToLookup(test => Text(test, "alertname"), test => Nodes(test, "exp_alerts").Any());

        tried.Select(rule => rule.Key).Should().BeEquivalentTo(Rules.Select(rule => Text(rule, "alert")));
        tried.Should().OnlyContain(rule => rule.Contains(true) && rule.Contains(false));
    }

    [Fact]
    public void Every_rule_says_how_urgent_it_is_what_to_do_and_where_the_runbook_has_more()
    {
        var address = File.ReadAllLines(Path.Combine(Repository.Root, "deploy", "systemd", "silo.env.example"))
            .Single(line => line.StartsWith("Http__PublicUrl=", StringComparison.Ordinal))["Http__PublicUrl=".Length..];
        var sections = Runbook.Own.Sections.Select(section => $"{address}/ops/runbook/{section.Name}").ToList();

        Rules.Select(rule => Text(rule, "labels", "severity")).Should().BeSubsetOf(["page", "ticket"]);
        Rules.Select(rule => Text(rule, "annotations", "summary")).Should().NotContain("").And.OnlyHaveUniqueItems();
        Rules.Select(rule => Text(rule, "annotations", "action")).Should().NotContain("");
        Rules.Select(rule => Text(rule, "annotations", "runbook_url")).Should().BeSubsetOf(sections);
    }

    [Fact]
    public async Task Every_expression_of_the_dashboard_is_one()
    {
        var file = Path.Combine(Path.GetTempPath(), $"lakala-{Guid.NewGuid():N}.yml");
        var rules = Dashboard.Expressions.Select((expression, number) => $"      - record: panel_{number}\n        expr: '{expression.Replace("'", "''")}'");
        await File.WriteAllTextAsync(file, $"groups:\n  - name: dashboard\n    rules:\n{string.Join('\n', rules)}\n", Stop);
        try
        {
            await Promtool("check", "rules", file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void The_dashboard_asks_the_source_that_is_chosen_and_its_panels_lie_side_by_side()
    {
        var variable = Dashboard.Json.GetProperty("templating").GetProperty("list").EnumerateArray().Single();
        variable.GetProperty("type").GetString().Should().Be("datasource");
        variable.GetProperty("query").GetString().Should().Be("prometheus");
        var chosen = $"${{{variable.GetProperty("name").GetString()}}}";
        Dashboard.Panels.Concat(Dashboard.Targets).Select(part => part.GetProperty("datasource").GetProperty("uid").GetString())
            .Should().OnlyContain(source => source == chosen);

        Dashboard.Panels.Select(panel => panel.GetProperty("id").GetInt32()).Should().OnlyHaveUniqueItems();
        var cells = Dashboard.Panels.Select(panel => panel.GetProperty("gridPos")).SelectMany(
            place => from x in Enumerable.Range(Of(place, "x"), Of(place, "w"))
                     from y in Enumerable.Range(Of(place, "y"), Of(place, "h"))
                     select (x, y)).ToList();
        cells.Should().OnlyHaveUniqueItems().And.OnlyContain(cell => cell.x < 24);

        static int Of(System.Text.Json.JsonElement place, string side) => place.GetProperty(side).GetInt32();
    }

    private static async Task Promtool(params string[] arguments)
    {
        var folder = await PrometheusBinaries.Find(Stop);
        var verdict = await Tool.Run([Path.Combine(folder, "promtool"), .. arguments], cancel: Stop);
        verdict.ExitCode.Should().Be(0, verdict.Output + verdict.Error);
    }

    private static YamlMappingNode Document(string file)
    {
        var stream = new YamlStream();
        using var reader = File.OpenText(Path.Combine(Folder, file));
        stream.Load(reader);
        return (YamlMappingNode)stream.Documents.Single().RootNode;
    }

    private static IEnumerable<YamlMappingNode> Nodes(YamlMappingNode from, string name) => ((YamlSequenceNode)from[name]).Cast<YamlMappingNode>();

    private static string Text(YamlNode from, params string[] path) => ((YamlScalarNode)path.Aggregate(from, (node, name) => node[name])).Value!;
}
