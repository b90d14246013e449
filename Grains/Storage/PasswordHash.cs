using System.Security.Cryptography;

namespace Lakala.Grains.Storage;

/// <summary>So many passwords wait to be checked that one more is not looked at: try again.</summary>
public sealed class SignInsBusyException() : Exception("Too many passwords are being checked at once.");

/// <summary>Whose passwords wait for each other. What strangers send to one door keeps nobody waiting at the other.</summary>
internal enum PasswordsOf
{
    Clerks,
    Operators,
}

/// <summary>Passwords as PBKDF2 of them (HMAC-SHA-512), and new ones.</summary>
internal static class PasswordHash
{
    /// <summary>At each door, with the one that is looked at: somewhat more than a second and a half.</summary>
    internal const int MaxWaiting = 16;

    /// <summary>Nobody's password is longer.</summary>
    internal const int MaxLength = 128;

    private const int SaltLength = 16, HashLength = 32;

    // OWASP's figure for PBKDF2 with HMAC-SHA-512: about a tenth of a second.
    private const int Iterations = 210_000;

    // More at once would take the processors from the swipes.
    private static readonly SemaphoreSlim[] Turns = [new(1), new(1)];
    private static readonly int[] Waiting = new int[2];

    public static byte[] NewSalt() => RandomNumberGenerator.GetBytes(SaltLength);

    public static byte[] Of(string password, byte[] salt) =>
        Rfc2898DeriveBytes.Pbkdf2(password, salt, Iterations, HashAlgorithmName.SHA512, HashLength);

    /// <summary>One at a time at each door, and not for whoever has gone meanwhile. What belongs to nobody takes the same work, so that how long it takes tells nobody who exists.</summary>
    /// <param name="salt">Null: there is nobody.</param>
    /// <exception cref="SignInsBusyException">Too many wait.</exception>
    public static async Task<bool> Matches(PasswordsOf whose, string password, byte[]? salt, byte[]? hash, CancellationToken stop)
    {
        if (password.Length > MaxLength)
        {
            return false;
        }

        var (turn, door) = (Turns[(int)whose], (int)whose);
        try
        {
            if (Interlocked.Increment(ref Waiting[door]) > MaxWaiting)
            {
                throw new SignInsBusyException();
            }

            await turn.WaitAsync(stop);
            try
            {
                var given = await Task.Run(() => Of(password, salt ?? new byte[SaltLength]), stop);
                return salt is not null && hash is not null && CryptographicOperations.FixedTimeEquals(given, hash);
            }
            finally
            {
                turn.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref Waiting[door]);
        }
    }

    /// <summary>For people at a real keyboard: 80 random bits in groups, without letters that look like others.</summary>
    public static string NewPassword()
    {
        var signs = RandomNumberGenerator.GetString("abcdefghjkmnpqrstuvwxyz23456789", 16);
        return string.Join('-', Enumerable.Range(0, 4).Select(group => signs.Substring(4 * group, 4)));
    }
}
