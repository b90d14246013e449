using System.Globalization;
using System.Xml.Linq;

namespace Lakala.Local;

/// <summary>What one job of the test run says at its end.</summary>
/// <param name="Failed">Tests that failed, and fixtures that could not be cleaned up.</param>
/// <param name="Troubles">A line for each failure: its name and how its message begins. Empty: all is well.</param>
/// <remarks>
/// The report is xUnit's own. The report of the testing platform (TrxReport 2.5.2 with xUnit 4.0.2) is not written at all when a fixture's
/// cleanup fails, and then nothing says which one.
/// </remarks>
public sealed record TestReport(int Passed, int Failed, int Skipped, IReadOnlyList<string> Troubles)
{
    private const int MostTroubles = 20, LongestTrouble = 300;

    public static TestReport WithoutTests(IReadOnlyList<string> troubles) => new(0, 0, 0, troubles);

    /// <param name="file">xUnit's XML report of one program.</param>
    public static TestReport Read(string file)
    {
        var assembly = XDocument.Load(file).Descendants("assembly").Single();
        int Count(string name) => int.Parse(assembly.Attribute(name)!.Value, CultureInfo.InvariantCulture);
        var failures = assembly.Descendants("failure").Select(failure => Trouble(failure.Parent!, failure)).ToList();
        return new TestReport(
            Count("passed"),
            Count("failed") + Count("errors"),
            Count("skipped"),
            failures.Count <= MostTroubles ? failures : [.. failures.Take(MostTroubles), $"and {failures.Count - MostTroubles} more, see {file}"]);
    }

    private static string Trouble(XElement failed, XElement failure)
    {
        var message = string.Join(' ', (failure.Element("message")?.Value ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        // A test's name holds its class; an error has the kind of its moment, such as test-class-cleanup.
        var kind = failed.Name == "error" ? (string?)failed.Attribute("type") + " " : "";
        var line = $"{kind}{(string?)failed.Attribute("name")}: {message}";
        return line.Length <= LongestTrouble ? line : line[..LongestTrouble] + "..";
    }
}
