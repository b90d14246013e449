using Lakala.Rules.Bills;
using Lakala.Storage.Bills;
using Lakala.Vocabulary;

namespace Lakala.Storage.Notices;

/// <summary>The receivers of the shopper of a bill, beside the merchant's webhook endpoints.</summary>
/// <param name="hasMail">False: without a mail server or pickup folder an address is only stored.</param>
/// <param name="hasSms">False: without an SMS gateway a phone number is only stored.</param>
public sealed class ShopperReceivers(bool hasMail, bool hasSms)
{
    public bool HasMail => hasMail;

    public bool HasSms => hasSms;

    public const string Mail = "mail";
    public const string Sms = "sms";

    /// <summary>The shopper's receivers of the bill's events; none when the shopper cannot be reached.</summary>
    public IReadOnlyList<string> Find(BillRow bill) => (ReachesByMail(bill), ReachesBySms(bill)) switch
    {
        (true, true) => [Mail, Sms],
        (true, false) => [Mail],
        (false, true) => [Sms],
        _ => [],
    };

    /// <summary>Why a shopper no longer needs the notice of an event, by the bill's present state; null when it is still needed.</summary>
    /// <remarks>A shopper who has paid is never asked to pay.</remarks>
    public static string? WhyMoot(string type, BillState now) => type is EventTypes.Created or EventTypes.Expiring
        ? now switch
        {
            BillState.Open or BillState.Paying => null,
            BillState.Paid => "the bill is paid",
            BillState.Expired => "the bill has expired",
            BillState.Cancelled => "the bill was cancelled",
            _ => throw new ArgumentOutOfRangeException(nameof(now), now, "No such state."),
        }
        : null;

    private bool ReachesByMail(BillRow bill) => hasMail && bill.ShopperEmail is not null;

    private bool ReachesBySms(BillRow bill) => hasSms && bill.ShopperPhone is not null;
}
