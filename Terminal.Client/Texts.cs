namespace Lakala.Terminal.Client;

/// <summary>What this program says to clerk and customer. The texts to an answer come from the server.</summary>
internal static class Texts
{
    public const string CallOperator = "Call the operator.";
    public const string BillMistyped = "Bill number mistyped. Check the digits.";
    public const string CardInvalid = "This is no valid card. Swipe again or take another.";
    public const string NothingToReprint = "No receipt to print again.";
    public const string LookupUnanswered = "No answer to the look-up. Nothing was paid; try again.";
    public const string Interrupted = "Interrupted before the payment was sent. Nothing was paid.";
    public const string NotSent = "Not sent, nothing was paid. Try again.";
    public const string OutcomeUnknown = "Outcome unknown. Do not pay again: the next payment on this terminal first finds out.";
    public const string EarlierUnknown = "An earlier payment is still unknown. No new one until it is certain; try again in a minute.";
    public const string KeyReused = "The server knows this payment's number with other content. " + CallOperator;
    public const string SignOnUnanswered = "the sign-on is not answered: is the terminal known there, and is its master key right?";

    public const string CustomerCopy = "CUSTOMER COPY";
    public const string MerchantCopy = "MERCHANT COPY";
    public const string Duplicate = "*** DUPLICATE ***";
    public const string Reprint = "*** DUPLICATE - REPRINT ***";
    public const string Paid = "CARD PAYMENT";
    public const string NotPaid = "NOT PAID";
    public const string Unknown = "OUTCOME UNKNOWN";
    public const string PinVerified = "PIN VERIFIED";
    public const string DoNotPayAgain = "Do not pay again. The terminal finds out and prints the result.";

    public static string NotReachable(string why) => $"Payments cannot be reached ({why.TrimEnd('.')}). Nothing was paid. Check the network and try again.";

    public static string NoTerminals(string folder) => $"There is no terminal in {folder}. Run ./lakala up first, or set LAKALA_HOME.";

    public static string NoSuchTerminal(string id, string folder) => $"There is no terminal {id} in {folder}.";

    public static string InUse(string terminal) => $"Terminal {terminal} is in use by another process. Wait until it is done.";

    public static string JournalDamaged(string why) => $"{why} No payments until it is looked at. {CallOperator}";

    public static string DiskFault(string why) => $"The terminal's disk gives a fault ({why.TrimEnd('.')}). {CallOperator}";

    public static string SignOnRefused(string code) => $"the sign-on is refused with code {code}";

    public static string EntryMode(string mode) => mode == Client.EntryMode.Swiped ? "SWIPED" : mode;
}
