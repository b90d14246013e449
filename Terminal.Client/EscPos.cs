using System.Buffers;
using System.Globalization;
using System.Text;

namespace Lakala.Terminal.Client;

/// <summary>
/// Receipts in ESC/POS, as common 58 mm printers with Chinese characters take it: text in the two-byte part of GB18030, the
/// bill's number as Code 128, then the cutter.
/// </summary>
internal static class EscPos
{
    private const byte BarcodeHeight = 64, ModuleWidth = 2, CutAfterLines = 3;

    /// <summary>DLE EOT: with one more byte, a question for the printer's status.</summary>
    public static ReadOnlySpan<byte> RealTimeStatus => [0x10, 0x04];

    private static readonly Encoding Gb18030 = CodePagesEncodingProvider.Instance.GetEncoding("GB18030")!;

    private static readonly byte[] Initialise = [0x1B, (byte)'@'];
    private static readonly byte[] Chinese = [0x1C, (byte)'&'];
    private static readonly byte[] NormalSize = [0x1D, (byte)'!', 0x00];
    private static readonly byte[] DoubleHeight = [0x1D, (byte)'!', 0x01];
    private static readonly byte[] Left = [0x1B, (byte)'a', 0x00];
    private static readonly byte[] Centre = [0x1B, (byte)'a', 0x01];

    // No digits below the bars: the number stands in the text.
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

    // What takes four bytes is in no such printer: a question mark for each of its columns keeps the line's width.
    private static byte[] Text(string text)
    {
        var bytes = new ArrayBufferWriter<byte>(2 * text.Length);
        Span<byte> sign = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            var length = Encode(rune, sign);
            bytes.Write(length <= 2 ? sign[..length] : "??"u8[..Math.Min(2, TextColumns.Of(rune))]);
        }

        return bytes.WrittenSpan.ToArray();
    }

    private static int Encode(Rune rune, Span<byte> bytes)
    {
        Span<char> chars = stackalloc char[2];
        return Gb18030.GetBytes(chars[..rune.EncodeToUtf16(chars)], bytes);
    }

    // GS k 73: Code 128; {C is its code set C, in which a byte holds two digits. A printer hears DLE EOT in the midst of data too
    // and would answer it: then the pairs are shifted by a digit, with the first and the last in code set B.
    private static byte[] Barcode(string digits)
    {
        byte[] data = [.. "{C"u8, .. Pairs(digits)];
        if (data.AsSpan().IndexOf(RealTimeStatus) >= 0)
        {
            data = [.. "{B"u8, (byte)digits[0], .. "{C"u8, .. Pairs(digits[1..^1]), .. "{B"u8, (byte)digits[^1]];
        }

        return [0x1D, (byte)'k', 73, (byte)data.Length, .. data];
    }

    private static IEnumerable<byte> Pairs(string digits) =>
        digits.Chunk(2).Select(pair => byte.Parse(pair, NumberStyles.None, CultureInfo.InvariantCulture));
}
