using System.Security.Cryptography;
using Lakala.Vocabulary;

namespace Lakala.Storage;

/// <summary>Too many passwords wait to be checked: try again.</summary>
public sealed class SignInsBusyException() : Exception("Too many passwords are being checked at once.");

/// <summary>The separate queues of passwords: strangers at one do not delay the others.</summary>
internal enum PasswordsOf
{
    Clerks,
    Operators,
    Merchants,
}

/// <summary>Checks passwords, and makes new ones.</summary>
internal static class Passwords
{
    /// <summary>The most passwords in a queue, including the one that is checked: a wait of about 1.6 s.</summary>
    internal const int MaxWaiting = 16;

    /// <summary>The longest password; a longer one is wrong.</summary>
    internal const int MaxLength = 128;

    /// <summary>
    /// A row's stored password, in SQL. A silo of an earlier version writes salt and hash to other columns; if they are set, they are newer.
    /// </summary>
    internal const string Stored =
        "case when salt = '' then password else 'pbkdf2-sha512$210000$' || encode(salt, 'base64') || '$' || encode(password_hash, 'base64') end";

    // More at once would take the processors from swipes.
    private static readonly SemaphoreSlim[] Turns = [new(1), new(1), new(1)];
    private static readonly int[] Waiting = new int[3];

    /// <summary>Checks one password at a time in each queue; a caller that has cancelled is skipped. An unknown name takes the same work, so that the time does not show who exists.</summary>
    /// <param name="stored">Null: the name is unknown.</param>
    /// <exception cref="SignInsBusyException">Too many wait.</exception>
    public static async Task<bool> Matches(PasswordsOf whose, string password, StoredPassword? stored, CancellationToken stop)
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
                return await Task.Run(() => (stored ?? StoredPassword.OfNobody).Matches(password), stop) && stored is not null;
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

    /// <summary>The stored form of a password that has just been verified.</summary>
    public static Task<StoredPassword> Strengthen(StoredPassword stored, string password) =>
        stored.IsStrong ? Task.FromResult(stored) : Task.Run(() => StoredPassword.Hash(password));

    /// <summary>A new password for a person at a keyboard: 80 random bits in groups, without letters that look like others.</summary>
    public static string New()
    {
        var signs = RandomNumberGenerator.GetString("abcdefghjkmnpqrstuvwxyz23456789", 16);
        return string.Join('-', Enumerable.Range(0, 4).Select(group => signs.Substring(4 * group, 4)));
    }
}
