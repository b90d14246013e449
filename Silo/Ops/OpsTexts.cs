using System.Globalization;
using Lakala.Rules.Bills;
using Lakala.Rules.Claims;
using Lakala.Rules.Refunds;
using Lakala.Rules.Trades;
using Lakala.Storage;
using Lakala.Storage.Operators;
using Lakala.Vocabulary;

namespace Lakala.Silo.Ops;

/// <summary>The texts, in one language, of the operators' pages about disputes and refunds and of the frame around them.</summary>
public sealed record OpsTexts
{
    public static readonly OpsTexts English = new()
    {
        Language = "en",
        Other = ("zh", "中文"),
        Units = ("s", "min", "h", "days"),
        Tag = "en",
        Operations = "operations",
        Home = "Lakala operations",
        Brand = "Lakala",
        Pages = "Pages",
        SignOut = "Sign out",
        Utc = "All times are UTC.",
        AsOf = "As of {0}.",
        Ago = "{0} ago",
        Comma = ", ",
        Back = "Back",
        NotFound = "Not found",
        NothingChanged = "Nothing was changed.",
        When = "when",
        Who = "who",
        What = "what",
        To = "to",
        More = "more",
        BeforeAfter = "before → after",
        WhatOperatorsDid = "What operators did",
        State = "State",
        Bill = "Bill",
        Merchant = "Merchant",
        TradeTitle = "Trade",
        ClaimTitle = "Claim",
        RefundTitle = "Refund",
        Ruling = "Ruling",
        Rulings = "Rulings",
        Shipped = "Shipped",
        GuaranteeFund = "Guarantee fund",
        StoppedBy = "stopped by",
        StoppedByItself = "by itself: the bank refused the refund",
        ProposedBy = "proposed by",
        Outcome = "outcome",
        ApprovedBy = "approved by",
        DroppedBy = "turned down by",
        WaitsForOther = "waits for another operator",
        Approve = "Approve",
        Drop = "Turn down",
        Propose = "Propose",
        ProposeRuling = "Propose a ruling",
        Disputes = "Disputes",
        Show = "Show",
        ShowJudging = "claims that wait for a ruling",
        ShowOpen = "all open claims",
        ShowStopped = "trades that are stopped",
        TradeOfBill = "The trade of a bill",
        Find = "Find",
        StoppedTrades = "Trades that are stopped",
        JudgingClaims = "Claims that wait for a ruling",
        OpenClaims = "Open claims",
        BillColumn = "bill",
        MerchantColumn = "merchant",
        StateColumn = "state",
        HeldColumn = "held, CNY",
        StoppedByColumn = "stopped by",
        Since = "since",
        NotKnown = "not known",
        ClaimColumn = "claim",
        ClaimedColumn = "claimed, CNY",
        Opened = "opened",
        For = "for",
        Deadline = "deadline",
        SecondOperator = "second operator",
        TradeColumn = "trade",
        Late = "late",
        RulingWaits = "a ruling waits for approval",
        RuleWithin = "Rule within {0} days. No clock ends a claim that waits for a ruling.",
        InStateFor = "for {0}",
        Claimed = "Claimed",
        Offered = "Offered",
        Granted = "The shopper gets",
        DueAt = "Deadline",
        Parcel = "Goods went back with",
        PlaceOfClaim = "; claim {0} of {1} at most",
        HeldNow = "CNY {0} held",
        FrozenOfMerchant = "; the merchant had the money before the claim, CNY {0} of it are frozen",
        ShopperSays = "The shopper says",
        MerchantSays = "The merchant says",
        ToOperators = "To the operators:",
        SaysNothing = "Nothing.",
        WhatHappened = "What happened",
        WordsColumn = "words",
        BecauseTimeOver = ", because the time was over",
        ToShopperColumn = "to the shopper",
        ToMerchantColumn = "to the merchant",
        FromFundColumn = "from the fund",
        TextColumn = "text",
        RulingNote = "The money moves when another operator than the one who has proposed the ruling approves it.",
        PartsTogether = "The parts together are CNY {0}. An empty part is nothing.",
        ToShopper = "To the shopper, of the merchant's money, CNY",
        ToMerchant = "To the merchant, CNY",
        FromFund = "To the shopper, from the guarantee fund, CNY",
        RulingText = "Text, which both sides get",
        PictureOfShopper = "Picture {0} of the shopper",
        PictureOfMerchant = "Picture {0} of the merchant",
        DocumentOfShopper = "Document {0} of the shopper (PDF)",
        DocumentOfMerchant = "Document {0} of the merchant (PDF)",
        Order = "order",
        Refunded = "Refunded",
        Held = "Held",
        Released = "Released",
        NextDate = "Next date",
        NoTrade = "The bill has no guaranteed trade.",
        TradeNotBegun = "The bill is not paid, so its trade has not begun.",
        LetGoOn = "Let the trade go on",
        StopTrade = "Stop the trade",
        GoOnHint = "Its money moves again. Both sides have at least a day before a time of the trade is over. If the bank has refused a refund of it, two operators decide about that first, at Open items.",
        StopHint = "While it is stopped nothing of its money is released or given back. Its times go on.",
        Reason = "Reason",
        LetItGoOn = "Let it go on",
        Stop = "Stop",
        Claims = "Claims",
        PaidOtherwise = "paid in another way than to the card",
        Amount = "Amount",
        Payment = "Payment",
        AskedFor = "Asked for",
        SentToBank = "Sent to the bank",
        Sendings = "{0} times; its last code is {1}",
        None = "none",
        ReasonColumn = "reason",
        TooLate = "too late: it was decided without it",
        WhatToDo = "What",
        RefundReason = "Reason, such as the number of the bank's letter or of the transfer",
        ChooseWhat = "Choose what is to be done.",
        WriteWhy = "Write why, such as the number of a letter or of a transfer: {0} characters at most.",
        PartsWrong = "The three parts together must be CNY {0}, which is claimed.",
        NothingFromFund = " The money is held, so nothing comes from the guarantee fund.",
        NoText = "Write a text: it is kept with what you do.",
        NoReason = "Write a reason: it is kept with what you do.",
        LongText = "The text has {0} characters at most.",
        LongReason = "The reason has {0} characters at most.",
        BadToShopper = "What goes to the shopper is no amount. Write yuan with two decimals at most, such as 12.50.",
        BadToMerchant = "What goes to the merchant is no amount. Write yuan with two decimals at most, such as 12.50.",
        BadFromFund = "What comes from the guarantee fund is no amount. Write yuan with two decimals at most, such as 12.50.",
        FundHas = "has CNY {0}.",
        FundBefore = "The",
        FundName = "guarantee fund",
        PageNames = path => path switch
        {
            "" => "Fleet",
            "/terminals" => "Terminals",
            "/swipes" => "Swipes",
            "/open" => "Open items",
            "/network" => "Network",
            "/actions" => "Commands",
            "/settings" => "Settings",
            "/books" => "Books",
            "/disputes" => "Disputes",
            "/guarantee" => "Guarantee fund",
            "/audit" => "Audit",
            "/runbook" => "Runbook",
            "/merchants" => "Merchants",
            "/import" => "Import",
            "/operators" => "Operators",
            "/alarms" => "Alarms",
            _ => throw new ArgumentOutOfRangeException(nameof(path), path, "No such page."),
        },
        Roles = Operator.Text,
        NoSuch = (what, id) => $"There is no {what} {id}.",
        Bills = StateNames.Format,
        Trades = StateNames.Format,
        Refunds = StateNames.Format,
        ClaimStates = StateNames.Format,
        Kinds = kind => kind switch
        {
            ClaimKind.NotReceived => "the goods did not come",
            ClaimKind.NotAsDescribed => "the goods are not as described",
            ClaimKind.Return => "she wants to give the goods back",
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such kind."),
        },
        NextMoves = (state, isOffered) => state switch
        {
            ClaimState.Asked when isOffered => "the shopper has to answer the offer",
            ClaimState.Asked => "the merchant has to answer",
            ClaimState.Returning => "the shopper has to send the goods back",
            ClaimState.Back => "the merchant has to look at the goods",
            ClaimState.Refused => "the shopper may ask for a ruling",
            ClaimState.Judging => "two operators have to rule",
            _ => "over",
        },
        Moves = what => what switch
        {
            EventTypes.ClaimOpened => "the shopper claims",
            EventTypes.ClaimOffered => "the merchant offers",
            EventTypes.ClaimReturning => "the merchant asks for the goods",
            EventTypes.ClaimRefused => "the merchant refuses",
            EventTypes.ClaimBack => "the shopper has sent the goods back",
            EventTypes.ClaimJudging => "the shopper asks for a ruling",
            EventTypes.ClaimAgreed => "agreed: the shopper gets",
            EventTypes.ClaimJudged => "ruled: the shopper gets",
            EventTypes.ClaimWithdrawn => "withdrawn",
            _ => what,
        },
        Questions = question => question switch
        {
            RefundQuestion.Stopped => "not sent any more",
            RefundQuestion.Refused => "the bank has refused it",
            RefundQuestion.Uncovered => "waits for the merchant's money",
            _ => throw new ArgumentOutOfRangeException(nameof(question), question, "No such question."),
        },
        WhatNow = question => question switch
        {
            RefundQuestion.Stopped => $"The bank has not said in {Refund.SendingTime.Days} days what became of the refund, and might have forgotten it: a repeat could be a second credit. "
                + "Ask the bank in writing. The refund is decided when another operator approves the ruling, or when the bank's word comes first.",
            RefundQuestion.Refused => "The shopper was promised this money, and the bank has refused to give it to the card. It waits: a trade is stopped, and a merchant's share is frozen. "
                + "Ask the shopper how she can get it, and let another operator approve what you propose.",
            RefundQuestion.Uncovered => $"The refund has waited for the merchant's money for more than {Refund.WaitingTime.Days} days. It goes on by itself when there is enough. "
                + "Two operators can pay it out of the guarantee fund; the merchant owes it then.",
            _ => throw new ArgumentOutOfRangeException(nameof(question), question, "No such question."),
        },
        Verdicts = verdict => verdict switch
        {
            RefundVerdict.Credited => "the bank has credited the card: the refund is done",
            RefundVerdict.NotCredited => "the bank has not credited the card, and never will: the money goes back to where it was",
            RefundVerdict.SendAgain => "send it again: a new refund goes to the card that paid",
            RefundVerdict.PayOtherwise => "the platform has paid the shopper in another way, out of the reserve account",
            RefundVerdict.LeaveIt => "the platform gives nothing: the shopper has got it in another way, or does not want it",
            RefundVerdict.LendIt => "the guarantee fund pays it: the merchant owes it from then on",
            _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict, "No such verdict."),
        },
        DisputeRefusals = refusal => refusal switch
        {
            Refusal.RulingAlone => "You have proposed this ruling yourself. Another operator has to approve it.",
            Refusal.RulingWaits => "A ruling waits already. Approve it or turn it down first.",
            Refusal.RulingNone => "This ruling does not wait any more. Look at the claim again.",
            Refusal.GuaranteeShort => "The guarantee fund has less than the ruling takes out of it. Pay into the fund first, or turn the ruling down.",
            Refusal.ClaimOver => "The claim is over.",
            Refusal.ClaimNotNow => "The claim does not wait for a ruling: one of the two sides has to move.",
            Refusal.ClaimExceeds => "Less is left of the bill than the ruling gives, because a part was refunded meanwhile. Turn the ruling down, and propose another one.",
            Refusal.TradeFrozen => "The trade is stopped, so its money does not move. Let it go on first.",
            Refusal.RefundUndecided => "The bank has refused a refund of this trade. Two operators decide first how the shopper gets the money: the refund is at Open items.",
            Refusal.TradeNone => "The bill has no guaranteed trade, or is not paid.",
            Refusal.TradeFinished => "The trade is finished: the merchant has the money.",
            Refusal.TradeClosed => "The trade is closed: the money went back to the shopper.",
            _ => "This cannot be done right now. Look at the page again.",
        },
        RefundRefusals = refusal => refusal switch
        {
            Refusal.RefundDecided => "There is nothing of this kind to decide about the refund now. Look at the refund again.",
            Refusal.RulingNone => "This ruling does not wait any more. Look at the refund again.",
            Refusal.RulingWaits => "A ruling waits already. Approve it or turn it down first.",
            Refusal.RulingAlone => "You have proposed this ruling yourself. Another operator has to approve it.",
            Refusal.GuaranteeShort => "The guarantee fund has less than the refund takes out of it. Pay into the fund first, or turn the ruling down.",
            Refusal.RefundContradicted => "The bank contradicts itself about this refund, and may have credited it. Ask the bank, and close the contradiction first.",
            Refusal.MerchantShort => "The merchant's money does not cover it now. Propose to send it again: then it waits for the money.",
            Refusal.RefundExceeds or Refusal.TradeClaimed or Refusal.RefundUndecided => "Less is left of the bill than the refund gives, because of another refund or an open claim. Wait for the claim, or propose to leave it.",
            Refusal.TradeFrozen => "An operator has stopped the trade for another reason. Let it go on first: it stays stopped until this is decided.",
            _ => "This cannot be done right now. Look at the page again.",
        },
    };

    public static readonly OpsTexts Chinese = new()
    {
        Language = "zh",
        Other = ("en", "English"),
        Units = ("秒", "分钟", "小时", "天"),
        Tag = "zh-Hans",
        Operations = "运营平台",
        Home = "拉卡拉运营平台",
        Brand = "拉卡拉",
        Pages = "页面",
        SignOut = "退出",
        Utc = "时间均为协调世界时（UTC）。",
        AsOf = "截至 {0}。",
        Ago = "{0}前",
        Comma = "，",
        Back = "返回",
        NotFound = "未找到",
        NothingChanged = "未作任何更改。",
        When = "时间",
        Who = "操作人",
        What = "事项",
        To = "对象",
        More = "详情",
        BeforeAfter = "之前 → 之后",
        WhatOperatorsDid = "运营人员的操作",
        State = "状态",
        Bill = "账单",
        Merchant = "商家",
        TradeTitle = "交易",
        ClaimTitle = "争议",
        RefundTitle = "退款",
        Ruling = "裁决",
        Rulings = "裁决",
        Shipped = "发货",
        GuaranteeFund = "担保金",
        StoppedBy = "冻结人：",
        StoppedByItself = "系统（银行拒绝退款）",
        ProposedBy = "提议人",
        Outcome = "结果",
        ApprovedBy = "批准人：",
        DroppedBy = "驳回人：",
        WaitsForOther = "等待另一位运营人员",
        Approve = "批准",
        Drop = "驳回",
        Propose = "提议",
        ProposeRuling = "提议裁决",
        Disputes = "争议",
        Show = "显示",
        ShowJudging = "等待裁决的争议",
        ShowOpen = "所有处理中的争议",
        ShowStopped = "已冻结的交易",
        TradeOfBill = "按账单号查交易",
        Find = "查找",
        StoppedTrades = "已冻结的交易",
        JudgingClaims = "等待裁决的争议",
        OpenClaims = "处理中的争议",
        BillColumn = "账单",
        MerchantColumn = "商家",
        StateColumn = "状态",
        HeldColumn = "待释放，CNY",
        StoppedByColumn = "冻结人",
        Since = "冻结时间",
        NotKnown = "不详",
        ClaimColumn = "争议",
        ClaimedColumn = "主张金额，CNY",
        Opened = "提出时间",
        For = "已持续",
        Deadline = "截止",
        SecondOperator = "第二位运营人员",
        TradeColumn = "交易",
        Late = "已逾期",
        RulingWaits = "有裁决等待批准",
        RuleWithin = "请在 {0} 天内裁决。等待裁决的争议不会自动结束。",
        InStateFor = "已持续 {0}",
        Claimed = "主张金额",
        Offered = "商家提议",
        Granted = "买家获得",
        DueAt = "截止",
        Parcel = "退货物流",
        PlaceOfClaim = "；第 {0} 次争议，最多 {1} 次",
        HeldNow = "待释放 CNY {0}",
        FrozenOfMerchant = "；提出争议前款项已付给商家，其中 CNY {0} 已冻结",
        ShopperSays = "买家的说明",
        MerchantSays = "商家的说明",
        ToOperators = "致运营方：",
        SaysNothing = "无。",
        WhatHappened = "经过",
        WordsColumn = "说明",
        BecauseTimeOver = "，因期限已过",
        ToShopperColumn = "退给买家",
        ToMerchantColumn = "留给商家",
        FromFundColumn = "担保金支付",
        TextColumn = "说明",
        RulingNote = "由提议人以外的另一位运营人员批准后，款项才会划转。",
        PartsTogether = "各部分合计须为 CNY {0}，不填表示零。",
        ToShopper = "退给买家（由商家款项支付），CNY",
        ToMerchant = "留给商家，CNY",
        FromFund = "退给买家（由担保金支付），CNY",
        RulingText = "说明（双方都会收到）",
        PictureOfShopper = "买家的图片 {0}",
        PictureOfMerchant = "商家的图片 {0}",
        DocumentOfShopper = "买家的文件 {0}（PDF）",
        DocumentOfMerchant = "商家的文件 {0}（PDF）",
        Order = "订单",
        Refunded = "已退款",
        Held = "待释放",
        Released = "已释放",
        NextDate = "下一期限",
        NoTrade = "该账单没有担保交易。",
        TradeNotBegun = "该账单尚未付款，交易还没有开始。",
        LetGoOn = "恢复交易",
        StopTrade = "冻结交易",
        GoOnHint = "款项恢复划转，双方在任何期限届满前至少还有一天。如银行拒绝了该交易的退款，须先由两位运营人员在“待处理事项”中决定。",
        StopHint = "冻结期间，款项既不释放也不退回，期限照常计算。",
        Reason = "原因",
        LetItGoOn = "恢复",
        Stop = "冻结",
        Claims = "争议",
        PaidOtherwise = "已用退回银行卡以外的方式付给买家",
        Amount = "金额",
        Payment = "付款",
        AskedFor = "申请时间",
        SentToBank = "发送银行",
        Sendings = "{0} 次；最近的应答码：{1}",
        None = "无",
        ReasonColumn = "原因",
        TooLate = "已过时：退款已另有结果",
        WhatToDo = "处理方式",
        RefundReason = "原因，例如银行函件号或转账编号",
        ChooseWhat = "请选择处理方式。",
        WriteWhy = "请写明原因，例如函件号或转账编号，最多 {0} 个字符。",
        PartsWrong = "三部分合计必须等于主张金额 CNY {0}。",
        NothingFromFund = "款项尚未释放，不能由担保金支付。",
        NoText = "请填写说明，说明将随操作一并保存。",
        NoReason = "请填写原因，原因将随操作一并保存。",
        LongText = "说明最多 {0} 个字符。",
        LongReason = "原因最多 {0} 个字符。",
        BadToShopper = "退给买家的部分不是有效金额。请以元为单位填写，最多两位小数，例如 12.50。",
        BadToMerchant = "留给商家的部分不是有效金额。请以元为单位填写，最多两位小数，例如 12.50。",
        BadFromFund = "担保金支付的部分不是有效金额。请以元为单位填写，最多两位小数，例如 12.50。",
        FundHas = "余额为 CNY {0}。",
        FundBefore = "目前",
        FundName = "担保金",
        PageNames = path => path switch
        {
            "" => "设备总览",
            "/terminals" => "终端",
            "/swipes" => "刷卡",
            "/open" => "待处理事项",
            "/network" => "网络",
            "/actions" => "指令",
            "/settings" => "设置",
            "/books" => "账簿",
            "/disputes" => "争议",
            "/guarantee" => "担保金",
            "/audit" => "审计",
            "/runbook" => "运维手册",
            "/merchants" => "商家",
            "/import" => "导入",
            "/operators" => "运营人员",
            "/alarms" => "告警",
            _ => throw new ArgumentOutOfRangeException(nameof(path), path, "No such page."),
        },
        Roles = role => role switch
        {
            OperatorRole.Watch => "查看",
            OperatorRole.Act => "操作",
            OperatorRole.Administer => "管理",
            _ => throw new ArgumentOutOfRangeException(nameof(role), role, "No such role."),
        },
        NoSuch = (what, id) => what switch
        {
            "claim" => $"没有争议 {id}。",
            "bill" => $"没有账单 {id}。",
            "file" => $"没有文件 {id}。",
            "refund" => $"没有退款 {id}。",
            _ => $"没有 {what} {id}。",
        },
        Bills = state => state switch
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
            TradeState.Held => "待发货",
            TradeState.Shipped => "已发货",
            TradeState.Claimed => "有争议",
            TradeState.Finished => "已完成",
            TradeState.Closed => "已关闭",
            _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No such state."),
        },
        Refunds = state => state switch
        {
            RefundState.Queued => "等待余额充足",
            RefundState.Requested => "等待发送银行",
            RefundState.Sent => "已发送银行",
            RefundState.Done => "银行已入账",
            RefundState.Declined => "银行拒绝",
            RefundState.Withdrawn => "已撤回",
            _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No such state."),
        },
        ClaimStates = state => state switch
        {
            ClaimState.Asked => "待答复",
            ClaimState.Agreed => "已同意",
            ClaimState.Returning => "待寄回",
            ClaimState.Back => "退回途中",
            ClaimState.Refused => "已拒绝",
            ClaimState.Judging => "待裁决",
            ClaimState.Judged => "已裁决",
            ClaimState.Withdrawn => "已撤回",
            _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No such state."),
        },
        Kinds = kind => kind switch
        {
            ClaimKind.NotReceived => "未收到货",
            ClaimKind.NotAsDescribed => "与描述不符",
            ClaimKind.Return => "要求退货",
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such kind."),
        },
        NextMoves = (state, isOffered) => state switch
        {
            ClaimState.Asked when isOffered => "等待买家答复提议",
            ClaimState.Asked => "等待商家答复",
            ClaimState.Returning => "等待买家寄回商品",
            ClaimState.Back => "等待商家查验商品",
            ClaimState.Refused => "买家可申请裁决",
            ClaimState.Judging => "等待两位运营人员裁决",
            _ => "已结束",
        },
        Moves = what => what switch
        {
            EventTypes.ClaimOpened => "买家提出争议",
            EventTypes.ClaimOffered => "商家提议",
            EventTypes.ClaimReturning => "商家要求退货",
            EventTypes.ClaimRefused => "商家拒绝",
            EventTypes.ClaimBack => "买家已寄回商品",
            EventTypes.ClaimJudging => "买家申请裁决",
            EventTypes.ClaimAgreed => "已同意：买家获得",
            EventTypes.ClaimJudged => "已裁决：买家获得",
            EventTypes.ClaimWithdrawn => "已撤回",
            _ => what,
        },
        Questions = question => question switch
        {
            RefundQuestion.Stopped => "不再发送",
            RefundQuestion.Refused => "银行已拒绝",
            RefundQuestion.Uncovered => "等待商家资金",
            _ => throw new ArgumentOutOfRangeException(nameof(question), question, "No such question."),
        },
        WhatNow = question => question switch
        {
            RefundQuestion.Stopped => $"银行在 {Refund.SendingTime.Days} 天内未告知退款结果，可能已无记录，重发可能造成重复入账。"
                + "请书面询问银行。另一位运营人员批准裁决，或银行先行答复后，退款即有结果。",
            RefundQuestion.Refused => "这笔款项已承诺给买家，但银行拒绝退回其银行卡。款项等待处理：交易已冻结，商家承担的部分也已冻结。"
                + "请询问买家如何收款，并由另一位运营人员批准您的提议。",
            RefundQuestion.Uncovered => $"退款等待商家资金已超过 {Refund.WaitingTime.Days} 天，资金充足后自动继续。"
                + "也可由两位运营人员决定用担保金支付，该金额即成为商家的欠款。",
            _ => throw new ArgumentOutOfRangeException(nameof(question), question, "No such question."),
        },
        Verdicts = verdict => verdict switch
        {
            RefundVerdict.Credited => "银行已入账：退款完成",
            RefundVerdict.NotCredited => "银行没有入账，以后也不会入账：款项回到原处",
            RefundVerdict.SendAgain => "重新发送：向付款的银行卡发起新的退款",
            RefundVerdict.PayOtherwise => "平台已用备用金账户以其他方式付给买家",
            RefundVerdict.LeaveIt => "平台不付款：买家已用其他方式收到，或不需要退款",
            RefundVerdict.LendIt => "由担保金支付：该金额即成为商家的欠款",
            _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict, "No such verdict."),
        },
        DisputeRefusals = refusal => refusal switch
        {
            Refusal.RulingAlone => "该裁决由您提议，须由另一位运营人员批准。",
            Refusal.RulingWaits => "已有裁决等待批准，请先批准或驳回。",
            Refusal.RulingNone => "该裁决已不再等待批准，请重新查看争议。",
            Refusal.GuaranteeShort => "担保金余额不足以支付该裁决。请先存入担保金，或驳回裁决。",
            Refusal.ClaimOver => "争议已结束。",
            Refusal.ClaimNotNow => "争议不在等待裁决，须由其中一方先行处理。",
            Refusal.ClaimExceeds => "期间已有部分退款，账单余额少于裁决金额。请驳回该裁决，另行提议。",
            Refusal.TradeFrozen => "交易已冻结，款项不能划转。请先恢复交易。",
            Refusal.RefundUndecided => "银行拒绝了该交易的一笔退款，须先由两位运营人员决定如何退给买家，退款见“待处理事项”。",
            Refusal.TradeNone => "该账单没有担保交易或尚未付款。",
            Refusal.TradeFinished => "交易已完成，款项已付给商家。",
            Refusal.TradeClosed => "交易已关闭，款项已退回买家。",
            _ => "现在无法办理，请重新查看页面。",
        },
        RefundRefusals = refusal => refusal switch
        {
            Refusal.RefundDecided => "该退款目前没有此类事项需要决定，请重新查看退款。",
            Refusal.RulingNone => "该裁决已不再等待批准，请重新查看退款。",
            Refusal.RulingWaits => "已有裁决等待批准，请先批准或驳回。",
            Refusal.RulingAlone => "该裁决由您提议，须由另一位运营人员批准。",
            Refusal.GuaranteeShort => "担保金余额不足以支付该退款。请先存入担保金，或驳回裁决。",
            Refusal.RefundContradicted => "银行对该退款的答复前后矛盾，可能已经入账。请询问银行，并先处理这一矛盾。",
            Refusal.MerchantShort => "商家资金目前不足。请提议重新发送，退款将等待资金到位。",
            Refusal.RefundExceeds or Refusal.TradeClaimed or Refusal.RefundUndecided => "因另有退款或处理中的争议，账单余额少于退款金额。请等待争议结束，或提议不付款。",
            Refusal.TradeFrozen => "运营人员因其他原因冻结了交易。请先恢复交易；在此事决定前，交易仍保持冻结。",
            _ => "现在无法办理，请重新查看页面。",
        },
    };

    public required string Language { get; init; }

    public required (string Language, string Name) Other { get; init; }

    /// <summary>Of a span of time.</summary>
    public required (string Seconds, string Minutes, string Hours, string Days) Units { get; init; }

    public required string Tag { get; init; }

    public required string Operations { get; init; }

    public required string Home { get; init; }

    public required string Brand { get; init; }

    public required string Pages { get; init; }

    public required string SignOut { get; init; }

    public required string Utc { get; init; }

    public required string AsOf { get; init; }

    public required string Ago { get; init; }

    public required string Comma { get; init; }

    public required string Back { get; init; }

    public required string NotFound { get; init; }

    public required string NothingChanged { get; init; }

    public required string When { get; init; }

    public required string Who { get; init; }

    public required string What { get; init; }

    public required string To { get; init; }

    public required string More { get; init; }

    public required string BeforeAfter { get; init; }

    public required string WhatOperatorsDid { get; init; }

    public required string State { get; init; }

    public required string Bill { get; init; }

    public required string Merchant { get; init; }

    public required string TradeTitle { get; init; }

    public required string ClaimTitle { get; init; }

    public required string RefundTitle { get; init; }

    public required string Ruling { get; init; }

    public required string Rulings { get; init; }

    public required string Shipped { get; init; }

    public required string GuaranteeFund { get; init; }

    public required string StoppedBy { get; init; }

    public required string StoppedByItself { get; init; }

    public required string ProposedBy { get; init; }

    public required string Outcome { get; init; }

    public required string ApprovedBy { get; init; }

    public required string DroppedBy { get; init; }

    public required string WaitsForOther { get; init; }

    public required string Approve { get; init; }

    public required string Drop { get; init; }

    public required string Propose { get; init; }

    public required string ProposeRuling { get; init; }

    public required string Disputes { get; init; }

    public required string Show { get; init; }

    public required string ShowJudging { get; init; }

    public required string ShowOpen { get; init; }

    public required string ShowStopped { get; init; }

    public required string TradeOfBill { get; init; }

    public required string Find { get; init; }

    public required string StoppedTrades { get; init; }

    public required string JudgingClaims { get; init; }

    public required string OpenClaims { get; init; }

    public required string BillColumn { get; init; }

    public required string MerchantColumn { get; init; }

    public required string StateColumn { get; init; }

    public required string HeldColumn { get; init; }

    public required string StoppedByColumn { get; init; }

    public required string Since { get; init; }

    public required string NotKnown { get; init; }

    public required string ClaimColumn { get; init; }

    public required string ClaimedColumn { get; init; }

    public required string Opened { get; init; }

    public required string For { get; init; }

    public required string Deadline { get; init; }

    public required string SecondOperator { get; init; }

    public required string TradeColumn { get; init; }

    public required string Late { get; init; }

    public required string RulingWaits { get; init; }

    public required string RuleWithin { get; init; }

    public required string InStateFor { get; init; }

    public required string Claimed { get; init; }

    public required string Offered { get; init; }

    public required string Granted { get; init; }

    public required string DueAt { get; init; }

    public required string Parcel { get; init; }

    public required string PlaceOfClaim { get; init; }

    public required string HeldNow { get; init; }

    public required string FrozenOfMerchant { get; init; }

    public required string ShopperSays { get; init; }

    public required string MerchantSays { get; init; }

    public required string ToOperators { get; init; }

    public required string SaysNothing { get; init; }

    public required string WhatHappened { get; init; }

    public required string WordsColumn { get; init; }

    public required string BecauseTimeOver { get; init; }

    public required string ToShopperColumn { get; init; }

    public required string ToMerchantColumn { get; init; }

    public required string FromFundColumn { get; init; }

    public required string TextColumn { get; init; }

    public required string RulingNote { get; init; }

    public required string PartsTogether { get; init; }

    public required string ToShopper { get; init; }

    public required string ToMerchant { get; init; }

    public required string FromFund { get; init; }

    public required string RulingText { get; init; }

    public required string PictureOfShopper { get; init; }

    public required string PictureOfMerchant { get; init; }

    public required string DocumentOfShopper { get; init; }

    public required string DocumentOfMerchant { get; init; }

    public required string Order { get; init; }

    public required string Refunded { get; init; }

    public required string Held { get; init; }

    public required string Released { get; init; }

    public required string NextDate { get; init; }

    public required string NoTrade { get; init; }

    public required string TradeNotBegun { get; init; }

    public required string LetGoOn { get; init; }

    public required string StopTrade { get; init; }

    public required string GoOnHint { get; init; }

    public required string StopHint { get; init; }

    public required string Reason { get; init; }

    public required string LetItGoOn { get; init; }

    public required string Stop { get; init; }

    public required string Claims { get; init; }

    public required string PaidOtherwise { get; init; }

    public required string Amount { get; init; }

    public required string Payment { get; init; }

    public required string AskedFor { get; init; }

    public required string SentToBank { get; init; }

    public required string Sendings { get; init; }

    public required string None { get; init; }

    public required string ReasonColumn { get; init; }

    public required string TooLate { get; init; }

    public required string WhatToDo { get; init; }

    public required string RefundReason { get; init; }

    public required string ChooseWhat { get; init; }

    public required string WriteWhy { get; init; }

    public required string PartsWrong { get; init; }

    public required string NothingFromFund { get; init; }

    public required string NoText { get; init; }

    public required string NoReason { get; init; }

    public required string LongText { get; init; }

    public required string LongReason { get; init; }

    public required string BadToShopper { get; init; }

    public required string BadToMerchant { get; init; }

    public required string BadFromFund { get; init; }

    public required string FundHas { get; init; }

    public required string FundBefore { get; init; }

    public required string FundName { get; init; }

    /// <summary>By the path under <c>/ops</c>.</summary>
    public required Func<string, string> PageNames { get; init; }

    public required Func<OperatorRole, string> Roles { get; init; }

    /// <summary>With the kind of thing and its number.</summary>
    public required Func<string, string, string> NoSuch { get; init; }

    /// <summary>English names states as the API does.</summary>
    public required Func<BillState, string> Bills { get; init; }

    public required Func<TradeState, string> Trades { get; init; }

    public required Func<RefundState, string> Refunds { get; init; }

    public required Func<ClaimState, string> ClaimStates { get; init; }

    public required Func<ClaimKind, string> Kinds { get; init; }

    /// <summary>Who has to move, by state and whether an offer stands.</summary>
    public required Func<ClaimState, bool, string> NextMoves { get; init; }

    /// <summary>What happened with a claim, by <see cref="EventTypes"/>.</summary>
    public required Func<string, string> Moves { get; init; }

    public required Func<RefundQuestion, string> Questions { get; init; }

    /// <summary>What is the matter, and what an operator can do.</summary>
    public required Func<RefundQuestion, string> WhatNow { get; init; }

    public required Func<RefundVerdict, string> Verdicts { get; init; }

    public required Func<Refusal, string> DisputeRefusals { get; init; }

    public required Func<Refusal, string> RefundRefusals { get; init; }

    /// <param name="language">Null: English.</param>
    public static OpsTexts In(string? language) => language == "zh" ? Chinese : English;

    /// <summary>Fills in a text.</summary>
    public static string Fill(string text, params object?[] values) => string.Format(CultureInfo.InvariantCulture, text, values);

    /// <summary>The state of a claim, and who has to move.</summary>
    public string StateOf(Claim claim) => $"{ClaimStates(claim.State)}: {NextMoves(claim.State, claim.Offer is not null)}";

    /// <summary>Who has stopped a trade: an operator, or the bank's refusal.</summary>
    public string Stopper(string frozenBy) => frozenBy == Trade.RefundDeclined ? StoppedByItself : frozenBy;
}
