namespace Lakala.Local;

/// <summary>The folders of the sources, the built programs and the state of this checkout.</summary>
public static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The state folder: <c>$LAKALA_HOME</c>, otherwise <c>.lakala</c> in the checkout.</summary>
    public static string Home { get; } =
        Path.GetFullPath(Environment.GetEnvironmentVariable("LAKALA_HOME") is { Length: > 0 } home ? home : Path.Combine(Root, ".lakala"));

    /// <summary>The executable that was built for a project, in the configuration of the running program.</summary>
    /// <param name="project">The name of its folder.</param>
    /// <param name="checkout">The root folder of another checkout; null: of this one.</param>
    /// <exception cref="SetupException">It has not been built.</exception>
    public static string Program(string project, string? checkout = null)
    {
        var configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        var path = Path.Combine(checkout ?? Root, "artifacts", "bin", project, configuration, "Lakala." + project);
        return File.Exists(path) ? path : throw new SetupException($"{path} is not built: run `dotnet build -c Release`");
    }

    /// <summary>The sources of the checkout, without what a build makes.</summary>
    public static IEnumerable<string> Sources() =>
        Directory.EnumerateDirectories(Root)
            .Where(folder => Path.GetFileName(folder) is var name && name != "artifacts" && name[0] != '.')
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories));

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Lakala.sln")))
            {
                return folder.FullName;
            }
        }

        throw new SetupException($"no Lakala.sln above {AppContext.BaseDirectory}: run this from a checkout");
    }
}
