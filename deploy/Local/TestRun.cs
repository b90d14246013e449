using System.Globalization;
using System.Xml.Linq;

namespace Lakala.Local;

/// <summary>
/// <c>./lakala test</c>: what the tests need, the format, and all test projects; the closing line is counted from their reports.
/// <c>./lakala test Model</c>: one project alone, without the format.
/// </summary>
public static class TestRun
{
    private const string Suffix = ".Tests";

    /// <param name="only">The project's name, with or without its suffix. Null: all of them.</param>
    /// <exception cref="SetupException">There is no such project.</exception>
    public static async Task<int> Run(string? only, CancellationToken stop)
    {
        var projects = Projects(only);
        await InstallTools(stop);
        var formatted = only is not null || await IsFormatted(stop);
        var reports = Path.Combine(Repository.Home, "test", "reports");
        if (Directory.Exists(reports))
        {
            Directory.Delete(reports, recursive: true);
        }

        var troubles = formatted ? new List<string>() : ["dotnet format --verify-no-changes found something to change"];
        var total = new Counts(0, 0, 0);
        foreach (var project in projects)
        {
            var name = Path.GetFileName(project);
            Console.WriteLine(name);
            var report = Path.Combine(reports, name + ".trx");
            var exit = await Command.Show(
                [Repository.Program(name), "--results-directory", reports, "--report-trx", "--report-trx-filename", name + ".trx"],
                workingDirectory: project,
                cancel: stop);
            var counts = File.Exists(report) ? Counts.Read(report) : new Counts(0, 0, 0);
            total += counts;
            if (exit != 0 && counts.Failed == 0)
            {
                troubles.Add($"{name} ended with exit code {exit}");
            }
        }

        foreach (var trouble in troubles)
        {
            Console.WriteLine($"FAILED: {trouble}");
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{total.Passed} passed, {total.Failed} failed, {total.Skipped} skipped"));
        return total.Failed == 0 && troubles.Count == 0 ? 0 : 1;
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

    private static async Task<bool> IsFormatted(CancellationToken stop)
    {
        Console.WriteLine("the format");
        return await Command.Show(["dotnet", "format", "--verify-no-changes"], workingDirectory: Repository.Root, cancel: stop) == 0;
    }

    private sealed record Counts(int Passed, int Failed, int Skipped)
    {
        public static Counts operator +(Counts one, Counts other) =>
            new(one.Passed + other.Passed, one.Failed + other.Failed, one.Skipped + other.Skipped);

        public static Counts Read(string report)
        {
            var counters = XDocument.Load(report).Descendants().Single(element => element.Name.LocalName == "Counters");
            int Of(string name) => (int?)counters.Attribute(name) ?? 0;
            var (total, passed) = (Of("total"), Of("passed"));
            var skipped = Of("notExecuted");
            return new Counts(passed, total - passed - skipped, skipped);
        }
    }
}
