using System.Globalization;
using Lakala.Local;

namespace Lakala.Bench.Scale;

/// <summary>How many files and sockets a process may have open.</summary>
internal static class OpenFiles
{
    private const int Besides = 1_000;

    /// <exception cref="SetupException">Fewer than so many connections and what a program needs besides.</exception>
    public static void Require(int connections)
    {
        // The hard limit is the last but one column; .NET raises its own to it.
        var limit = File.ReadLines("/proc/self/limits").First(line => line.StartsWith("Max open files", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2];
        if (long.TryParse(limit, CultureInfo.InvariantCulture, out var most) && most < connections + Besides)
        {
            throw new SetupException($"a process may have {most} files open, and {connections + Besides} are needed: raise it with ulimit -n, or ask for fewer --terminals");
        }
    }
}
