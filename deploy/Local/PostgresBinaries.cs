using System.Globalization;

namespace Lakala.Local;

/// <summary>PostgreSQL's programs on this machine; as root they are installed when they are missing.</summary>
public static class PostgresBinaries
{
    private const string Packages = "/usr/lib/postgresql";

    /// <summary>The folder of initdb, postgres and pgbench: of the distribution's newest version, otherwise one on the path.</summary>
    /// <exception cref="SetupException">There is none, and none could be installed.</exception>
    public static async Task<string> Find(CancellationToken cancel = default)
    {
        if (Installed() is { } folder)
        {
            return folder;
        }

        await DebianPackages.Install(["postgresql"], "to run a private database", Prepare, cancel);
        return Installed() ?? throw new SetupException($"the package postgresql is installed, but there is no initdb below {Packages}");
    }

    private static string? Installed()
    {
        var packaged = Directory.Exists(Packages) ? Directory.GetDirectories(Packages) : [];
        var onPath = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return packaged
            .OrderByDescending(Version)
            .Select(folder => Path.Combine(folder, "bin"))
            .Concat(onPath)
            .FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres")));
    }

    private static double Version(string folder) =>
        double.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var version) ? version : 0;

    // Without this Debian would make and start a cluster on the standard port.
    private static void Prepare()
    {
        const string settings = "/etc/postgresql-common/createcluster.d";
        Directory.CreateDirectory(settings);
        File.WriteAllText(Path.Combine(settings, "lakala.conf"), "create_main_cluster = false\n");
    }
}
