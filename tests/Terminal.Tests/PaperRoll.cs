using System.Globalization;
using System.Text;

namespace Lakala.Terminal.Tests;

/// <param name="Columns">The number of columns: a character of two bytes has two.</param>
/// <param name="Barcode">The content of a barcode in place of a line.</param>
public sealed record PaperLine(string Text, int Columns, bool IsLarge, string? Barcode = null);

/// <summary>Reads bytes as a printer in Chinese mode does by its manual. Any other bytes are a fault.</summary>
/// <param name="Slips">The slips that were cut off, each with its lines.</param>
public sealed record PaperRoll(IReadOnlyList<IReadOnlyList<PaperLine>> Slips)
{
    private static readonly Encoding Gb18030 = CodePagesEncodingProvider.Instance.GetEncoding("GB18030")!;

    public IEnumerable<PaperLine> Lines => Slips.SelectMany(slip => slip);

    public IReadOnlyList<string> Barcodes => [.. Lines.Select(line => line.Barcode).OfType<string>()];

    public static PaperRoll Read(ReadOnlySpan<byte> paper)
    {
        var (slips, lines) = (new List<IReadOnlyList<PaperLine>>(), new List<PaperLine>());
        var line = new List<byte>();
        var isLarge = false;
        for (var at = 0; at < paper.Length; at++)
        {
            switch (paper[at..])
            {
                case [0x1B, (byte)'@', ..] or [0x1C, (byte)'&', ..]:
                    at++;
                    break;

                case [0x1D, (byte)'!', var size, ..]:
                    isLarge = size == 1;
                    at += 2;
                    break;

                case [0x1B, (byte)'a', ..] or [0x1D, (byte)'h' or (byte)'w' or (byte)'H', ..]:
                    at += 2;
                    break;

                case [0x1D, (byte)'V', (byte)'B', ..]:
                    slips.Add(lines);
                    lines = [];
                    at += 3;
                    break;

                case [0x1D, (byte)'k', 73, var length, ..]:
                    lines.Add(new PaperLine("", 0, false, Digits(paper.Slice(at + 4, length))));
                    at += 3 + length;
                    break;

                case [(byte)'\n', ..]:
                    lines.Add(new PaperLine(Gb18030.GetString([.. line]), line.Count, isLarge));
                    line.Clear();
                    break;

                case [>= 0x81 and < 0xFF and var lead, >= 0x40 and < 0xFF and not 0x7F and var trail, ..]:
                    line.AddRange([lead, trail]);
                    at++;
                    break;

                case [>= 0x20 and < 0x7F and var sign, ..]:
                    line.Add(sign);
                    break;

                default:
                    throw new InvalidOperationException($"The printer does not know the command 0x{paper[at]:X2} at {at}.");
            }
        }

        return new PaperRoll(slips);
    }

    /// <summary>Code 128 data: code set C holds two digits in a byte, code set B one.</summary>
    private static string Digits(ReadOnlySpan<byte> data)
    {
        var digits = new StringBuilder();
        var isPairs = false;
        for (var at = 0; at < data.Length; at++)
        {
            if (data[at] == '{')
            {
                isPairs = data[++at] == 'C';
            }
            else
            {
                digits.Append(isPairs ? data[at].ToString("D2", CultureInfo.InvariantCulture) : ((char)data[at]).ToString());
            }
        }

        return digits.ToString();
    }
}
