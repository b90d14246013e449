using System.Globalization;
using Lakala.Wire;

namespace Lakala.Terminal.Client;

/// <summary>What this program says to clerk and customer, in one language. The texts to an answer come from the server.</summary>
public sealed record Texts
{
    public static readonly Texts English = new()
    {
        Language = "en",
        BillMistyped = Answer(LocalReason.BillMistyped, ResponseCodes.NotPayable, "en").Clerk,
        NothingToReprint = "No receipt to print again.",
        LookupUnanswered = "No answer to the look-up. Nothing was paid; try again.",
        AllSettled = "No payment of this terminal is open.",
        NotUnderstood = "Not understood: a line is {\"do\": \"pay\", \"bill\": ..., \"card\": ..., \"pin\": ...}, or \"do\" is \"lookup\", \"settle\", \"reprint\", \"close\" or \"cancel\".",
        GivenUp = "Given up before the payment was sent. Nothing was paid.",
        GivenUpNotPaid = "Given up, not paid.",
        Interrupted = "Interrupted before the payment was sent. Nothing was paid.",
        NotSent = "Not sent, nothing was paid. Try again.",
        OutcomeUnknown = "Outcome unknown. Do not pay again: the next payment on this terminal first finds out.",
        EarlierUnknown = "An earlier payment is still unknown. No new one until it is certain; try again in a minute.",
        KeyReused = "The server knows this payment's number with other content. Call the operator.",
        DoNotPayAgain = "Do not pay again. The terminal finds out and prints the result.",
        NotReachable = "Payments cannot be reached ({0}). Nothing was paid. Check the network and try again.",
        DiskFault = "The terminal's disk gives a fault ({0}). Call the operator.",
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
        ClerkUnverified = "The server cannot be reached. The password is wrong, or the server has not verified it here lately.",
        Bill = "Bill",
        Order = "Order",
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
    };

    public static readonly Texts Chinese = new()
    {
        Language = "zh",
        BillMistyped = Answer(LocalReason.BillMistyped, ResponseCodes.NotPayable, "zh").Clerk,
        NothingToReprint = "没有可重打的凭条。",
        LookupUnanswered = "查询无应答，未支付，请重试。",
        AllSettled = "本终端没有未明交易。",
        NotUnderstood = "无法识别：每行为 {\"do\": \"pay\", \"bill\": ..., \"card\": ..., \"pin\": ...}，或 \"do\" 为 \"lookup\"、\"settle\"、\"reprint\"、\"close\"、\"cancel\"。",
        GivenUp = "已在发送前放弃，未支付。",
        GivenUpNotPaid = "已放弃，未支付。",
        Interrupted = "已在发送前中断，未支付。",
        NotSent = "未发送，未支付，请重试。",
        OutcomeUnknown = "结果未知，请勿重复支付：终端将先查明结果。",
        EarlierUnknown = "上一笔交易结果未明，查明前不能收款，请稍后再试。",
        KeyReused = "流水号对应的交易内容不符，请联系运营方。",
        DoNotPayAgain = "请勿重复支付，终端将查明并打印结果。",
        NotReachable = "无法连接支付系统（{0}），未支付，请检查网络后重试。",
        DiskFault = "终端存储故障（{0}），请联系运营方。",
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
        ClerkUnverified = "无法连接系统：密码错误，或近期未在此验证过您的身份。",
        Bill = "账单号",
        Order = "订单号",
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
    };

    /// <summary><c>en</c> or <c>zh</c>.</summary>
    public required string Language { get; init; }

    public required string BillMistyped { get; init; }

    public required string NothingToReprint { get; init; }

    public required string LookupUnanswered { get; init; }

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

    /// <summary>{0}: why.</summary>
    public required string NotReachable { get; init; }

    /// <summary>{0}: which.</summary>
    public required string DiskFault { get; init; }

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

    public required string ClerkUnverified { get; init; }

    public required string Bill { get; init; }

    public required string Order { get; init; }

    public required string Card { get; init; }

    public required string Entry { get; init; }

    /// <summary>Of a payment; names the zone.</summary>
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

    /// <param name="language">Anything but <c>zh</c> is English.</param>
    public static Texts Of(string language) => language == Chinese.Language ? Chinese : English;

    public string BecauseOfDisk(Exception fault) => string.Format(CultureInfo.InvariantCulture, DiskFault, fault.Message.TrimEnd('.'));

    public string BecauseOfNetwork(string why) => string.Format(CultureInfo.InvariantCulture, NotReachable, why.TrimEnd('.'));

    public string EntryMode(string mode) => mode == Client.EntryMode.Swiped ? Swiped : mode;

    private static (string Clerk, string Customer) Answer(int reason, string code, string language) => AnswerTexts.Of(code, reason, language);
}

/// <summary>What is said before the terminal's language is known, to whoever sets it up.</summary>
internal static class SetupTexts
{
    public const string CallOperator = "Call the operator.";
    public const string SignOnUnanswered = "the sign-on is not answered: is the terminal known there, and is its master key right?";

    public static string NoTerminals(string folder) => $"There is no terminal in {folder}. Run ./lakala up first, or set LAKALA_HOME.";

    public static string NoSuchTerminal(string id, string folder) => $"There is no terminal {id} in {folder}.";

    public static string InUse(string terminal) => $"Terminal {terminal} is in use by another process. Wait until it is done.";

    public static string JournalDamaged(string why) => $"{why} No payments until it is looked at. {CallOperator}";

    public static string SignOnRefused(string code) => $"the sign-on is refused with code {code}";
}
