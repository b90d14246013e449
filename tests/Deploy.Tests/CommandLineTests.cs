using System.Text.RegularExpressions;
using Lakala.Local;

namespace Lakala.Deploy.Tests;

/// <summary>The verbs of <c>./lakala</c>: the script, its help, the README and the program name the same ones.</summary>
public sealed partial class CommandLineTests
{
    private static readonly string Script = File.ReadAllText(Path.Combine(Repository.Root, "lakala"));

    [Fact]
    public void The_help_and_the_readme_name_every_verb_that_the_script_knows()
    {
        string[] verbs = [.. CaseOfScript().Matches(Script).SelectMany(match => match.Groups[1].Value.Split(" | ")).Where(verb => verb != "help").Distinct().Order()];

        verbs.Should().HaveCountGreaterThan(8);
        VerbsIn(Script[Script.IndexOf("usage() {", StringComparison.Ordinal)..Script.IndexOf("LAKALA_HOME ", StringComparison.Ordinal)]).Should().Equal(verbs);
        VerbsIn(File.ReadAllText(Path.Combine(Repository.Root, "README.md"))).Should().Equal(verbs);
    }

    [Fact]
    public void The_verbs_that_the_script_gives_to_the_program_are_the_programs()
    {
        var line = Script.Split('\n').Single(line => line.Contains("program Local", StringComparison.Ordinal));

        CommandLine.DescribeVerbs().Subcommands.Select(verb => verb.Name)
            .Should().BeEquivalentTo(line[..line.IndexOf(')', StringComparison.Ordinal)].Split('|', StringSplitOptions.TrimEntries));
    }

    [Theory]
    [InlineData("up", "--silos", "0")]
    [InlineData("up", "--silos", "10")]
    [InlineData("up", "--silos", "many")]
    [InlineData("up", "--silo", "2")]
    [InlineData("demo", "twice")]
    [InlineData("test", "Model", "Wire")]
    [InlineData("start")]
    [InlineData()]
    public async Task A_line_that_is_not_understood_starts_nothing_and_says_where_help_is(params string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());

        var end = await CommandLine.Run(arguments, output, error, TestContext.Current.CancellationToken);

        end.Should().Be(CommandLine.UsageFault);
        output.ToString().Should().BeEmpty();
        error.ToString().Should().StartWith("lakala: ").And.EndWith($"lakala: ./lakala help lists the verbs{Environment.NewLine}");
    }

    [Theory]
    [InlineData("up", "--silos", "9")]
    [InlineData("up")]
    [InlineData("test")]
    [InlineData("test", "Model")]
    public void A_line_that_is_understood_has_no_faults(params string[] arguments) =>
        CommandLine.DescribeVerbs().Parse(arguments).Errors.Should().BeEmpty();

    private static IEnumerable<string> VerbsIn(string text) => Verb().Matches(text).Select(match => match.Groups[1].Value).Distinct().Order();

    [GeneratedRegex(@"^    ([a-z]+(?: \| [a-z]+)*)(?: \| -h \| --help)?\) ", RegexOptions.Multiline)]
    private static partial Regex CaseOfScript();

    [GeneratedRegex(@"^\./lakala ([a-z]+)", RegexOptions.Multiline)]
    private static partial Regex Verb();
}
