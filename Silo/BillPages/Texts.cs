using Lakala.Bills;

namespace Lakala.Silo.BillPages;

/// <summary>All that the shopper's pages say.</summary>
internal static class Texts
{
    public const string Language = "en";

    public const string BillNumber = "Bill number";
    public const string Order = "Order";
    public const string PayBy = "Pay by";
    public const string TimeZone = "Beijing time";
    public const string HowTo = "How to pay";
    public const string Receipt = "Payment";
    public const string PaidAt = "Paid";
    public const string Rrn = "Reference (RRN)";
    public const string AuthorisationCode = "Authorisation code";
    public const string Card = "Card";
    public const string Store = "Store";
    public const string Reload = "This page does not update by itself without JavaScript: reload it to see the latest.";
    public const string Offline = "Live updates are interrupted. Trying again…";
    public const string NotFound = "There is no such bill";
    public const string NotFoundHint = "Check that you have opened the whole address, or ask the shop for it.";
    public const string Away = "This page cannot be shown right now";
    public const string AwayHint = "Please try again in a minute. Nothing has happened to your bill.";

    public static readonly IReadOnlyList<string> Steps =
    [
        "Go to any store with the Lakala sign.",
        "Show this barcode, or read out the bill number.",
        "Swipe your bank card, enter your PIN and take the receipt.",
    ];

    public static string Barcode(string number) => $"Barcode of bill number {number}";

    public static string Qr(string number) => $"QR code of bill number {number}";

    public static (string Headline, string Hint) Of(BillState state) => state switch
    {
        BillState.Open => ("Waiting for payment", "This page changes by itself as soon as you have paid."),
        BillState.Paying => ("Payment in progress", "Your bank is being asked. This takes a few seconds."),
        BillState.Paid => ("Paid", "Thank you. The shop is told automatically."),
        BillState.Expired => ("Expired", "This bill can no longer be paid. Please order again in the shop."),
        BillState.Cancelled => ("Cancelled", "The shop has cancelled this bill. Do not pay it."),
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No such state."),
    };
}
