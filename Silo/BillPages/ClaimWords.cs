using Lakala.Rules.Claims;
using Lakala.Rules.Trades;

namespace Lakala.Silo.BillPages;

/// <summary>The texts of a shopper's claim in one language.</summary>
public sealed record ClaimWords
{
    private static readonly ClaimWords English = new()
    {
        Claims = "Claim",
        Begin = "Something is wrong",
        BeginHint = "You can claim your money back, or a part of it. While you write, the money is not released.",
        Form = "Your claim",
        WhatIsWrong = "What is wrong?",
        Amount = "Amount in yuan that you want back (empty: all)",
        Reason = "What happened, in your words",
        Files = "Pictures or PDFs, up to five of 2 MB",
        Send = "Send the claim",
        Accept = "Take the offer",
        Escalate = "Ask for a ruling",
        Appeal = "What the two people who rule should know",
        Carrier = "Carrier",
        TrackingNumber = "Parcel number",
        SendBack = "I have sent the goods back",
        Withdraw = "Withdraw the claim",
        WithdrawHint = "Then the trade goes on as before.",
        AddFiles = "Add files",
        Shop = "The shop says",
        You = "You say",
        Ruling = "The ruling",
        Evidence = "Files",
        FileOf = side => side == Side.Shopper ? "Your file" : "The shop's file",
        Kinds = kind => kind switch
        {
            ClaimKind.NotReceived => "I have not received the goods",
            ClaimKind.NotAsDescribed => "The goods are not as described",
            ClaimKind.Return => "The goods are as described, and I want to give them back",
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such kind."),
        },
        States = (state, isOffered) => state switch
        {
            ClaimState.Asked when isOffered => "The shop offers {1}. Answer by {0}. If you say nothing, you get what is offered.",
            ClaimState.Asked => "The shop has to answer by {0}. If it says nothing, you get the money.",
            ClaimState.Returning => "Send the goods back by {0}, and enter carrier and number here. Otherwise the claim ends.",
            ClaimState.Back => "The goods are on their way back. The shop has until {0} to look at them. If it says nothing, you get the money.",
            ClaimState.Refused => "The shop refuses your claim. You can ask for a ruling until {0}. After that the claim ends.",
            ClaimState.Judging => "Two people of the platform read what both sides say. This takes up to 15 days.",
            ClaimState.Agreed => "Granted. You get {1}.",
            ClaimState.Judged => "There is a ruling. You get {1}.",
            ClaimState.Withdrawn => "The claim has ended without money.",
            _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No such state."),
        },
    };

    private static readonly ClaimWords Chinese = new()
    {
        Claims = "争议",
        Begin = "商品有问题",
        BeginHint = "您可以要求退回全部或部分货款。填写期间，货款不会付给商家。",
        Form = "提交争议",
        WhatIsWrong = "遇到了什么问题？",
        Amount = "要求退回的金额（元，不填为全部）",
        Reason = "请说明情况",
        Files = "图片或 PDF，最多五个，每个不超过 2 MB",
        Send = "提交争议",
        Accept = "接受报价",
        Escalate = "申请裁决",
        Appeal = "请告诉裁决人员的情况",
        Carrier = "承运公司",
        TrackingNumber = "快递单号",
        SendBack = "我已寄回商品",
        Withdraw = "撤回争议",
        WithdrawHint = "撤回后交易照常进行。",
        AddFiles = "补充文件",
        Shop = "商家说明",
        You = "您的说明",
        Ruling = "裁决",
        Evidence = "文件",
        FileOf = side => side == Side.Shopper ? "您的文件" : "商家的文件",
        Kinds = kind => kind switch
        {
            ClaimKind.NotReceived => "没有收到商品",
            ClaimKind.NotAsDescribed => "商品与描述不符",
            ClaimKind.Return => "商品无误，我想退货",
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such kind."),
        },
        States = (state, isOffered) => state switch
        {
            ClaimState.Asked when isOffered => "商家愿意退 {1}。请在 {0} 前答复；若不回应，将按此退款。",
            ClaimState.Asked => "商家须在 {0} 前答复；逾期未答复，款项将退给您。",
            ClaimState.Returning => "请在 {0} 前寄回商品，并在此填写承运公司和单号，否则争议将结束。",
            ClaimState.Back => "商品正在寄回。商家须在 {0} 前查验；逾期未答复，款项将退给您。",
            ClaimState.Refused => "商家拒绝了您的争议。您可在 {0} 前申请裁决，逾期争议将结束。",
            ClaimState.Judging => "平台的两位人员将审阅双方陈述，最长需要 15 天。",
            ClaimState.Agreed => "已同意，退给您 {1}。",
            ClaimState.Judged => "裁决已作出，退给您 {1}。",
            ClaimState.Withdrawn => "争议已结束，没有退款。",
            _ => throw new ArgumentOutOfRangeException(nameof(state), state, "No such state."),
        },
    };

    public required string Claims { get; init; }

    public required string Begin { get; init; }

    public required string BeginHint { get; init; }

    public required string Form { get; init; }

    public required string WhatIsWrong { get; init; }

    public required string Amount { get; init; }

    public required string Reason { get; init; }

    public required string Files { get; init; }

    public required string Send { get; init; }

    public required string Accept { get; init; }

    public required string Escalate { get; init; }

    public required string Appeal { get; init; }

    public required string Carrier { get; init; }

    public required string TrackingNumber { get; init; }

    public required string SendBack { get; init; }

    public required string Withdraw { get; init; }

    public required string WithdrawHint { get; init; }

    public required string AddFiles { get; init; }

    public required string Shop { get; init; }

    public required string You { get; init; }

    public required string Ruling { get; init; }

    public required string Evidence { get; init; }

    public required Func<Side, string> FileOf { get; init; }

    public required Func<ClaimKind, string> Kinds { get; init; }

    /// <summary>By state and whether an offer stands; with the time of the next move and the amount that is offered or granted.</summary>
    public required Func<ClaimState, bool, string> States { get; init; }

    public static ClaimWords In(Texts texts) => texts == Texts.Chinese ? Chinese : English;
}
