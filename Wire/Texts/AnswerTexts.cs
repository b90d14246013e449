using System.Collections.Frozen;

namespace Lakala.Wire.Texts;

/// <summary>
/// The texts for clerk and customer to each response code and reason number, in the terminal's language: the only table of
/// them, which docs/clerk.md repeats. A decline by the bank has the text of the bank's code.
/// </summary>
public static class AnswerTexts
{
    private const int DeclinedByBank = 401;

    private static readonly Texts Approved = new(
        "Approved. Hand over the receipt.", "Paid. Thank you.",
        "已批准，请交付凭条。", "支付成功，谢谢。");

    private static readonly Texts RefundOnItsWay = new(
        "The refund is on its way. Hand over the receipt.", "The refund is on its way to your card.",
        "退款已受理，正在退回原卡，请交付凭条。", "退款正在退回您的卡。");

    private static readonly Texts RefundWaits = new(
        "The refund is ordered and waits for the merchant's money. Hand over the receipt.", "The refund waits for the merchant. Then it goes to your card.",
        "退款已受理，等待商户资金，请交付凭条。", "退款等待商户资金，之后退回您的卡。");

    private static readonly FrozenDictionary<int, Texts> ByReason = new Dictionary<int, Texts>
    {
        [101] = new("Terminal not known here. Call the operator.", "Sorry, this counter cannot take payments now.", "终端未登记，请联系运营方。", "抱歉，此柜台暂时无法收款。"),
        [102] = new("Terminal is blocked. Call the operator.", "Sorry, this counter cannot take payments now.", "终端已停用，请联系运营方。", "抱歉，此柜台暂时无法收款。"),
        [110] = new("Sign on again.", "One moment, please.", "请重新签到。", "请稍候。"),
        [120] = new("Message not authentic. Sign on again.", "One moment, please.", "报文校验失败，请重新签到。", "请稍候。"),
        [130] = new("Message not understood. Call the operator.", "Not paid.", "报文格式错误，请联系运营方。", "未支付。"),
        [140] = new("This number was used for another payment. Call the operator.", "Not paid by this attempt.", "流水号重复，请联系运营方。", "本次未支付。"),
        [141] = new("The same message came twice. Try again.", "One moment, please.", "报文重复，请再试一次。", "请稍候。"),
        [150] = new("Too much at once from this terminal. Wait a minute.", "One moment, please.", "本终端操作过于频繁，请一分钟后再试。", "请稍候。"),
        [160] = new("Totals differ. Show the report to the operator.", "One moment, please.", "总额不符，请将结算单交给运营方。", "请稍候。"),
        [161] = new("This batch is closed, not paid. Swipe again: it goes into the next batch.", "Not paid. Please swipe again.", "本批次已结算，未支付；请重新刷卡，将计入下一批次。", "未支付，请重新刷卡。"),
        [170] = new("Clerk number or password is wrong.", "One moment, please.", "工号或密码错误。", "请稍候。"),
        [171] = new("Too many wrong passwords at this terminal. Wait five minutes.", "One moment, please.", "本终端密码错误次数过多，请五分钟后再试。", "请稍候。"),
        [172] = new("Too many wrong passwords of this clerk. Wait five minutes.", "One moment, please.", "该工号密码错误次数过多，请五分钟后再试。", "请稍候。"),
        [201] = new("This card is not valid. Swipe again or take another.", "Not paid. Please use another card.", "卡片无效，请重刷或换卡。", "未支付，请换一张卡。"),
        [202] = new("PIN could not be read. Sign on and try again.", "Not paid. Please enter the PIN again.", "密码无法识别，请重新签到后再试。", "未支付，请重新输入密码。"),
        [301] = new("Bill number mistyped. Check the digits.", "Please check the bill number.", "账单号有误，请核对。", "请核对账单号。"),
        [302] = new("No such bill. Check the number.", "There is no such bill.", "账单不存在，请核对号码。", "没有此账单。"),
        [310] = new("Already paid. Nothing to do.", "This bill is already paid.", "账单已支付，无需处理。", "此账单已支付。"),
        [311] = new("Bill has expired.", "This bill has expired. Please order again.", "账单已过期。", "账单已过期，请重新下单。"),
        [312] = new("Bill was cancelled by the merchant.", "The merchant has cancelled this bill.", "账单已被商户取消。", "商户已取消此账单。"),
        [320] = new("This bill is being paid at another point.", "This bill is being paid at another point.", "账单正在别处支付。", "此账单正在别处支付。"),
        [321] = new("Bill is at another counter.", "This bill is at another counter.", "账单正在其他柜台处理。", "此账单正在其他柜台处理。"),
        [330] = new("Wrong currency. Look the bill up again.", "Not paid.", "币种不符，请重新查询账单。", "未支付。"),
        [331] = new("Wrong amount. Look the bill up again.", "Not paid.", "金额不符，请重新查询账单。", "未支付。"),
        [342] = new("No guaranteed trade on this bill.", "This bill has no guaranteed trade.", "该账单没有担保交易。", "此账单没有担保交易。"),
        [343] = new("The goods are not shipped yet.", "The goods are not shipped yet.", "尚未发货。", "尚未发货。"),
        [344] = new("The shop still has time to ship.", "The shop still has time to ship.", "商户仍在发货期限内。", "商户仍在发货期限内。"),
        [345] = new("There is no claim on this trade.", "There is no claim on this trade.", "该交易没有争议。", "该交易没有争议。"),
        [346] = new("Already shipped, and corrected once at most.", "The goods are already shipped.", "已发货，且只能更正一次。", "已发货。"),
        [347] = new("The time was extended already.", "The time was extended already.", "期限已延长过。", "期限已延长过。"),
        [348] = new("The extension is too long.", "The extension is too long.", "延长的时间过长。", "延长的时间过长。"),
        [349] = new("The customer has an open claim.", "There is an open claim.", "顾客的争议正在处理。", "争议正在处理。"),
        [350] = new("The trade is stopped by the operator.", "The trade is being checked.", "交易已被运营方冻结。", "交易正在核查。"),
        [351] = new("The customer is filling in a claim.", "A claim is being filled in.", "顾客正在填写争议。", "正在填写争议。"),
        [352] = new("The trade is finished: the shop has the money.", "The trade is finished.", "交易已完成，款项已付给商户。", "交易已完成。"),
        [353] = new("The trade is closed: the money goes back.", "The trade is closed. The money goes back to your card.", "交易已关闭，款项将退回。", "交易已关闭，款项将退回原卡。"),
        [340] = new("This bill is not paid: there is nothing to give back.", "This bill is not paid.", "账单未支付，无款可退。", "此账单未支付。"),
        [341] = new("More than is left of this payment. Look at what was given back before.", "Less is left of this payment.", "超出该笔支付的可退余额，请核对已退金额。", "超出可退余额。"),
        [360] = new("This bill has an open claim already.", "There is an open claim already.", "该账单已有处理中的争议。", "已有处理中的争议。"),
        [361] = new("No more claims on this bill: there were five.", "No more claims are possible on this bill.", "该账单的争议已达五次。", "此账单不能再提出争议。"),
        [362] = new("Too late for a claim: the trade ended more than seven days ago.", "It is too late for a claim.", "交易结束已超过七天，不能再提出争议。", "已超过提出争议的期限。"),
        [363] = new("More is claimed than is left of the payment.", "Less is left of this payment.", "争议金额超出可退余额。", "争议金额超出可退余额。"),
        [364] = new("The claim has ended already.", "The claim has ended.", "该争议已结束。", "该争议已结束。"),
        [365] = new("The claim is not at this step now.", "This is not possible now.", "该争议目前不能这样处理。", "目前不能这样处理。"),
        [366] = new("An offer stands: offer more, or agree.", "There is an offer.", "已有报价，只能提高报价或同意。", "商户已有报价。"),
        [367] = new("Offer less than is claimed, and more than before.", "The offer is not possible.", "报价须低于争议金额并高于上次报价。", "报价无效。"),
        [368] = new("The parts of the ruling are not the claimed amount.", "This is not possible.", "裁决各部分与争议金额不符。", "无法这样处理。"),
        [369] = new("A ruling waits for its approval already.", "The claim is being checked.", "已有待复核的裁决。", "争议正在核查。"),
        [370] = new("No ruling waits for approval.", "The claim is being checked.", "没有待复核的裁决。", "争议正在核查。"),
        [371] = new("Another operator has to approve the ruling.", "The claim is being checked.", "裁决须由另一位人员复核。", "争议正在核查。"),
        [372] = new("The guarantee fund does not cover this.", "This is not possible now.", "担保金余额不足。", "目前无法处理。"),
        [373] = new("Five files are there already.", "Five files are there already.", "文件已达五个。", "文件已达五个。"),
        [374] = new("The file is larger than 2 MB.", "The file is larger than 2 MB.", "文件超过2MB。", "文件超过2MB。"),
        [375] = new("The file is no PNG, JPEG, WebP or PDF.", "The file is no PNG, JPEG, WebP or PDF.", "文件不是PNG、JPEG、WebP或PDF。", "文件不是PNG、JPEG、WebP或PDF。"),
        [376] = new("The bank has refused a refund of this bill. The operator decides first.", "Your bank refused a refund. It is being checked.", "银行拒绝了该账单的一笔退款，须先由运营方决定。", "银行拒绝了退款，正在核查。"),
        [377] = new("The bank may have the refund already: it cannot be withdrawn.", "The refund is on its way.", "银行可能已收到该退款，不能撤回。", "退款正在途中。"),
        [378] = new("The customer was promised this refund: it cannot be withdrawn.", "The refund is on its way.", "该退款已承诺给顾客，不能撤回。", "退款正在途中。"),
        [379] = new("Nothing is to be decided about this refund now.", "This is not possible now.", "该退款目前无需决定。", "目前无法处理。"),
        [380] = new("All of this payment was given back already. Nothing to do.", "All of this payment was given back already.", "该笔支付已全部退款，无需处理。", "此笔支付已全部退款。"),
        [381] = new("This is not the card that paid. Ask for the card that is named on the receipt.", "Nothing was given back. Please bring the card that paid.", "不是付款时使用的卡，请顾客出示凭条上的那张卡。", "未退款，请使用付款时的银行卡。"),
        [382] = new("No such clerk in this store. Sign in again, then begin the refund again.", "Nothing was given back.", "本店没有该收银员，请重新登录后再办理退款。", "未退款。"),
        [383] = new("The supervisor who signs must not be the clerk. Ask another supervisor, and begin again.", "Nothing was given back.", "授权主管不能是收银员本人，请另一位主管授权后重新办理。", "未退款。"),
        [384] = new("The supervisor's number or password is wrong. Nothing was given back; begin again.", "Nothing was given back. One moment, please.", "主管工号或密码错误，未退款，请重新办理。", "未退款，请稍候。"),
        [385] = new("Too many wrong passwords. Nothing was given back. Wait five minutes, or ask another supervisor.", "Nothing was given back. One moment, please.", "密码错误次数过多，未退款，请五分钟后再试或请另一位主管授权。", "未退款，请稍候。"),
        [386] = new("This clerk is not a supervisor. Nothing was given back; ask a supervisor, and begin again.", "Nothing was given back. One moment, please.", "该收银员不是主管，未退款，请主管授权后重新办理。", "未退款，请稍候。"),
        [387] = new("This batch is closed, nothing was given back. Begin again: it goes into the next batch.", "Nothing was given back. One moment, please.", "本批次已结算，未退款；请重新办理，将计入下一批次。", "未退款，请稍候。"),
        [388] = new("Never happened, nothing was given back. Begin again.", "Nothing was given back.", "退款未发生，请重新办理。", "未退款。"),
        [389] = new("No payment has this receipt number. Check the digits, or take the bill number.", "There is no such payment.", "没有此参考号的支付，请核对号码或使用账单号。", "没有此笔支付。"),
        [390] = new("The merchant's money does not cover this.", "This is not possible now.", "商户资金不足。", "目前无法处理。"),
        [391] = new("The bank contradicts itself about this refund.", "The refund is being checked.", "银行对该退款的答复前后不一。", "退款正在核查。"),
        [401] = new("Declined by the bank.", "Not paid. Your bank declined.", "银行拒绝交易。", "未支付，银行拒绝了交易。"),
        [402] = new("Bank not reachable, not paid. Try again later.", "Not paid. The bank cannot be reached.", "银行无法连接，未支付，请稍后再试。", "未支付，银行无法连接。"),
        [403] = new("No answer from the bank, not paid.", "Not paid. An amount that the bank holds will be returned.", "银行无应答，未支付。", "未支付，银行冻结的金额将退回。"),
        [410] = new("Never happened, not paid. Start again.", "Not paid.", "交易未发生，未支付，请重新开始。", "未支付。"),
        [501] = new("In progress. The terminal asks again.", "One moment, please.", "处理中，终端将自动查询。", "请稍候。"),
        [502] = new("System busy. Try again in a moment.", "One moment, please.", "系统忙，请稍后再试。", "请稍候。"),
        [503] = new("System fault. The terminal asks again.", "One moment, please.", "系统故障，终端将自动查询。", "请稍候。"),
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, Texts> ByBankCode = new Dictionary<string, Texts>
    {
        ["14"] = new("Bank does not know this card. Take another.", "Not paid. Please use another card.", "银行不识别此卡，请换卡。", "未支付，请换一张卡。"),
        // The customer can read the screen: it must not say that a card was reported lost or stolen.
        ["41"] = new("Declined by the bank (41). Take another card.", "Not paid. Please ask your bank.", "银行拒绝交易（41），请换卡。", "未支付，请咨询发卡行。"),
        ["43"] = new("Declined by the bank (43). Take another card.", "Not paid. Please ask your bank.", "银行拒绝交易（43），请换卡。", "未支付，请咨询发卡行。"),
        ["51"] = new("Not enough money. Take another card.", "Not paid. The balance is too low.", "余额不足，请换卡。", "未支付，余额不足。"),
        ["54"] = new("Card has expired. Take another.", "Not paid. Your card has expired.", "卡已过期，请换卡。", "未支付，您的卡已过期。"),
        ["55"] = new("Wrong PIN. Start again.", "Not paid. The PIN was wrong.", "密码错误，请重新开始。", "未支付，密码错误。"),
        ["61"] = new("Over the card's limit. Take another.", "Not paid. The amount is over your limit.", "超出卡片限额，请换卡。", "未支付，超出限额。"),
        ["75"] = new("PIN tried too often. Take another card.", "Not paid. PIN entered wrongly too often.", "密码错误次数超限，请换卡。", "未支付，密码错误次数超限。"),
    }.ToFrozenDictionary();

    /// <summary>Every row of the table: the response code for a decline by the bank, otherwise null, and the reason number.</summary>
    public static IEnumerable<(string? Code, int Reason)> Rows =>
        ByReason.Keys.Order().SelectMany(reason => reason == DeclinedByBank
            ? [(null, reason), .. ByBankCode.Keys.Order(StringComparer.Ordinal).Select(code => ((string?)code, reason))]
            : (IEnumerable<(string?, int)>)[(null, reason)]);

    /// <param name="code">Response code, field 39.</param>
    /// <param name="reason">Our own number; null for an approval.</param>
    /// <param name="language"><c>zh</c> is Chinese, everything else English.</param>
    /// <exception cref="KeyNotFoundException">There is no such reason.</exception>
    public static (string Clerk, string Customer) DescribeAnswer(string code, int? reason, string language)
    {
        var texts = reason is null ? Approved
            : reason == DeclinedByBank && ByBankCode.TryGetValue(code, out var bank) ? bank
            : ByReason[reason.Value];
        return texts.In(language);
    }

    /// <summary>The texts to a refund that was made. None says that the money is back: that is the bank's to say, later.</summary>
    /// <param name="isWaiting">The merchant's money does not cover it yet.</param>
    /// <param name="language"><c>zh</c> is Chinese, everything else English.</param>
    public static (string Clerk, string Customer) DescribeRefund(bool isWaiting, string language) => (isWaiting ? RefundWaits : RefundOnItsWay).In(language);

    private sealed record Texts(string Clerk, string Customer, string ClerkZh, string CustomerZh)
    {
        public (string Clerk, string Customer) In(string language) => language == "zh" ? (ClerkZh, CustomerZh) : (Clerk, Customer);
    }
}
