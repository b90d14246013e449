using System.Globalization;

namespace Lakala.Local;

/// <summary>
/// <c>./lakala test</c>: installs the tools of the tests, then runs all test projects, several at a time, and checks the format; the last
/// line sums up their reports.
/// <c>./lakala test Model</c>: one project only, without the format check.
/// </summary>
public static class TestRun
{
    private const string Suffix = ".Tests";

    // Those that take the longest, begun first: what comes after them fills the processors while they wait.
    private static readonly string[] Longest = ["EndToEnd.Tests", "Chaos.Tests", "Terminal.Tests", "Model.Tests", "Storage.Tests", "Silo.Tests"];

    // Programs that live for seconds spend most of their time in the compiler: what is called rarely is compiled once, without a profile. A young
    // generation of 64 MiB is collected seldom; the silos and the bank set their own.
    private static readonly Dictionary<string, string> ShortLives = new()
    {
        ["DOTNET_TieredPGO"] = "0",
        ["DOTNET_TC_CallCountThreshold"] = "200",
        ["DOTNET_GCgen0size"] = "0x4000000",
    };

    // Two times what a busy machine of two cores needs. Who waits longer than this waits for a test that hangs.
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(55);

    // The end-to-end tests alone keep several programs busy: more at once win little, and on a slow machine handshakes and connections time out.
    private static int AtOnce => Environment.ProcessorCount;

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

        // It computes nothing, so it needs no place.
        Task<TestReport>[] format = only is null ? [CheckFormat(stop)] : [];
        using var places = new SemaphoreSlim(AtOnce);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(stop);
        bound.CancelAfter(Bound);
        var ends = await Task.WhenAll(format.Concat(projects.Select(async project =>
        {
            try
            {
                await places.WaitAsync(bound.Token);
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                return TestReport.WithoutTests([$"{Path.GetFileName(project)} has not begun: the run is limited to {Bound.TotalMinutes:0} minutes"]);
            }

            try
            {
                return await Run(project, reports, bound.Token, stop);
            }
            finally
            {
                places.Release();
            }
        })));

        // Last, so that the end of a log says what to do.
        foreach (var trouble in ends.SelectMany(end => end.Troubles))
        {
            Console.WriteLine($"FAILED: {trouble}");
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{ends.Sum(end => end.Passed)} passed, {ends.Sum(end => end.Failed)} failed, {ends.Sum(end => end.Skipped)} skipped"));
        return ends.All(end => end.Troubles.Count == 0) ? 0 : 1;
    }

    // The build enforces the style and the analyzers. It does not see white space, which ./lakala checks beside it, and the order of the usings.
    private static async Task<TestReport> CheckFormat(CancellationToken stop)
    {
        var whiteSpace = Environment.GetEnvironmentVariable("LAKALA_WHITE_SPACE") is { } said
            ? await File.ReadAllTextAsync(said, stop)
            : "white space has not been checked: only ./lakala test does so";
        var unordered = Repository.Sources().Where(file => !UsingOrder.Holds(File.ReadLines(file))).ToList();
        var found = string.Concat(whiteSpace, string.Join('\n', unordered.Select(file => $"{file}: the usings are not in order")));
        Say("format", found.Length == 0 ? "nothing to change" : found);
        return TestReport.WithoutTests(found.Length == 0 ? [] : ["`dotnet format` finds something to change"]);
    }

    private static async Task<TestReport> Run(string project, string reports, CancellationToken bound, CancellationToken stop)
    {
        var name = Path.GetFileName(project);
        var file = Path.Combine(reports, name + ".xml");
        var last = "";
        var isInterrupted = false;
        string end;
        try
        {
            var exit = await Tool.Follow(
                [Repository.Program(name), "--results-directory", reports, "--report-xunit-xml", "--report-xunit-xml-filename", name + ".xml"],
                line =>
                {
                    // A test that hangs makes the platform say the same line again and again; what failed before it must stay in sight.
                    if (Interlocked.Exchange(ref last, line) != line)
                    {
                        Say(name[..^Suffix.Length], line);
                    }
                },
                ShortLives,
                workingDirectory: project,
                cancel: bound);
            end = exit == 0 ? "" : $"{name} ended with exit code {exit}";
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            isInterrupted = true;
            end = $"{name} was interrupted: the run is limited to {Bound.TotalMinutes:0} minutes; the lines above say which test was active";
        }

        if (!File.Exists(file))
        {
            return TestReport.WithoutTests([$"{(end.Length > 0 ? end : $"{name} ended")} without a report"]);
        }

        // An exit code says nothing beside the failures that made it.
        var report = TestReport.Read(file);
        return end.Length == 0 || (!isInterrupted && report.Troubles.Count > 0) ? report : report with { Troubles = [.. report.Troubles, end] };
    }

    private static void Say(string who, string line)
    {
        if (line.Length > 0)
        {
            Console.WriteLine($"{who,-10} | {line}");
        }
    }

    private static List<string> Projects(string? only)
    {
        var all = Directory.GetDirectories(Path.Combine(Repository.Root, "tests"), "*" + Suffix)
            .OrderBy(project => Array.IndexOf(Longest, Path.GetFileName(project)) is >= 0 and var place ? place : Longest.Length)
            .ThenBy(project => project)
            .ToList();
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
        if (!File.Exists("/usr/bin/chromium-headless-shell"))
        {
            missing.Add("chromium-headless-shell");
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
            || (await Tool.Run(["/usr/bin/python3", "-c", "import cryptography"], cancel: stop)).ExitCode != 0)
        {
            missing.Add("python3-cryptography");
        }

        if (missing.Count > 0)
        {
            await DebianPackages.Install(missing, "for the tests", cancel: stop);
        }
    }
}
