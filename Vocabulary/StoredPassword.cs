using System.Globalization;
using System.Security.Cryptography;

namespace Lakala.Vocabulary;

/// <summary>
/// A password as it is stored: <c>pbkdf2-sha512$iterations$salt$hash</c>, the last two in Base64. One with fewer iterations still
/// verifies; the caller, which then has the password, stores it again.
/// </summary>
public sealed class StoredPassword
{
    /// <summary>OWASP's figure for PBKDF2 with HMAC-SHA-512 (Password Storage Cheat Sheet, 2026): about a tenth of a second. May only grow.</summary>
    public const int Iterations = 220_000;

    private const string Algorithm = "pbkdf2-sha512";
    private const int SaltLength = 16, HashLength = 32;

    // A forged row must not keep a processor busy.
    private const int MostIterations = 100 * Iterations;

    private readonly int _iterations;
    private readonly byte[] _salt, _hash;

    private StoredPassword(int iterations, byte[] salt, byte[] hash) => (_iterations, _salt, _hash) = (iterations, salt, hash);

    /// <summary>Nobody's password: its check takes as long as that of a real one, so that the time does not show who exists.</summary>
    public static StoredPassword OfNobody { get; } = new(Iterations, new byte[SaltLength], new byte[HashLength]);

    /// <summary>The text that is stored in rows and files.</summary>
    public string Text => string.Create(CultureInfo.InvariantCulture, $"{Algorithm}${_iterations}${Convert.ToBase64String(_salt)}${Convert.ToBase64String(_hash)}");

    /// <summary>False: it must be hashed again at the next right sign-in.</summary>
    public bool IsStrong => _iterations >= Iterations;

    public static StoredPassword Hash(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltLength);
        return new StoredPassword(Iterations, salt, Derive(password, salt, Iterations, HashLength));
    }

    /// <exception cref="FormatException">The text is not a stored password, or is of an unknown kind.</exception>
    public static StoredPassword Parse(string text) =>
        text.Split('$') is [Algorithm, var count, var salt, var hash]
            && int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var iterations)
            && iterations is > 0 and <= MostIterations
            && hash.Length > 0
            ? new StoredPassword(iterations, Convert.FromBase64String(salt), Convert.FromBase64String(hash))
            : throw new FormatException("A stored password is of an unknown kind.");

    /// <summary>Takes a tenth of a second of processor time. Compares in constant time.</summary>
    public bool Matches(string password) => CryptographicOperations.FixedTimeEquals(Derive(password, _salt, _iterations, _hash.Length), _hash);

    /// <summary>Masked.</summary>
    public override string ToString() => "***";

    private static byte[] Derive(string password, byte[] salt, int iterations, int length) =>
        Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA512, length);
}
