using Lakala.Vocabulary;

namespace Lakala.Silo.BillPages;

/// <summary>The texts of what the shopper of an escrow bill does herself, in one language.</summary>
public sealed record StepTexts
{
    private static readonly StepTexts English = new()
    {
        YourSteps = "What you can do",
        WaitForShop = "The shop ships by {0} (Beijing time). If it does not, you can take your money back here.",
        CanConfirm = "Confirm here when you have your goods, or take more time to check them. You need a code, so that nobody else can do it.",
        CanTakeBack = "The shop has not shipped in time. You can take your money back. You need a code, so that nobody else can do it.",
        CanClaim = "If something is wrong, you can claim your money back until {0} (Beijing time). You need a code, so that nobody else can do it.",
        CanAnswer = "To go on with your claim you need a code, so that nobody else can do it.",
        NoAddress = "The shop has named no mail address and no phone of yours, so no code can be sent to you. The one on your receipt works; without a code the dates above hold without you.",
        ReceiptHint = "The ten digits on your copy of the receipt work too.",
        SendCode = "Send me a code",
        Code = "Your code",
        EnterCode = "Enter",
        Confirm = "I have the goods",
        ConfirmHint = "The shop then gets the money at once. Confirm only when you have the goods and they are as described.",
        MoreDays = "More days to check",
        Extend = "Take more time",
        TakeBack = "Take my money back",
        TakeBackHint = "The trade is closed, and the money goes back to the card that paid.",
        CodeSubject = "Your code for the bill of {0}",
        CodeText = "{0} is your code for the bill of {1} over {2}. Enter it on the page of the bill within 15 minutes. Tell it to nobody, and not to the shop.",
        Said = told => told switch
        {
            Told.CodeSent => "The code is on its way to you. It is valid for 15 minutes.",
            Told.CodeTooSoon => "A code was sent a moment ago, or five were sent today. Look for the last one, or try again later.",
            Told.CodeNotSent => "The code could not be sent. Please try again in a minute.",
            Told.CodeWrong => "This code is not right, was used, or is too old. After five wrong ones get a new code, or wait for a quarter of an hour.",
            Told.CodeRight => "Your code is right. You have half an hour.",
            Told.CodeNeeded => "Your half hour is over. Please enter a code again. Nothing has changed.",
            Told.Confirmed => "You have confirmed. The shop gets the money. Thank you.",
            Told.Extended => "You have more time now; the shop is told.",
            Told.TakenBack => "The trade is closed. The money is on its way back to the card that paid.",
            Told.ClaimForm => "Your money stays held for half an hour while you write.",
            Told.ClaimIncomplete => "Something is missing or too long: please fill in all fields. Nothing was sent.",
            Told.ClaimSent => "Your claim is with the shop. Your money stays held until it is settled.",
            Told.ClaimMoved => "Done. Both sides are told.",
            Told.FilesAdded => "Your files are with the claim.",
            _ => null,
        },
        Refused = refusal => refusal switch
        {
            Refusal.TradeFrozen => "An operator of Lakala looks into this trade. Your money stays held until then.",
            Refusal.RefundUndecided => "Your bank did not take a refund of this order. Your money stays held, and operators of Lakala decide how you get it.",
            Refusal.TradeClaimed => "Your claim is open. Your money stays held until it is settled.",
            Refusal.TradeFinished => "The trade is finished: the shop has the money already.",
            Refusal.TradeClosed => "The trade is closed: the money goes back to you.",
            Refusal.TradeExtended => "You have taken more time already; that is possible once.",
            Refusal.ExtensionTooLong => "The time to check ends 60 days after the shipping at the latest. Please choose fewer days.",
            Refusal.TradeShipped => "The shop has shipped meanwhile. Please look at the dates again.",
            Refusal.TradeNotShipped => "The shop has not shipped yet. Nothing has changed.",
            Refusal.TradeNotOverdue => "The shop still has time to ship. Nothing has changed.",
            Refusal.ClaimOpen => "A claim about this order is open already: you see it below.",
            Refusal.ClaimsUsedUp => "There were five claims about this order; there can be no more. Please call us.",
            Refusal.ClaimTooLate => "The trade ended more than seven days ago, so no claim can be opened any more.",
            Refusal.ClaimExceeds => "You cannot claim more than is left of the payment. Nothing was sent.",
            Refusal.ClaimOver => "This claim has ended already. Nothing has changed.",
            Refusal.ClaimNotNow => "The claim has moved on meanwhile. Please read it again. Nothing has changed.",
            Refusal.EvidenceFull => "There are five files of yours with the claim; there can be no more.",
            Refusal.EvidenceTooLarge => "A file is larger than 2 MB. The claim and the files before it are stored; add a smaller one.",
            Refusal.EvidenceUnreadable => "A file is no PNG, JPEG, WebP or PDF, or is damaged. The claim and the files before it are stored.",
            _ => "This did not work now. Nothing has changed. Please try again in a minute.",
        },
    };

    private static readonly StepTexts Chinese = new()
    {
        YourSteps = "您可以做什么",
        WaitForShop = "商家应在 {0}（北京时间）前发货。逾期未发货，您可以在此取回货款。",
        CanConfirm = "收到商品后请在此确认，也可以延长查验时间。为防止他人操作，需要验证码。",
        CanTakeBack = "商家未按时发货，您可以取回货款。为防止他人操作，需要验证码。",
        CanClaim = "如商品有问题，您可在 {0}（北京时间）前提出争议。为防止他人操作，需要验证码。",
        CanAnswer = "为防止他人操作，继续处理争议前需要验证码。",
        NoAddress = "商家没有留下您的邮箱或手机号，无法发送验证码。可使用凭条上的验证码；没有验证码时，以上期限照常有效。",
        ReceiptHint = "也可输入凭条（客户联）上的十位验证码。",
        SendCode = "发送验证码",
        Code = "验证码",
        EnterCode = "提交",
        Confirm = "确认收货",
        ConfirmHint = "确认后货款立即付给商家。请在收到商品并查验无误后再确认。",
        MoreDays = "延长天数",
        Extend = "延长查验时间",
        TakeBack = "取回货款",
        TakeBackHint = "交易将关闭，货款退回付款的银行卡。",
        CodeSubject = "{0} 账单的验证码",
        CodeText = "验证码 {0}，用于 {1} 的账单（{2}）。请在 15 分钟内在账单页面输入。请勿告诉任何人，包括商家。",
        Said = told => told switch
        {
            Told.CodeSent => "验证码已发送，15 分钟内有效。",
            Told.CodeTooSoon => "刚刚已发送过验证码，或今天已发送五次。请查看最近一条，或稍后再试。",
            Told.CodeNotSent => "验证码发送失败，请一分钟后再试。",
            Told.CodeWrong => "验证码不正确、已使用或已过期。输错五次后请重新获取，或等待十五分钟。",
            Told.CodeRight => "验证通过，半小时内有效。",
            Told.CodeNeeded => "半小时已过，请重新输入验证码。没有任何变化。",
            Told.Confirmed => "您已确认收货，货款将付给商家。谢谢！",
            Told.Extended => "查验时间已延长，商家会收到通知。",
            Told.TakenBack => "交易已关闭，货款正在退回付款的银行卡。",
            Told.ClaimForm => "填写期间，货款继续保管半小时。",
            Told.ClaimIncomplete => "有内容未填或过长，请填写完整。没有提交任何内容。",
            Told.ClaimSent => "争议已提交商家，处理期间货款继续由平台保管。",
            Told.ClaimMoved => "已提交，双方都会收到通知。",
            Told.FilesAdded => "文件已加入争议。",
            _ => null,
        },
        Refused = refusal => refusal switch
        {
            Refusal.TradeFrozen => "拉卡拉工作人员正在核查此交易，期间货款继续由平台保管。",
            Refusal.RefundUndecided => "银行未受理此订单的退款。货款仍由平台保管，拉卡拉工作人员将另行安排。",
            Refusal.TradeClaimed => "您的申诉正在处理，期间货款继续由平台保管。",
            Refusal.TradeFinished => "交易已完成，货款已付给商家。",
            Refusal.TradeClosed => "交易已关闭，货款将退还给您。",
            Refusal.TradeExtended => "您已延长过一次，不能再次延长。",
            Refusal.ExtensionTooLong => "查验时间最迟到发货后 60 天，请选择较少的天数。",
            Refusal.TradeShipped => "商家已经发货，请重新查看期限。",
            Refusal.TradeNotShipped => "商家尚未发货。没有任何变化。",
            Refusal.TradeNotOverdue => "商家的发货期限未到。没有任何变化。",
            Refusal.ClaimOpen => "此订单已有一个争议正在处理，见下方。",
            Refusal.ClaimsUsedUp => "此订单已提出五次争议，不能再提。请致电我们。",
            Refusal.ClaimTooLate => "交易结束已超过七天，不能再提出争议。",
            Refusal.ClaimExceeds => "金额不能超过剩余的付款。没有提交任何内容。",
            Refusal.ClaimOver => "此争议已结束。没有任何变化。",
            Refusal.ClaimNotNow => "争议状态已变化，请重新查看。没有任何变化。",
            Refusal.EvidenceFull => "您已提交五个文件，不能再添加。",
            Refusal.EvidenceTooLarge => "有文件超过 2 MB。争议和之前的文件已保存，请添加较小的文件。",
            Refusal.EvidenceUnreadable => "有文件不是 PNG、JPEG、WebP 或 PDF，或已损坏。争议和之前的文件已保存。",
            _ => "暂时无法操作，没有任何变化。请一分钟后再试。",
        },
    };

    public required string YourSteps { get; init; }

    public required string WaitForShop { get; init; }

    public required string CanConfirm { get; init; }

    public required string CanTakeBack { get; init; }

    /// <summary>With the end of the time for it.</summary>
    public required string CanClaim { get; init; }

    public required string CanAnswer { get; init; }

    public required string NoAddress { get; init; }

    public required string ReceiptHint { get; init; }

    public required string SendCode { get; init; }

    public required string Code { get; init; }

    public required string EnterCode { get; init; }

    public required string Confirm { get; init; }

    public required string ConfirmHint { get; init; }

    public required string MoreDays { get; init; }

    public required string Extend { get; init; }

    public required string TakeBack { get; init; }

    public required string TakeBackHint { get; init; }

    /// <summary>With the merchant's name.</summary>
    public required string CodeSubject { get; init; }

    /// <summary>With the code, the merchant's name and the amount.</summary>
    public required string CodeText { get; init; }

    public required Func<Told, string?> Said { get; init; }

    public required Func<Refusal, string> Refused { get; init; }

    public static StepTexts In(Texts texts) => texts == Texts.Chinese ? Chinese : English;
}
