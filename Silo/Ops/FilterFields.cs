using Lakala.Storage.Fleet;

namespace Lakala.Silo.Ops;

/// <summary>The filter of terminals, as forms and addresses have it.</summary>
internal static class FilterFields
{
    /// <summary>Stands for terminals that have no region, or no chain.</summary>
    public const string NoArea = "-";

    /// <param name="value">Of a field; empty: there is none.</param>
    public static FleetFilter Read(Func<string, string> value)
    {
        return new FleetFilter(TerminalStates.Parse(value("state")), Area("region"), Area("chain"), Text("store"), Text("q"));

        string? Text(string name) => value(name).Trim() is { Length: > 0 } text ? text : null;

        string? Area(string name) => Text(name) is { } area ? area == NoArea ? "" : area : null;
    }

    public static string? OfArea(string? area) => area is "" ? NoArea : area;
}
