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
    TradeNone = 342,
    TradeNotShipped = 343,
    TradeNotOverdue = 344,
    TradeNotClaimed = 345,
    TradeShipped = 346,
    TradeExtended = 347,
    ExtensionTooLong = 348,
    TradeClaimed = 349,
    TradeFrozen = 350,
    TradeLeased = 351,
    TradeFinished = 352,
    TradeClosed = 353,
    BillNotPaid = 340,
    RefundExceeds = 341,
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
        [Refusal.UnknownTerminal] = (ResponseCodes.UnknownTerminal, false),
        [Refusal.TerminalBlocked] = (ResponseCodes.UnknownTerminal, false),
        [Refusal.SignOnFirst] = (ResponseCodes.SignOnFirst, false),
        [Refusal.MacInvalid] = (ResponseCodes.BadMac, false),
        [Refusal.FormatError] = (ResponseCodes.FormatError, true),
        [Refusal.KeyReused] = (ResponseCodes.DuplicateKey, false),
        [Refusal.StanReplayed] = (ResponseCodes.DuplicateKey, false),
        [Refusal.TooManyRequests] = (ResponseCodes.TryLater, false),
        [Refusal.TotalsDiffer] = (ResponseCodes.TotalsDiffer, false),
        [Refusal.BatchClosed] = (ResponseCodes.NotAllowedNow, true),
        [Refusal.ClerkRefused] = (ResponseCodes.SecurityViolation, false),
        [Refusal.TooManySignIns] = (ResponseCodes.SecurityViolation, false),
        [Refusal.ClerkLocked] = (ResponseCodes.SecurityViolation, false),
        [Refusal.CardInvalid] = (ResponseCodes.BadCard, true),
        [Refusal.PinBlockUnreadable] = (ResponseCodes.FormatError, true),
        [Refusal.BillMistyped] = (ResponseCodes.NotPayable, true),
        [Refusal.BillUnknown] = (ResponseCodes.NotPayable, true),
        [Refusal.BillPaid] = (ResponseCodes.NotPayable, true),
        [Refusal.BillExpired] = (ResponseCodes.NotPayable, true),
        [Refusal.BillCancelled] = (ResponseCodes.NotPayable, true),
        [Refusal.BillBeingPaid] = (ResponseCodes.NotAllowedNow, true),
        [Refusal.BillHeld] = (ResponseCodes.NotAllowedNow, true),
        [Refusal.CurrencyWrong] = (ResponseCodes.WrongAmount, true),
        [Refusal.AmountWrong] = (ResponseCodes.WrongAmount, true),
        [Refusal.TradeNone] = (ResponseCodes.NotAllowedNow, true),
        [Refusal.TradeNotShipped] = (ResponseCodes.NotAllowedNow, true),
        [Refusal.TradeNotOverdue] = (ResponseCodes.NotAllowedNow, true),
        [Refusal.TradeNotClaimed] = (ResponseCodes.NotAllowedNow, true),
        [Refusal.TradeShipped] = (ResponseCodes.NotAllowedNow, true),
        [Refusal.TradeExtended] = (ResponseCodes.NotAllowedNow, true),
        [Refusal.ExtensionTooLong] = (ResponseCodes.NotAllowedNow, true),
        [Refusal.TradeClaimed] = (ResponseCodes.NotAllowedNow, true),
        [Refusal.TradeFrozen] = (ResponseCodes.NotAllowedNow, true),
        [Refusal.TradeLeased] = (ResponseCodes.NotAllowedNow, true),
        [Refusal.TradeFinished] = (ResponseCodes.NotAllowedNow, true),
        [Refusal.TradeClosed] = (ResponseCodes.NotAllowedNow, true),
        [Refusal.BillNotPaid] = (ResponseCodes.NotAllowedNow, true),
        [Refusal.RefundExceeds] = (ResponseCodes.WrongAmount, true),
        [Refusal.DeclinedByBank] = (ResponseCodes.DoNotHonour, true),
        [Refusal.BankNotReachable] = (ResponseCodes.BankNotReachable, true),
        [Refusal.NoAnswerFromBank] = (ResponseCodes.NoAnswer, true),
        [Refusal.NeverHappened] = (ResponseCodes.NoSuchOriginal, true),
        [Refusal.InProgress] = (ResponseCodes.InProgress, false),
        [Refusal.TryLater] = (ResponseCodes.TryLater, false),
        [Refusal.Fault] = (ResponseCodes.Fault, false),
    }.ToFrozenDictionary();

    /// <summary>ISO 8583 field 39 of the answer. For <see cref="Refusal.DeclinedByBank"/> the answer has the bank's own code instead.</summary>
    public static string ResponseCode(this Refusal refusal) => Table[refusal].Code;

    /// <summary>True when the refusal is stored for ever under the key of its swipe.</summary>
    public static bool IsFinal(this Refusal refusal) => Table[refusal].Final;
}
