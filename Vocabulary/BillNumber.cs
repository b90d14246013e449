using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Lakala.Vocabulary;

/// <summary>
/// Fourteen digits: twelve random ones and two check digits by ISO 7064 MOD 97-10, which catch every single wrong
/// digit and every swap of two neighbours, so that a mistyped number is refused without a request.
/// </summary>
public readonly record struct BillNumber
{
    public const int Length = 14;

    /// <summary>Exclusive upper bound of the random part.</summary>
    public const long RandomParts = 1_000_000_000_000;

    private const int HalfParts = 1_000_000;

    private const int GroupLength = 4;

    private BillNumber(long value) => Value = value;

    public long Value { get; }

    /// <param name="random">0 up to, not including, <see cref="RandomParts"/>.</param>
    public static BillNumber FromRandom(long random)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(random);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(random, RandomParts);
        var shifted = random * 100;
        return new BillNumber(shifted + (98 - shifted % 97));
    }

    /// <summary>A new random number; all are equally likely, so that one does not help to guess another.</summary>
    public static BillNumber Draw() => FromRandom(RandomNumberGenerator.GetInt32(HalfParts) * (long)HalfParts + RandomNumberGenerator.GetInt32(HalfParts));

    /// <summary>A number from our own storage or grain key, where only valid ones are.</summary>
    public static BillNumber FromStored(long value) =>
        IsWhole(value) ? new BillNumber(value) : throw new ArgumentException("Not a bill number: check digits are wrong.", nameof(value));

    /// <summary>As <see cref="TryParse"/>, when only the check is needed.</summary>
    public static bool IsWhole([NotNullWhen(true)] string? text) => TryParse(text, out _);

    /// <summary>The digits in groups of 4-4-4-2 for reading aloud; fewer digits, or other characters, are grouped in the same way.</summary>
    public static IEnumerable<string> Groups(string digits) => digits.Chunk(GroupLength).Select(static group => new string(group));

    /// <summary>Accepts exactly fourteen ASCII digits with right check digits.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out BillNumber number)
    {
        number = default;
        if (text is not { Length: Length })
        {
            return false;
        }

        long value = 0;
        foreach (var digit in text)
        {
            if (!char.IsAsciiDigit(digit))
            {
                return false;
            }

            value = value * 10 + (digit - '0');
        }

        if (!IsWhole(value))
        {
            return false;
        }

        number = new BillNumber(value);
        return true;
    }

    public override string ToString() => Value.ToString("D14", null);

    // The standard uses 02 to 98: 00, 01 and 99 have the same residues and never occur.
    private static bool IsWhole(long value) => value is >= 0 and < RandomParts * 100 && value % 97 == 1 && value % 100 is >= 2 and <= 98;
}
