using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Lakala.Silo.Notices;

/// <summary>The symmetric signature of Standard Webhooks: HMAC-SHA256 over <c>id.timestamp.body</c>.</summary>
public static class WebhookSignature
{
    public const string SecretMark = "whsec_";
    public const int SecretBytes = 32;

    /// <summary>One value of the <c>webhook-signature</c> header; several are separated by spaces.</summary>
    /// <param name="timestamp">Unix time in seconds, as in <c>webhook-timestamp</c>.</param>
    public static string Sign(ReadOnlySpan<byte> secret, string id, long timestamp, ReadOnlySpan<byte> body)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        hmac.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}.")));
        hmac.AppendData(body);
        return "v1," + Convert.ToBase64String(hmac.GetHashAndReset());
    }

    /// <summary>The secret in the form of Standard Webhooks: <c>whsec_</c> and Base64.</summary>
    public static string Show(ReadOnlySpan<byte> secret) => SecretMark + Convert.ToBase64String(secret);
}
