namespace Lakala.Local;

/// <summary>Programs of the distribution that the project uses.</summary>
public static class DebianPackages
{
    private static readonly Dictionary<string, string> Environment = new() { ["DEBIAN_FRONTEND"] = "noninteractive" };

    /// <summary>Installs packages as root with apt-get; changes nothing else of the system.</summary>
    /// <param name="packages">Names in Debian and Ubuntu.</param>
    /// <param name="purpose">The purpose, as the end of a sentence.</param>
    /// <param name="prepare">Runs just before the installation, if there is one.</param>
    /// <param name="cancel">Ends the installation.</param>
    /// <exception cref="SetupException">Not root, no apt-get, or it failed.</exception>
    public static async Task Install(
        IReadOnlyList<string> packages, string purpose, Action? prepare = null, CancellationToken cancel = default)
    {
        var names = string.Join(' ', packages);
        if (!System.Environment.IsPrivilegedProcess || !File.Exists("/usr/bin/apt-get"))
        {
            throw new SetupException($"{names} is needed {purpose}. Install it (as root: apt-get install {names}) and run this again");
        }

        Console.WriteLine($"  installing {names} {purpose}");
        prepare?.Invoke();
        await Tool.RunOrFail(["apt-get", "update", "-q"], Environment, cancel: cancel);
        await Tool.RunOrFail(
            ["apt-get", "install", "-y", "-q", "--no-install-recommends", .. packages], Environment, cancel: cancel);
    }
}
