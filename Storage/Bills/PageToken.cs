using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Lakala.Vocabulary;

namespace Lakala.Storage.Bills;

/// <summary>
/// The secret part of a bill page's address: the bill's number, by which the bill is found by its primary key, then 128
/// random bits. The number does not help to guess them. Thirty URL-safe characters.
/// </summary>
public static class PageToken
{
    private const int NumberBytes = 6;
    private const int RandomBytes = 16;
    private const int Length = (NumberBytes + RandomBytes) * 4 / 3 + 1;

    public static string Create(BillNumber number)
    {
        Span<byte> wide = stackalloc byte[sizeof(long) + RandomBytes];
        BinaryPrimitives.WriteInt64BigEndian(wide, number.Value);
        RandomNumberGenerator.Fill(wide[sizeof(long)..]);
        return Base64Url.EncodeToString(wide[(sizeof(long) - NumberBytes)..]);
    }

    /// <summary>The bill that the token names. <see cref="IsOf"/> checks that the token belongs to it.</summary>
    public static bool TryReadNumber(string token, out BillNumber number)
    {
        number = default;
        Span<byte> wide = stackalloc byte[sizeof(long) + RandomBytes];
        wide.Clear();
        return token.Length == Length
            && Base64Url.DecodeFromChars(token, wide[(sizeof(long) - NumberBytes)..], out _, out _) == OperationStatus.Done
            && BillNumber.TryParse(BinaryPrimitives.ReadInt64BigEndian(wide).ToString("D14", null), out number);
    }

    public static bool IsOf(BillRow row, string token) =>
        CryptographicOperations.FixedTimeEquals(
            MemoryMarshal.AsBytes(row.PageToken.AsSpan()),
            MemoryMarshal.AsBytes(token.AsSpan()));
}
