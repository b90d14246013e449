using System.Globalization;
using System.Text.RegularExpressions;
using Lakala.Local;

namespace Lakala.Bench;

/// <summary>From a payment to the available balance, by the histogram that the silo exports; so as exact as its steps.</summary>
public sealed partial record BalanceDelay(double P50Ms, double P99Ms)
{
    public static async Task<BalanceDelay> Read(LocalNetwork network, CancellationToken stop)
    {
        using var http = new HttpClient();
        var metrics = await http.GetStringAsync(new Uri(network.Management, "/metrics"), stop);
        var steps = Step().Matches(metrics)
            .Select(step => (Upto: double.Parse(step.Groups[1].Value.Replace("+Inf", "Infinity"), CultureInfo.InvariantCulture), Count: double.Parse(step.Groups[2].Value, CultureInfo.InvariantCulture)))
            .ToList();
        return new BalanceDelay(Quantile(steps, 0.5), Quantile(steps, 0.99));
    }

    private static double Quantile(List<(double Upto, double Count)> steps, double share)
    {
        var (wanted, before) = (share * steps[^1].Count, (Upto: 0.0, Count: 0.0));
        foreach (var step in steps)
        {
            if (step.Count >= wanted)
            {
                return 1000 * (double.IsInfinity(step.Upto) ? before.Upto : before.Upto + ((step.Upto - before.Upto) * (wanted - before.Count) / (step.Count - before.Count)));
            }

            before = step;
        }

        return 0;
    }

    [GeneratedRegex("""^lakala_credits_delay_seconds_bucket\{[^}]*le="([^"]+)"[^}]*\} (\d+)""", RegexOptions.Multiline)]
    private static partial Regex Step();
}
