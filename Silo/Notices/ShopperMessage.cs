using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Lakala.Rules.Refunds;
using Lakala.Rules.Trades;
using Lakala.Silo.BillPages;
using Lakala.Storage;
using Lakala.Storage.Bills;
using Lakala.Storage.Notices;
using Lakala.Vocabulary;

namespace Lakala.Silo.Notices;

/// <summary>A refund in the form in which its shopper reads it.</summary>
/// <param name="Amount">Minor units.</param>
/// <param name="Status">When the event happened.</param>
/// <param name="Decision">When the bank has refused it and the shopper was promised the money: whether operators have decided how she gets it.</param>
public sealed record RefundShown(
    string Id, long Amount, string Status, string? Decision = null, [property: JsonPropertyName("paid_otherwise")] bool PaidOtherwise = false);

/// <summary>A claim in the form in which its shopper reads it.</summary>
/// <param name="Amount">What is claimed, in minor units.</param>
/// <param name="Offer">What the merchant offers instead.</param>
/// <param name="Granted">What the shopper gets.</param>
/// <param name="Answer">The merchant's words.</param>
/// <param name="Ruling">The operators' words.</param>
public sealed record ClaimShown(
    string Id, long Amount, long? Offer = null, long? Granted = null, string? Answer = null, string? Ruling = null, [property: JsonPropertyName("due_at")] DateTimeOffset? DueAt = null);

/// <summary>
/// The text to a shopper about an event. The event is what happened; the bill's present state decides what may still be asked: no
/// text asks for the payment of a bill that is not open.
/// </summary>
/// <param name="Asks">True: it asks for payment, with number, codes and the page's address.</param>
/// <param name="Refund">Set when the event is one of a refund.</param>
/// <param name="Claim">Set when the event is one of a claim.</param>
public sealed record ShopperMessage(
    BillShown Bill, string PayUrl, string Headline, string Hint, bool Asks, RefundShown? Refund = null, ClaimShown? Claim = null)
{
    // No types of events: a refund that is ordered, and waits for the money of those who give it back; one that the bank has refused, and about which operators
    // decide; one that is paid in another way; and a new deadline while nothing is shipped.
    private const string RefundWaits = "refund.created, QUEUED", RefundUndecided = "refund.declined, undecided", RefundPaidOtherwise = "refund.done, otherwise",
        ShipDeadlineChanged = "trade.deadline_changed, HELD";

    private static readonly Dictionary<(string Language, string Type), (string Headline, string Hint)> Words = new()
    {
        [("en", EventTypes.Created)] = ("Your bill", "Pay it in any store with the Lakala sign: show the barcode or say the number, swipe your bank card, enter the PIN."),
        [("en", EventTypes.Expiring)] = ("Your bill is still open", "Its time is nearly up. Pay it in a store, or leave it: then it expires by itself."),
        [("en", EventTypes.Paid)] = ("Paid", "Thank you. The shop has been told. This is your receipt."),
        [("en", EventTypes.Expired)] = ("Your bill has expired", "It can no longer be paid, and nothing was charged. If you still want the goods, order again in the shop."),
        [("en", EventTypes.Cancelled)] = ("Your bill was cancelled", "The shop has cancelled it. It can no longer be paid, and nothing was charged."),
        [("en", EventTypes.TradeShipped)] = ("Shipped", "The shop has shipped your order. The money is held until you have it, or until the time for it is over."),
        [("en", EventTypes.TradeShipOverdue)] = ("Not shipped in time", "The shop has not shipped your order in time. Your money is still held."),
        [("en", EventTypes.TradeDeadlineChanged)] = ("More time", "You have more time to check your order before the shop gets the money."),
        [("en", ShipDeadlineChanged)] = ("A new date to ship", "The shop has a new date by which it ships. Your bill's page shows it. Your money is held meanwhile."),
        [("en", EventTypes.TradeFinished)] = ("Finished", "The shop has got the money for your order. Thank you."),
        [("en", EventTypes.TradeClosed)] = ("Closed", "The money for your order goes back to you."),
        [("en", EventTypes.RefundCreated)] = ("A refund is under way", "The shop gives money back to the card that paid. We tell you when your bank has it."),
        [("en", RefundWaits)] = ("A refund is ordered", "It waits until the shop has the money for it. We tell you when your bank has it."),
        [("en", RefundUndecided)] = ("Your refund has not arrived", "Your bank did not take it to this card. Your money is safe: we look for another way to give it to you."),
        [("zh", RefundUndecided)] = ("退款未成功", "银行未受理退回此卡的款项。款项仍安全保管，我们正在另行安排。"),
        [("en", RefundPaidOtherwise)] = ("You have got your money", "It was paid to you in another way than to the card that paid."),
        [("zh", RefundPaidOtherwise)] = ("款项已付给您", "款项已用退回银行卡以外的方式付给您。"),
        [("en", EventTypes.RefundWithdrawn)] = ("A refund is withdrawn", "The shop has withdrawn a refund before your bank had it. Ask the shop why."),
        [("zh", EventTypes.RefundWithdrawn)] = ("退款已撤回", "商家在银行入账前撤回了退款。如有疑问，请联系商家。"),
        [("en", EventTypes.TradeStopped)] = ("Your order is looked into", "Your money stays held until operators of Lakala have decided."),
        [("zh", EventTypes.TradeStopped)] = ("交易正在核查", "在拉卡拉工作人员作出决定之前，货款仍由平台保管。"),
        [("en", EventTypes.TradeResumed)] = ("Your order goes on", "The dates on your bill's page count again. You have at least a day."),
        [("zh", EventTypes.TradeResumed)] = ("交易已恢复", "账单页面上的期限恢复计算，您至少还有一天时间。"),
        [("zh", RefundWaits)] = ("退款已申请", "正在等待商家资金到位。银行入账后我们会通知您。"),
        [("en", EventTypes.RefundDone)] = ("Your refund has arrived", "Your bank has credited the card that paid."),
        [("en", EventTypes.RefundDeclined)] = ("Your refund has not arrived", "Your bank did not take the refund to this card. Ask the shop for another way."),
        [("zh", EventTypes.RefundCreated)] = ("退款处理中", "商家正在把款项退回您付款的银行卡。银行入账后我们会通知您。"),
        [("zh", EventTypes.RefundDone)] = ("退款已到账", "银行已把款项退回您付款的银行卡。"),
        [("zh", EventTypes.RefundDeclined)] = ("退款未成功", "银行未受理退回此卡的款项，请联系商家另作安排。"),
        [("en", EventTypes.ClaimOpened)] = ("Your claim is with the shop", "The shop has to answer in time. Until then nobody gets the money. If it says nothing, you get it."),
        [("en", EventTypes.ClaimOffered)] = ("The shop makes an offer", "Take it, or ask for a ruling. If you say nothing, you get what is offered."),
        [("en", EventTypes.ClaimReturning)] = ("Send the goods back", "The shop pays when it has them. Say the carrier and the number on the bill's page, or the claim ends."),
        [("en", EventTypes.ClaimBack)] = ("The goods are on their way back", "The shop has ten days to look at them. If it says nothing, you get the money."),
        [("en", EventTypes.ClaimRefused)] = ("The shop refuses your claim", "You have seven days to ask for a ruling. After that the claim ends."),
        [("en", EventTypes.ClaimJudging)] = ("Your claim is being judged", "Two people of the platform read what both sides say. This takes up to 15 days."),
        [("en", EventTypes.ClaimAgreed)] = ("Your claim is granted", "The money goes back to the card that paid. We tell you when your bank has it."),
        [("en", EventTypes.ClaimJudged)] = ("There is a ruling", "The claim has ended. What you get goes back to the card that paid."),
        [("en", EventTypes.ClaimWithdrawn)] = ("Your claim has ended", "It was withdrawn, or its time was over. You get nothing by it."),
        [("zh", EventTypes.ClaimOpened)] = ("争议已提交商家", "商家须按时答复，其间货款不会付出。逾期未答复，款项将退给您。"),
        [("zh", EventTypes.ClaimOffered)] = ("商家提出报价", "您可以接受，也可以申请裁决。若不回应，将按报价退款给您。"),
        [("zh", EventTypes.ClaimReturning)] = ("请寄回商品", "商家收到商品后退款。请在账单页面填写承运公司和单号，逾期争议将结束。"),
        [("zh", EventTypes.ClaimBack)] = ("商品正在寄回", "商家有十天查验商品。逾期未答复，款项将退给您。"),
        [("zh", EventTypes.ClaimRefused)] = ("商家拒绝了您的争议", "您可在七天内申请裁决，逾期争议将结束。"),
        [("zh", EventTypes.ClaimJudging)] = ("争议正在裁决", "平台的两位人员将审阅双方陈述，最长需要15天。"),
        [("zh", EventTypes.ClaimAgreed)] = ("争议已同意", "款项将退回您付款的银行卡。银行入账后我们会通知您。"),
        [("zh", EventTypes.ClaimJudged)] = ("裁决已作出", "争议已结束。您应得的款项将退回付款的银行卡。"),
        [("zh", EventTypes.ClaimWithdrawn)] = ("争议已结束", "争议已撤回或已超过期限，没有退款。"),
        [("zh", EventTypes.Created)] = ("您的账单", "到任意一家有拉卡拉标志的门店即可付款：出示条码或报账单号，刷银行卡，输入密码。"),
        [("zh", EventTypes.Expiring)] = ("您的账单尚未付款", "付款时间即将截止。请到门店付款；若不需要，账单会自动过期。"),
        [("zh", EventTypes.Paid)] = ("已付款", "谢谢！商家已收到通知。这是您的凭证。"),
        [("zh", EventTypes.Expired)] = ("您的账单已过期", "账单已不能付款，也没有扣款。如仍需要，请到商店重新下单。"),
        [("zh", EventTypes.Cancelled)] = ("您的账单已取消", "商家已取消此账单。账单已不能付款，也没有扣款。"),
        [("zh", EventTypes.TradeShipped)] = ("已发货", "商家已发货。收货前或期限届满前，货款由平台保管。"),
        [("zh", EventTypes.TradeShipOverdue)] = ("商家未按时发货", "商家未按时发货。您的货款仍由平台保管。"),
        [("zh", EventTypes.TradeDeadlineChanged)] = ("确认期限已延长", "您有更多时间查验商品，之后货款才会付给商家。"),
        [("zh", ShipDeadlineChanged)] = ("发货期限已变更", "商家的发货期限已变更，详见账单页面。货款仍由平台保管。"),
        [("zh", EventTypes.TradeFinished)] = ("交易完成", "货款已付给商家。谢谢！"),
        [("zh", EventTypes.TradeClosed)] = ("交易关闭", "货款将退还给您。"),
    };

    /// <param name="data">The event's data.</param>
    /// <returns>Null when the notice is no longer needed.</returns>
    public static ShopperMessage? Compose(string type, string data, BillRow bill, string payUrl, string? paidIn)
    {
        var texts = Texts.In(bill.ShopperLanguage);
        var refund = EventTypes.OfRefunds.Contains(type) ? JsonSerializer.Deserialize<RefundShown>(data, JsonSerializerOptions.Web) : null;
        var about = type switch
        {
            EventTypes.RefundCreated when refund!.Status == StateNames.Format(RefundState.Queued) => RefundWaits,
            EventTypes.RefundDone when refund!.PaidOtherwise => RefundPaidOtherwise,
            EventTypes.RefundDeclined when refund!.Decision is not null => RefundUndecided,
            EventTypes.TradeDeadlineChanged when bill.Trade?.State == TradeState.Held => ShipDeadlineChanged,
            _ => type,
        };
        return ShopperReceivers.WhyMoot(type, bill.Bill.State) is null && Words.TryGetValue((texts.Language, about), out var words)
            ? new ShopperMessage(
                new BillShown(bill, texts, paidIn), payUrl, words.Headline, words.Hint, type is EventTypes.Created or EventTypes.Expiring,
                refund,
                EventTypes.OfClaims.Contains(type) ? JsonSerializer.Deserialize<ClaimShown>(data, JsonSerializerOptions.Web) : null)
            : null;
    }

    /// <summary>What it is about: the amount of the bill, the refund or the claim.</summary>
    public string Amount =>
        Refund is { } refund ? BillShown.Yuan(refund.Amount)
        : Claim is { } claim ? BillShown.Yuan(claim.Granted ?? claim.Offer ?? claim.Amount)
        : Bill.Amount;

    public string Subject => $"{Headline}: {Amount}, {Line(Bill.Row.MerchantName)}";

    public string? Greeting => Bill.Row.ShopperName is { Length: > 0 } name ? (Bill.Texts == Texts.Chinese ? $"{name}，您好！" : $"Hello {name},") : null;

    /// <summary>The rows of the mail: a label and its value.</summary>
    public IEnumerable<(string Label, string Value)> Facts
    {
        get
        {
            var texts = Bill.Texts;
            var spaced = string.Join(' ', Bill.Groups);
            yield return (texts.BillNumber, spaced);
            yield return (texts.Order, Bill.Row.OrderId);
            if (Refund is { } refund)
            {
                yield return (texts.Refund, Amount);
                yield return (texts.RefundNumber, refund.Id);
            }

            foreach (var fact in Claim is { } claim ? FactsOf(claim, texts) : [])
            {
                yield return fact;
            }

            if (Asks)
            {
                yield return (texts.PayBy, $"{texts.Human(Bill.Row.Bill.ExpiresAt)} {texts.Beijing}");
            }

            if (Bill.Row.Trade is { Shipping: { } shipping } trade)
            {
                yield return (texts.ShippedAt, $"{texts.Human(trade.ShippedAt!.Value)} {texts.Beijing}");
                if (shipping.TrackingNumber.Length > 0)
                {
                    yield return (texts.Parcel, $"{shipping.Carrier} {shipping.TrackingNumber}".Trim());
                }
            }

            if (Bill.Row.Trade?.ConfirmBy is { } confirmBy)
            {
                yield return (texts.ConfirmBy, $"{texts.Human(confirmBy)} {texts.Beijing}");
            }

            if (Bill.Row.Payment is { } payment && !Asks)
            {
                yield return (texts.PaidAt, $"{texts.Human(payment.PaidAt)} {texts.Beijing}");
                yield return (texts.Card, payment.MaskedCard);
                yield return (texts.Rrn, payment.Rrn);
                yield return (texts.AuthorisationCode, payment.AuthorisationCode);
                yield return (texts.Store, Bill.PaidIn is { } store ? $"{store} ({payment.Store})" : payment.Store);
            }
        }
    }

    private static IEnumerable<(string Label, string Value)> FactsOf(ClaimShown claim, Texts texts)
    {
        yield return (texts.ClaimNumber, claim.Id);
        yield return (texts.ClaimAmount, BillShown.Yuan(claim.Amount));
        if (claim.Offer is { } offer)
        {
            yield return (texts.ClaimOffer, BillShown.Yuan(offer));
        }

        if (claim.Answer is { } answer)
        {
            yield return (texts.ClaimAnswer, answer);
        }

        if (claim.Ruling is { } ruling)
        {
            yield return (texts.ClaimRuling, ruling);
        }

        if (claim.DueAt is { } dueAt)
        {
            yield return (texts.ClaimDue, $"{texts.Human(dueAt)} {texts.Beijing}");
        }
    }

    /// <summary>The text for programs that show no HTML.</summary>
    public string PlainText()
    {
        var text = new StringBuilder();
        void Write(string line) => text.AppendJoin('\n', PlainLines.Break(Line(line))).Append('\n');
        if (Greeting is { } greeting)
        {
            Write(greeting);
            text.Append('\n');
        }

        Write(Headline);
        Write($"{Bill.Row.MerchantName}, {Amount}");
        Write(Bill.Row.Description);
        text.Append('\n');
        Write(Hint);
        text.Append('\n');
        foreach (var (label, value) in Facts)
        {
            Write($"{label}: {value}");
        }

        if (Asks)
        {
            text.Append('\n').Append(PayUrl).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>The text of the SMS.</summary>
    public string ShortText()
    {
        var payee = Short(Line(Bill.Row.MerchantName));
        var spaced = string.Join(' ', Bill.Groups);
        return Asks
            ? $"{Headline}: {payee} {Bill.Amount}, {spaced}, {Bill.Texts.PayBy} {Bill.Texts.Human(Bill.Row.Bill.ExpiresAt)}. {PayUrl}"
            : $"{Headline}: {payee} {Amount}, {spaced}.";
    }

    // Dots, because an ellipsis is outside the alphabet of SMS and would reduce 160 characters to 70. Cut between characters, which may be several chars.
    private static string Short(string payee)
    {
        const int MaxPayee = 12;
        if (payee.Length <= MaxPayee)
        {
            return payee;
        }

        var end = 0;
        while (StringInfo.GetNextTextElementLength(payee, end) is var length && end + length <= MaxPayee)
        {
            end += length;
        }

        return payee[..end] + "...";
    }

    // A merchant's text stays on one line.
    internal static string Line(string text) => string.Concat(text.Select(static letter => IsBreak(letter) ? ' ' : letter));

    private static bool IsBreak(char letter) => char.IsControl(letter)
        || char.GetUnicodeCategory(letter) is UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
