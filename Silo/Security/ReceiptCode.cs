using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Lakala.Storage;

namespace Lakala.Silo.Security;

/// <summary>
/// The code on the customer's receipt of a guaranteed trade, with which she acts at the page of the bill. It is made of the payment's RRN whenever it
/// is needed: the answer to a repeat has the same one, and no row has any.
/// </summary>
internal static class ReceiptCode
{
    /// <summary>More than a code that was sent has, because it is valid for longer.</summary>
    public const int Digits = 10;

    private const ulong Count = 10_000_000_000;

    public static string Make(IKeyVault vault, string rrn) =>
        (BinaryPrimitives.ReadUInt64BigEndian(vault.Authenticate(Encoding.ASCII.GetBytes($"receipt code {rrn}"))) % Count)
        .ToString("D" + Digits, CultureInfo.InvariantCulture);

    public static bool IsRight(IKeyVault vault, string rrn, string code) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Make(vault, rrn)), Encoding.UTF8.GetBytes(code));
}
