using System.Collections.Frozen;

namespace Lakala.Vocabulary;

/// <summary>The codes of field 39 that one of the two lines uses.</summary>
public static class ResponseCodes
{
    public const string Approved = "00";
    public const string DoNotHonour = "05";
    public const string InProgress = "09";
    public const string NotAllowedNow = "12";
    public const string WrongAmount = "13";
    public const string BadCard = "14";
    public const string NoActionTaken = "21";
    public const string NoSuchOriginal = "25";
    public const string FormatError = "30";
    public const string NotPayable = "40";
    public const string LostCard = "41";
    public const string StolenCard = "43";
    public const string InsufficientFunds = "51";
    public const string ExpiredCard = "54";
    public const string WrongPin = "55";
    public const string NotAllowedForCard = "57";
    public const string UnknownTerminal = "58";
    public const string OverLimit = "61";
    public const string NoAnswer = "68";
    public const string SecurityViolation = "63";
    public const string WrongOriginalAmount = "64";
    public const string PinTriesExceeded = "75";
    public const string SignOnFirst = "77";
    public const string TryLater = "91";
    public const string BankNotReachable = "92";
    public const string DuplicateKey = "94";
    public const string TotalsDiffer = "95";
    public const string Fault = "96";
    public const string BadMac = "A0";

    // 94 is not stored, but a repeat with this content under this key always gets it again.
    private static readonly FrozenSet<string> NotFinal = FrozenSet.Create(InProgress, SecurityViolation, SignOnFirst, TryLater, DuplicateKey, TotalsDiffer, Fault, BadMac, UnknownTerminal);

    /// <summary>True when the code is final: the answer for this key never changes.</summary>
    public static bool IsFinal(string code) => !NotFinal.Contains(code);
}
