using System.Buffers.Binary;

namespace Lakala.Rules.Claims;

/// <summary>What a picture or document is, by its bytes: the name and the type that somebody gives it say nothing.</summary>
public static class EvidenceFile
{
    public const int MostBytes = 2 * 1024 * 1024;

    /// <summary>For one claim, of each side.</summary>
    public const int MostOfSide = 5;

    // A PDF may have something behind its end.
    private const int PdfTail = 1024;

    /// <returns>image/png, image/jpeg, image/webp or application/pdf; null for anything else, also for the first part of one of these.</returns>
    public static string? FindType(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith(Png) ? (Tail(bytes, 12).IndexOf("IEND"u8) >= 0 ? "image/png" : null)
        : bytes.StartsWith(Jpeg) ? (bytes.EndsWith(JpegEnd) ? "image/jpeg" : null)
        : bytes.StartsWith("RIFF"u8) ? (IsWebP(bytes) ? "image/webp" : null)
        : bytes.StartsWith("%PDF-"u8) && Tail(bytes, PdfTail).IndexOf("%%EOF"u8) >= 0 ? "application/pdf"
        : null;

    private static ReadOnlySpan<byte> Png => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    private static ReadOnlySpan<byte> Jpeg => [0xFF, 0xD8, 0xFF];

    private static ReadOnlySpan<byte> JpegEnd => [0xFF, 0xD9];

    private static ReadOnlySpan<byte> Tail(ReadOnlySpan<byte> bytes, int most) => bytes[^Math.Min(most, bytes.Length)..];

    private static bool IsWebP(ReadOnlySpan<byte> bytes) =>
        bytes.Length > 12 && bytes[8..12].SequenceEqual("WEBP"u8) && BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) + 8 == (uint)bytes.Length;
}
