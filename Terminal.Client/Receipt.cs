using System.Globalization;
using System.Text;
using Lakala.Wire;

namespace Lakala.Terminal.Client;

/// <summary>Why a receipt is printed.</summary>
public enum Print
{
    Original,

    /// <summary>The original may be on paper already.</summary>
    Duplicate,

    /// <summary>The clerk wants it again.</summary>
    Reprint,
}

/// <summary>Receipts as text, 32 columns wide as a 58 mm printer prints them.</summary>
public static class Receipt
{
    public const int Columns = 32;

    private const int MinorUnits = 100;
    private static readonly string Rule = new('-', Columns);

    /// <summary>All copies of a swipe: customer and merchant when it is paid, else a slip for the customer.</summary>
    public static IReadOnlyList<string> Of(JournaledSwipe swipe, Print print, TimeZoneInfo zone) =>
        swipe.Result?.ResponseCode == ResponseCodes.Approved
            ? [Of(swipe, print, Texts.CustomerCopy, zone), Of(swipe, print, Texts.MerchantCopy, zone)]
            : [Of(swipe, print, Texts.CustomerCopy, zone)];

    public static string Amount(long minor, int currency) => string.Create(
        CultureInfo.InvariantCulture, $"{SwipeReport.CurrencyName(currency)} {minor / MinorUnits:N0}.{minor % MinorUnits:D2}");

    private static string Of(JournaledSwipe swipe, Print print, string copy, TimeZoneInfo zone)
    {
        var (pending, result) = (swipe.Pending, swipe.Result);
        var isPaid = result?.ResponseCode == ResponseCodes.Approved;
        var paper = new Paper();
        paper.Centre(result?.Payee ?? pending.Payee);
        paper.Centre(pending.StoreName);
        paper.Line(Rule);
        paper.Centre(result is null ? Texts.Unknown : isPaid ? Texts.Paid : Texts.NotPaid);
        paper.Centre(print switch { Print.Duplicate => Texts.Duplicate, Print.Reprint => Texts.Reprint, _ => null });
        paper.Pair("Store", pending.Store);
        paper.Pair("Terminal", pending.Terminal);
        paper.Pair("Bill", pending.Bill);
        paper.Pair("Order", result?.OrderId ?? pending.OrderId);
        paper.Pair("Card", result?.MaskedCard ?? pending.MaskedCard);
        paper.Pair("Entry", Texts.EntryMode(pending.EntryMode));
        paper.Pair("Date", TimeZoneInfo.ConvertTime(result?.PaidAt ?? pending.At, zone).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture));
        paper.Pair("Batch", pending.Key.Batch.ToString("D6", CultureInfo.InvariantCulture));
        paper.Pair("STAN", pending.Key.Stan.ToString("D6", CultureInfo.InvariantCulture));
        paper.Pair("RRN", result?.Rrn);
        paper.Pair("Authorisation", result?.AuthorisationCode);
        paper.Pair("Response", result?.ResponseCode);
        paper.Line(Rule);
        paper.Pair("AMOUNT", Amount(pending.Amount, pending.Currency));
        if (isPaid)
        {
            paper.Centre(Texts.PinVerified);
        }

        paper.Text(result is null ? Texts.DoNotPayAgain : isPaid ? null : result.CustomerText ?? Texts.NotSent);
        paper.Line(Rule);
        paper.Centre(copy);
        return paper.ToString();
    }

    /// <summary>Lines of fixed width; wide characters (East Asian) take two columns.</summary>
    private sealed class Paper
    {
        private readonly StringBuilder _text = new();

        public void Line(string line) => _text.Append(line).Append('\n');

        public void Centre(string? text)
        {
            foreach (var line in Wrap(text))
            {
                Line(new string(' ', (Columns - Width(line)) / 2) + line);
            }
        }

        public void Text(string? text)
        {
            foreach (var line in Wrap(text))
            {
                Line(line);
            }
        }

        /// <summary>Label at the left, value at the right; a long value stands below its label.</summary>
        public void Pair(string label, string? value)
        {
            if (value is null)
            {
                return;
            }

            var shown = Clean(value);
            var room = Columns - Width(label) - Width(shown);
            if (room > 0)
            {
                Line(label + new string(' ', room) + shown);
                return;
            }

            Line(label);
            foreach (var line in Wrap(shown))
            {
                Line(new string(' ', Columns - Width(line)) + line);
            }
        }

        public override string ToString() => _text.ToString();

        private static IEnumerable<string> Wrap(string? text)
        {
            var line = new StringBuilder();
            var width = 0;
            foreach (var word in Clean(text ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                if (width > 0 && width + 1 + Width(word) > Columns)
                {
                    yield return line.ToString();
                    (line, width) = (line.Clear(), 0);
                }
                else if (width > 0)
                {
                    line.Append(' ');
                    width++;
                }

                foreach (var rune in word.EnumerateRunes())
                {
                    if (width + Width(rune) > Columns)
                    {
                        yield return line.ToString();
                        (line, width) = (line.Clear(), 0);
                    }

                    line.Append(rune);
                    width += Width(rune);
                }
            }

            if (width > 0)
            {
                yield return line.ToString();
            }
        }

        // What others wrote must not command the printer.
        private static string Clean(string text)
        {
            var clean = new StringBuilder(text.Length);
            foreach (var rune in text.EnumerateRunes())
            {
                clean.Append(Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                    ? " "
                    : rune.ToString());
            }

            return clean.ToString();
        }

        private static int Width(string text)
        {
            var width = 0;
            foreach (var rune in text.EnumerateRunes())
            {
                width += Width(rune);
            }

            return width;
        }

        // East Asian Width W and F (Unicode Standard Annex 11), as whole blocks.
        private static int Width(Rune rune) => rune.Value switch
        {
            < 0x300 => 1,
            >= 0x1100 and <= 0x115F or >= 0x2E80 and <= 0x303E or >= 0x3041 and <= 0xA4CF or >= 0xAC00 and <= 0xD7A3
                or >= 0xF900 and <= 0xFAFF or >= 0xFE30 and <= 0xFE6F or >= 0xFF00 and <= 0xFF60 or >= 0xFFE0 and <= 0xFFE6
                or >= 0x1F300 and <= 0x1FAFF or >= 0x20000 and <= 0x3FFFD => 2,
            _ => Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format ? 0 : 1,
        };
    }
}
