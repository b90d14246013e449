using System.Diagnostics;

namespace Lakala.Grains;

/// <summary>The one name under which traces and metrics of this project are found.</summary>
public static class Telemetry
{
    public const string Name = "Lakala";

    public static readonly ActivitySource Source = new(Name);
}
