using System.Globalization;
using System.Text;

namespace Lakala.Silo.BillPages;

/// <summary>The expiry of a bill as an entry for the shopper's calendar (RFC 5545), with an alarm two hours before.</summary>
internal static class CalendarFile
{
    private const int LongestLine = 75;

    public static string Of(BillShown bill, string payUrl, DateTimeOffset now)
    {
        var texts = bill.Texts;
        string[] lines =
        [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Lakala//Bill//EN",
            "BEGIN:VEVENT",
            $"UID:{bill.Number}@lakala",
            $"DTSTAMP:{Time(now)}",
            $"DTSTART:{Time(bill.Row.Bill.ExpiresAt)}",
            "DURATION:PT0S",
            $"SUMMARY:{Text(string.Format(CultureInfo.InvariantCulture, texts.CalendarTitle, bill.Amount, bill.Row.MerchantName))}",
            $"DESCRIPTION:{Text($"{texts.BillNumber} {string.Join(' ', bill.Groups)}\n{string.Join('\n', texts.Steps)}")}",
            $"URL:{payUrl}",
            "TRANSP:TRANSPARENT",
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            "TRIGGER:-PT2H",
            $"DESCRIPTION:{Text(texts.PayBy)}",
            "END:VALARM",
            "END:VEVENT",
            "END:VCALENDAR",
        ];
        return string.Concat(lines.Select(static line => Fold(line) + "\r\n"));
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    private static string Text(string text) => text
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace(";", "\\;", StringComparison.Ordinal)
        .Replace(",", "\\,", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal);

    // Lines are folded by bytes, never inside a character; a continuation begins with a space.
    private static string Fold(string line)
    {
        var folded = new StringBuilder();
        var bytes = 0;
        foreach (var rune in line.EnumerateRunes())
        {
            if (bytes + rune.Utf8SequenceLength > LongestLine)
            {
                folded.Append("\r\n ");
                bytes = 1;
            }

            folded.Append(rune);
            bytes += rune.Utf8SequenceLength;
        }

        return folded.ToString();
    }
}
