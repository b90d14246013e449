using System.Buffers;
using System.Globalization;
using System.Text;
using Lakala.Wire.Texts;

namespace Lakala.Terminal.Client.Printing;

/// <summary>
/// Receipts in ESC/POS for common 58 mm printers with Chinese characters: text in the two-byte part of GB18030, the
/// bill's number as Code 128, then the cutter.
/// </summary>
internal static class EscPos
{
    private const byte BarcodeHeight = 64, ModuleWidth = 2, CutAfterLines = 3;

    /// <summary>DLE EOT: with one more byte, a question for the printer's status.</summary>
    public static ReadOnlySpan<byte> RealTimeStatus => [0x10, 0x04];

    private static readonly Encoding Gb18030 = CodePagesEncodingProvider.Instance.GetEncoding("GB18030")!;

    private static readonly Rune Yen = new('\u00A5'), FullWidthYen = new('\uFFE5');

    private static readonly byte[] Initialise = [0x1B, (byte)'@'];
    private static readonly byte[] Chinese = [0x1C, (byte)'&'];
    private static readonly byte[] NormalSize = [0x1D, (byte)'!', 0x00];
    private static readonly byte[] DoubleHeight = [0x1D, (byte)'!', 0x01];
    private static readonly byte[] Left = [0x1B, (byte)'a', 0x00];
    private static readonly byte[] Centre = [0x1B, (byte)'a', 0x01];

    // No digits below the bars: the number is in the text.
    private static readonly byte[] BarcodeLook = [0x1D, (byte)'h', BarcodeHeight, 0x1D, (byte)'w', ModuleWidth, 0x1D, (byte)'H', 0x00];
    private static readonly byte[] Cut = [0x1D, (byte)'V', (byte)'B', CutAfterLines];

    public static byte[] Encode(ReceiptSlip slip)
    {
        var bytes = new ArrayBufferWriter<byte>(1024);
        bytes.Write(Initialise);
        bytes.Write(Chinese);
        foreach (var line in slip.Lines)
        {
            bytes.Write(line.IsLarge ? DoubleHeight : NormalSize);
            bytes.Write(Text(line.Text));
            bytes.Write("\n"u8);
        }

        bytes.Write(NormalSize);
        if (slip.Bill.Length > 0)
        {
            bytes.Write(Centre);
            bytes.Write(BarcodeLook);
            bytes.Write(Barcode(slip.Bill));
            bytes.Write("\n"u8);
            bytes.Write(Left);
        }

        bytes.Write(Cut);
        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>The columns of a character on paper: in Chinese mode the printer gives two to every character of two bytes, also é and ….</summary>
    public static int Columns(Rune rune)
    {
        Span<byte> sign = stackalloc byte[4];
        return Encode(rune, sign);
    }

    private static byte[] Text(string text)
    {
        var bytes = new ArrayBufferWriter<byte>(2 * text.Length);
        Span<byte> sign = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            bytes.Write(sign[..Encode(rune, sign)]);
        }

        return bytes.WrittenSpan.ToArray();
    }

    // Such printers have no characters of four bytes: a question mark replaces each of their columns. The yuan sign exists at full width.
    private static int Encode(Rune rune, Span<byte> sign)
    {
        Span<char> chars = stackalloc char[2];
        var length = Gb18030.GetBytes(chars[..(rune == Yen ? FullWidthYen : rune).EncodeToUtf16(chars)], sign);
        if (length > 2)
        {
            length = ColumnWidth.Measure(rune);
            sign[..length].Fill((byte)'?');
        }

        return length;
    }

    // GS k 73: Code 128, by the shortest encoding that contains no real-time command: a printer obeys these also in the
    // middle of data.
    private static byte[] Barcode(string digits)
    {
        var data = Ways(digits, '\0').Where(way => !HoldsCommand(way)).MinBy(way => way.Length - way.AsSpan().Count((byte)'{'))!;
        return [0x1D, (byte)'k', 73, (byte)data.Length, .. data];
    }

    // {C begins code set C, in which a byte has two digits; {B code set B, in which it has one.
    private static IEnumerable<byte[]> Ways(string digits, char set)
    {
        if (digits.Length == 0)
        {
            yield return [];
        }

        if (digits.Length > 1)
        {
            var pair = byte.Parse(digits.AsSpan(0, 2), NumberStyles.None, CultureInfo.InvariantCulture);
            foreach (var rest in Ways(digits[2..], 'C'))
            {
                yield return [.. set == 'C' ? [] : "{C"u8, pair, .. rest];
            }
        }

        if (digits.Length > 0)
        {
            foreach (var rest in Ways(digits[1..], 'B'))
            {
                yield return [.. set == 'B' ? [] : "{B"u8, (byte)digits[0], .. rest];
            }
        }
    }

    // DLE EOT asks for the status, DLE ENQ goes on after an error, DLE DC4 opens the drawer or switches off.
    private static bool HoldsCommand(ReadOnlySpan<byte> data)
    {
        const byte Escape = 0x10, Status = 0x04, Recover = 0x05, Pulse = 0x14;
        for (var at = 0; at + 1 < data.Length; at++)
        {
            if (data[at] == Escape && data[at + 1] is Status or Recover or Pulse)
            {
                return true;
            }
        }

        return false;
    }
}
