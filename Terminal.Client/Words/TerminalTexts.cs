using System.Globalization;
using Lakala.Vocabulary;
using Lakala.Wire.Texts;

namespace Lakala.Terminal.Client.Words;

/// <summary>The program's texts for clerk and customer in one language. The texts of an answer come from the server.</summary>
public sealed record TerminalTexts
{
    public static readonly TerminalTexts English = new()
    {
        Language = "en",
        BillMistyped = Answer(LocalReason.BillMistyped, ResponseCodes.NotPayable, "en").Clerk,
        NothingToReprint = "No receipt to print again.",
        LookupUnanswered = "No answer to the lookup. Nothing was paid; try again.",
        NoBatchReport = "No report of a batch to print again.",
        AllSettled = "No payment of this terminal is open.",
        NotUnderstood = "Not understood: a line is {\"do\": \"pay\", \"bill\": ..., \"card\": ..., \"pin\": ...}, or \"do\" is \"lookup\", \"settle\", \"reprint\", \"close\", \"reprint-batch\", \"refund\" or \"cancel\".",
        GivenUp = "Given up before the payment was sent. Nothing was paid.",
        GivenUpNotPaid = "Given up, not paid.",
        Interrupted = "Interrupted before the payment was sent. Nothing was paid.",
        NotSent = "Not sent, nothing was paid. Try again.",
        OutcomeUnknown = "Outcome unknown. Do not pay again: the next payment on this terminal first finds out.",
        EarlierUnknown = "An earlier payment is still unknown. No new one until it is certain.",
        KeyReused = "The server has another payment under this number. Call the operator.",
        DoNotPayAgain = "Do not pay again. The terminal finds out and prints the result.",
        NothingPaid = "Nothing was paid.",
        LineFaults = new Dictionary<LineFault, string>
        {
            [LineFault.NoAnswer] = "Payments cannot be reached: the server does not answer. Check the network, then try again.",
            [LineFault.NameUnknown] = "Payments cannot be reached: the server's name is not found. Check the network, then try again.",
            [LineFault.Refused] = "Payments cannot be reached: the server takes no connections now. Try again in a minute.",
            [LineFault.NoNetwork] = "Payments cannot be reached: this machine has no network. Check its cable or wireless.",
            [LineFault.Cut] = "Payments cannot be reached: the line was cut. Check the network, then try again.",
            [LineFault.WrongClock] = "Payments cannot be reached: this machine's clock says {2} (Beijing time), and the server's certificate is good from {3} to {4}. Set the clock. When it is right, call the operator.",
            [LineFault.Untrusted] = "Payments cannot be reached: this terminal does not trust the server's certificate. Call the operator.",
            [LineFault.SignOnUnanswered] = "Payments cannot be reached: the sign-on of terminal {0}, store {1}, is not answered. If this lasts, call the operator: are both known there, and is the master key right?",
            [LineFault.SignOnRefused] = "The server refuses the sign-on of terminal {0}, store {1}. Call the operator.",
        },
        DiskFault = "The terminal's disk has a fault ({0}). Call the operator.",
        DiskFull = "The terminal's disk is full. No payments until there is room. Call the operator.",
        Outcomes = Enum.GetValues<Outcome>().ToDictionary(outcome => outcome, outcome => outcome.ToString().ToUpperInvariant()),
        EarlierPayment = "EARLIER PAYMENT",
        ToClerk = "Clerk:",
        ToCustomer = "Customer:",
        CustomerCopy = "CUSTOMER COPY",
        MerchantCopy = "MERCHANT COPY",
        Duplicate = "*** DUPLICATE ***",
        Reprint = "*** DUPLICATE - REPRINT ***",
        Paid = "CARD PAYMENT",
        NotPaid = "NOT PAID",
        Unknown = "OUTCOME UNKNOWN",
        PinVerified = "PIN VERIFIED",
        Swiped = "SWIPED",
        Store = "Store",
        Terminal = "Terminal",
        Clerk = "Clerk",
        ClerkLocked = "Too many wrong passwords. Sign in when the server can be reached again.",
        ClerkUnverified = "The server cannot be reached. The password is wrong, or the server has not verified it here recently.",
        Bill = "Bill",
        Order = "Order",
        Guarantee = "GUARANTEED TRADE",
        GuaranteeHint = "The money is held until the goods have come.",
        YourCode = "Your code",
        YourCodeHint = "Enter it at the page of the bill to confirm the goods, or to claim. Show it to nobody, also not to who brings the goods.",
        ShipsWithin = "Ships within",
        CheckWithin = "Time to check",
        FeeKept = "If refunded: in full. The shop does not get the fee for this payment back.",
        Units = [("day", "days"), ("hour", "hours"), ("minute", "minutes"), ("second", "seconds")],
        Card = "Card",
        Entry = "Entry",
        Time = "Beijing time",
        Batch = "Batch",
        Stan = "STAN",
        Rrn = "RRN",
        Authorisation = "Authorisation",
        Response = "Response",
        Amount = "AMOUNT",
        BatchClose = "BATCH CLOSE",
        BatchAgrees = "Batch closed, totals agree.",
        BatchDiffers = "Batch closed, totals differ. Show this report to the operator.",
        NothingToClose = "Nothing to close: no payment since the last batch.",
        AmountTooLarge = "The amount is above what this terminal may take. Nothing was paid.",
        BatchFull = "The batch is full. Close it, then go on.",
        CloseUnanswered = "The batch close is not answered. Nothing has changed; try again.",
        Payments = "Payments",
        ServerPayments = "Server: payments",
        ServerAmount = "Server: amount",
        RefundNotSent = "Not sent, nothing was given back. Begin again.",
        RefundUnknown = "The outcome of the refund is unknown. Do not begin it again: this terminal first finds out.",
        DoNotRefundAgain = "The terminal finds out and prints the result.",
        NothingGivenBack = "Nothing was given back.",
        NumberMistyped = "A receipt number (RRN) has 12 digits, a bill number 14 with the right check digits.",
        AmountNotLeft = "The amount is not one that is left of this payment. Nothing was given back.",
        RefundNeedsClerk = "A refund needs a clerk who is signed in, and a supervisor. Nothing was given back.",
        AnotherPerson = "The supervisor who signs must be another person than the clerk.",
        Refund = "REFUND",
        NotRefunded = "NO REFUND",
        RefundOnItsWay = "The refund is on its way to the card {0}, number {1}.",
        RefundWaits = "The refund to the card {0}, number {1}, waits for the merchant's money. It then goes on by itself.",
        PaymentRrn = "RRN of payment",
        RefundRrn = "RRN of refund",
        Supervisor = "Supervisor",
        Refunds = "Refunds",
        Refunded = "Refunds: amount",
        ServerRefunds = "Server: refunds",
        ServerRefunded = "Server: ref. amount",
    };

    public static readonly TerminalTexts Chinese = new()
    {
        Language = "zh",
        BillMistyped = Answer(LocalReason.BillMistyped, ResponseCodes.NotPayable, "zh").Clerk,
        NothingToReprint = "没有可重打的凭条。",
        LookupUnanswered = "查询无应答，未支付，请重试。",
        NoBatchReport = "没有可重打的结算单。",
        AllSettled = "本终端没有未明交易。",
        NotUnderstood = "无法识别：每行为 {\"do\": \"pay\", \"bill\": ..., \"card\": ..., \"pin\": ...}，或 \"do\" 为 \"lookup\"、\"settle\"、\"reprint\"、\"close\"、\"reprint-batch\"、\"refund\"、\"cancel\"。",
        GivenUp = "已在发送前放弃，未支付。",
        GivenUpNotPaid = "已放弃，未支付。",
        Interrupted = "已在发送前中断，未支付。",
        NotSent = "未发送，未支付，请重试。",
        OutcomeUnknown = "结果未知，请勿重复支付：终端将先查明结果。",
        EarlierUnknown = "上一笔交易结果未明，查明前不能收款。",
        KeyReused = "流水号对应的交易内容不符，请联系运营方。",
        DoNotPayAgain = "请勿重复支付，终端将查明并打印结果。",
        NothingPaid = "未支付。",
        LineFaults = new Dictionary<LineFault, string>
        {
            [LineFault.NoAnswer] = "无法连接支付系统：服务器无应答，请检查网络后重试。",
            [LineFault.NameUnknown] = "无法连接支付系统：找不到服务器名称，请检查网络后重试。",
            [LineFault.Refused] = "无法连接支付系统：服务器暂不接受连接，请一分钟后重试。",
            [LineFault.NoNetwork] = "无法连接支付系统：本机没有网络，请检查网线或无线网络。",
            [LineFault.Cut] = "无法连接支付系统：线路中断，请检查网络后重试。",
            [LineFault.WrongClock] = "无法连接支付系统：本机时钟为 {2}（北京时间），服务器证书有效期为 {3} 至 {4}。请校准时钟；时钟无误时请联系运营方。",
            [LineFault.Untrusted] = "无法连接支付系统：本终端不信任服务器证书，请联系运营方。",
            [LineFault.SignOnUnanswered] = "无法连接支付系统：终端 {0}（门店 {1}）签到无应答。若持续如此请联系运营方：终端和门店是否已登记，主密钥是否正确？",
            [LineFault.SignOnRefused] = "系统拒绝终端 {0}（门店 {1}）签到，请联系运营方。",
        },
        DiskFault = "终端存储故障（{0}），请联系运营方。",
        DiskFull = "终端存储已满，清理前不能收款，请联系运营方。",
        Outcomes = new Dictionary<Outcome, string>
        {
            [Outcome.Found] = "已找到账单",
            [Outcome.Approved] = "已支付",
            [Outcome.Declined] = "银行拒绝",
            [Outcome.Refused] = "未受理",
            [Outcome.Unknown] = "结果未知",
            [Outcome.Settled] = "已查明",
            [Outcome.Ordered] = "退款已受理",
            [Outcome.Closed] = "批结算完成",
        },
        EarlierPayment = "此前交易：",
        ToClerk = "收银员：",
        ToCustomer = "顾客：",
        CustomerCopy = "客户联",
        MerchantCopy = "商户联",
        Duplicate = "*** 重复打印 ***",
        Reprint = "*** 重打凭条 ***",
        Paid = "银行卡支付",
        NotPaid = "未支付",
        Unknown = "结果未知",
        PinVerified = "密码已验证",
        Swiped = "刷卡",
        Store = "门店号",
        Terminal = "终端号",
        Clerk = "收银员",
        ClerkLocked = "密码错误次数过多，请待系统恢复连接后再登录。",
        ClerkUnverified = "无法连接系统：密码错误，或近期未在此验证过您的身份。",
        Bill = "账单号",
        Order = "订单号",
        Guarantee = "担保交易",
        GuaranteeHint = "收到商品之前，货款由平台保管。",
        YourCode = "您的验证码",
        YourCodeHint = "在账单页面输入，用于确认收货或提出争议。请勿出示给任何人，包括送货人员。",
        ShipsWithin = "发货期限",
        CheckWithin = "查验期限",
        FeeKept = "如有退款：全额退还，本次付款的手续费不退还商家。",
        Units = [("天", "天"), ("小时", "小时"), ("分钟", "分钟"), ("秒", "秒")],
        Card = "卡号",
        Entry = "输入方式",
        Time = "北京时间",
        Batch = "批次号",
        Stan = "流水号",
        Rrn = "参考号",
        Authorisation = "授权码",
        Response = "应答码",
        Amount = "金额",
        BatchClose = "批结算",
        BatchAgrees = "批结算完成，总额相符。",
        BatchDiffers = "批结算完成，总额不符，请将结算单交给运营方。",
        NothingToClose = "无需批结算：上次批结算后没有支付。",
        AmountTooLarge = "金额超过本终端限额，未支付。",
        BatchFull = "批次已满，请先批结算。",
        CloseUnanswered = "批结算无应答，未作更改，请重试。",
        Payments = "支付笔数",
        ServerPayments = "系统笔数",
        ServerAmount = "系统金额",
        RefundNotSent = "未发送，未退款，请重新办理。",
        RefundUnknown = "退款结果未知，请勿重复办理：终端将先查明结果。",
        DoNotRefundAgain = "终端将查明并打印结果。",
        NothingGivenBack = "未退款。",
        NumberMistyped = "参考号为 12 位数字，账单号为 14 位数字，请核对。",
        AmountNotLeft = "金额不在该笔支付的可退范围内，未退款。",
        RefundNeedsClerk = "退款须由已登录的收银员办理并经主管授权，未退款。",
        AnotherPerson = "授权主管不能是收银员本人。",
        Refund = "退款",
        NotRefunded = "未退款",
        RefundOnItsWay = "退款正在退回卡 {0}，退款参考号 {1}。",
        RefundWaits = "退回卡 {0} 的退款（参考号 {1}）等待商户资金，之后自动退回。",
        PaymentRrn = "原参考号",
        RefundRrn = "退款参考号",
        Supervisor = "授权主管",
        Refunds = "退款笔数",
        Refunded = "退款金额",
        ServerRefunds = "系统退款笔数",
        ServerRefunded = "系统退款金额",
    };

    /// <summary><c>en</c> or <c>zh</c>.</summary>
    public required string Language { get; init; }

    public required string BillMistyped { get; init; }

    public required string NothingToReprint { get; init; }

    public required string LookupUnanswered { get; init; }

    public required string NoBatchReport { get; init; }

    public required string AllSettled { get; init; }

    public required string NotUnderstood { get; init; }

    public required string GivenUp { get; init; }

    /// <summary>After the payment was sent.</summary>
    public required string GivenUpNotPaid { get; init; }

    public required string Interrupted { get; init; }

    public required string NotSent { get; init; }

    public required string OutcomeUnknown { get; init; }

    public required string EarlierUnknown { get; init; }

    public required string KeyReused { get; init; }

    public required string DoNotPayAgain { get; init; }

    public required string NothingPaid { get; init; }

    /// <summary>{0}: terminal, {1}: store, {2}: the time of this machine's clock, {3} and {4}: the times between which the server's certificate is valid.</summary>
    public required IReadOnlyDictionary<LineFault, string> LineFaults { get; init; }

    /// <summary>{0}: the fault.</summary>
    public required string DiskFault { get; init; }

    public required string DiskFull { get; init; }

    /// <summary>The outcomes on the command line.</summary>
    public required IReadOnlyDictionary<Outcome, string> Outcomes { get; init; }

    public required string EarlierPayment { get; init; }

    public required string ToClerk { get; init; }

    public required string ToCustomer { get; init; }

    public required string CustomerCopy { get; init; }

    public required string MerchantCopy { get; init; }

    public required string Duplicate { get; init; }

    public required string Reprint { get; init; }

    public required string Paid { get; init; }

    public required string NotPaid { get; init; }

    public required string Unknown { get; init; }

    public required string PinVerified { get; init; }

    public required string Swiped { get; init; }

    public required string Store { get; init; }

    public required string Terminal { get; init; }

    public required string Clerk { get; init; }

    /// <summary>Off line: only the server can let the clerk in now.</summary>
    public required string ClerkLocked { get; init; }

    public required string ClerkUnverified { get; init; }

    public required string Bill { get; init; }

    public required string Order { get; init; }

    public required string Guarantee { get; init; }

    public required string GuaranteeHint { get; init; }

    /// <summary>On the customer's copy alone.</summary>
    public required string YourCode { get; init; }

    public required string YourCodeHint { get; init; }

    public required string ShipsWithin { get; init; }

    public required string CheckWithin { get; init; }

    /// <summary>What a refund means when store and platform keep the fee. It fits into one row of the screen.</summary>
    public required string FeeKept { get; init; }

    /// <summary>Days, hours, minutes and seconds, one and several.</summary>
    public required IReadOnlyList<(string One, string Many)> Units { get; init; }

    /// <summary>In the largest unit of which it is a whole number.</summary>
    public string Duration(int seconds)
    {
        var (number, unit) = seconds % 86_400 == 0 ? (seconds / 86_400, Units[0])
            : seconds % 3_600 == 0 ? (seconds / 3_600, Units[1])
            : seconds % 60 == 0 ? (seconds / 60, Units[2])
            : (seconds, Units[3]);
        return string.Create(CultureInfo.InvariantCulture, $"{number} {(number == 1 ? unit.One : unit.Many)}");
    }

    public required string Card { get; init; }

    public required string Entry { get; init; }

    /// <summary>The label of a payment's time; names the zone.</summary>
    public required string Time { get; init; }

    public required string Batch { get; init; }

    public required string Stan { get; init; }

    public required string Rrn { get; init; }

    public required string Authorisation { get; init; }

    public required string Response { get; init; }

    public required string Amount { get; init; }

    public required string BatchClose { get; init; }

    public required string BatchAgrees { get; init; }

    public required string BatchDiffers { get; init; }

    public required string NothingToClose { get; init; }

    public required string AmountTooLarge { get; init; }

    public required string BatchFull { get; init; }

    public required string CloseUnanswered { get; init; }

    public required string Payments { get; init; }

    public required string ServerPayments { get; init; }

    public required string ServerAmount { get; init; }

    public required string RefundNotSent { get; init; }

    public required string RefundUnknown { get; init; }

    public required string DoNotRefundAgain { get; init; }

    public required string NothingGivenBack { get; init; }

    public required string NumberMistyped { get; init; }

    public required string AmountNotLeft { get; init; }

    public required string RefundNeedsClerk { get; init; }

    public required string AnotherPerson { get; init; }

    public required string Refund { get; init; }

    public required string NotRefunded { get; init; }

    /// <summary>{0}: the last digits of the card, {1}: the number of the refund. It never says that the money is back.</summary>
    public required string RefundOnItsWay { get; init; }

    /// <summary>The same for a refund that waits.</summary>
    public required string RefundWaits { get; init; }

    public required string PaymentRrn { get; init; }

    public required string RefundRrn { get; init; }

    public required string Supervisor { get; init; }

    public required string Refunds { get; init; }

    public required string Refunded { get; init; }

    public required string ServerRefunds { get; init; }

    public required string ServerRefunded { get; init; }

    /// <param name="language"><c>zh</c> is Chinese, everything else English.</param>
    public static TerminalTexts ForLanguage(string language) => language == Chinese.Language ? Chinese : English;

    public string BecauseOfDisk(Exception fault) => IsDiskFull(fault) ? DiskFull : string.Format(CultureInfo.InvariantCulture, DiskFault, fault.Message.TrimEnd('.'));

    /// <summary>What receipt and screen say of a refund that was made.</summary>
    /// <param name="card">Masked.</param>
    public string OfRefund(bool isWaiting, string card, string number) => string.Format(
        CultureInfo.InvariantCulture, isWaiting ? RefundWaits : RefundOnItsWay, $"****{card[^Math.Min(4, card.Length)..]}", number);

    /// <summary>Joins two sentences; in Chinese without a space.</summary>
    public string Join(string first, string second) => this == Chinese ? first + second : $"{first} {second}";

    public string EntryMode(string mode) => mode == Wire.Iso8583.EntryMode.Swiped ? Swiped : mode;

    // ENOSPC and its equivalent on Windows: the framework has no name for them.
    private static bool IsDiskFull(Exception fault) => (fault.HResult & 0xFFFF) is 28 or 112;

    private static (string Clerk, string Customer) Answer(int reason, string code, string language) => AnswerTexts.DescribeAnswer(code, reason, language);
}
