using System.Text.RegularExpressions;
using Lakala.Deploy.Tests;
using Lakala.Local;
using Lakala.Testing;

namespace Lakala.EndToEnd.Tests;

/// <summary>A real Prometheus watches a real silo with the rules of <c>deploy/prometheus</c>.</summary>
public sealed partial class PrometheusTests(FragileNetwork network) : IClassFixture<FragileNetwork>
{
    // The rule itself waits 30 s, so that a short fault wakes nobody.
    private static readonly TimeSpan Bound = HangGuard.Bound;

    // Prometheus' own, of each target.
    private const string Up = "up";

    [Fact]
    public async Task Every_expression_is_understood_and_names_only_what_a_silo_exports_from_its_first_swipe_on()
    {
        var exported = await Exported();
        await using var prometheus = await PrometheusServer.Start(network.Local.Management);
        var expressions = (await prometheus.Rules()).Concat(Dashboard.Expressions).ToList();

        expressions.Should().HaveCountGreaterThan(30);
        foreach (var expression in expressions)
        {
            await prometheus.Query(expression);
            Names(expression).Should().NotBeEmpty(expression).And.BeSubsetOf(exported, expression);
        }
    }

    [Fact]
    public async Task Every_metric_of_the_runbook_is_one_that_a_silo_exports_from_its_first_swipe_on()
    {
        var exported = await Exported();
        var runbook = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "runbook.md"), Shop.Stop);

        var named = RunbookMetric().Matches(runbook).Select(match => match.Value).ToHashSet();

        named.Should().HaveCountGreaterThan(6).And.OnlyContain(name => exported.Contains(name) || exported.Contains(name + "_count"));
    }

    // The library's default buckets begin with 5 and are for milliseconds: every swipe would be in the first one.
    [Theory]
    [InlineData("lakala_swipe_duration_seconds")]
    [InlineData("lakala_bank_duration_seconds")]
    [InlineData("lakala_commit_duration_seconds")]
    public async Task Durations_are_told_in_steps_of_seconds(string histogram)
    {
        await Approved();
        using var http = new HttpClient();

        var metrics = await http.GetStringAsync(new Uri(network.Local.Management, "/metrics"), Shop.Stop);

        var steps = Step().Matches(metrics).Where(match => match.Groups[1].Value == histogram).Select(match => match.Groups[2].Value);
        steps.Should().Contain(["0.001", "0.1", "1", "10", "30", "+Inf"]).And.NotContain("10000");
    }

    [Fact]
    public async Task The_alert_of_the_bank_line_fires_while_the_bank_is_away_and_clears_when_it_is_back()
    {
        const string Rule = "LakalaBankLineDown";
        await using var prometheus = await PrometheusServer.Start(network.Local.Management);
        await Eventually.Is(() => prometheus.Query("lakala_bank_line_up"), values => values is [1], "the bank line is up");
        (await prometheus.Firing(Rule)).Should().BeEmpty();

        await network.Local.Bank.Crash();
        try
        {
            var firing = await Eventually.Is(() => prometheus.Firing(Rule), alerts => alerts.Count > 0, $"{Rule} fires", Bound);

            var alert = firing.Should().ContainSingle().Subject;
            alert.GetProperty("labels").GetProperty("severity").GetString().Should().Be("page");
            alert.GetProperty("annotations").GetProperty("summary").GetString().Should().Contain(network.Local.Management.Authority);
        }
        finally
        {
            await network.Local.StartBank(Shop.Stop);
            await network.UntilReady();
        }

        await Eventually.Is(() => prometheus.Firing(Rule), alerts => alerts.Count == 0, $"{Rule} clears");
    }

    private async Task<HashSet<string>> Exported()
    {
        await Approved();
        using var http = new HttpClient();
        var metrics = await http.GetStringAsync(new Uri(network.Local.Management, "/metrics"), Shop.Stop);
        return [.. Sample().Matches(metrics).Select(match => match.Groups[1].Value), Up];
    }

    private async Task Approved() =>
        (await network.Pay(await network.NewBill())).GetProperty("outcome").GetString().Should().Be("approved");

    /// <summary>The metrics of an expression: its words without strings, labels, times and built-in functions.</summary>
    private static HashSet<string> Names(string expression) =>
        [.. Word().Matches(NoMetric().Replace(expression, " ")).Select(match => match.Value).Except(["and", "or", "unless", "offset", "bool"])];

    [GeneratedRegex(@"\blakala_[a-z_]+[a-z]")]
    private static partial Regex RunbookMetric();

    [GeneratedRegex("""^([a-zA-Z_:][\w:]*)[{ ]""", RegexOptions.Multiline)]
    private static partial Regex Sample();

    [GeneratedRegex("""^(\w+)_bucket\{[^}]*le="([^"]+)"[^}]*\}""", RegexOptions.Multiline)]
    private static partial Regex Step();

    [GeneratedRegex("""\{[^}]*\}|\[[^\]]*\]|\b(by|without|on|ignoring)\s*\([^)]*\)""")]
    private static partial Regex NoMetric();

    // Functions are followed by a bracket; what begins with a digit is a number or a time.
    [GeneratedRegex("""(?<![\w:])[a-zA-Z_:][\w:]*(?![\w:]*\s*\()""")]
    private static partial Regex Word();
}
