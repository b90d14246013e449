using System.Globalization;
using Lakala.Wire.Iso8583;

namespace Lakala.Wire.Terminal;

/// <summary>Field 53: PIN block format (04), key scheme (01), then the number of the key set in twelve digits.</summary>
public static class SecurityControl
{
    private const string Scheme = "0401";

    internal static string Compose(int keySet) => Scheme + keySet.ToString("D12", CultureInfo.InvariantCulture);

    /// <exception cref="Iso8583Exception">Absent, or of another scheme.</exception>
    public static int KeySetOf(Iso8583Message message)
    {
        var field = message.Require(53);
        return field.StartsWith(Scheme, StringComparison.Ordinal) && int.TryParse(field.AsSpan(Scheme.Length), out var keySet)
            ? keySet
            : throw new Iso8583Exception(53, "names no key set of this scheme");
    }
}
