using System.Globalization;
using System.Text;
using QRCoder;

namespace Lakala.Silo.BillPages;

/// <summary>A QR code, for the scanners that do not read bars from a screen.</summary>
internal static class QrCode
{
    public static Drawing Draw(string text)
    {
        using var code = QRCodeGenerator.GenerateQrCode(text, QRCodeGenerator.ECCLevel.M);
        var rows = code.ModuleMatrix;
        var path = new StringBuilder();
        for (var y = 0; y < rows.Count; y++)
        {
            for (var x = 0; x < rows[y].Count; x++)
            {
                if (rows[y][x])
                {
                    path.Append(CultureInfo.InvariantCulture, $"M{x} {y}h1v1h-1z");
                }
            }
        }

        return new Drawing(rows.Count, rows.Count, path.ToString());
    }
}

/// <summary>Dark modules on a light ground, as the path of an SVG. The quiet zone is part of it.</summary>
public sealed record Drawing(int Width, int Height, string Path)
{
    public string ViewBox => string.Create(CultureInfo.InvariantCulture, $"0 0 {Width} {Height}");
}
