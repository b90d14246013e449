using System.Security.Cryptography;
using Lakala.Vocabulary;

namespace Lakala.Storage;

/// <summary>So many passwords wait to be checked that one more is not looked at: try again.</summary>
public sealed class SignInsBusyException() : Exception("Too many passwords are being checked at once.");

/// <summary>Whose passwords wait for each other. What strangers send to one door keeps nobody waiting at the other.</summary>
internal enum PasswordsOf
{
    Clerks,
    Operators,
}

/// <summary>Passwords that are looked at, and new ones.</summary>
internal static class Passwords
{
    /// <summary>At each door, with the one that is looked at: somewhat more than a second and a half.</summary>
    internal const int MaxWaiting = 16;

    /// <summary>Nobody's password is longer.</summary>
    internal const int MaxLength = 128;

    /// <summary>
    /// A row's stored password, in SQL. A silo of a version before this one writes salt and hash; where they stand, they were written last.
    /// </summary>
    internal const string Stored =
        "case when salt = '' then password else 'pbkdf2-sha512$210000$' || encode(salt, 'base64') || '$' || encode(password_hash, 'base64') end";

    // More at once would take the processors from the swipes.
    private static readonly SemaphoreSlim[] Turns = [new(1), new(1)];
    private static readonly int[] Waiting = new int[2];

    /// <summary>One at a time at each door, and not for whoever has gone meanwhile. What belongs to nobody takes the same work, so that how long it takes tells nobody who exists.</summary>
    /// <param name="stored">Null: there is nobody.</param>
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

    /// <summary>What is to be kept of a password that has just been found right.</summary>
    public static Task<StoredPassword> Strengthen(StoredPassword stored, string password) =>
        stored.IsStrong ? Task.FromResult(stored) : Task.Run(() => StoredPassword.Of(password));

    /// <summary>For people at a real keyboard: 80 random bits in groups, without letters that look like others.</summary>
    public static string New()
    {
        var signs = RandomNumberGenerator.GetString("abcdefghjkmnpqrstuvwxyz23456789", 16);
        return string.Join('-', Enumerable.Range(0, 4).Select(group => signs.Substring(4 * group, 4)));
    }
}
