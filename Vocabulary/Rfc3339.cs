using System.Globalization;

namespace Lakala.Vocabulary;

/// <summary>Times as text in UTC (RFC 3339), cut to the precision.</summary>
public static class Rfc3339
{
    public const string Seconds = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    public const string Milliseconds = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    public static string ToSeconds(DateTimeOffset time) => time.UtcDateTime.ToString(Seconds, CultureInfo.InvariantCulture);

    public static string ToMilliseconds(DateTimeOffset time) => time.UtcDateTime.ToString(Milliseconds, CultureInfo.InvariantCulture);
}
