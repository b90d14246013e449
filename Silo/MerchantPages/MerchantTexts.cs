using System.Globalization;
using Lakala.Rules.Bills;
using Lakala.Rules.Claims;
using Lakala.Rules.Ledger;
using Lakala.Rules.Refunds;
using Lakala.Rules.Trades;
using Lakala.Storage.Merchants;
using Lakala.Storage.Refunds;
using Lakala.Vocabulary;

namespace Lakala.Silo.MerchantPages;

/// <summary>The texts of the merchants' pages in one language.</summary>
public sealed record MerchantTexts
{
    public static readonly MerchantTexts English = new()
    {
        Language = "en",
        Tag = "en",
        Other = ("zh", "中文"),
        Home = "Lakala for merchants",
        DateAndTime = "d MMM yyyy, HH:mm",
        Beijing = "All times are Beijing time.",
        Pages = "Pages",
        Orders = "Orders",
        ShipMany = "Ship many",
        Refunds = "Refunds",
        Balance = "Balance",
        People = "People",
        SignIn = "Sign in",
        SignOut = "Sign out",
        MerchantId = "Merchant ID",
        Name = "Name",
        Password = "Password",
        SignInHint = "A person of your shop or the operator of the network invites you.",
        WrongPassword = "Merchant, name and password do not belong together.",
        TooManyTries = "Too many wrong passwords. Try again in five minutes.",
        Busy = "Too many people sign in at once. Try again in a moment.",
        Join = "Join",
        JoinHint = "Choose a name and a password for {0}. A name has 2 to 40 lower-case letters, digits, dots, dashes and underscores; a password has at least 10 characters and not your name in it.",
        JoinOutcomes = outcome => outcome switch
        {
            JoinOutcome.NoInvitation => "This invitation was used or replaced, or its time is over. Ask for a new one.",
            JoinOutcome.NameTaken => "Somebody has this name. Choose another one.",
            JoinOutcome.Full => "Too many people can sign in for this shop. Have one blocked.",
            _ => "You can sign in now.",
        },
        BadName = "This is no name: 2 to 40 lower-case letters, digits, dots, dashes and underscores.",
        BadPassword = "Choose a password of 10 to 128 characters, not too simple, and without your name in it.",
        Invite = "Invite a person",
        InviteHint = "The link lets one person in, once, within 48 hours. It is shown only now: pass it on in a safe way.",
        InviteFull = "Too many invitations are not used yet. Wait until they end.",
        Block = "Block",
        Blocked = "blocked",
        Yourself = "you",
        NotYourself = "You cannot block yourself. Ask another person.",
        All = "All",
        Filters = state => state switch
        {
            TradeState.Held => "To ship",
            TradeState.Shipped => "Shipped",
            TradeState.Claimed => "Claimed",
            TradeState.Finished => "Finished",
            TradeState.Closed => "Given back",
            _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No such state."),
        },
        Filter = "Which orders",
        Find = "Order or bill number",
        Show = "Show",
        Nothing = "There is nothing here.",
        More = "More",
        Order = "Order",
        BillNumber = "Bill number",
        Amount = "Amount",
        Refunded = "Refunded, or on its way",
        FeeOnRefund = "Fee when you refund",
        FeesOnRefund = fee => fee switch
        {
            Rules.Ledger.FeeOnRefund.Returned => "you get its part back",
            Rules.Ledger.FeeOnRefund.Kept => "you do not get it back: you bear the whole refund; what is still held has no fee",
            _ => throw new ArgumentOutOfRangeException(nameof(fee), fee, "No such policy."),
        },
        Held = "Held",
        Released = "Released",
        PaidAt = "Paid",
        Created = "Created",
        Status = "Status",
        ShipBy = "Ship by",
        ConfirmBy = "The shopper checks until",
        Method = "How it goes",
        Carrier = "Carrier",
        TrackingNumber = "Tracking number",
        Ship = "Ship",
        ShipDone = "It is shipped. The shopper is told.",
        Correct = "Correct the parcel",
        CorrectHint = "Possible once. The shopper's time to check starts again.",
        CorrectDone = "It is corrected. The shopper is told.",
        Extend = "Give more time",
        ExtendHint = "Possible once, from 1 to 15 days.",
        Days = "Days",
        ExtendDone = "The shopper has more time, and is told.",
        Refund = "Refund",
        RefundHint = "At most {0}. It goes back to the card that paid.",
        Reason = "Reason, for yourself",
        RefundDone = "The refund {0} of {1} is ordered. It is on its way; the bank has not said yet that the card is credited.",
        RefundQueued = "The refund {0} of {1} waits: your balance does not cover it yet. It goes on by itself.",
        RefundKept = "This refund was ordered already, once. Its number is {0}.",
        RefundReused = "This form was sent before with another amount or reason. Look at the refunds below before you send it again.",
        BadAmount = "Write the amount in yuan, such as 12.50. It is at least 0.01.",
        BadReason = "The reason has at most 255 characters, none of them a control or format character.",
        BadParcel = "Carrier and tracking number have at most 64 characters, none of them a control or format character.",
        BadDays = "Days are a number from 1 to 15.",
        NoMethod = "Choose how the goods go.",
        NothingNow = "There is nothing to do with this order now.",
        States = state => state switch
        {
            BillState.Open => "Waits for payment",
            BillState.Paying => "Is being paid",
            BillState.Paid => "Paid",
            BillState.Expired => "Expired",
            BillState.Cancelled => "Cancelled",
            _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No such state."),
        },
        Trades = state => state switch
        {
            TradeState.Held => "Paid, the money is held: ship now",
            TradeState.Shipped => "Shipped; the shopper checks the goods",
            TradeState.Claimed => "The shopper has a claim",
            TradeState.Finished => "Finished: you have the money",
            TradeState.Closed => "Closed: the money goes back to the shopper",
            _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No such state."),
        },
        Overdue = "The time to ship is over. Ship now, or the money goes back.",
        Frozen = "The operator has stopped this trade.",
        RefundUndecided = "The bank has refused the refund. The operator decides how the shopper gets the money.",
        Withdraw = "Withdraw",
        WithdrawDone = "The refund {0} is withdrawn. The money is where it was.",
        RefundStates = refund => refund switch
        {
            { State: RefundState.Queued } => "waits until your balance covers it",
            { State: RefundState.Requested or RefundState.Sent } => "on its way to the card",
            { IsPaidOtherwise: true } => "the operator has paid the shopper in another way",
            { State: RefundState.Done } => "the bank has credited the card",
            { State: RefundState.Declined, IsSettled: false } => "the bank has refused it; the operator decides how the shopper gets it",
            { State: RefundState.Declined, IsSettled: true } => "the bank has refused it; the operator has settled it",
            { State: RefundState.Declined } => "the bank has refused it; the money is where it was",
            { State: RefundState.Withdrawn } => "withdrawn by you; the money is where it was",
            _ => throw new ArgumentOutOfRangeException(nameof(refund), refund.State, "No such state."),
        },
        Methods = method => method switch
        {
            DeliveryMethod.Auto => "at once, by your program",
            DeliveryMethod.Virtual => "without a parcel",
            DeliveryMethod.Pickup => "the shopper fetches it",
            DeliveryMethod.Express => "express",
            DeliveryMethod.Surface => "ordinary post or freight",
            _ => throw new ArgumentOutOfRangeException(nameof(method), method, "No such method."),
        },
        Refusals = refusal => refusal switch
        {
            Refusal.TradeNone => "This order has no guaranteed trade, or is not paid: there is nothing to ship here.",
            Refusal.TradeNotShipped => "It is not shipped yet.",
            Refusal.TradeShipped => "It is shipped, and was corrected already.",
            Refusal.TradeExtended => "You have given more time already.",
            Refusal.ExtensionTooLong => "That is more than 60 days after the shipping. Choose fewer days.",
            Refusal.TradeClaimed => "The shopper has a claim. Settle it first.",
            Refusal.ClaimOver => "The claim is over.",
            Refusal.ClaimNotNow => "This cannot be done with the claim as it is now.",
            Refusal.ClaimOffered => "You have made an offer, which binds you. You can offer more, or agree.",
            Refusal.OfferWrong => "Offer less than what is claimed, and more than before.",
            Refusal.EvidenceFull => "You have added five files already.",
            Refusal.EvidenceTooLarge => "A file has more than 2 MiB.",
            Refusal.EvidenceUnreadable => "A file is no picture (PNG, JPEG, WebP) and no PDF.",
            Refusal.TradeFrozen => "The operator has stopped this trade. Call the operator.",
            Refusal.RefundUndecided => "The bank has refused a refund of this bill. The operator decides first how the shopper gets it.",
            Refusal.RefundSent => "The bank may have the refund already: it cannot be withdrawn.",
            Refusal.RefundPromised => "The shopper was promised this refund by a claim, at a counter, by the operators or because nothing was shipped: it cannot be withdrawn.",
            Refusal.TradeFinished => "The trade is finished.",
            Refusal.TradeClosed => "The trade is closed: the money goes back to the shopper. Do not ship.",
            Refusal.BillNotPaid => "The bill is not paid: there is nothing to give back.",
            Refusal.RefundExceeds => "That is more than is left of the bill. {0} is left.",
            _ => "This cannot be done right now. Nothing was changed. Try again in a moment.",
        },
        ShipManyHint = "A CSV file with the columns bill or order, carrier, tracking_number and, if you want, method (express, surface, pickup, virtual, auto). At most 1,000 lines and 1 MiB. You can send the same file again: what is shipped stays as it is.",
        File = "CSV file",
        ShipThem = "Ship them",
        ShipManyDone = "{0} of {1} lines are shipped.",
        Line = "Line",
        Outcome = "Outcome",
        LineShipped = "shipped",
        LineSame = "was shipped so before",
        LineOther = "It is shipped already with another parcel. Correct it on its page.",
        LineUnknown = "You have no such bill or order.",
        LineTwice = "It is in line {0} already.",
        LineColumns = "The line has {0} columns, not {1}.",
        LineMethod = "There is no such method.",
        LineQuote = "A quotation mark is out of place.",
        NoFile = "Choose a file of at most 1 MiB.",
        NoLines = "The file has no lines but its first.",
        ManyLines = "At most 1,000 lines at once. Nothing was shipped.",
        BadColumns = "The first line must name the columns: bill or order, carrier, tracking_number, and method if you want. Nothing was shipped.",
        Claims = "Claims",
        Claim = "Claim",
        Claimed = "Claimed",
        Offered = "You have offered",
        Granted = "The shopper gets",
        DueAt = "Until",
        ShoppersWords = "The shopper's words",
        YourWords = "Your words",
        Appeal = "The shopper's words to the operators",
        Ruling = "The operators' words",
        Parcel = "How the goods come back",
        ClaimKinds = kind => kind switch
        {
            ClaimKind.NotReceived => "Not received",
            ClaimKind.NotAsDescribed => "Not as described",
            ClaimKind.Return => "Wants to give the goods back",
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such kind."),
        },
        ClaimStates = state => state switch
        {
            ClaimState.Asked => "Answer in time, or the shopper gets what is claimed",
            ClaimState.Agreed => "Agreed: the shopper gets the money",
            ClaimState.Returning => "The shopper has to send the goods back",
            ClaimState.Back => "The goods are on their way back: look at them in time, or the shopper gets what is claimed",
            ClaimState.Refused => "Refused: the shopper can ask for a ruling",
            ClaimState.Judging => "The operators have to rule",
            ClaimState.Judged => "The operators have ruled",
            ClaimState.Withdrawn => "Over: the claim was withdrawn",
            _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No such state."),
        },
        WaitsForOffer = "The shopper has your offer; without an answer she gets it",
        Agree = "Agree",
        AgreeHint = "The shopper gets {0}, at once and for good.",
        Offer = "Offer a part",
        OfferHint = "Less than {0}, and more than you have offered. It binds you: you can only offer more.",
        AskBack = "Ask for the goods",
        AskBackHint = "Say where the goods go. The shopper has 7 days to send them.",
        RefuseClaim = "Refuse",
        RefuseHint = "Say why. The shopper and the operators read it, and see your files.",
        Received = "The goods are back",
        ReceivedHint = "The shopper gets {0}.",
        Text = "Your words, at most 1,000 characters",
        Files = "Files",
        AddFiles = "Add pictures or PDFs: at most 5, of 2 MiB each",
        Add = "Add",
        OfShopper = "of the shopper",
        OfMerchant = "yours",
        ClaimDone = "It is done. The shopper is told.",
        FilesAdded = "The files are added.",
        BadText = "Write 1 to 1,000 characters, none of them a control or format character.",
        BadOffer = "Write an amount in yuan, less than what is claimed.",
        Available = "Available",
        RefundsOut = "On its way back to shoppers",
        FrozenMoney = "Frozen",
        Owed = "You owe",
        Entries = "What has changed it",
        Kinds = kind => kind switch
        {
            "payment" => "Payment",
            "release" => "Held money released",
            "refund" => "Refund",
            "refund_back" => "Refund that the bank refused",
            "debt_paid" => "Debt paid",
            "freeze" => "Frozen for a claim",
            "unfreeze" => "Free again after a claim",
            _ => kind,
        },
        NotFound = "There is no such page",
        NotFoundHint = "Look for the order in your list.",
        NotValid = "This is not valid",
        Away = "This page cannot be shown right now",
        AwayHint = "Try again in a minute. Look whether what you wanted is done before you do it again.",
    };

    public static readonly MerchantTexts Chinese = new()
    {
        Language = "zh",
        Tag = "zh-Hans",
        Other = ("en", "English"),
        Home = "拉卡拉商户平台",
        DateAndTime = "yyyy年M月d日 HH:mm",
        Beijing = "时间均为北京时间。",
        Pages = "页面",
        Orders = "订单",
        ShipMany = "批量发货",
        Refunds = "退款",
        Balance = "余额",
        People = "成员",
        SignIn = "登录",
        SignOut = "退出",
        MerchantId = "商户号",
        Name = "用户名",
        Password = "密码",
        SignInHint = "由本店成员或网络运营方邀请加入。",
        WrongPassword = "商户号、用户名与密码不匹配。",
        TooManyTries = "密码错误次数过多，请五分钟后再试。",
        Busy = "同时登录的人过多，请稍候再试。",
        Join = "加入",
        JoinHint = "请为 {0} 设置用户名和密码。用户名为 2 至 40 个小写字母、数字、点、短横线或下划线；密码至少 10 个字符，且不含用户名。",
        JoinOutcomes = outcome => outcome switch
        {
            JoinOutcome.NoInvitation => "该邀请已使用、已被取代或已过期，请索取新的邀请。",
            JoinOutcome.NameTaken => "该用户名已被使用，请换一个。",
            JoinOutcome.Full => "本店可登录的成员已满，请先停用一位。",
            _ => "现在可以登录。",
        },
        BadName = "用户名无效：应为 2 至 40 个小写字母、数字、点、短横线或下划线。",
        BadPassword = "请设置 10 至 128 个字符的密码，不能过于简单，也不能含用户名。",
        Invite = "邀请成员",
        InviteHint = "该链接可供一人在 48 小时内使用一次。仅此时显示，请以安全方式转交。",
        InviteFull = "未使用的邀请过多，请等待其过期。",
        Block = "停用",
        Blocked = "已停用",
        Yourself = "本人",
        NotYourself = "不能停用自己，请由其他成员操作。",
        All = "全部",
        Filters = state => state switch
        {
            TradeState.Held => "待发货",
            TradeState.Shipped => "已发货",
            TradeState.Claimed => "有争议",
            TradeState.Finished => "已完成",
            TradeState.Closed => "已退回",
            _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No such state."),
        },
        Filter = "订单筛选",
        Find = "订单号或账单号",
        Show = "查看",
        Nothing = "暂无内容。",
        More = "更多",
        Order = "订单",
        BillNumber = "账单号",
        Amount = "金额",
        Refunded = "已退款或退款中",
        FeeOnRefund = "退款时手续费",
        FeesOnRefund = fee => fee switch
        {
            Rules.Ledger.FeeOnRefund.Returned => "按比例退还给您",
            Rules.Ledger.FeeOnRefund.Kept => "不退还，退款由您全额承担；尚在保管的款项没有手续费",
            _ => throw new ArgumentOutOfRangeException(nameof(fee), fee, "No such policy."),
        },
        Held = "待释放",
        Released = "已释放",
        PaidAt = "付款时间",
        Created = "创建时间",
        Status = "状态",
        ShipBy = "最迟发货",
        ConfirmBy = "买家验货截止",
        Method = "配送方式",
        Carrier = "承运方",
        TrackingNumber = "运单号",
        Ship = "发货",
        ShipDone = "已发货，并已通知买家。",
        Correct = "更正物流信息",
        CorrectHint = "只能更正一次，买家的验货时间将重新计算。",
        CorrectDone = "已更正，并已通知买家。",
        Extend = "延长验货时间",
        ExtendHint = "只能延长一次，1 至 15 天。",
        Days = "天数",
        ExtendDone = "买家的验货时间已延长，并已通知买家。",
        Refund = "退款",
        RefundHint = "最多 {0}，将退回原付款卡。",
        Reason = "原因（仅供自己查看）",
        RefundDone = "退款 {0}（{1}）已受理，正在处理；银行尚未确认入账。",
        RefundQueued = "退款 {0}（{1}）等待中：余额暂不足，到账后自动继续。",
        RefundKept = "该退款此前已受理，仅一次，退款号为 {0}。",
        RefundReused = "此表单此前已用另一金额或原因提交。请先查看下方退款记录，再重新提交。",
        BadAmount = "请以元为单位填写金额，例如 12.50，最少 0.01。",
        BadReason = "原因最多 255 个字符，且不含控制字符或格式字符。",
        BadParcel = "承运方和运单号各不超过 64 个字符，且不含控制字符或格式字符。",
        BadDays = "天数应为 1 至 15。",
        NoMethod = "请选择配送方式。",
        NothingNow = "该订单目前无可办理的操作。",
        States = state => state switch
        {
            BillState.Open => "等待付款",
            BillState.Paying => "正在付款",
            BillState.Paid => "已付款",
            BillState.Expired => "已过期",
            BillState.Cancelled => "已取消",
            _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No such state."),
        },
        Trades = state => state switch
        {
            TradeState.Held => "已付款，款项待释放：请发货",
            TradeState.Shipped => "已发货，买家验货中",
            TradeState.Claimed => "买家提出争议",
            TradeState.Finished => "已完成，款项已到账",
            TradeState.Closed => "已关闭，款项退回买家",
            _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No such state."),
        },
        Overdue = "发货期限已过。请立即发货，否则款项将退回。",
        Frozen = "运营方已冻结该交易。",
        RefundUndecided = "银行拒绝了退款，由运营方决定如何退给买家。",
        Withdraw = "撤回",
        WithdrawDone = "退款 {0} 已撤回，款项已回到原处。",
        RefundStates = refund => refund switch
        {
            { State: RefundState.Queued } => "等待余额充足",
            { State: RefundState.Requested or RefundState.Sent } => "正在退回银行卡",
            { IsPaidOtherwise: true } => "运营方已用其他方式付给买家",
            { State: RefundState.Done } => "银行已入账",
            { State: RefundState.Declined, IsSettled: false } => "银行拒绝，由运营方决定如何退给买家",
            { State: RefundState.Declined, IsSettled: true } => "银行拒绝，运营方已处理",
            { State: RefundState.Declined } => "银行拒绝，款项已回到原处",
            { State: RefundState.Withdrawn } => "已由您撤回，款项已回到原处",
            _ => throw new ArgumentOutOfRangeException(nameof(refund), refund.State, "No such state."),
        },
        Methods = method => method switch
        {
            DeliveryMethod.Auto => "由程序即时交付",
            DeliveryMethod.Virtual => "无需物流",
            DeliveryMethod.Pickup => "买家自提",
            DeliveryMethod.Express => "快递",
            DeliveryMethod.Surface => "平邮或货运",
            _ => throw new ArgumentOutOfRangeException(nameof(method), method, "No such method."),
        },
        Refusals = refusal => refusal switch
        {
            Refusal.TradeNone => "该订单没有担保交易或尚未付款，无需在此发货。",
            Refusal.TradeNotShipped => "尚未发货。",
            Refusal.TradeShipped => "已发货，且已更正过。",
            Refusal.TradeExtended => "已延长过验货时间。",
            Refusal.ExtensionTooLong => "超过发货后 60 天，请减少天数。",
            Refusal.TradeClaimed => "买家有争议，请先处理。",
            Refusal.ClaimOver => "争议已结束。",
            Refusal.ClaimNotNow => "争议当前状态下不能如此办理。",
            Refusal.ClaimOffered => "您已提议，提议有约束力；可提高金额或同意。",
            Refusal.OfferWrong => "提议须少于主张金额并高于之前的提议。",
            Refusal.EvidenceFull => "您已添加五个文件。",
            Refusal.EvidenceTooLarge => "有文件超过 2 MiB。",
            Refusal.EvidenceUnreadable => "有文件不是图片（PNG、JPEG、WebP）或 PDF。",
            Refusal.TradeFrozen => "运营方已冻结该交易，请联系运营方。",
            Refusal.RefundUndecided => "银行拒绝了该账单的一笔退款，须先由运营方决定如何退给买家。",
            Refusal.RefundSent => "银行可能已收到该退款，不能撤回。",
            Refusal.RefundPromised => "该退款已因争议、门店受理、运营方决定或未发货而承诺给买家，不能撤回。",
            Refusal.TradeFinished => "交易已完成。",
            Refusal.TradeClosed => "交易已关闭，款项退回买家，请勿发货。",
            Refusal.BillNotPaid => "账单未付款，无款可退。",
            Refusal.RefundExceeds => "超出可退金额，剩余 {0}。",
            _ => "现在无法办理，未作任何更改，请稍候再试。",
        },
        ShipManyHint = "CSV 文件，列为 bill 或 order、carrier、tracking_number，可选 method（express、surface、pickup、virtual、auto）。最多 1,000 行、1 MiB。可重复提交同一文件：已发货的保持不变。",
        File = "CSV 文件",
        ShipThem = "发货",
        ShipManyDone = "{1} 行中有 {0} 行已发货。",
        Line = "行",
        Outcome = "结果",
        LineShipped = "已发货",
        LineSame = "此前已按此发货",
        LineOther = "已用其他物流信息发货，请在订单页更正。",
        LineUnknown = "没有此账单或订单。",
        LineTwice = "已在第 {0} 行出现。",
        LineColumns = "该行有 {0} 列，应为 {1} 列。",
        LineMethod = "没有此配送方式。",
        LineQuote = "引号位置有误。",
        NoFile = "请选择不超过 1 MiB 的文件。",
        NoLines = "文件只有首行。",
        ManyLines = "每次最多 1,000 行，未发货。",
        BadColumns = "首行须为列名：bill 或 order、carrier、tracking_number，可选 method。未发货。",
        Claims = "争议",
        Claim = "争议",
        Claimed = "主张金额",
        Offered = "您的提议",
        Granted = "买家获得",
        DueAt = "截止",
        ShoppersWords = "买家的说明",
        YourWords = "您的说明",
        Appeal = "买家致运营方的说明",
        Ruling = "运营方的说明",
        Parcel = "退货物流",
        ClaimKinds = kind => kind switch
        {
            ClaimKind.NotReceived => "未收到货",
            ClaimKind.NotAsDescribed => "与描述不符",
            ClaimKind.Return => "要求退货",
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such kind."),
        },
        ClaimStates = state => state switch
        {
            ClaimState.Asked => "请按时答复，否则买家获得主张金额",
            ClaimState.Agreed => "已同意，款项退给买家",
            ClaimState.Returning => "等待买家寄回商品",
            ClaimState.Back => "商品退回途中：请按时查验，否则买家获得主张金额",
            ClaimState.Refused => "已拒绝，买家可要求裁决",
            ClaimState.Judging => "等待运营方裁决",
            ClaimState.Judged => "运营方已裁决",
            ClaimState.Withdrawn => "已结束：争议已撤回",
            _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No such state."),
        },
        WaitsForOffer = "已向买家提议；买家未答复则按提议执行",
        Agree = "同意",
        AgreeHint = "买家立即获得 {0}，不可撤销。",
        Offer = "提议部分金额",
        OfferHint = "少于 {0} 且高于您之前的提议。提议有约束力，只能提高。",
        AskBack = "要求退货",
        AskBackHint = "请写明退货地址，买家有 7 天时间寄回。",
        RefuseClaim = "拒绝",
        RefuseHint = "请说明原因，买家和运营方会看到说明与文件。",
        Received = "已收到退货",
        ReceivedHint = "买家获得 {0}。",
        Text = "您的说明，最多 1,000 个字符",
        Files = "文件",
        AddFiles = "添加图片或 PDF：最多 5 个，每个不超过 2 MiB",
        Add = "添加",
        OfShopper = "买家的",
        OfMerchant = "您的",
        ClaimDone = "已办理，并已通知买家。",
        FilesAdded = "文件已添加。",
        BadText = "请填写 1 至 1,000 个字符，且不含控制字符或格式字符。",
        BadOffer = "请以元为单位填写少于主张金额的金额。",
        Available = "可用",
        RefundsOut = "退款途中",
        FrozenMoney = "冻结",
        Owed = "欠款",
        Entries = "变动明细",
        Kinds = kind => kind switch
        {
            "payment" => "收款",
            "release" => "担保款释放",
            "refund" => "退款",
            "refund_back" => "银行拒绝的退款",
            "debt_paid" => "偿还欠款",
            "freeze" => "因争议冻结",
            "unfreeze" => "争议结束解冻",
            _ => kind,
        },
        NotFound = "没有此页面",
        NotFoundHint = "请在订单列表中查找。",
        NotValid = "请求无效",
        Away = "暂时无法显示此页",
        AwayHint = "请一分钟后再试。重新操作前请先确认是否已完成。",
    };

    public required string Language { get; init; }

    public required string Tag { get; init; }

    public required (string Language, string Name) Other { get; init; }

    public required string Home { get; init; }

    public required string DateAndTime { get; init; }

    public required string Beijing { get; init; }

    public required string Pages { get; init; }

    public required string Orders { get; init; }

    public required string ShipMany { get; init; }

    public required string Refunds { get; init; }

    public required string Balance { get; init; }

    public required string People { get; init; }

    public required string SignIn { get; init; }

    public required string SignOut { get; init; }

    public required string MerchantId { get; init; }

    public required string Name { get; init; }

    public required string Password { get; init; }

    public required string SignInHint { get; init; }

    public required string WrongPassword { get; init; }

    public required string TooManyTries { get; init; }

    public required string Busy { get; init; }

    public required string Join { get; init; }

    public required string JoinHint { get; init; }

    public required Func<JoinOutcome, string> JoinOutcomes { get; init; }

    public required string BadName { get; init; }

    public required string BadPassword { get; init; }

    public required string Invite { get; init; }

    public required string InviteHint { get; init; }

    public required string InviteFull { get; init; }

    public required string Block { get; init; }

    public required string Blocked { get; init; }

    public required string Yourself { get; init; }

    public required string NotYourself { get; init; }

    public required string All { get; init; }

    public required Func<TradeState, string> Filters { get; init; }

    public required string Filter { get; init; }

    public required string Find { get; init; }

    public required string Show { get; init; }

    public required string Nothing { get; init; }

    public required string More { get; init; }

    public required string Order { get; init; }

    public required string BillNumber { get; init; }

    public required string Amount { get; init; }

    public required string Refunded { get; init; }

    public required string FeeOnRefund { get; init; }

    public required Func<FeeOnRefund, string> FeesOnRefund { get; init; }

    public required string Held { get; init; }

    public required string Released { get; init; }

    public required string PaidAt { get; init; }

    public required string Created { get; init; }

    public required string Status { get; init; }

    public required string ShipBy { get; init; }

    public required string ConfirmBy { get; init; }

    public required string Method { get; init; }

    public required string Carrier { get; init; }

    public required string TrackingNumber { get; init; }

    public required string Ship { get; init; }

    public required string ShipDone { get; init; }

    public required string Correct { get; init; }

    public required string CorrectHint { get; init; }

    public required string CorrectDone { get; init; }

    public required string Extend { get; init; }

    public required string ExtendHint { get; init; }

    public required string Days { get; init; }

    public required string ExtendDone { get; init; }

    public required string Refund { get; init; }

    public required string RefundHint { get; init; }

    public required string Reason { get; init; }

    public required string RefundDone { get; init; }

    public required string RefundQueued { get; init; }

    public required string RefundKept { get; init; }

    public required string RefundReused { get; init; }

    public required string BadAmount { get; init; }

    public required string BadReason { get; init; }

    public required string BadParcel { get; init; }

    public required string BadDays { get; init; }

    public required string NoMethod { get; init; }

    public required string NothingNow { get; init; }

    public required Func<BillState, string> States { get; init; }

    public required Func<TradeState, string> Trades { get; init; }

    public required string Overdue { get; init; }

    public required string Frozen { get; init; }

    public required string RefundUndecided { get; init; }

    public required string Withdraw { get; init; }

    public required string WithdrawDone { get; init; }

    public required Func<RefundRow, string> RefundStates { get; init; }

    public required Func<DeliveryMethod, string> Methods { get; init; }

    public required Func<Refusal, string> Refusals { get; init; }

    public required string ShipManyHint { get; init; }

    public required string File { get; init; }

    public required string ShipThem { get; init; }

    public required string ShipManyDone { get; init; }

    public required string Line { get; init; }

    public required string Outcome { get; init; }

    public required string LineShipped { get; init; }

    public required string LineSame { get; init; }

    public required string LineOther { get; init; }

    public required string LineUnknown { get; init; }

    public required string LineTwice { get; init; }

    public required string LineColumns { get; init; }

    public required string LineMethod { get; init; }

    public required string LineQuote { get; init; }

    public required string NoFile { get; init; }

    public required string NoLines { get; init; }

    public required string ManyLines { get; init; }

    public required string BadColumns { get; init; }

    public required string Available { get; init; }

    public required string RefundsOut { get; init; }

    public required string FrozenMoney { get; init; }

    public required string Owed { get; init; }

    public required string Entries { get; init; }

    public required Func<string, string> Kinds { get; init; }

    public required string NotFound { get; init; }

    public required string NotFoundHint { get; init; }

    public required string NotValid { get; init; }

    public required string Away { get; init; }

    public required string AwayHint { get; init; }

    public required string Claims { get; init; }

    public required string Claim { get; init; }

    public required string Claimed { get; init; }

    public required string Offered { get; init; }

    public required string Granted { get; init; }

    public required string DueAt { get; init; }

    public required string ShoppersWords { get; init; }

    public required string YourWords { get; init; }

    public required string Appeal { get; init; }

    public required string Ruling { get; init; }

    public required string Parcel { get; init; }

    public required Func<ClaimKind, string> ClaimKinds { get; init; }

    public required Func<ClaimState, string> ClaimStates { get; init; }

    public required string WaitsForOffer { get; init; }

    public required string Agree { get; init; }

    public required string AgreeHint { get; init; }

    public required string Offer { get; init; }

    public required string OfferHint { get; init; }

    public required string AskBack { get; init; }

    public required string AskBackHint { get; init; }

    public required string RefuseClaim { get; init; }

    public required string RefuseHint { get; init; }

    public required string Received { get; init; }

    public required string ReceivedHint { get; init; }

    public required string Text { get; init; }

    public required string Files { get; init; }

    public required string AddFiles { get; init; }

    public required string Add { get; init; }

    public required string OfShopper { get; init; }

    public required string OfMerchant { get; init; }

    public required string ClaimDone { get; init; }

    public required string FilesAdded { get; init; }

    public required string BadText { get; init; }

    public required string BadOffer { get; init; }

    /// <param name="language">en or zh; English for anything else.</param>
    public static MerchantTexts In(string? language) => language == Chinese.Language ? Chinese : English;

    public string Human(DateTimeOffset time) => BeijingTime.Convert(time).ToString(DateAndTime, CultureInfo.InvariantCulture);

    /// <param name="minor">Fen.</param>
    public static string Yuan(long minor) => minor < 0 ? "-¥" + Money.Figure(-minor) : "¥" + Money.Figure(minor);

    public static string Fill(string text, params ReadOnlySpan<object?> values) => string.Format(CultureInfo.InvariantCulture, text, values);
}
