namespace Lakala.Terminal.Client.Words;

/// <summary>The texts of the clerk's screen, beside those of answers, in one language.</summary>
internal sealed record DeskTexts
{
    private static readonly DeskTexts English = new()
    {
        Clerk = "CLERK",
        Customer = "CUSTOMER",
        Welcome = "Welcome.",
        Opening = "One moment: the terminal signs on and checks open payments.",
        SignIn = "Sign in: clerk number, Enter, password, Enter",
        Approve = "A supervisor approves this: number, Enter, password, Enter",
        NoSupervisor = "This clerk is not a supervisor.",
        ClerkNumber = "Clerk",
        Password = "Password",
        Verifying = "One moment: number and password are verified.",
        NoSales = "No payments now",
        Retries = "The terminal tries again every few seconds.",
        BillPrompt = "Key in or scan the bill number, then Enter",
        BillCustomer = "Please show your bill number or its barcode.",
        LookingUp = "Looking the bill up …",
        SwipePrompt = "Swipe the customer's card",
        SwipeCustomer = "Please hand over your card.",
        PinPrompt = "Card {0} read. Turn the keyboard to the customer",
        PinCustomer = "Key in your PIN, then Enter:",
        Asking = "The bank is asked. Do not switch off",
        StillAsking = "No answer yet. The terminal asks again by itself",
        GivingUp = "Giving up. The terminal makes sure that nothing is paid",
        AskingCustomer = "One moment, please.",
        Payee = "Payee",
        For = "For",
        Order = "Order",
        Amount = "Amount",
        TimeLeft = "Time left",
        Guarantee = "Guaranteed",
        TimeUp = "may have expired",
        Bill = "Bill",
        Paid = "PAID",
        NotPaid = "NOT PAID",
        Unknown = "UNKNOWN",
        AlreadyPaid = ["ALREADY", "PAID"],
        Earlier = "An earlier payment has become certain:",
        EarlierReceipts = "Receipts of earlier payments, marked as duplicates: {0}. The last of them:",
        ApprovedWithoutPrinter = "Approved. There is no printer: the receipt is under F2.",
        ApprovedNotPrinted = "Approved.",
        NotCharged = "Nothing was taken from this card. There is nothing to do.",
        UnknownClerk = "Give the customer the slip. This terminal finds out by itself; no new payment until then.",
        UnknownWithoutSlip = "Let the customer wait. This terminal finds out by itself; no new payment until then.",
        NotPaidCustomer = "Not paid.",
        UnknownCustomer = "Please wait, do not pay again. You are told here as soon as it is certain.",
        ReusedCustomer = "Please do not pay again until the shop has found out.",
        Next = "Enter: next customer",
        Retry = "Enter: the same bill once more   Esc: next customer",
        GoOn = "Enter: go on",
        TooSmall = "Make this window larger: 80 columns, 24 rows. F10 ends the program.",
        NotPrinted = "NOT PRINTED: {0}. It is printed as a duplicate once the printer is ready.",
        EarlierPrinted = "Receipts of earlier payments were printed, marked as duplicates.",
        ReportNotPrinted = "NOT PRINTED: {0}. The batch is closed. F2 prints this report again, later under F4.",
        Printing = "Printing …",
        Printed = "Printed.",
        CloseBatch = "Close the batch? Enter: yes. Esc: no.",
        Closing = "The totals are compared with the server's",
        Past = "Last payments. Digits: look for a STAN or bill number. Up, Down: choose. Enter: print again",
        NothingPast = "None.",
        SwipeLater = "A card was swiped at the wrong moment. It was not used; swipe it when asked.",
        SwipeFirst = "Not used: swipe the card first. If you did, the card reader is too slow.",
        SwipeAgain = "The card could not be read. Swipe it again, or take another.",
        OtherLayout = "The reader or scanner uses another keyboard layout. Set it to US, or call the operator: terminal doctor shows more.",
        ScanNoBill = "This is not a bill number. Scan the barcode of the bill.",
        ScanLater = "Something was scanned or pasted at the wrong moment. It was not used.",
        ScanTooSoon = "One moment: scan the next bill again when you have seen this.",
        ScanNoClerk = "A scan cannot be a clerk number or a password. Key them in.",
        PinByHand = "A PIN must be keyed in by hand, digit by digit. Nothing was used; key it in again.",
        PinLeft = "No PIN was keyed in. The card is forgotten: swipe it again, or Esc.",
        PinShort = "A PIN has 4 to 12 digits.",
        Incomplete = "A bill number has 14 digits.",
        MayBePin = "Hidden for a moment: this may be a PIN.",
        MayHaveBeenPin = "Not used: these digits may be a PIN. Key the bill number in again.",
        GiveUpAgain = "Give this payment up? Press Esc again.",
        LeaveAgain = "End the program? Press F10 again.",
        RefundPrompt = "Refund: key in the RRN of the receipt or the bill number, then Enter",
        RefundCustomer = "Please show the receipt and the card that paid.",
        RefundLookingUp = "Looking the payment up …",
        RefundAmountPrompt = "Amount to give back: digits, or Enter for all that is left",
        RefundAmount = "Give back",
        PaidAmount = "Paid",
        PaidAt = "Paid at",
        Left = "Left",
        PaidBy = "Card",
        RefundTooMuch = "More than is left of this payment.",
        RefundSwipePrompt = "Swipe the card that paid: {0}",
        RefundSign = "A supervisor signs the refund: number, Enter, password, Enter",
        RefundAsking = "Ordering the refund. Do not switch off",
        RefundOrderedClerk = "There is no printer: the receipt is under F2. The card has the money when its bank says so.",
        NoRefund = "NO REFUND",
        NoRefundCustomer = "Nothing was given back.",
        RefundOrdered = ["REFUND", "ORDERED"],
        KeyBack = "Esc back",
        KeyReport = "F2 print the last report again",
        KeyGiveUp = "Esc give up",
        KeyPages = "PgUp PgDn receipt",
        Keys = new Dictionary<DeskKey, string>
        {
            [DeskKey.Receipts] = "F2 receipts",
            [DeskKey.Refund] = "F3 refund",
            [DeskKey.CloseBatch] = "F4 close batch",
            [DeskKey.SignOff] = "F8 sign off",
            [DeskKey.Language] = "F9 中文",
            [DeskKey.Leave] = "F10 end",
        },
        OnLine = "on line",
        OffLine = "OFF LINE",
        OpenItem = "PAYMENT OPEN: {0}",
        NoOpenItem = "no payment open",
        Printer = ["printer ready", "paper is low", "OUT OF PAPER", "PRINTER COVER OPEN", "CHECK THE PRINTER", "printer not asked", "asking the printer"],
    };

    private static readonly DeskTexts Chinese = new()
    {
        Clerk = "收银员",
        Customer = "顾客",
        Welcome = "您好！",
        Opening = "请稍候：终端正在签到并检查未明交易。",
        SignIn = "登录：输入工号，回车，密码，回车",
        Approve = "需主管授权：输入工号，回车，密码，回车",
        NoSupervisor = "该收银员不是主管。",
        ClerkNumber = "工号",
        Password = "密码",
        Verifying = "请稍候：正在验证工号和密码。",
        NoSales = "暂时不能收款",
        Retries = "终端每隔几秒自动重试。",
        BillPrompt = "输入或扫描账单号，然后按回车",
        BillCustomer = "请出示账单号或条形码。",
        LookingUp = "正在查询账单……",
        SwipePrompt = "请刷顾客的银行卡",
        SwipeCustomer = "请将银行卡交给收银员。",
        PinPrompt = "卡 {0} 已读取，请将键盘转向顾客",
        PinCustomer = "请输入密码，然后按回车：",
        Asking = "正在请求银行，请勿关机",
        StillAsking = "尚无应答，终端正在自动查询",
        GivingUp = "正在放弃，终端将确认未扣款",
        AskingCustomer = "请稍候。",
        Payee = "收款方",
        For = "商品",
        Order = "订单号",
        Amount = "金额",
        TimeLeft = "剩余时间",
        Guarantee = "担保交易",
        TimeUp = "可能已过期",
        Bill = "账单号",
        Paid = "已支付",
        NotPaid = "未支付",
        Unknown = "结果未知",
        AlreadyPaid = ["早已支付"],
        Earlier = "上一笔交易已查明：",
        EarlierReceipts = "此前交易的凭条（标明重复打印）：{0} 笔。最后一笔：",
        ApprovedWithoutPrinter = "已批准。未接打印机，凭条可按 F2 查看。",
        ApprovedNotPrinted = "已批准。",
        NotCharged = "此卡未扣款，无需处理。",
        UnknownClerk = "请将凭条交给顾客。终端会自动查明，查明前不能收款。",
        UnknownWithoutSlip = "请顾客稍候。终端会自动查明，查明前不能收款。",
        NotPaidCustomer = "未支付。",
        UnknownCustomer = "请稍候，请勿重复支付，查明后会立即告知您。",
        ReusedCustomer = "请勿重复支付，等待商户查明。",
        Next = "回车：下一位顾客",
        Retry = "回车：重新支付此账单   Esc：下一位顾客",
        GoOn = "回车：继续",
        TooSmall = "请放大窗口：至少 80 列 24 行。F10 退出程序。",
        NotPrinted = "未打印：{0}，打印机就绪后将补打（重复打印）。",
        EarlierPrinted = "已补打此前交易的凭条（标明重复打印）。",
        ReportNotPrinted = "未打印：{0}。批次已结算。按 F2 重打此结算单，以后可在 F4 中重打。",
        Printing = "正在打印……",
        Printed = "已打印。",
        CloseBatch = "进行批结算？回车：是。Esc：否。",
        Closing = "正在与系统核对总额",
        Past = "最近的交易。数字：按流水号或账单号查找。上下键：选择。回车：重打凭条",
        NothingPast = "没有记录。",
        SwipeLater = "刷卡时机不对，此次刷卡未使用，请按提示再刷。",
        SwipeFirst = "未使用：请先刷卡。若已刷卡，则读卡器输出过慢。",
        SwipeAgain = "卡片无法读取，请重刷或换卡。",
        OtherLayout = "读卡器或扫描枪的键盘布局不是美式，请改为美式，或联系运营方（terminal doctor 可查看详情）。",
        ScanNoBill = "这不是账单号，请扫描账单条形码。",
        ScanLater = "扫描或粘贴的时机不对，内容未使用。",
        ScanTooSoon = "请稍候：看清结果后再扫描下一张账单。",
        ScanNoClerk = "扫描内容不是工号或密码，请用键盘输入。",
        PinByHand = "密码须逐位手工输入。刚才的输入未采用，请重新输入。",
        PinLeft = "长时间未输入密码，卡信息已清除：请重新刷卡，或按 Esc。",
        PinShort = "密码为 4 至 12 位数字。",
        Incomplete = "账单号为 14 位数字。",
        MayBePin = "暂不显示：可能是密码。",
        MayHaveBeenPin = "未使用：这些数字可能是密码。请重新输入账单号。",
        GiveUpAgain = "放弃这笔支付？请再按一次 Esc。",
        LeaveAgain = "退出程序？请再按一次 F10。",
        RefundPrompt = "退款：输入凭条上的参考号或账单号，然后按回车",
        RefundCustomer = "请出示凭条和付款时的银行卡。",
        RefundLookingUp = "正在查询支付……",
        RefundAmountPrompt = "退款金额：输入数字；直接按回车退全部余额",
        RefundAmount = "退款金额",
        PaidAmount = "支付金额",
        PaidAt = "支付时间",
        Left = "可退余额",
        PaidBy = "银行卡",
        RefundTooMuch = "超出该笔支付的可退余额。",
        RefundSwipePrompt = "请刷付款时的银行卡：{0}",
        RefundSign = "需主管授权退款：输入工号，回车，密码，回车",
        RefundAsking = "正在办理退款，请勿关机",
        RefundOrderedClerk = "未接打印机，凭条可按 F2 查看。到账时间以银行为准。",
        NoRefund = "未退款",
        NoRefundCustomer = "未退款。",
        RefundOrdered = ["退款受理"],
        KeyBack = "Esc 返回",
        KeyReport = "F2 重打上次结算单",
        KeyGiveUp = "Esc 放弃支付",
        KeyPages = "PgUp PgDn 翻看凭条",
        Keys = new Dictionary<DeskKey, string>
        {
            [DeskKey.Receipts] = "F2 凭条",
            [DeskKey.Refund] = "F3 退款",
            [DeskKey.CloseBatch] = "F4 批结算",
            [DeskKey.SignOff] = "F8 签退",
            [DeskKey.Language] = "F9 English",
            [DeskKey.Leave] = "F10 退出程序",
        },
        OnLine = "已联机",
        OffLine = "脱机",
        OpenItem = "待查交易：{0}",
        NoOpenItem = "无待查交易",
        Printer = ["打印机就绪", "纸将用尽", "缺纸", "打印机盖打开", "请检查打印机", "打印机（无状态）", "正在查询打印机"],
    };

    public required string Clerk { get; init; }

    public required string Customer { get; init; }

    public required string Welcome { get; init; }

    public required string Opening { get; init; }

    public required string SignIn { get; init; }

    public required string Approve { get; init; }

    public required string NoSupervisor { get; init; }

    public required string ClerkNumber { get; init; }

    public required string Password { get; init; }

    /// <summary>While the server verifies a clerk.</summary>
    public required string Verifying { get; init; }

    public required string NoSales { get; init; }

    public required string Retries { get; init; }

    public required string BillPrompt { get; init; }

    public required string BillCustomer { get; init; }

    public required string LookingUp { get; init; }

    public required string SwipePrompt { get; init; }

    public required string SwipeCustomer { get; init; }

    /// <summary>{0}: the masked card.</summary>
    public required string PinPrompt { get; init; }

    public required string PinCustomer { get; init; }

    public required string Asking { get; init; }

    public required string StillAsking { get; init; }

    public required string GivingUp { get; init; }

    public required string AskingCustomer { get; init; }

    public required string Payee { get; init; }

    public required string For { get; init; }

    public required string Order { get; init; }

    public required string Amount { get; init; }

    public required string TimeLeft { get; init; }

    public required string Guarantee { get; init; }

    public required string TimeUp { get; init; }

    public required string Bill { get; init; }

    /// <summary>This and the next three use only the letters of <c>BigText</c>.</summary>
    public required string Paid { get; init; }

    public required string NotPaid { get; init; }

    public required string Unknown { get; init; }

    /// <summary>By line.</summary>
    public required IReadOnlyList<string> AlreadyPaid { get; init; }

    public required string Earlier { get; init; }

    /// <summary>{0}: how many.</summary>
    public required string EarlierReceipts { get; init; }

    public required string ApprovedWithoutPrinter { get; init; }

    /// <summary>While the receipt is not on paper.</summary>
    public required string ApprovedNotPrinted { get; init; }

    public required string NotCharged { get; init; }

    public required string UnknownClerk { get; init; }

    public required string UnknownWithoutSlip { get; init; }

    /// <summary>If the server has sent no text.</summary>
    public required string NotPaidCustomer { get; init; }

    public required string UnknownCustomer { get; init; }

    /// <summary>If only the operator can find the outcome.</summary>
    public required string ReusedCustomer { get; init; }

    public required string Next { get; init; }

    public required string Retry { get; init; }

    public required string GoOn { get; init; }

    public required string TooSmall { get; init; }

    /// <summary>{0}: why.</summary>
    public required string NotPrinted { get; init; }

    public required string EarlierPrinted { get; init; }

    /// <summary>{0}: why.</summary>
    public required string ReportNotPrinted { get; init; }

    public required string Printing { get; init; }

    public required string Printed { get; init; }

    public required string CloseBatch { get; init; }

    public required string Closing { get; init; }

    public required string Past { get; init; }

    public required string NothingPast { get; init; }

    public required string SwipeLater { get; init; }

    /// <summary>For digits that were typed, or came from a slow reader, while a card was expected.</summary>
    public required string SwipeFirst { get; init; }

    public required string SwipeAgain { get; init; }

    public required string OtherLayout { get; init; }

    public required string ScanNoBill { get; init; }

    public required string ScanLater { get; init; }

    public required string ScanTooSoon { get; init; }

    public required string ScanNoClerk { get; init; }

    public required string PinByHand { get; init; }

    public required string PinLeft { get; init; }

    public required string PinShort { get; init; }

    public required string Incomplete { get; init; }

    /// <summary>Beside digits that began soon after a PIN was keyed in.</summary>
    public required string MayBePin { get; init; }

    public required string MayHaveBeenPin { get; init; }

    public required string GiveUpAgain { get; init; }

    public required string LeaveAgain { get; init; }

    public required string RefundPrompt { get; init; }

    public required string RefundCustomer { get; init; }

    public required string RefundLookingUp { get; init; }

    public required string RefundAmountPrompt { get; init; }

    public required string RefundAmount { get; init; }

    public required string PaidAmount { get; init; }

    public required string PaidAt { get; init; }

    public required string Left { get; init; }

    public required string PaidBy { get; init; }

    public required string RefundTooMuch { get; init; }

    /// <summary>{0}: the masked card.</summary>
    public required string RefundSwipePrompt { get; init; }

    public required string RefundSign { get; init; }

    public required string RefundAsking { get; init; }

    public required string RefundOrderedClerk { get; init; }

    public required string NoRefund { get; init; }

    public required string NoRefundCustomer { get; init; }

    /// <summary>By line, of the letters of <c>BigText</c>; so is <see cref="NoRefund"/>.</summary>
    public required IReadOnlyList<string> RefundOrdered { get; init; }

    public required string KeyBack { get; init; }

    public required string KeyReport { get; init; }

    public required string KeyGiveUp { get; init; }

    /// <summary>While the receipt that is shown is longer than the screen.</summary>
    public required string KeyPages { get; init; }

    /// <summary>Keys with the same meaning on more than one page.</summary>
    public required IReadOnlyDictionary<DeskKey, string> Keys { get; init; }

    public required string OnLine { get; init; }

    public required string OffLine { get; init; }

    /// <summary>{0}: how many.</summary>
    public required string OpenItem { get; init; }

    public required string NoOpenItem { get; init; }

    /// <summary>By the printer state.</summary>
    public required IReadOnlyList<string> Printer { get; init; }

    public static DeskTexts ForLanguage(string language) => language == TerminalTexts.Chinese.Language ? Chinese : English;
}
