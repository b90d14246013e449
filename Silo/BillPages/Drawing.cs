using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;

namespace Lakala.Silo.BillPages;

/// <summary>Dark modules side by side, one module high.</summary>
public readonly record struct Bar(int X, int Y, int Width);

/// <summary>A barcode or QR code: dark modules on a light ground, for a page as the path of an SVG, for a mail as PNG. The quiet zone is part of it.</summary>
public sealed record Drawing(int Width, int Height, IReadOnlyList<Bar> Bars)
{
    public string ViewBox => string.Create(CultureInfo.InvariantCulture, $"0 0 {Width} {Height}");

    public string Path
    {
        get
        {
            var path = new StringBuilder();
            foreach (var bar in Bars)
            {
                path.Append(CultureInfo.InvariantCulture, $"M{bar.X} {bar.Y}h{bar.Width}v1h-{bar.Width}z");
            }

            return path.ToString();
        }
    }

    /// <summary>One bit a pixel (PNG specification, ISO/IEC 15948).</summary>
    /// <param name="module">Pixels that a module is wide.</param>
    /// <param name="height">Pixels that a module is high.</param>
    public byte[] ToPng(int module, int height)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, Width * module);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), Height * height);
        header[8] = 1;

        using var png = new MemoryStream();
        png.Write([0x89, (byte)'P', (byte)'N', (byte)'G', (byte)'\r', (byte)'\n', 0x1A, (byte)'\n']);
        WriteChunk(png, "IHDR", header);
        WriteChunk(png, "IDAT", Pixels(module, height));
        WriteChunk(png, "IEND", []);
        return png.ToArray();
    }

    // A row is a filter byte and its pixels, a set bit being light.
    private byte[] Pixels(int module, int height)
    {
        var length = 1 + (Width * module + 7) / 8;
        using var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Optimal))
        {
            foreach (var y in Enumerable.Range(0, Height))
            {
                var row = new byte[length];
                row.AsSpan(1).Fill(0xFF);
                foreach (var bar in Bars.Where(bar => bar.Y == y))
                {
                    for (var x = bar.X * module; x < (bar.X + bar.Width) * module; x++)
                    {
                        row[1 + x / 8] &= (byte)~(0x80 >> (x % 8));
                    }
                }

                for (var times = 0; times < height; times++)
                {
                    zlib.Write(row);
                }
            }
        }

        return compressed.ToArray();
    }

    private static void WriteChunk(MemoryStream png, string type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        png.Write(number);
        var crc = new Crc32();
        var name = Encoding.ASCII.GetBytes(type);
        crc.Append(name);
        crc.Append(data);
        png.Write(name);
        png.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, crc.GetCurrentHashAsUInt32());
        png.Write(number);
    }
}
