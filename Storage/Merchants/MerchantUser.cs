using System.Text.RegularExpressions;

namespace Lakala.Storage.Merchants;

/// <summary>A person of a merchant who signs in at its pages.</summary>
/// <param name="Name">2 to 40 lower-case letters, digits, dots, dashes and underscores; of this merchant only.</param>
public sealed partial record MerchantUser(Merchant Merchant, string Name)
{
    /// <summary>The shortest password that a person may choose.</summary>
    public const int LeastPassword = 10;

    /// <summary>The longest.</summary>
    public const int MostPassword = Passwords.MaxLength;

    public static bool IsName(string name) => Names().IsMatch(name);

    /// <summary>A password is long, and does not have the name in it.</summary>
    public static bool IsPassword(string password, string name) =>
        password.Length is >= LeastPassword and <= MostPassword && !password.Contains(name, StringComparison.OrdinalIgnoreCase) && password.Distinct().Count() > 4;

    [GeneratedRegex("^[a-z0-9._-]{2,40}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex Names();
}

/// <param name="Blocked">The person can no longer sign in.</param>
public sealed record MerchantUserEntry(string Name, bool Blocked, DateTimeOffset CreatedAt);

/// <summary>What lets a person of a merchant in, once.</summary>
/// <param name="Code">It cannot be shown a second time.</param>
public sealed record Invitation(string Code, DateTimeOffset ExpiresAt)
{
    public override string ToString() => "invitation ***";
}

public enum JoinOutcome
{
    Joined,

    /// <summary>There is no such invitation, it was used, or its time is over.</summary>
    NoInvitation,

    /// <summary>Somebody of the merchant has this name.</summary>
    NameTaken,

    /// <summary>The merchant has <see cref="MerchantUserRows.MostUsers"/> already.</summary>
    Full,
}
