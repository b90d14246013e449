using System.Text.Json;
using Lakala.Local;

namespace Lakala.Deploy.Tests;

/// <summary>The dashboard of <c>deploy/grafana</c>.</summary>
internal static class Dashboard
{
    public static JsonElement Json { get; } = JsonElement.Parse(File.ReadAllText(Path.Combine(Repository.Root, "deploy", "grafana", "lakala.json")));

    public static IReadOnlyList<JsonElement> Panels { get; } = [.. Json.GetProperty("panels").EnumerateArray()];

    public static IEnumerable<JsonElement> Targets => Panels.SelectMany(panel => panel.GetProperty("targets").EnumerateArray());

    /// <summary>Its queries to Prometheus, with a fixed time in place of Grafana's variable.</summary>
    public static IReadOnlyList<string> Expressions { get; } =
        [.. Targets.Select(target => target.GetProperty("expr").GetString()!.Replace("$__rate_interval", "1m"))];
}
