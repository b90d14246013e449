using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Net.Mail;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Lakala.Rules.Trades;
using Lakala.Silo.Web;
using Lakala.Storage;
using Lakala.Storage.Ledger;
using Lakala.Storage.Notices;
using Lakala.Vocabulary;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.OpenApi;

namespace Lakala.Silo.Merchants;

// The requests and answers of the merchant API. The descriptions are on the reference page and in the errors of invalid requests.

internal sealed record CreateBill(
    [property: Length(1, CreateBill.MaxOrderId), Description("Your own name of the order: 1 to 64 characters, none of them a control or format character.")]
    string OrderId,
    [property: Range(Money.MinBillAmount, Money.MaxBillAmount), Description("An integer in minor units (fen): 1 to 999999999999.")]
    long Amount,
    [property: RegularExpression("^[A-Z]{3}$"), Description("An ISO 4217 code. Only CNY is accepted now.")]
    string Currency,
    [property: Length(1, CreateBill.MaxDescription), Description("What the shopper pays for, as shown on the bill page: 1 to 255 characters.")]
    string Description,
    [property: Description("The shopper, who gets mails and SMS: an object with name, email, phone and language, all optional.")]
    Shopper? Shopper = null,
    [property: Description("An object of your own, repeated with the bill: at most 50 strings of at most 500 characters, names of at most 40.")]
    Dictionary<string, string>? Metadata = null,
    [property: Description("The time until which the bill can be paid: an RFC 3339 time with offset, 1 second to 365 days ahead. Not with expires_in_seconds.")]
    DateTimeOffset? ExpiresAt = null,
    [property: Range(1L, CreateBill.MaxSeconds), Description("The number of seconds for which the bill can be paid: 1 to 31536000; default 259200 (72 hours).")]
    long? ExpiresInSeconds = null,
    [property: AllowedValues(Settlements.Direct, Settlements.Escrow), Description("direct (default): you have the money at once. escrow: it is held until the shopper has the goods.")]
    string? Settlement = null,
    [property: AllowedValues("auto", "virtual", "pickup", "express", "surface"), Description("With escrow, and needed there: how the goods will reach the shopper. auto: by your program at once; virtual: without a parcel; pickup; express; surface: by ordinary post or freight.")]
    string? Delivery = null,
    [property: Range(1L, CreateBill.LongestTimer), Description("With escrow: the number of seconds from the payment until you have to ship, 3600 to 3888000; default 259200 (72 hours).")]
    long? ShipWithinSeconds = null,
    [property: Range(1L, CreateBill.LongestTimer), Description("With escrow: the number of seconds from the shipping until the goods count as received, 86400 to 3888000; by default 1 day for auto, 3 for virtual and pickup, 10 for express, 30 for surface.")]
    long? ConfirmWithinSeconds = null,
    [property: AllowedValues(FeesOnRefund.Returned, FeesOnRefund.Kept), Description("returned (default): with a refund you get back its part of the fee. kept: you bear the whole refund, and the fee is not given back. Held money of an escrow bill has no fee yet.")]
    string? FeeOnRefund = null)
{
    public const int MaxOrderId = 64;
    public const int MaxDescription = 255;
    public const long MaxSeconds = 31_536_000;
    public const long LongestTimer = 45 * 86_400;

    private const int MaxMetadata = 50;
    private const int MaxMetadataName = 40;
    private const int MaxMetadataValue = 500;

    private static readonly TimeSpan UsualTime = TimeSpan.FromHours(72);
    private static readonly TimeSpan ShortestTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestTime = TimeSpan.FromDays(365);

    /// <summary>The time until which the bill can be paid, cut to the milliseconds that the API shows. Only for a request that has passed <see cref="Check"/>.</summary>
    public DateTimeOffset Expiry(DateTimeOffset now) =>
        ExpiresAt?.ToUniversalTime() ?? now + (ExpiresInSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : UsualTime);

    /// <summary>The error of the request; null when it is valid.</summary>
    public ProblemHttpResult? Check(DateTimeOffset now, TradeOptions trades) =>
        RefuseOrderId(OrderId)
        ?? (Money.IsKnownCurrency(Currency) ? null : Problems.Invalid("currency", "currency is not accepted: only CNY is."))
        ?? (new Money(Amount, Currency).IsBillable
            ? null
            : Problems.Invalid("amount", $"amount must be an integer in minor units from {Money.MinBillAmount} to {Money.MaxBillAmount}."))
        ?? Text.Refuse("description", Description, 1, MaxDescription)
        ?? Shopper?.Check()
        ?? CheckMetadata()
        ?? CheckExpiry(now)
        ?? CheckEscrow(trades)
        ?? (FeeOnRefund is null or FeesOnRefund.Returned or FeesOnRefund.Kept ? null : Problems.Invalid("fee_on_refund", "fee_on_refund can be returned or kept."));

    /// <summary>The terms of an escrow bill; null when it is direct. Only for a request that has passed <see cref="Check"/>.</summary>
    public EscrowTerms? Terms() => Settlement == Settlements.Escrow && StateNames.FindDeliveryMethod(Delivery!) is { } method
        ? new EscrowTerms(
            method,
            ShipWithinSeconds is { } ship ? TimeSpan.FromSeconds(ship) : EscrowTerms.UsualShipTime,
            ConfirmWithinSeconds is { } confirm ? TimeSpan.FromSeconds(confirm) : EscrowTerms.UsualConfirmTime(method))
        : null;

    public static ProblemHttpResult? RefuseOrderId(string orderId) => Text.Refuse("order_id", orderId, 1, MaxOrderId);

    public static void TellMetadata(OpenApiSchema schema)
    {
        schema.MaxProperties = MaxMetadata;
        schema.PropertyNames = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1, MaxLength = MaxMetadataName };
        schema.AdditionalProperties = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = MaxMetadataValue };
    }

    private ProblemHttpResult? CheckMetadata() =>
        Metadata is null ? null
        : Metadata.Count > MaxMetadata ? Problems.Invalid("metadata", $"metadata has {Metadata.Count} members; at most {MaxMetadata} are allowed.")
        : Metadata.Keys.FirstOrDefault(static name => name.EnumerateRunes().Count() is 0 or > MaxMetadataName) is not null
            ? Problems.Invalid("metadata", $"metadata has a name that is empty or longer than {MaxMetadataName} characters.")
        : Metadata.FirstOrDefault(static pair => pair.Value is null || pair.Value.EnumerateRunes().Count() > MaxMetadataValue).Key is { } name
            ? Problems.Invalid($"metadata.{name}", $"metadata.{name} must be a string of at most {MaxMetadataValue} characters.")
        : null;

    private ProblemHttpResult? CheckEscrow(TradeOptions trades)
    {
        if (Settlement is null or Settlements.Direct)
        {
            return Delivery is not null ? OnlyEscrow("delivery")
                : ShipWithinSeconds is not null ? OnlyEscrow("ship_within_seconds")
                : ConfirmWithinSeconds is not null ? OnlyEscrow("confirm_within_seconds")
                : null;
        }

        return Settlement != Settlements.Escrow ? Problems.Invalid("settlement", "settlement can be direct or escrow.")
            : Delivery is null || StateNames.FindDeliveryMethod(Delivery) is null
                ? Problems.Invalid("delivery", "delivery of an escrow bill must be auto, virtual, pickup, express or surface.")
            : RefuseTimer("ship_within_seconds", ShipWithinSeconds, trades.ShortestShipTime)
                ?? RefuseTimer("confirm_within_seconds", ConfirmWithinSeconds, trades.ShortestConfirmTime);
    }

    private static ProblemHttpResult OnlyEscrow(string field) => Problems.Invalid(field, $"{field} is only for bills with settlement escrow.");

    private static ProblemHttpResult? RefuseTimer(string field, long? seconds, TimeSpan shortest) =>
        seconds is null || (seconds >= (long)shortest.TotalSeconds && seconds <= LongestTimer)
            ? null
            : Problems.Invalid(field, $"{field} must be an integer from {(long)shortest.TotalSeconds} to {LongestTimer}.");

    private ProblemHttpResult? CheckExpiry(DateTimeOffset now)
    {
        if (ExpiresAt is { } at)
        {
            return ExpiresInSeconds is not null ? Problems.Invalid("expires_at", "Give expires_at or expires_in_seconds, not both.")
                : at < now + ShortestTime ? Problems.Invalid("expires_at", $"expires_at is not in the future; it is {Rfc3339.ToMilliseconds(now)} now.")
                : at > now + LongestTime ? Problems.Invalid("expires_at", "expires_at is more than 365 days ahead.")
                : null;
        }

        return ExpiresInSeconds is null or (>= 1 and <= MaxSeconds)
            ? null
            : Problems.Invalid("expires_in_seconds", $"expires_in_seconds must be an integer from 1 to {MaxSeconds}.");
    }
}

internal sealed partial record Shopper(
    [property: MaxLength(Shopper.MaxName), Description("At most 100 characters.")]
    string? Name = null,
    [property: Length(3, Shopper.MaxEmail), Description("A mail address of at most 254 characters, for mails with the bill, a reminder, the receipt or the news that it can no longer be paid.")]
    string? Email = null,
    [property: RegularExpression(Shopper.PhonePattern), Description("E.164: a plus sign and 8 to 15 digits, such as +8613800000000; of China 1 and ten digits more. The same in short by SMS, where the platform has an SMS gateway and sends to that country.")]
    string? Phone = null,
    [property: AllowedValues("en", "zh"), Description("en or zh: the language of page, mail and SMS. Without it the page is in the browser's language, and mail and SMS are in English.")]
    string? Language = null)
{
    public const int MaxName = 100;
    public const int MaxEmail = 254;

    // In China only mobile numbers can get an SMS.
    public const string PhonePattern = "^\\+(861[0-9]{10}|(?!86)[1-9][0-9]{7,14})$";

    public ProblemHttpResult? Check() =>
        Text.Refuse("shopper.name", Name, 0, MaxName)
        ?? Text.Refuse("shopper.email", Email, 3, MaxEmail)
        ?? (Email is null || (MailAddress.TryCreate(Email, out var address) && address.Address == Email)
            ? null
            : Problems.Invalid("shopper.email", "shopper.email is not a mail address."))
        ?? (Phone is null || (PhoneNumber().IsMatch(Phone) && !Phone.EndsWith('\n'))
            ? null
            : Problems.Invalid("shopper.phone", "shopper.phone must be in E.164: a plus sign and 8 to 15 digits, of China (+86) 1 and ten digits more, such as +8613800000000."))
        ?? (Language is null or "en" or "zh" ? null : Problems.Invalid("shopper.language", "shopper.language can be en or zh."));

    [GeneratedRegex(PhonePattern, RegexOptions.CultureInvariant)]
    private static partial Regex PhoneNumber();
}

internal static class Text
{
    /// <summary>Characters are Unicode code points, as JSON Schema counts them.</summary>
    public static ProblemHttpResult? Refuse(string field, string? text, int least, int most) =>
        text is null || (text.EnumerateRunes().Count() is var length && length >= least && length <= most && PlainText.Is(text) && (least == 0 || !string.IsNullOrWhiteSpace(text)))
            ? null
            : Problems.Invalid(field, $"{field} must have {least} to {most} characters, not only blanks, none of them a control or format character.");
}

// The same members as Grains.Notices.BillView: a test compares the two.
[Description("The amount that an order owes, and whether it is paid.")]
internal sealed record BillModel(
    [property: RegularExpression("^[0-9]{14}$"), Description("Fourteen digits, the last two of them check digits (ISO 7064 MOD 97-10). The shopper gives this number to the clerk.")]
    string Number,
    [property: AllowedValues("OPEN", "PAYING", "PAID", "EXPIRED", "CANCELLED"), Description("OPEN, PAYING, PAID, EXPIRED or CANCELLED. PAID, EXPIRED and CANCELLED are final.")]
    string Status,
    [property: Description("Minor units.")]
    long Amount,
    string Currency,
    string OrderId,
    string Description,
    Dictionary<string, string> Metadata,
    [property: Description("The shopper's page. Whoever has the address can read the bill.")]
    string PayUrl,
    DateTimeOffset ExpiresAt,
    DateTimeOffset CreatedAt,
    [property: AllowedValues(Settlements.Direct, Settlements.Escrow), Description("direct: you have the money once the bill is PAID. escrow: it is held, as trade says.")]
    string Settlement,
    [property: AllowedValues(FeesOnRefund.Returned, FeesOnRefund.Kept), Description("returned: with a refund you get back its part of the fee. kept: you bear the whole refund. What is still held is always given back without a fee.")]
    string FeeOnRefund,
    [property: Description("Present once the bill is PAID.")]
    PaymentModel? Payment = null,
    [property: AllowedValues("auto", "virtual", "pickup", "express", "surface"), Description("With escrow: the method that the shopper expects.")]
    string? Delivery = null,
    [property: Description("With escrow: from the payment until you have to ship.")]
    long? ShipWithinSeconds = null,
    [property: Description("With escrow: from the shipping until the goods count as received.")]
    long? ConfirmWithinSeconds = null,
    [property: Description("With escrow, once the bill is PAID: the time until which you have to ship.")]
    DateTimeOffset? ShipBy = null,
    [property: Description("While the trade is SHIPPED: the time at which the goods count as received.")]
    DateTimeOffset? ConfirmBy = null,
    [property: Description("With escrow, once the bill is PAID: what happens to the money.")]
    TradeModel? Trade = null,
    [property: Description("Present once the bill is PAID: what was refunded of it, or is on its way back to the card. Minor units.")]
    long? Refunded = null);

[Description("What happens to the money of an escrow bill.")]
internal sealed record TradeModel(
    [property: AllowedValues("HELD", "SHIPPED", "CLAIMED", "FINISHED", "CLOSED")]
    [property: Description("HELD: paid, ship the goods; SHIPPED: the shopper is to confirm; CLAIMED: the shopper has a claim; FINISHED: you have the money; CLOSED: the shopper gets it back. FINISHED is final; CLOSED is once its refund is DONE.")]
    string Status,
    [property: Description("What is held, in minor units.")]
    long Held,
    [property: Description("What was released, in minor units, before fees.")]
    long Released,
    [property: Description("true: the time for shipping is over. Ship now, or the money goes back.")]
    bool ShipOverdue,
    [property: Description("true: the operator of the network has stopped it, or the bank has refused its refund. Nothing of its money moves until trade.resumed.")]
    bool Stopped,
    [property: AllowedValues("auto", "virtual", "pickup", "express", "surface"), Description("How you have shipped.")]
    string? Method = null,
    string? Carrier = null,
    string? TrackingNumber = null,
    DateTimeOffset? ShippedAt = null,
    [property: Description("Present once it is FINISHED or CLOSED.")]
    DateTimeOffset? EndedAt = null);

internal sealed record ShipOrder(
    [property: Length(0, ShipOrder.Most), Description("The company that carries the goods: at most 64 characters; empty when there is none.")]
    string Carrier,
    [property: Length(0, ShipOrder.Most), Description("The carrier's number for the parcel: at most 64 characters; empty when there is none.")]
    string TrackingNumber,
    [property: AllowedValues("auto", "virtual", "pickup", "express", "surface"), Description("How the goods go; default is the bill's delivery.")]
    string? Method = null)
{
    private const int Most = 64;

    public ProblemHttpResult? Check() =>
        Text.Refuse("carrier", Carrier, 0, Most)
        ?? Text.Refuse("tracking_number", TrackingNumber, 0, Most)
        ?? (Method is null || StateNames.FindDeliveryMethod(Method) is not null
            ? null
            : Problems.Invalid("method", "method can be auto, virtual, pickup, express or surface."));
}

internal sealed record ExtendTime(
    [property: Range(1, Trade.MostExtraDays), Description("The number of days that the shopper gets in addition: 1 to 15.")]
    int Days)
{
    public ProblemHttpResult? Check() =>
        Days is >= 1 and <= Trade.MostExtraDays ? null : Problems.Invalid("days", $"days must be an integer from 1 to {Trade.MostExtraDays}.");
}

internal sealed record CreateRefund(
    [property: Range(Money.MinBillAmount, Money.MaxBillAmount), Description("An integer in minor units (fen), from 1 to what is left of the bill, never null. Without it all that is left is refunded.")]
    [property: JsonConverter(typeof(NeverNull))]
    long? Amount = null,
    [property: Length(1, CreateRefund.MaxReason), Description("Your reason, repeated with the refund: 1 to 255 characters.")]
    string? Reason = null)
{
    public const int MaxReason = 255;

    public ProblemHttpResult? Check() =>
        (Amount is null or (>= Money.MinBillAmount and <= Money.MaxBillAmount)
            ? null
            : Problems.Invalid("amount", $"amount must be an integer in minor units from {Money.MinBillAmount} to {Money.MaxBillAmount}."))
        ?? Text.Refuse("reason", Reason, 1, MaxReason);
}

// The same members as Grains.Notices.RefundView: a test compares the two.
[Description("Money of a paid bill on its way back to the shopper's card.")]
internal sealed record RefundModel(
    [property: RegularExpression("^[0-9]{12}$"), Description("Twelve digits: the retrieval reference number under which the bank has the refund. It never changes.")]
    string Id,
    [property: Description("The number of the bill.")]
    string Bill,
    [property: AllowedValues("QUEUED", "REQUESTED", "SENT", "DONE", "DECLINED", "WITHDRAWN")]
    [property: Description("QUEUED: your balance does not cover it yet; REQUESTED; SENT: the bank has been asked, and is asked again until it answers; DONE: the bank has credited the card; DECLINED: the bank has refused it, and the money is back where it was; WITHDRAWN: you have withdrawn it, and the money is where it was. DONE, DECLINED and WITHDRAWN are final.")]
    string Status,
    [property: Description("Minor units.")]
    long Amount,
    string Currency,
    string? Reason,
    [property: Description("The store at whose counter the shopper asked for it. Absent when you did, or when goods were not shipped in time.")]
    string? Store,
    DateTimeOffset CreatedAt,
    [property: Description("Present once it is DONE, DECLINED or WITHDRAWN.")]
    DateTimeOffset? FinishedAt,
    [property: Description("When it is DECLINED: the bank's code, field 39 of ISO 8583. Absent when the bank has said it to the network's operators in writing.")]
    string? ResponseCode,
    [property: AllowedValues("pending", "made")]
    [property: Description("When it is DECLINED and the shopper was promised the money: pending: the network's operators decide how the shopper gets it, and the money waits for them; made: they have decided.")]
    string? Decision = null,
    [property: Description("true: the network's operators have paid the shopper in another way than to the card.")]
    bool? PaidOtherwise = null);

internal sealed record OfferToShopper(
    [property: Range(Money.MinBillAmount, Money.MaxBillAmount), Description("An integer in minor units (fen), below what is claimed and above your offer before.")]
    long Amount,
    [property: Length(1, ClaimTexts.Most), Description("Your words to the shopper: 1 to 1000 characters.")]
    string? Text = null)
{
    public ProblemHttpResult? Check() =>
        (Amount is >= Money.MinBillAmount and <= Money.MaxBillAmount
            ? null
            : Problems.Invalid("amount", $"amount must be an integer in minor units from {Money.MinBillAmount} to {Money.MaxBillAmount}."))
        ?? ClaimTexts.Refuse(Text);
}

internal sealed record AskForReturn(
    [property: Length(1, ClaimTexts.Most), Description("Your words to the shopper, such as the address to which the goods go: 1 to 1000 characters.")]
    string Text)
{
    public ProblemHttpResult? Check() => ClaimTexts.Refuse(Text);
}

internal sealed record RefuseClaim(
    [property: Length(1, ClaimTexts.Most), Description("Why you refuse; the shopper and the operators read it: 1 to 1000 characters.")]
    string Text)
{
    public ProblemHttpResult? Check() => ClaimTexts.Refuse(Text);
}

internal static class ClaimTexts
{
    public const int Most = 1000;

    public static ProblemHttpResult? Refuse(string? text) => Merchants.Text.Refuse("text", text, 1, Most);
}

// The same members as Grains.Notices.ClaimView: a test compares the two.
[Description("A shopper's request to get money of an escrow bill back.")]
internal sealed record ClaimModel(
    [property: RegularExpression("^[0-9]{12}$"), Description("Twelve digits. They never change.")]
    string Id,
    [property: Description("The number of the bill.")]
    string Bill,
    [property: AllowedValues(ClaimModel.Asked, ClaimModel.Agreed, ClaimModel.Returning, ClaimModel.Back, ClaimModel.Refused, ClaimModel.Judging, ClaimModel.Judged, ClaimModel.Withdrawn)]
    [property: Description("ASKED: answer it, or, with an offer, wait for the shopper; RETURNING: the shopper sends the goods back; BACK: look at them; REFUSED: the shopper may ask for a ruling; JUDGING: two operators rule; AGREED, JUDGED and WITHDRAWN are final.")]
    string Status,
    [property: AllowedValues("not_received", "not_as_described", "return"), Description("What the shopper says; return: the goods are as described, and she wants to give them back.")]
    string Kind,
    [property: Description("What is claimed, in minor units.")]
    long Amount,
    string Currency,
    [property: Description("true: the trade was FINISHED already, so that it is about your balance.")]
    bool AfterSale,
    [property: Description("What you have offered, in minor units.")]
    long? Offer,
    [property: Description("Once it is AGREED or JUDGED: what the shopper gets, in minor units.")]
    long? Granted,
    [property: Description("The shopper's words.")]
    string Reason,
    [property: Description("Your last words.")]
    string? Answer,
    [property: Description("The shopper's words to the operators.")]
    string? Appeal,
    [property: Description("The operators' words.")]
    string? Ruling,
    [property: Description("How the goods went back.")]
    string? ReturnCarrier,
    string? ReturnTrackingNumber,
    [property: Description("The id of the refund that it has made.")]
    string? Refund,
    [property: Description("The id of the refund that the guarantee fund gives, which you owe.")]
    string? Compensation,
    DateTimeOffset OpenedAt,
    [property: Description("The time at which it goes on by itself: the shopper gets all that is claimed when it was your turn, and what you have offered when it was hers; without an offer the claim is withdrawn. Missing while operators are to rule.")]
    DateTimeOffset? DueAt,
    [property: Description("Present once it is over.")]
    DateTimeOffset? EndedAt)
{
    public const string Asked = "ASKED", Agreed = "AGREED", Returning = "RETURNING", Back = "BACK", Refused = "REFUSED", Judging = "JUDGING", Judged = "JUDGED", Withdrawn = "WITHDRAWN";
}

internal sealed record PaymentModel(
    DateTimeOffset PaidAt,
    [property: Description("The retrieval reference number under which the bank has the payment.")]
    string Rrn,
    string AuthorisationCode,
    [property: Description("First six and last four digits.")]
    string MaskedCard,
    string Store,
    string Terminal);

[Description("What you have, in minor units.")]
internal sealed record BalanceModel(
    string Currency,
    [property: Description("Your own money: what was paid or released, less fees and refunds. A payment is in it within seconds.")]
    long Available,
    [property: Description("The money of your escrow bills that is not released.")]
    long Held,
    [property: Description("Your own money that you cannot use while a claim is open.")]
    long Frozen,
    [property: Description("What you owe.")]
    long Owed,
    [property: Description("What is set aside for your refunds, until the bank says what became of them.")]
    long RefundsOut);

[Description("A movement of your available money. It never changes.")]
internal sealed record BalanceEntryModel(
    [property: OpenValues("payment", "release", "refund", "refund_back", "debt_paid", "freeze", "unfreeze")]
    [property: Description("payment: a direct bill was paid; release: held money of an escrow bill is yours; refund: money was set aside for a refund; refund_back: the bank has refused a refund, and you have the money again; debt_paid: you have paid a part of what you owe; freeze, unfreeze: a claim about a finished trade was opened, and has ended. New kinds may come.")]
    string Kind,
    [property: RegularExpression("^[0-9]{12}$"), Description("Twelve digits. Kind and number together name the entry; the number of a payment and of a refund is its retrieval reference number.")]
    string Number,
    [property: Description("Minor units, less fees. Positive: you get it; negative: it leaves your available money.")]
    long Amount,
    string Currency,
    [property: Description("The number of the bill.")]
    string? Bill,
    [property: Description("Of refund, refund_back and debt_paid: the id of the refund.")]
    string? Refund,
    [property: Description("Of freeze and unfreeze: the id of the claim.")]
    string? Claim,
    DateTimeOffset CreatedAt)
{
    public static BalanceEntryModel Of(BalanceEntry entry) => new(
        entry.Kind,
        Rrn.ToText(entry.Number),
        entry.Amount,
        Money.Cny,
        entry.Bill is { } bill ? BillNumber.FromStored(bill).ToString() : null,
        entry.Refund is { } refund ? Rrn.ToText(refund) : null,
        entry.Claim is { } claim ? Rrn.ToText(claim) : null,
        entry.At);
}

internal sealed record CreateWebhookEndpoint(
    [property: MaxLength(WebhookEndpoints.MaxUrl), Url, Description("Where notices are sent: an https address of at most 2048 characters, reachable from the Internet, without user name and fragment.")]
    string Url);

internal sealed record WebhookEndpointModel(
    string Id,
    string Url,
    DateTimeOffset CreatedAt,
    [property: Description("During a rotation: the time until which the previous secret signs too.")]
    DateTimeOffset? RotatingUntil,
    [property: Description("The time since which it gets no notices, because it answered 410. Enable it to get them again.")]
    DateTimeOffset? DisabledAt,
    [property: Description("Why it is disabled.")]
    string? DisabledReason,
    [property: Description("Shown only once, when it is made.")]
    string? Secret);

internal sealed record EventModel(
    [property: Description("The webhook-id of the event's notices.")]
    string Id,
    [property: OpenValues(
        EventTypes.Paid, EventTypes.Expired, EventTypes.Cancelled, EventTypes.Created, EventTypes.Expiring,
        EventTypes.TradeShipped, EventTypes.TradeShipOverdue, EventTypes.TradeDeadlineChanged, EventTypes.TradeFinished, EventTypes.TradeClosed, EventTypes.TradeStopped, EventTypes.TradeResumed, EventTypes.RefundCreated, EventTypes.RefundDone, EventTypes.RefundDeclined, EventTypes.RefundWithdrawn,
        EventTypes.ClaimOpened, EventTypes.ClaimOffered, EventTypes.ClaimReturning, EventTypes.ClaimBack, EventTypes.ClaimRefused, EventTypes.ClaimJudging, EventTypes.ClaimAgreed, EventTypes.ClaimJudged, EventTypes.ClaimWithdrawn,
        EventTypes.BalanceOwed, EventTypes.KeyCreated, EventTypes.KeyRevoked, EndpointRows.TestEvent)]
    [property: Description("bill.paid, bill.expired or bill.cancelled; bill.created or bill.expiring, which only the shopper gets; trade.shipped, trade.ship_overdue, trade.deadline_changed, trade.finished, trade.closed, trade.stopped or trade.resumed; refund.created, refund.done, refund.declined or refund.withdrawn; claim.opened, claim.offered, claim.returning, claim.back, claim.refused, claim.judging, claim.agreed, claim.judged or claim.withdrawn; balance.owed; api_key.created or api_key.revoked; webhook.test. New types may come.")]
    string Type,
    DateTimeOffset Timestamp,
    [property: Description("The bill as it was then. For refund.* the refund, for claim.* the claim as it was then; for balance.owed what you owe; for api_key.created and api_key.revoked the key, without its secret; for webhook.test the endpoint.")]
    JsonElement Data,
    IReadOnlyList<DeliveryModel> Deliveries);

internal sealed record DeliveryModel(
    [property: Description("The id of a webhook endpoint; mail or sms: the shopper.")]
    string Receiver,
    [property: AllowedValues("PENDING", "ACCEPTED", "SKIPPED", "PARKED"), Description("PENDING; ACCEPTED; SKIPPED: no longer needed, or above a limit; PARKED: given up after the last try.")]
    string State,
    int Tries,
    [property: Description("While PENDING: the time of the next try.")]
    DateTimeOffset? DueAt,
    [property: Description("The HTTP status of the last answer.")]
    int? LastStatus,
    [property: Description("Why the last try failed, or why there was none.")]
    string? LastError,
    DateTimeOffset? FinishedAt);

internal sealed record ApiKeyModel(
    [property: Description("Shown only once, now.")]
    string ApiKey,
    [property: Description("The time until which your other keys are valid.")]
    DateTimeOffset OthersWorkUntil,
    [property: Description("The new key's id.")]
    string? Id = null)
{
    public override string ToString() => $"new key {Id}";
}

internal sealed record CreateApiKey(
    [property: Length(1, CreateApiKey.MaxName), Description("Your name for it, such as the program that uses it: 1 to 100 characters, none of them a control or format character.")]
    string Name,
    [property: Range(0L, CreateApiKey.MaxSeconds), Description("The most seconds for which your other keys stay valid: 0 (they are revoked) to 2592000. Without it they stay unchanged.")]
    long? OthersWorkForSeconds = null)
{
    public const int MaxName = 100;
    public const long MaxSeconds = 2_592_000;

    public ProblemHttpResult? Check() =>
        Text.Refuse("name", Name, 1, MaxName)
        ?? (OthersWorkForSeconds is null or (>= 0 and <= MaxSeconds)
            ? null
            : Problems.Invalid("others_work_for_seconds", $"others_work_for_seconds must be an integer from 0 to {MaxSeconds}."));
}

[Description("A valid API key.")]
internal sealed record KeyModel(
    [property: Description("Stands for the key where the key itself must not be: in lists, notices and addresses.")]
    string Id,
    [property: Description("Missing when it has none.")]
    string? Name,
    [property: Description("The beginning of the key.")]
    string Prefix,
    DateTimeOffset CreatedAt,
    [property: Description("The time of its last use, to the hour; missing before the first use.")]
    DateTimeOffset? LastUsedAt,
    [property: Description("The time at which it expires; missing when it does not.")]
    DateTimeOffset? ExpiresAt,
    [property: Description("true: it is the key of this request.")]
    bool Current,
    [property: Description("The whole key. Shown only once, when it is made.")]
    string? ApiKey)
{
    public override string ToString() => $"key {Id}";
}
