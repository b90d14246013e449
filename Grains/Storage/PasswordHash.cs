using System.Security.Cryptography;

namespace Lakala.Grains.Storage;

/// <summary>Passwords as PBKDF2 of them (HMAC-SHA-512), and new ones.</summary>
internal static class PasswordHash
{
    private const int SaltLength = 16, HashLength = 32;

    // OWASP's figure for PBKDF2 with HMAC-SHA-512: about a tenth of a second.
    private const int Iterations = 210_000;

    // More at once would take the processors from the swipes.
    private static readonly SemaphoreSlim Turns = new(1);

    public static byte[] NewSalt() => RandomNumberGenerator.GetBytes(SaltLength);

    public static byte[] Of(string password, byte[] salt) =>
        Rfc2898DeriveBytes.Pbkdf2(password, salt, Iterations, HashAlgorithmName.SHA512, HashLength);

    /// <summary>One at a time. What belongs to nobody takes the same work, so that how long it takes tells nobody who exists.</summary>
    /// <param name="salt">Null: there is nobody.</param>
    public static async Task<bool> Matches(string password, byte[]? salt, byte[]? hash)
    {
        await Turns.WaitAsync();
        try
        {
            var given = await Task.Run(() => Of(password, salt ?? new byte[SaltLength]));
            return salt is not null && hash is not null && CryptographicOperations.FixedTimeEquals(given, hash);
        }
        finally
        {
            Turns.Release();
        }
    }

    /// <summary>For people at a real keyboard: 80 random bits in groups, without letters that look like others.</summary>
    public static string NewPassword()
    {
        var signs = RandomNumberGenerator.GetString("abcdefghjkmnpqrstuvwxyz23456789", 16);
        return string.Join('-', Enumerable.Range(0, 4).Select(group => signs.Substring(4 * group, 4)));
    }
}
