using System.Globalization;
using Lakala.Rules.Bills;
using Lakala.Rules.Ledger;
using Lakala.Rules.Refunds;
using Lakala.Rules.Trades;
using Lakala.Storage.Refunds;
using Lakala.Vocabulary;

namespace Lakala.Silo.BillPages;

/// <summary>The texts of the shopper's pages in one language.</summary>
public sealed record Texts
{
    public static readonly Texts English = new()
    {
        Language = "en",
        Tag = "en",
        Other = ("zh", "中文"),
        DateAndTime = "d MMM yyyy, HH:mm",
        BillNumber = "Bill number",
        Order = "Order",
        PayBy = "Pay by",
        Beijing = "Beijing time",
        TimeLeft = "{} left",
        Units = "d h min s",
        HowTo = "How to pay",
        Steps =
        [
            "Go to any store with the Lakala sign.",
            "Show this barcode, or read out the bill number.",
            "Swipe your bank card, enter your PIN and take the receipt.",
        ],
        Receipt = "Payment",
        PaidAt = "Paid",
        Rrn = "Reference (RRN)",
        AuthorisationCode = "Authorisation code",
        Card = "Card",
        Store = "Store",
        ClaimNumber = "Claim number",
        ClaimAmount = "Claimed",
        ClaimOffer = "Offered",
        ClaimAnswer = "The shop says",
        ClaimRuling = "The ruling",
        ClaimDue = "Until",
        Refunds = "Refunds",
        RefundNumber = "Refund number",
        Refund = "Refund",
        RefundStates = refund => refund switch
        {
            { State: RefundState.Queued } => "waits for the shop's money",
            { State: RefundState.Requested or RefundState.Sent } => "on its way to your card",
            { IsPaidOtherwise: true } => "paid to you in another way than to your card",
            { State: RefundState.Done } => "your bank has it: it is on your card",
            { State: RefundState.Declined, IsSettled: false } => "your bank did not take it; we look for another way to give it to you",
            { State: RefundState.Declined, IsSettled: true } => "your bank did not take it; it is settled",
            { State: RefundState.Declined } => "your bank did not take it; ask the shop",
            { State: RefundState.Withdrawn } => "the shop has withdrawn it",
            _ => throw new ArgumentOutOfRangeException(nameof(refund), refund.State, "No such state."),
        },
        Copy = "Copy number",
        Copied = "Copied",
        Share = "Share",
        Print = "Print",
        Calendar = "Add to calendar",
        CalendarTitle = "Pay {0} to {1}",
        Stores = "Where to pay",
        NearMe = "Stores near me",
        NoPosition = "Your position is not available. Choose a district instead.",
        Ready = "Ready now",
        NotReady = "Not ready now",
        NoStores = "No stores are listed here.",
        Offline = "Live updates are interrupted. Trying again…",
        NotFound = "There is no such bill",
        NotFoundHint = "Check that you have opened the whole address, or ask the shop for it.",
        Away = "This page cannot be shown right now",
        AwayHint = "Please try again in a minute. Nothing has happened to your bill.",
        Barcode = "Barcode of bill number {0}",
        Qr = "QR code of bill number {0}",
        Guarantee = "Guaranteed trade",
        IfRefunded = "If it is refunded",
        FeesOnRefund = fee => fee switch
        {
            FeeOnRefund.Returned => "You get it in full. The shop gets the fee for this payment back.",
            FeeOnRefund.Kept => "You get it in full. The shop does not get the fee for this payment back.",
            _ => throw new ArgumentOutOfRangeException(nameof(fee), fee, "No such policy."),
        },
        GuaranteeHint = "Your money is held until you have the goods. The shop gets it when you have had the time to check them.",
        Delivery = "Delivery",
        ShipsWithin = "The shop ships within",
        CheckWithin = "Your time to check after that",
        ShipBy = "The shop ships by",
        ShippedAt = "Shipped",
        Parcel = "Parcel",
        ConfirmBy = "Time to check until",
        EndedAt = "Ended",
        TradeStatus = "Status",
        Days = ("day", "days"),
        Hours = ("hour", "hours"),
        Minutes = ("minute", "minutes"),
        Seconds = ("second", "seconds"),
        Methods = method => method switch
        {
            DeliveryMethod.Auto => "at once, by the shop's program",
            DeliveryMethod.Virtual => "without a parcel",
            DeliveryMethod.Pickup => "you fetch it",
            DeliveryMethod.Express => "express",
            DeliveryMethod.Surface => "ordinary post or freight",
            _ => throw new ArgumentOutOfRangeException(nameof(method), method, "No such method."),
        },
        Trades = state => state switch
        {
            TradeState.Held => "Your money is held. The shop has not shipped yet.",
            TradeState.Shipped => "Shipped. Your money is held until the time to check is over.",
            TradeState.Claimed => "Your claim is being settled. Your money is held.",
            TradeState.Finished => "Finished. The shop has the money.",
            TradeState.Closed => "Closed. The money goes back to you.",
            _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No such state."),
        },
        Overdue = "The shop has not shipped in time. Your money is still held.",
        States = state => state switch
        {
            BillState.Open => ("Waiting for payment", "This page shows by itself when you have paid."),
            BillState.Paying => ("Payment in progress", "Your bank is being asked. This takes a few seconds."),
            BillState.Paid => ("Paid", "Thank you. The shop is told automatically."),
            BillState.Expired => ("Expired", "This bill can no longer be paid. Please order again in the shop."),
            BillState.Cancelled => ("Cancelled", "The shop has cancelled this bill. Do not pay it."),
            _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No such state."),
        },
    };

    public static readonly Texts Chinese = new()
    {
        Language = "zh",
        Tag = "zh-Hans",
        Other = ("en", "English"),
        DateAndTime = "yyyy年M月d日 HH:mm",
        BillNumber = "账单号",
        Order = "订单",
        PayBy = "付款截止",
        Beijing = "北京时间",
        TimeLeft = "还剩 {}",
        Units = "天 小时 分 秒",
        HowTo = "付款步骤",
        Steps =
        [
            "前往任意一家有拉卡拉标志的门店。",
            "出示此条码，或向店员报账单号。",
            "刷银行卡，输入密码，收好凭条。",
        ],
        Receipt = "付款信息",
        PaidAt = "付款时间",
        Rrn = "参考号 (RRN)",
        AuthorisationCode = "授权码",
        Card = "银行卡",
        Store = "门店",
        ClaimNumber = "争议编号",
        ClaimAmount = "争议金额",
        ClaimOffer = "商家报价",
        ClaimAnswer = "商家答复",
        ClaimRuling = "裁决",
        ClaimDue = "截止时间",
        Refunds = "退款",
        RefundNumber = "退款号",
        Refund = "退款金额",
        RefundStates = refund => refund switch
        {
            { State: RefundState.Queued } => "等待商家资金到位",
            { State: RefundState.Requested or RefundState.Sent } => "正在退回您的银行卡",
            { IsPaidOtherwise: true } => "已用其他方式付给您",
            { State: RefundState.Done } => "银行已入账，已退回您的银行卡",
            { State: RefundState.Declined, IsSettled: false } => "银行未受理，我们正在另行安排退款",
            { State: RefundState.Declined, IsSettled: true } => "银行未受理，已另行处理",
            { State: RefundState.Declined } => "银行未受理，请联系商家",
            { State: RefundState.Withdrawn } => "商家已撤回",
            _ => throw new ArgumentOutOfRangeException(nameof(refund), refund.State, "No such state."),
        },
        Copy = "复制账单号",
        Copied = "已复制",
        Share = "分享",
        Print = "打印",
        Calendar = "加入日历",
        CalendarTitle = "付款 {0} 给 {1}",
        Stores = "付款门店",
        NearMe = "附近的门店",
        NoPosition = "无法获取您的位置，请选择区域。",
        Ready = "现在可付款",
        NotReady = "暂时不可付款",
        NoStores = "此处暂无门店。",
        Offline = "实时更新已中断，正在重试……",
        NotFound = "没有此账单",
        NotFoundHint = "请检查网址是否完整，或向商家索取。",
        Away = "暂时无法显示此页",
        AwayHint = "请一分钟后再试，您的账单没有变化。",
        Barcode = "账单号 {0} 的条码",
        Qr = "账单号 {0} 的二维码",
        Guarantee = "担保交易",
        IfRefunded = "如有退款",
        FeesOnRefund = fee => fee switch
        {
            FeeOnRefund.Returned => "全额退还给您，本次付款的手续费退还商家。",
            FeeOnRefund.Kept => "全额退还给您，本次付款的手续费不退还商家。",
            _ => throw new ArgumentOutOfRangeException(nameof(fee), fee, "No such policy."),
        },
        GuaranteeHint = "收到商品之前，货款由平台保管；查验期限届满后才会付给商家。",
        Delivery = "交付方式",
        ShipsWithin = "商家发货期限",
        CheckWithin = "发货后查验期限",
        ShipBy = "商家发货截止",
        ShippedAt = "发货时间",
        Parcel = "快递单号",
        ConfirmBy = "查验截止",
        EndedAt = "结束时间",
        TradeStatus = "状态",
        Days = ("天", "天"),
        Hours = ("小时", "小时"),
        Minutes = ("分钟", "分钟"),
        Seconds = ("秒", "秒"),
        Methods = method => method switch
        {
            DeliveryMethod.Auto => "自动交付",
            DeliveryMethod.Virtual => "虚拟商品",
            DeliveryMethod.Pickup => "自提",
            DeliveryMethod.Express => "快递",
            DeliveryMethod.Surface => "平邮或物流",
            _ => throw new ArgumentOutOfRangeException(nameof(method), method, "No such method."),
        },
        Trades = state => state switch
        {
            TradeState.Held => "货款由平台保管，商家尚未发货。",
            TradeState.Shipped => "商家已发货。查验期限届满前，货款由平台保管。",
            TradeState.Claimed => "争议正在处理，货款由平台保管。",
            TradeState.Finished => "交易完成，货款已付给商家。",
            TradeState.Closed => "交易关闭，货款将退还给您。",
            _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No such state."),
        },
        Overdue = "商家未按时发货，货款仍由平台保管。",
        States = state => state switch
        {
            BillState.Open => ("等待付款", "付款后本页会自动更新。"),
            BillState.Paying => ("正在付款", "正在向银行确认，只需几秒钟。"),
            BillState.Paid => ("已付款", "谢谢！系统会自动通知商家。"),
            BillState.Expired => ("已过期", "此账单已不能付款，请到商店重新下单。"),
            BillState.Cancelled => ("已取消", "商家已取消此账单，请不要付款。"),
            _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No such state."),
        },
    };

    /// <summary>The value in addresses: en or zh.</summary>
    public required string Language { get; init; }

    /// <summary>The language of the document (BCP 47).</summary>
    public required string Tag { get; init; }

    /// <summary>The other language, with its own name.</summary>
    public required (string Language, string Name) Other { get; init; }

    /// <summary>The format of a point in time.</summary>
    public required string DateAndTime { get; init; }

    public required string BillNumber { get; init; }

    public required string Order { get; init; }

    public required string PayBy { get; init; }

    public required string Beijing { get; init; }

    /// <summary>The browser replaces {} by the time.</summary>
    public required string TimeLeft { get; init; }

    /// <summary>Days, hours, minutes and seconds, separated by spaces.</summary>
    public required string Units { get; init; }

    public required string HowTo { get; init; }

    public required IReadOnlyList<string> Steps { get; init; }

    public required string Receipt { get; init; }

    public required string PaidAt { get; init; }

    public required string Rrn { get; init; }

    public required string AuthorisationCode { get; init; }

    public required string Card { get; init; }

    public required string Store { get; init; }

    public required string ClaimNumber { get; init; }

    public required string ClaimAmount { get; init; }

    public required string ClaimOffer { get; init; }

    public required string ClaimAnswer { get; init; }

    public required string ClaimRuling { get; init; }

    public required string ClaimDue { get; init; }

    public required string Refunds { get; init; }

    public required string RefundNumber { get; init; }

    /// <summary>The label of a refund's amount.</summary>
    public required string Refund { get; init; }

    /// <summary>Where a refund is; never "refunded" before the bank has said so.</summary>
    public required Func<RefundRow, string> RefundStates { get; init; }

    public required string Copy { get; init; }

    public required string Copied { get; init; }

    public required string Share { get; init; }

    public required string Print { get; init; }

    public required string Calendar { get; init; }

    public required string CalendarTitle { get; init; }

    public required string Stores { get; init; }

    public required string NearMe { get; init; }

    public required string NoPosition { get; init; }

    public required string Ready { get; init; }

    public required string NotReady { get; init; }

    public required string NoStores { get; init; }

    public required string Offline { get; init; }

    public required string NotFound { get; init; }

    public required string NotFoundHint { get; init; }

    public required string Away { get; init; }

    public required string AwayHint { get; init; }

    public required string Barcode { get; init; }

    public required string Qr { get; init; }

    public required string Guarantee { get; init; }

    public required string IfRefunded { get; init; }

    /// <summary>What a refund of the bill would mean.</summary>
    public required Func<FeeOnRefund, string> FeesOnRefund { get; init; }

    public required string GuaranteeHint { get; init; }

    public required string Delivery { get; init; }

    public required string ShipsWithin { get; init; }

    public required string CheckWithin { get; init; }

    public required string ShipBy { get; init; }

    public required string ShippedAt { get; init; }

    public required string Parcel { get; init; }

    public required string ConfirmBy { get; init; }

    public required string EndedAt { get; init; }

    public required string TradeStatus { get; init; }

    public required string Overdue { get; init; }

    public required (string One, string Many) Days { get; init; }

    public required (string One, string Many) Hours { get; init; }

    public required (string One, string Many) Minutes { get; init; }

    public required (string One, string Many) Seconds { get; init; }

    public required Func<DeliveryMethod, string> Methods { get; init; }

    public required Func<TradeState, string> Trades { get; init; }

    public required Func<BillState, (string Headline, string Hint)> States { get; init; }

    /// <param name="language">en or zh; English for anything else.</param>
    public static Texts In(string? language) => language == Chinese.Language ? Chinese : English;

    public string Human(DateTimeOffset time) => BeijingTime.Convert(time).ToString(DateAndTime, CultureInfo.InvariantCulture);

    /// <summary>In the largest unit of which it is a whole number.</summary>
    public string Duration(TimeSpan time) => time.Ticks % TimeSpan.TicksPerDay == 0 ? Count(time.TotalDays, Days)
        : time.Ticks % TimeSpan.TicksPerHour == 0 ? Count(time.TotalHours, Hours)
        : time.Ticks % TimeSpan.TicksPerMinute == 0 ? Count(time.TotalMinutes, Minutes)
        : Count(time.TotalSeconds, Seconds);

    private static string Count(double number, (string One, string Many) unit) =>
        string.Create(CultureInfo.InvariantCulture, $"{number:0} {(number == 1 ? unit.One : unit.Many)}");

    public string Distance(int metres) => metres < 1000
        ? string.Create(CultureInfo.InvariantCulture, $"{metres} m")
        : string.Create(CultureInfo.InvariantCulture, $"{metres / 1000m:0.0} km");
}
