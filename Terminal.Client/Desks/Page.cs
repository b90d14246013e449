using Lakala.Terminal.Client.Counters;
using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Words;
using Lakala.Wire.Cards;
using Lakala.Wire.Terminal;

namespace Lakala.Terminal.Client.Desks;

/// <summary>The present page of the screen.</summary>
internal abstract record Page
{
    private Page()
    {
    }

    /// <summary>Signing on; open payments of an earlier run come first.</summary>
    public sealed record Opening : Page;

    /// <summary>No sale is possible now, with the reason; the terminal tries again by itself.</summary>
    public sealed record Waiting(Report Report, long Since) : Page;

    /// <summary>A clerk signs in; or a supervisor approves an action, or signs a refund.</summary>
    /// <param name="Approves">The action that the supervisor approves; null when a clerk signs in.</param>
    /// <param name="Back">The page to which Escape returns from an approval.</param>
    /// <param name="Signs">The refund that the supervisor signs: number and password go with it to the server.</param>
    public sealed record SignIn(
        string Number, string Password, bool IsAtPassword, DeskRequest? Approves = null, Page? Back = null, DeskRequest.Refund? Signs = null) : Page
    {
        public override string ToString() => $"sign-in of {Number}";
    }

    public sealed record BillEntry(string Digits) : Page;

    public sealed record LookingUp(string Bill) : Page;

    /// <summary>The card is swiped now.</summary>
    public sealed record BillShown(Report Bill, long Since) : Page;

    /// <summary>The customer keys the PIN in.</summary>
    /// <param name="KeyedAt">The time of the last key, or of the swipe.</param>
    public sealed record PinEntry(Report Bill, long Since, Track2 Track, string Pin, long KeyedAt) : Page
    {
        public override string ToString() => $"PIN of {Pin.Length} digits for {Track.Masked}";
    }

    /// <param name="WasWarned">True: the next Escape gives the payment up.</param>
    public sealed record Asking(Report Bill, long Since, bool WasWarned = false, bool IsGivenUp = false) : Page;

    /// <param name="PrintFault">Why its receipts are not on paper; null when they are.</param>
    /// <param name="IsEarlier">The outcome of an earlier payment is now known, or its receipts came late.</param>
    /// <param name="IsPrinting">Its receipts are not on paper yet.</param>
    public sealed record Ended(SwipeReport Report, string? PrintFault, bool IsEarlier, long Since, bool IsPrinting = false) : Page
    {
        public bool IsUnknown => Report.Outcome == Outcome.Unknown;
    }

    /// <summary>The bill cannot be paid, and no card was swiped.</summary>
    public sealed record NotPayable(Report Report) : Page;

    /// <summary>The payment of a refund: its RRN, or the number of its bill.</summary>
    public sealed record PaymentEntry(string Digits) : Page;

    public sealed record PaymentLookingUp(string Number) : Page;

    /// <summary>The clerk keys the amount in.</summary>
    /// <param name="Digits">Minor units; empty: all that is left.</param>
    public sealed record PaymentShown(Report Payment, string Digits) : Page
    {
        public long Amount => Digits.Length == 0 ? Payment.Refundable!.Value : long.Parse(Digits, System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>The customer's card is swiped: it must be the one that paid.</summary>
    public sealed record RefundSwipe(Report Payment, long Amount) : Page;

    public sealed record Refunding(Report Payment, long Amount, long Since) : Page;

    /// <summary>The next Enter closes the batch.</summary>
    public sealed record BatchShown(BatchTotals Totals) : Page
    {
        public bool IsEmpty => Totals is { Count: 0, Refunds: 0 };
    }

    public sealed record Closing(long Since) : Page;

    public sealed record Closed(Report Report, string? PrintFault) : Page;

    /// <summary>The receipts of the last payments.</summary>
    /// <param name="Digits">Shows only payments whose STAN or bill number contains them.</param>
    /// <param name="From">First visible line of the chosen receipt; at most its last page.</param>
    public sealed record Past(IReadOnlyList<JournaledSwipe> All, string Digits, int At, int From = 0) : Page
    {
        public const int LinesAtOnce = 10, LastFrom = 60;

        public IReadOnlyList<JournaledSwipe> Shown => Digits.Length == 0
            ? All
            : [.. All.Where(swipe => swipe.Pending.Bill.Contains(Digits, StringComparison.Ordinal)
                || swipe.Pending.Key.Stan.ToString("D6", System.Globalization.CultureInfo.InvariantCulture).Contains(Digits, StringComparison.Ordinal))];
    }
}
