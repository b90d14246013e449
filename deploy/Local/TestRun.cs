using System.Globalization;
using System.Xml.Linq;

namespace Lakala.Local;

/// <summary>
/// <c>./lakala test</c>: what the tests need, the format, and all test projects; the closing line is counted from their reports.
/// </summary>
public static class TestRun
{
    public static async Task<int> Run(CancellationToken stop)
    {
        await InstallTools(stop);
        Console.WriteLine("the format");
        var formatted = await Dotnet(["format", "--verify-no-changes"], stop);
        var reports = Path.Combine(Repository.Home, "test", "reports");
        if (Directory.Exists(reports))
        {
            Directory.Delete(reports, recursive: true);
        }

        var troubles = formatted ? new List<string>() : ["dotnet format --verify-no-changes found something to change"];
        var total = new Counts(0, 0, 0);
        foreach (var project in Directory.GetDirectories(Path.Combine(Repository.Root, "tests"), "*.Tests").Order())
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

    private static async Task InstallTools(CancellationToken stop)
    {
        await PostgresBinaries.Find(stop);
        var missing = new List<string>();
        if (!File.Exists("/usr/bin/chromium"))
        {
            missing.Add("chromium");
        }

        if (!File.Exists("/usr/bin/zbarimg"))
        {
            missing.Add("zbar-tools");
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

    private static async Task<bool> Dotnet(string[] arguments, CancellationToken stop) =>
        await Command.Show(["dotnet", .. arguments], workingDirectory: Repository.Root, cancel: stop) == 0;

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
