using System.Collections.Frozen;

namespace Lakala.Vocabulary;

/// <summary>
/// Why something did not happen. The numbers are frozen: they are stored, sent on the wire (reason number) and printed.
/// They are ordered: where several apply, the lowest is answered.
/// </summary>
public enum Refusal
{
    UnknownTerminal = 101,
    TerminalBlocked = 102,
    SignOnFirst = 110,
    MacInvalid = 120,
    FormatError = 130,
    KeyReused = 140,
    StanReplayed = 141,
    TooManyRequests = 150,
    TotalsDiffer = 160,
    BatchClosed = 161,
    ClerkRefused = 170,
    TooManySignIns = 171,
    ClerkLocked = 172,
    CardInvalid = 201,
    PinBlockUnreadable = 202,
    BillMistyped = 301,
    BillUnknown = 302,
    BillPaid = 310,
    BillExpired = 311,
    BillCancelled = 312,
    BillBeingPaid = 320,
    BillHeld = 321,
    CurrencyWrong = 330,
    AmountWrong = 331,
    DeclinedByBank = 401,
    BankNotReachable = 402,
    NoAnswerFromBank = 403,
    NeverHappened = 410,
    InProgress = 501,
    TryLater = 502,
    Fault = 503,
}

public static class Refusals
{
    // Final refusals are stored under the key and repeated for ever; all others may be tried again.
    private static readonly FrozenDictionary<Refusal, (string Code, bool Final)> Table = new Dictionary<Refusal, (string, bool)>
    {
        [Refusal.UnknownTerminal] = ("58", false),
        [Refusal.TerminalBlocked] = ("58", false),
        [Refusal.SignOnFirst] = ("77", false),
        [Refusal.MacInvalid] = ("A0", false),
        [Refusal.FormatError] = ("30", true),
        [Refusal.KeyReused] = ("94", false),
        [Refusal.StanReplayed] = ("94", false),
        [Refusal.TooManyRequests] = ("91", false),
        [Refusal.TotalsDiffer] = ("95", false),
        [Refusal.BatchClosed] = ("12", true),
        [Refusal.ClerkRefused] = ("63", false),
        [Refusal.TooManySignIns] = ("63", false),
        [Refusal.ClerkLocked] = ("63", false),
        [Refusal.CardInvalid] = ("14", true),
        [Refusal.PinBlockUnreadable] = ("30", true),
        [Refusal.BillMistyped] = ("40", true),
        [Refusal.BillUnknown] = ("40", true),
        [Refusal.BillPaid] = ("40", true),
        [Refusal.BillExpired] = ("40", true),
        [Refusal.BillCancelled] = ("40", true),
        [Refusal.BillBeingPaid] = ("12", true),
        [Refusal.BillHeld] = ("12", true),
        [Refusal.CurrencyWrong] = ("13", true),
        [Refusal.AmountWrong] = ("13", true),
        [Refusal.DeclinedByBank] = ("05", true),
        [Refusal.BankNotReachable] = ("92", true),
        [Refusal.NoAnswerFromBank] = ("68", true),
        [Refusal.NeverHappened] = ("25", true),
        [Refusal.InProgress] = ("09", false),
        [Refusal.TryLater] = ("91", false),
        [Refusal.Fault] = ("96", false),
    }.ToFrozenDictionary();

    /// <summary>ISO 8583 field 39 of the answer. For <see cref="Refusal.DeclinedByBank"/> the answer has the bank's own code instead.</summary>
    public static string ResponseCode(this Refusal refusal) => Table[refusal].Code;

    /// <summary>True when the refusal is stored for ever under the key of its swipe.</summary>
    public static bool IsFinal(this Refusal refusal) => Table[refusal].Final;
}
