using System.Globalization;
using System.Text;
using Lakala.Silo.BillPages;
using Lakala.Terminal.Tests;

namespace Lakala.EndToEnd.Tests;

/// <summary>Draws the paper of ESC/POS bytes as a picture.</summary>
internal static class PrintedPaper
{
    public static string ToHtml(byte[] paper)
    {
        var html = new StringBuilder(
            """<style>body{margin:0;background:#999}div{width:384px;margin:12px;padding:12px 12px 24px;background:#fff}pre{margin:0;white-space:pre;transform-origin:top left;font:24px/30px 'Noto Sans Mono CJK SC'}.l{transform:scaleY(2);height:30px;margin-bottom:30px}svg{display:block;margin:8px auto}</style><section style="display:inline-block"><div>""");
        foreach (var slip in PaperRoll.Read(paper).Slips)
        {
            foreach (var line in slip)
            {
                html.Append(line.Barcode is { } digits ? Bars(digits)
                    : string.Create(CultureInfo.InvariantCulture, $"""<pre class={(line.IsLarge ? "l" : "n")}>{System.Net.WebUtility.HtmlEncode(line.Text)} </pre>"""));
            }

            html.Append("</div><div>");
        }

        return html.Append("</div></section><style>div:last-child{display:none}</style>").ToString();
    }

    private static string Bars(string digits)
    {
        var bars = Code128.Draw(digits);
        return string.Create(
            CultureInfo.InvariantCulture, $"""<svg width="{2 * bars.Width}" height="64" viewBox="{bars.ViewBox}" preserveAspectRatio="none"><path d="{bars.Path}"/></svg>""");
    }
}
