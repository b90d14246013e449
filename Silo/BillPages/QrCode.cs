using QRCoder;

namespace Lakala.Silo.BillPages;

/// <summary>A QR code, for scanners that cannot read a barcode from a screen.</summary>
internal static class QrCode
{
    public static Drawing Draw(string text)
    {
        using var code = QRCodeGenerator.GenerateQrCode(text, QRCodeGenerator.ECCLevel.M);
        var rows = code.ModuleMatrix;
        var bars = new List<Bar>();
        for (var y = 0; y < rows.Count; y++)
        {
            for (var x = 0; x < rows[y].Count; x++)
            {
                if (rows[y][x])
                {
                    bars.Add(new Bar(x, y, 1));
                }
            }
        }

        return new Drawing(rows.Count, rows.Count, bars);
    }
}
