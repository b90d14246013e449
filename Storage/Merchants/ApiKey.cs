using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Lakala.Storage.Merchants;

/// <summary>An API key: a prefix that finds its row, and 256 random bits of which only the hash is stored. Its <c>ToString</c> is masked.</summary>
internal sealed class ApiKey
{
    /// <summary>The beginning of a merchant's key.</summary>
    public const string MerchantMark = "lk_";

    /// <summary>The beginning of a key to the operators' API.</summary>
    public const string AdminMark = "lka_";

    private const int PrefixLength = 16;
    private const int SecretBytes = 32;
    private const int SecretLength = 43;

    private readonly string _mark;

    private ApiKey(string mark, string text) => (_mark, Text) = (mark, text);

    public string Text { get; }

    public string Prefix => Text.Substring(_mark.Length, PrefixLength);

    public byte[] Hash => SHA256.HashData(Encoding.ASCII.GetBytes(Text));

    public static ApiKey Create(string mark) =>
        new(mark, $"{mark}{RandomNumberGenerator.GetHexString(PrefixLength, lowercase: true)}_"
            + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes)));

    public static bool TryParse(string text, string mark, [NotNullWhen(true)] out ApiKey? key)
    {
        var isOne = text.Length == mark.Length + PrefixLength + 1 + SecretLength && text.StartsWith(mark, StringComparison.Ordinal) && Ascii.IsValid(text);
        key = isOne ? new ApiKey(mark, text) : null;
        return isOne;
    }

    /// <returns>Null when the text does not begin like a key. The secret may be missing.</returns>
    public static string? PrefixOf(string text, string mark) =>
        text.Length >= mark.Length + PrefixLength && text.StartsWith(mark, StringComparison.Ordinal) ? text.Substring(mark.Length, PrefixLength) : null;

    public override string ToString() => $"{_mark}{Prefix}_***";
}
