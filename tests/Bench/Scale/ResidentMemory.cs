using System.Diagnostics;

namespace Lakala.Bench.Scale;

/// <summary>The resident memory of a process.</summary>
internal static class ResidentMemory
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public static long ReadBytes(int id)
    {
        using var process = Process.GetProcessById(id);
        return process.WorkingSet64;
    }

    /// <summary>The least of a span of time: garbage that is not collected yet does not count.</summary>
    public static async Task<long> ReadLeast(int id, TimeSpan span, CancellationToken stop)
    {
        var (least, begun) = (ReadBytes(id), TimeProvider.System.GetTimestamp());
        while (TimeProvider.System.GetElapsedTime(begun) < span)
        {
            await Task.Delay(Pause, stop);
            least = Math.Min(least, ReadBytes(id));
        }

        return least;
    }

    /// <summary>The slope of the line through the points, by least squares.</summary>
    public static double Slope(IReadOnlyList<(double X, double Y)> points)
    {
        var (x, y) = (points.Average(point => point.X), points.Average(point => point.Y));
        return points.Sum(point => (point.X - x) * (point.Y - y)) / points.Sum(point => (point.X - x) * (point.X - x));
    }
}
