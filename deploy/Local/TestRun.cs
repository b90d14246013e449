using System.Globalization;
using System.Xml.Linq;

namespace Lakala.Local;

/// <summary>
/// <c>./lakala test</c>: installs the tools of the tests, then runs the format check and all test projects in two parallel lanes; the last
/// line sums up their reports.
/// <c>./lakala test Model</c>: one project only, without the format check.
/// </summary>
public static class TestRun
{
    private const string Suffix = ".Tests";
    private const string Longest = "EndToEnd.Tests";

    /// <param name="only">The project's name, with or without its suffix. Null: all of them.</param>
    /// <exception cref="SetupException">There is no such project.</exception>
    public static async Task<int> Run(string? only, CancellationToken stop)
    {
        var projects = Projects(only);
        await InstallTools(stop);
        var reports = Path.Combine(Repository.Home, "test", "reports");
        if (Directory.Exists(reports))
        {
            Directory.Delete(reports, recursive: true);
        }

        // The end-to-end tests wait more than they compute, and take as long as all others together: so both run in parallel.
        var beside = projects.Where(project => Path.GetFileName(project) != Longest).ToList();
        var ends = await Task.WhenAll(
            only is null ? FormatAndRun(projects.Except(beside), reports, stop) : Run(projects.Except(beside), reports, stop),
            Run(beside, reports, stop));

        var troubles = ends.SelectMany(lane => lane.Troubles).ToList();
        foreach (var trouble in troubles)
        {
            Console.WriteLine($"FAILED: {trouble}");
        }

        var total = ends.Aggregate(new Counts(0, 0, 0), (sum, lane) => sum + lane.Counts);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{total.Passed} passed, {total.Failed} failed, {total.Skipped} skipped"));
        return total.Failed == 0 && troubles.Count == 0 ? 0 : 1;
    }

    // Not beside the end-to-end tests: one of them publishes the terminal, which rewrites files that the format check reads.
    private static async Task<Lane> FormatAndRun(IEnumerable<string> projects, string reports, CancellationToken stop)
    {
        var format = await Command.Run(["dotnet", "format", "--verify-no-changes"], workingDirectory: Repository.Root, cancel: stop);
        Say("format", format.ExitCode == 0 ? "nothing to change" : format.Output + format.Error);
        var lane = await Run(projects, reports, stop);
        return format.ExitCode == 0 ? lane : lane with { Troubles = [.. lane.Troubles, "dotnet format --verify-no-changes found something to change"] };
    }

    /// <summary>One project after the other.</summary>
    private static async Task<Lane> Run(IEnumerable<string> projects, string reports, CancellationToken stop)
    {
        var lane = new Lane([], new Counts(0, 0, 0));
        foreach (var project in projects)
        {
            var name = Path.GetFileName(project);
            var report = Path.Combine(reports, name + ".trx");
            var exit = await Command.Follow(
                [Repository.Program(name), "--results-directory", reports, "--report-trx", "--report-trx-filename", name + ".trx"],
                line => Say(name[..^Suffix.Length], line),
                workingDirectory: project,
                cancel: stop);
            var counts = File.Exists(report) ? Counts.Read(report) : new Counts(0, 0, 0);
            lane = new Lane(
                exit != 0 && counts.Failed == 0 ? [.. lane.Troubles, $"{name} ended with exit code {exit}"] : lane.Troubles,
                lane.Counts + counts);
        }

        return lane;
    }

    private static void Say(string who, string line)
    {
        if (line.Length > 0)
        {
            Console.WriteLine($"{who,-8} | {line}");
        }
    }

    private static List<string> Projects(string? only)
    {
        var all = Directory.GetDirectories(Path.Combine(Repository.Root, "tests"), "*" + Suffix).Order().ToList();
        if (only is null)
        {
            return all;
        }

        var name = only.EndsWith(Suffix, StringComparison.Ordinal) ? only : only + Suffix;
        return all.Find(project => Path.GetFileName(project) == name) is { } project
            ? [project]
            : throw new SetupException(
                $"there is no tests/{name}; there are {string.Join(", ", all.Select(path => Path.GetFileName(path)[..^Suffix.Length]))}");
    }

    private static async Task InstallTools(CancellationToken stop)
    {
        await PostgresBinaries.Find(stop);
        await PrometheusBinaries.Find(stop);
        var missing = new List<string>();
        if (!File.Exists("/usr/bin/chromium"))
        {
            missing.Add("chromium");
        }

        if (!File.Exists("/usr/bin/zbarimg"))
        {
            missing.Add("zbar-tools");
        }

        if (!File.Exists("/usr/bin/pdftoppm"))
        {
            missing.Add("poppler-utils");
        }

        if (!File.Exists("/usr/bin/aiosmtpd"))
        {
            missing.Add("python3-aiosmtpd");
        }

        if (!File.Exists("/usr/sbin/pgbouncer"))
        {
            missing.Add("pgbouncer");
        }

        if (!File.Exists("/usr/bin/tmux"))
        {
            missing.Add("tmux");
        }

        if (!File.Exists("/usr/bin/npm"))
        {
            missing.Add("npm");
        }

        if (!Directory.Exists("/usr/share/fonts/opentype/noto"))
        {
            missing.Add("fonts-noto-cjk");
        }

        if (!File.Exists("/usr/bin/python3")
            || (await Command.Run(["/usr/bin/python3", "-c", "import cryptography"], cancel: stop)).ExitCode != 0)
        {
            missing.Add("python3-cryptography");
        }

        if (missing.Count > 0)
        {
            await DebianPackages.Install(missing, "for the tests", cancel: stop);
        }
    }

    /// <summary>Test projects that run one after the other, beside the other lane.</summary>
    private sealed record Lane(IReadOnlyList<string> Troubles, Counts Counts);

    private sealed record Counts(int Passed, int Failed, int Skipped)
    {
        public static Counts operator +(Counts one, Counts other) =>
            new(one.Passed + other.Passed, one.Failed + other.Failed, one.Skipped + other.Skipped);

        public static Counts Read(string report)
        {
            var counters = XDocument.Load(report).Descendants().Single(element => element.Name.LocalName == "Counters");
            int Count(string name) => (int?)counters.Attribute(name) ?? 0;
            var (total, passed) = (Count("total"), Count("passed"));
            var skipped = Count("notExecuted");
            return new Counts(passed, total - passed - skipped, skipped);
        }
    }
}
