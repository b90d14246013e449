using System.Globalization;

namespace Lakala.Terminal.Client.Setup;

/// <summary>The state of the machine as Linux reports it; on other systems it is unknown.</summary>
/// <param name="root">The root of the file system.</param>
internal sealed class MachineHealth(string root = "/")
{
    /// <summary>The full quality of a radio line in <c>/proc/net/wireless</c>.</summary>
    private const double FullQuality = 70;

    /// <returns>Null when the machine reports neither mains nor battery, as a desktop does.</returns>
    public bool? OnMains => Supplies("Mains").Select(supply => Number(Path.Combine(supply, "online"))).FirstOrDefault(online => online is not null) is { } online
        ? online == 1
        : Battery is null ? null : false;

    /// <returns>Percent.</returns>
    public int? Battery => Supplies("Battery").Select(supply => Number(Path.Combine(supply, "capacity"))).FirstOrDefault(capacity => capacity is not null);

    /// <returns>Percent; null without a radio line.</returns>
    public int? Signal
    {
        get
        {
            var line = Lines(Path.Combine(root, "proc/net/wireless")).Skip(2).FirstOrDefault()?.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return line is { Length: > 2 } && double.TryParse(line[2], CultureInfo.InvariantCulture, out var quality)
                ? (int)Math.Clamp(100 * quality / FullQuality, 0, 100)
                : null;
        }
    }

    /// <param name="file">A driver writes 1 into it when the case is opened. Null when there is none.</param>
    public static bool? Tamper(string? file) => file is null ? null : Number(file) != 0;

    private IEnumerable<string> Supplies(string type)
    {
        var folder = Path.Combine(root, "sys/class/power_supply");
        return Directory.Exists(folder)
            ? Directory.GetDirectories(folder).Where(supply => Lines(Path.Combine(supply, "type")).FirstOrDefault() == type)
            : [];
    }

    private static int? Number(string file) =>
        int.TryParse(Lines(file).FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    // An unreadable value is unknown.
    private static string[] Lines(string file)
    {
        try
        {
            return File.Exists(file) ? File.ReadAllLines(file) : [];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
