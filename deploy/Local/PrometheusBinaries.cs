namespace Lakala.Local;

/// <summary>Prometheus' programs on this machine, for the tests; as root they are installed when they are missing.</summary>
public static class PrometheusBinaries
{
    private const string Policy = "/usr/sbin/policy-rc.d", Units = "/etc/systemd/system";

    private const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>The folder of prometheus and promtool.</summary>
    /// <exception cref="SetupException">There is none, and none could be installed.</exception>
    public static async Task<string> Find(CancellationToken cancel = default)
    {
        if (Installed() is { } folder)
        {
            return folder;
        }

        var isPolicyOurs = !File.Exists(Policy);
        try
        {
            await DebianPackages.Install(["prometheus"], "to test the alert rules", () => Prepare(isPolicyOurs), cancel);
        }
        finally
        {
            if (isPolicyOurs)
            {
                File.Delete(Policy);
            }
        }

        return Installed() ?? throw new SetupException("the package prometheus is installed, but there is no promtool on the path");
    }

    private static string? Installed() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
        .FirstOrDefault(folder => File.Exists(Path.Combine(folder, "promtool")) && File.Exists(Path.Combine(folder, "prometheus")));

    // Debian would start a server on the standard port now and at every boot: the policy prevents the first, the mask the
    // second. To use that server: systemctl unmask prometheus.
    private static void Prepare(bool isPolicyOurs)
    {
        if (isPolicyOurs)
        {
            File.WriteAllText(Policy, "#!/bin/sh\nexit 101\n");
            File.SetUnixFileMode(Policy, Executable);
        }

        var unit = Path.Combine(Units, "prometheus.service");
        if (Directory.Exists(Units) && !Path.Exists(unit))
        {
            File.CreateSymbolicLink(unit, "/dev/null");
        }
    }
}
