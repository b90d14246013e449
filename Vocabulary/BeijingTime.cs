namespace Lakala.Vocabulary;

/// <summary>
/// The one time zone of the network: receipts, pages, mails and the books' day. China has one time and no summer time, so a
/// fixed offset needs no database of time zones, and the machine's zone does not matter.
/// </summary>
public static class BeijingTime
{
    public static readonly TimeSpan Offset = TimeSpan.FromHours(8);

    public static DateTimeOffset Convert(DateTimeOffset at) => at.ToOffset(Offset);

    /// <summary>The business day: the calendar day in China.</summary>
    public static DateOnly BusinessDate(DateTimeOffset at)
    {
        var local = Convert(at);
        return new DateOnly(local.Year, local.Month, local.Day);
    }
}
