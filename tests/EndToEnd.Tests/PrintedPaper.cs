using System.Globalization;
using System.Text;
using Lakala.Silo.BillPages;

namespace Lakala.EndToEnd.Tests;

/// <summary>What a printer makes of ESC/POS, as its maker's manual says: lines, double height, Code 128, cuts. Anything else is a fault.</summary>
internal static class PrintedPaper
{
    private static readonly Encoding Gb18030 = CodePagesEncodingProvider.Instance.GetEncoding("GB18030")!;

    public static string ToHtml(byte[] paper)
    {
        var html = new StringBuilder(
            """<style>body{margin:0;background:#999}div{width:384px;margin:12px;padding:12px 12px 24px;background:#fff}pre{margin:0;white-space:pre;transform-origin:top left;font:24px/30px 'Noto Sans Mono CJK SC'}.l{transform:scaleY(2);height:30px;margin-bottom:30px}svg{display:block;margin:8px auto}</style><section style="display:inline-block"><div>""");
        var line = new List<byte>();
        var isLarge = false;
        for (var at = 0; at < paper.Length; at++)
        {
            switch (paper.AsSpan(at))
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
                    html.Append("</div><div>");
                    at += 3;
                    break;

                case [0x1D, (byte)'k', 73, var length, ..]:
                    var bars = Code128.Draw(Digits(paper.AsSpan(at + 4, length)));
                    html.Append(CultureInfo.InvariantCulture, $"""<svg width="{2 * bars.Width}" height="64" viewBox="{bars.ViewBox}" preserveAspectRatio="none"><path d="{bars.Path}"/></svg>""");
                    at += 3 + length;
                    break;

                case [(byte)'\n', ..]:
                    html.Append(CultureInfo.InvariantCulture, $"""<pre class={(isLarge ? "l" : "n")}>{System.Net.WebUtility.HtmlEncode(Gb18030.GetString([.. line]))} </pre>""");
                    line.Clear();
                    break;

                case [>= 0x20 and var sign, ..]:
                    line.Add(sign);
                    if (sign >= 0x80)
                    {
                        line.Add(paper[++at]);
                    }

                    break;

                default:
                    throw new InvalidOperationException($"The printer does not know the command 0x{paper[at]:X2} at {at}.");
            }
        }

        return html.Append("</div></section><style>div:last-child{display:none}</style>").ToString();
    }

    // Code set C holds two digits in a byte, code set B one.
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
