using System.Globalization;
using Lakala.Storage.Stores;

namespace Lakala.Silo.Ops.Stores;

/// <summary>A store as a form and the columns of a file have it.</summary>
internal static class StoreFields
{
    public static readonly string[] Names =
        ["id", "name", "commission_percent", "name_zh", "chain", "region", "district", "address", "latitude", "longitude", "hours", "phone"];

    public static readonly string[] Required = Names[..3];

    /// <param name="field">By name; empty: there is none.</param>
    public static Result<Store> Read(Func<string, string?> field)
    {
        string? fault = null;
        var store = new Store(
            Text("id") ?? "",
            Text("name") ?? "",
            (int)(Number("commission_percent", isWhole: true) ?? -1),
            Text("name_zh"),
            Text("chain"),
            Text("region"),
            Text("district"),
            Text("address"),
            Number("latitude"),
            Number("longitude"),
            Text("hours"),
            Text("phone"));
        fault ??= store.Fault();
        return fault is null ? store : Refused.Invalid(null, fault + ".");

        string? Text(string name) => field(name)?.Trim() is { Length: > 0 } text ? text : null;

        double? Number(string name, bool isWhole = false)
        {
            if (Text(name) is not { } text)
            {
                return null;
            }

            if (double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                && (!isWhole || number == Math.Floor(number)))
            {
                return number;
            }

            fault = $"{name} is not a number: '{text}'";
            return null;
        }
    }
}
