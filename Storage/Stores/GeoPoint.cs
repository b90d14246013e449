using System.Globalization;

namespace Lakala.Storage.Stores;

/// <summary>WGS 84, as a browser gives it; degrees.</summary>
public readonly record struct GeoPoint(double Latitude, double Longitude)
{
    /// <summary>Reads <c>latitude,longitude</c>.</summary>
    public static bool TryParse(string? text, out GeoPoint point)
    {
        point = default;
        if (text?.Split(',') is not [var north, var east] || !TryParse(north, 90, out var latitude) || !TryParse(east, 180, out var longitude))
        {
            return false;
        }

        point = new GeoPoint(latitude, longitude);
        return true;
    }

    private static bool TryParse(string text, double most, out double degrees) =>
        double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out degrees)
        && Math.Abs(degrees) <= most;
}
