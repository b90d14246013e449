using System.Text.RegularExpressions;
using Lakala.Local;

namespace Lakala.Deploy.Tests;

/// <summary>Keeps docs/crash-points.md true: each test that it names exists where the link leads, and each crash-point test stands on it.</summary>
public sealed partial class CrashPointPageTests
{
    private const int Columns = 4;

    private static readonly string[][] Rows =
    [
        .. File.ReadLines(Path.Combine(Repository.Root, "docs", "crash-points.md"))
            .Where(line => line.StartsWith('|')).Skip(2)
            .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries)),
    ];

    public static TheoryData<string> Named => [.. Rows.SelectMany(row => row[^1].Split("<br>")).Select(test => TestName().Match(test).Groups[1].Value).Distinct()];

    [Theory]
    [MemberData(nameof(Named))]
    public void A_test_that_the_page_names_exists(string name)
    {
        var (file, method) = (name[..name.LastIndexOf('.')], name[(name.LastIndexOf('.') + 1)..]);

        TestsIn(file).Should().Contain(method);
    }

    [Fact]
    public void Every_row_is_whole_and_leads_to_its_test() => Rows.Should().NotBeEmpty().And.OnlyContain(row => IsWhole(row));

    [Theory]
    [InlineData("Grains.Tests/CrashPointTests")]
    [InlineData("EndToEnd.Tests/CrashPointTests")]
    [InlineData("Silo.Tests/Bank/LateAnswersTests")]
    [InlineData("Terminal.Tests/KilledTerminalTests")]
    public void Every_crash_point_test_stands_on_the_page(string file) =>
        Named.Select(row => row.Data).Should().Contain(TestsIn(file).Select(method => $"{file}.{method}"));

    private static bool IsWhole(string[] row) => row.Length == Columns && row.All(cell => cell.Length > 0) && row[^1].Split("<br>").All(test => TestName().IsMatch(test));

    private static IEnumerable<string> TestsIn(string file) =>
        TestMethod().Matches(File.ReadAllText(Path.Combine(Repository.Root, "tests", file + ".cs"))).Select(match => match.Groups[1].Value);

    [GeneratedRegex(@"^\[`((\w+\.Tests/[\w/]+)\.\w+)`\]\(\.\./tests/\2\.cs\)$")]
    private static partial Regex TestName();

    [GeneratedRegex(@"\[(?:Fact|Theory)[^\n]*\n(?:\s*\[[^\n]*\n)*\s*public (?:async Task|void|Task) (\w+)\(")]
    private static partial Regex TestMethod();
}
