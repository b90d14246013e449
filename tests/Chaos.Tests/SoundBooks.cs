using System.Globalization;
using Lakala.Chaos.Audit;

namespace Lakala.Chaos.Tests;

/// <summary>One swipe of the sound books, with its terminal's records.</summary>
internal sealed record Swipe(Key Key, string Bill, long Amount, string? Rrn, string? AuthorisationCode);

/// <summary>
/// Books of a small day in which every normal case occurs and nothing is wrong: the auditor reports nothing.
/// Each test takes them and breaks one thing.
/// </summary>
internal sealed class SoundBooks
{
    public const string First = "T0000001", Second = "T0000002", WithoutBooks = "T9999999";
    public const string Merchant = "shop-1", OtherMerchant = "shop-2", Store = "STORE0000000001";
    public const string Receiver = "http://127.0.0.1:9001/notices", SecondReceiver = "http://127.0.0.1:9002/notices";
    public const string OtherReceiver = "http://127.0.0.1:9003/notices", GoneReceiver = "http://127.0.0.1:9004/notices";

    public const string ClerkNumber = "0001", SupervisorNumber = "9001";

    /// <summary>Before all that happens.</summary>
    public static readonly DateTimeOffset Opening = new(2030, 1, 31, 8, 0, 0, TimeSpan.Zero);

    private const int FeeBasisPoints = 60, CommissionPercent = 20;

    private static readonly string[] Copies = ["CUSTOMER COPY", "MERCHANT COPY"];
    private static readonly TimeSpan BetweenEvents = TimeSpan.FromSeconds(2), CommitTime = TimeSpan.FromMilliseconds(5);

    private readonly List<Bill> _bills = [];
    private readonly List<Attempt> _attempts = [];
    private readonly List<Posting> _postings = [];
    private readonly List<Event> _events = [];
    private readonly List<Delivery> _deliveries = [];
    private readonly List<Reversal> _reversals = [];
    private readonly List<LateAnswer> _lateAnswers = [];
    private readonly List<Refund> _refunds = [];
    private readonly List<BankRefund> _bankRefunds = [];
    private readonly List<Trade> _trades = [];
    private readonly List<Claim> _claims = [];
    private readonly List<ClaimMove> _claimMoves = [];
    private readonly List<OperatorAct> _acts = [];
    private readonly List<Ruling> _rulings = [];
    private readonly List<RefundRuling> _refundRulings = [];
    private readonly List<RefusedRefund> _refused = [];
    private readonly List<Debt> _debts = [];
    private readonly List<GuaranteePayment> _guaranteePayments = [];
    private readonly List<BankEntry> _bank = [];
    private readonly List<AcknowledgedBill> _acknowledged = [];
    private readonly List<string> _mails = [];
    private readonly List<Endpoint> _endpoints;
    private readonly Dictionary<string, TerminalPages> _terminals = new() { [First] = new(), [Second] = new() };
    private readonly Dictionary<string, List<ReceivedEvent>> _receivers = new()
    {
        [Receiver] = [],
        [SecondReceiver] = [],
        [OtherReceiver] = [],
        [GoneReceiver] = [],
    };

    private DateTimeOffset _now = Opening;
    private int _count;

    public SoundBooks()
    {
        _endpoints =
        [
            new("we_1", Merchant, Receiver, Opening - TimeSpan.FromHours(1), null),
            new("we_2", Merchant, SecondReceiver, Opening - TimeSpan.FromHours(1), null),
            new("we_3", OtherMerchant, OtherReceiver, Opening - TimeSpan.FromHours(1), null),
            new("we_4", OtherMerchant, GoneReceiver, Opening - TimeSpan.FromHours(1), Opening + TimeSpan.FromMinutes(10)),
        ];

        // An endpoint is tested by its merchant.
        Tell(Merchant, "webhook.test", null, [("we_1", Fate.AcceptedAtOnce)]);

        Approved = Pay(NewBill(12_800), First);
        ApprovedOnSecond = Pay(NewBill(1), Second);
        LargeApproved = Pay(NewBill(999_999_999_999), Second);

        // Half a fen of fee is a fen.
        HalfUp = Pay(NewBill(750), First);
        PaidOnStrangersTerminal = Pay(NewBill(700), WithoutBooks);

        // The receipt was printed again.
        Reprinted = Pay(NewBill(4_000), First);
        Print(Reprinted, SlipKind.Reprint);

        // The terminal died after the answer was in its journal: the slip may have been printed, and comes as a duplicate.
        PrintedAsDuplicate = Settle(NewBill(4_100), First);
        Print(PrintedAsDuplicate, SlipKind.Duplicate, isResolved: true);

        // It died before the answer: the outcome was unknown, and it asked again after its restart.
        ResolvedAfterRestart = Settle(NewBill(4_200), First);
        PrintUnknown(ResolvedAfterRestart);
        Print(ResolvedAfterRestart, SlipKind.Original, isResolved: true);

        // Two cards are declined, the third pays.
        var contested = NewBill(5_000);
        Declined = Refuse(contested, First, "DECLINED", "51");
        Refuse(contested, Second, "DECLINED", "55");
        Pay(contested, Second);

        NotSent = Refuse(NewBill(5_100), First, "NOT_SENT", "92");
        Reversed = Reverse(NewBill(5_200), First, "REVERSED", "68", wasSeen: true);
        Tombstone = Reverse(NewBill(5_300), Second, "REVERSED", "68", wasSeen: false);

        // The bank approved late what it had declined in time: it is reversed, and the answer is unchanged.
        FalseApproval = Reverse(NewBill(5_400), First, "DECLINED", "05", wasSeen: true);
        _lateAnswers.Add(new LateAnswer(FalseApproval.Rrn!, "00"));

        // A lost answer, a reversal, and then the bill is paid after all.
        var twice = NewBill(5_500);
        Reverse(twice, Second, "REVERSED", "68", wasSeen: true);
        Pay(twice, First);

        Void = Refuse(NewBill(5_600), Second, "VOID", "25", isResolved: true);
        Refused = Refuse(NewBill(5_700), First, "REFUSED", "13");
        NeverSent = Refuse(NewBill(5_800), First, null, null);

        Expired = NewBill(6_000);
        Close(Expired, "EXPIRED");
        Cancelled = NewBill(6_100, OtherMerchant);
        Close(Cancelled, "CANCELLED");
        Open = NewBill(6_200);

        // One receiver accepts at the third try, one never.
        Parked = Pay(NewBill(6_300), First, [("we_1", Fate.AcceptedLater), ("we_2", Fate.Parked)]);

        // The notice came, its acceptance was lost: it came again.
        ToldTwice = Pay(NewBill(6_400), First, [("we_1", Fate.AcceptedTwice), ("we_2", Fate.AcceptedAtOnce)]);

        // A shopper with a mail address, who had paid before the reminder was due.
        var mailed = NewBill(6_700, hasMail: true);
        Tell(Merchant, "bill.expiring", mailed, [], mail: "SKIPPED");
        Mailed = Pay(mailed, First);

        // In two parts; the bank refuses another for good; one waits for the shop's money.
        PartlyRefunded = Pay(NewBill(12_800), Second);
        PartRefund = Refund(PartlyRefunded, 2_800, "DONE", [("merchant:" + Merchant, 2_783), ("store:" + Store, 3), ("platform", 14)]);
        Refund(PartlyRefunded, 10_000, "DONE", [("merchant:" + Merchant, 9_940), ("store:" + Store, 12), ("platform", 48)]);
        RefusedRefund = Refund(Pay(NewBill(4_000), Second), 4_000, "DECLINED", [("merchant:" + Merchant, 3_976), ("store:" + Store, 4), ("platform", 20)]);
        RuleAbout(RefusedRefund);
        QueuedRefund = Refund(Pay(NewBill(750), Second), 750, "QUEUED", []);

        // The fee is kept: the shop alone gives back, a part and the rest; of held money as ever.
        var kept = Pay(NewBill(12_800, isFeeKept: true), Second);
        KeptFeeRefund = Refund(kept, 2_800, "DONE", [("merchant:" + Merchant, 2_800)]);
        Refund(kept, 10_000, "DECLINED", [("merchant:" + Merchant, 10_000)]);
        GiveBack(Pay(NewBill(750, isEscrow: true, isFeeKept: true), First), 750, "DONE");

        // Escrow: not shipped in time; shipped, with more time for the shopper; released, and refunded in the whole afterwards.
        Overdue = Pay(NewBill(6_700, isEscrow: true), First);
        Move(Overdue, trade => trade with { IsOverdue = true, DueAt = trade.DueAt + TimeSpan.FromDays(7) }, "trade.ship_overdue");
        Shipped = Pay(NewBill(4_000, isEscrow: true), Second);
        Ship(Shipped);
        Move(Shipped, trade => trade with { DueAt = trade.DueAt + TimeSpan.FromDays(3), DeadlineChanges = 1 }, "trade.deadline_changed");
        Finished = Pay(NewBill(5_000, isEscrow: true), First);
        Ship(Finished);
        Release(Finished, [("merchant:" + Merchant, 4_970), ("store:" + Store, 6), ("platform", 24)]);
        RefundAfterRelease = Refund(Finished, 5_000, "DONE", [("merchant:" + Merchant, 4_970), ("store:" + Store, 6), ("platform", 24)]);

        // A part is refunded of what is held, the rest is released; all goes back before the shipping; the bank refuses to take it back.
        PartlyReleased = Pay(NewBill(12_800, isEscrow: true), Second);
        Ship(PartlyReleased);
        RefundOfHeld = GiveBack(PartlyReleased, 2_800, "DONE");
        Sign("fred", "trade.freeze", PartlyReleased.Bill);
        Move(PartlyReleased, trade => trade with { FrozenBy = "fred" }, "trade.stopped", isSameMoment: true);
        Sign("dora", "trade.unfreeze", PartlyReleased.Bill);
        Move(PartlyReleased, trade => trade with { FrozenBy = null }, "trade.resumed", isSameMoment: true);
        ReleaseOfRest = Release(PartlyReleased, [("merchant:" + Merchant, 9_940), ("store:" + Store, 12), ("platform", 48)]);
        Closed = Pay(NewBill(750, isEscrow: true), First);
        GiveBack(Closed, 750, "DONE");
        Reopened = Pay(NewBill(4_100, isEscrow: true), First);
        RefusedOfHeld = GiveBack(Reopened, 4_100, "DECLINED");

        // A merchant withdraws what waits for money, what is held, and all that is held.
        WithdrawnInQueue = Refund(Pay(NewBill(750), Second), 750, "WITHDRAWN", []);
        var changed = Pay(NewBill(4_000, isEscrow: true), Second);
        Withdrawn = GiveBack(changed, 1_000, "WITHDRAWN");
        GiveBack(changed, 4_000, "WITHDRAWN");

        // The bank has refused: it is sent again, paid in another way, and left.
        SentAgain = Pay(NewBill(4_200, isEscrow: true), First);
        Ship(SentAgain);
        RefusedBefore = GiveBack(SentAgain, 1_000, "DECLINED");
        RefundInstead = Decide(SentAgain, RefusedBefore, "AGAIN")!;
        var transferred = Pay(NewBill(4_200, isEscrow: true), First);
        PaidOtherwise = Decide(transferred, GiveBack(transferred, 1_000, "DECLINED"), "OTHERWISE")!;
        var left = Pay(NewBill(4_200, isEscrow: true), First);
        Decide(left, GiveBack(left, 1_000, "DECLINED"), "LEFT");

        // Claims: one is open; one is granted; one ends with an offer; one is judged for the merchant; a frozen one is about released money; one is paid by the fund.
        Claimed = Pay(NewBill(4_000, isEscrow: true), First);
        Ship(Claimed);
        OpenClaim = Claim(Claimed, 4_000);
        var granted = Pay(NewBill(4_100, isEscrow: true), Second);
        Ship(granted);
        GrantedClaim = Claim(granted, 4_100);
        EndByRefund(granted, GrantedClaim, 4_100, isByItself: true);
        var offered = Pay(NewBill(12_800, isEscrow: true), First);
        Ship(offered);
        OfferedClaim = Claim(offered, 12_800);
        MoveClaim(OfferedClaim, "claim.offered", claim => claim, amount: 2_800);
        EndByRefund(offered, OfferedClaim, 2_800);
        Judged = Pay(NewBill(5_000, isEscrow: true), Second);
        Ship(Judged);
        JudgedClaim = Judging(Judged, 5_000);
        Rule(JudgedClaim, new Ruling(JudgedClaim, 0, 5_000, 0, "dora", "emil"), null, null);
        Release(Judged, [("merchant:" + Merchant, 4_970), ("store:" + Store, 6), ("platform", 24)], isSameMoment: true);
        var sold = Pay(NewBill(4_200, isEscrow: true), First);
        Ship(sold);
        Release(sold, [("merchant:" + Merchant, 4_175), ("store:" + Store, 5), ("platform", 20)]);
        FrozenClaim = Claim(sold, 4_200, frozen: 4_175);
        PostLines(FrozenClaim, "freeze", [("merchant:" + Merchant, 4_175), ("frozen:" + Merchant, -4_175)], isSameMoment: true);
        var soldToo = Pay(NewBill(4_200, isEscrow: true), First);
        Ship(soldToo);
        Release(soldToo, [("merchant:" + Merchant, 4_175), ("store:" + Store, 5), ("platform", 20)]);
        RefusedOfReleased = EndByRefusedRefund(soldToo);
        FundPayment = Digits(40_000 + ++_count, 12);
        _guaranteePayments.Add(new GuaranteePayment(FundPayment, 100_000, "dora", "emil"));
        Sign("dora", "guarantee.propose", FundPayment);
        Sign("emil", "guarantee.approve", FundPayment);
        PostLines(FundPayment, "fund", [("reserve", 100_000), ("guarantee", -100_000)]);
        var gone = Pay(NewBill(5_000, isEscrow: true), First);
        Ship(gone);
        Release(gone, [("merchant:" + Merchant, 4_970), ("store:" + Store, 6), ("platform", 24)]);
        CompensatedClaim = Judging(gone, 5_000);
        Compensation = Refund(gone, 3_000, "DONE", [("guarantee", 3_000), ("owed:" + Merchant, 3_000), ("guarantee_lent", -3_000)], debtOf: CompensatedClaim);
        _debts.Add(new Debt(Compensation, CompensatedClaim, Merchant, 3_000, Repaid: 1_000));
        PostLines(Digits(60_000 + ++_count, 12), "debt_paid", [("merchant:" + Merchant, 1_000), ("owed:" + Merchant, -1_000), ("guarantee_lent", 1_000), ("guarantee", -1_000)]);
        Rule(CompensatedClaim, new Ruling(CompensatedClaim, 0, 2_000, 3_000, "dora", "emil"), null, Compensation);

        // Two operators have lent what waited too long for the shop's money.
        Lent = Refund(Pay(NewBill(750), Second), 750, "DONE", [("guarantee", 750), ("owed:" + Merchant, 750), ("guarantee_lent", -750)], debtOf: "");
        _debts.Add(new Debt(Lent, null, Merchant, 750));
        SignRuling(Lent, "GUARANTEE");

        // Notices that wait for an endpoint when it is deleted are parked at once.
        Pay(NewBill(6_500, OtherMerchant), Second, [("we_3", Fate.AcceptedAtOnce), ("we_4", Fate.ParkedBecauseGone)]);
        _now = Opening + TimeSpan.FromHours(1);
        Pay(NewBill(6_600, OtherMerchant), Second, [("we_3", Fate.AcceptedAtOnce)]);

        // An endpoint that was registered at the end has no notices.
        _endpoints.Add(new("we_5", Merchant, "http://127.0.0.1:9005/notices", _now + TimeSpan.FromHours(1), null));
    }

    private enum Fate
    {
        AcceptedAtOnce,
        AcceptedLater,
        AcceptedTwice,
        Parked,
        ParkedBecauseGone,
    }

    public Swipe Approved { get; }

    public Swipe ApprovedOnSecond { get; }

    public Swipe LargeApproved { get; }

    public Swipe HalfUp { get; }

    public Swipe PaidOnStrangersTerminal { get; }

    public Swipe Reprinted { get; }

    public Swipe PrintedAsDuplicate { get; }

    public Swipe ResolvedAfterRestart { get; }

    public Swipe Declined { get; }

    public Swipe NotSent { get; }

    /// <summary>The bank had debited it.</summary>
    public Swipe Reversed { get; }

    /// <summary>The bank had not seen it.</summary>
    public Swipe Tombstone { get; }

    public Swipe FalseApproval { get; }

    public Swipe Void { get; }

    public Swipe Refused { get; }

    public Swipe NeverSent { get; }

    public Swipe Parked { get; }

    public Swipe ToldTwice { get; }

    /// <summary>Its shopper has a mail of the bill and one of the payment.</summary>
    public Swipe Mailed { get; }

    public Swipe PartlyRefunded { get; }

    /// <summary>The RRN of a refund, like those that follow.</summary>
    public string PartRefund { get; }

    /// <summary>A refund of a bill whose fee is kept.</summary>
    public string KeptFeeRefund { get; }

    public string RefusedRefund { get; }

    public string QueuedRefund { get; }

    /// <summary>Of an escrow bill, like those that follow, and not shipped in time.</summary>
    public Swipe Overdue { get; }

    /// <summary>With more time for the shopper.</summary>
    public Swipe Shipped { get; }

    /// <summary>Refunded after its release.</summary>
    public Swipe Finished { get; }

    public string RefundAfterRelease { get; }

    /// <summary>FINISHED, after a part was refunded of what was held.</summary>
    public Swipe PartlyReleased { get; }

    public string RefundOfHeld { get; }

    /// <summary>Refused by the bank, and not decided yet, like the next one.</summary>
    public string RefusedOfHeld { get; }

    /// <summary>A claim had granted it.</summary>
    public string RefusedOfReleased { get; }

    /// <summary>Refused by the bank, and then sent again as <see cref="RefundInstead"/>.</summary>
    public string RefusedBefore { get; }

    public string RefundInstead { get; }

    public string PaidOtherwise { get; }

    /// <summary>Paid by the guarantee fund, and not by a claim.</summary>
    public string Lent { get; }

    /// <summary>By its merchant, before it was covered.</summary>
    public string WithdrawnInQueue { get; }

    /// <summary>By its merchant, of held money.</summary>
    public string Withdrawn { get; }

    /// <summary>The number of the release.</summary>
    public string ReleaseOfRest { get; }

    public Swipe Closed { get; }

    /// <summary>Held again, and frozen: the bank has refused its refund.</summary>
    public Swipe Reopened { get; }

    /// <summary>SHIPPED, and a refused refund of a part was sent again.</summary>
    public Swipe SentAgain { get; }

    /// <summary>Of a trade that is CLAIMED.</summary>
    public Swipe Claimed { get; }

    /// <summary>Of a trade that a ruling has finished.</summary>
    public Swipe Judged { get; }

    /// <summary>The id of a claim, like those that follow.</summary>
    public string OpenClaim { get; }

    public string GrantedClaim { get; }

    public string OfferedClaim { get; }

    public string JudgedClaim { get; }

    /// <summary>Open, about money that was released.</summary>
    public string FrozenClaim { get; }

    public string CompensatedClaim { get; }

    /// <summary>The RRN of the refund out of the guarantee fund.</summary>
    public string Compensation { get; }

    /// <summary>The number of the payment to the guarantee fund.</summary>
    public string FundPayment { get; }

    /// <summary>A bill's number, like those that follow.</summary>
    public string Expired { get; }

    public string Cancelled { get; }

    public string Open { get; }

    public Evidence Evidence => new Evidence
    {
        Database = new DatabaseBook
        {
            Bills = [.. _bills],
            Attempts = [.. _attempts],
            Postings = [.. _postings],
            Balances = [],
            Events = [.. _events],
            Deliveries = [.. _deliveries],
            Endpoints = [.. _endpoints],
            Reversals = [.. _reversals],
            LateAnswers = [.. _lateAnswers],
            Refunds = [.. _refunds],
            Trades = [.. _trades],
            Claims = [.. _claims],
            Rulings = [.. _rulings],
            RefundRulings = [.. _refundRulings],
            RefusedRefunds = _refused,
            Debts = [.. _debts],
            GuaranteePayments = [.. _guaranteePayments],
            ClaimMoves = [.. _claimMoves],
            OperatorActs = [.. _acts],
            Operators = [new("dora", "administer"), new("emil", "administer"), new("fred", "act"), new("gina", "watch"), new("key:books", "watch")],
            Clerks = [new(Store, ClerkNumber, false), new(Store, SupervisorNumber, true)],
            ReadAt = _now + TimeSpan.FromHours(2),
        },
        Bank = [.. _bank],
        Terminals =
        [
            .. _terminals.Select(pages => new TerminalBook(
                pages.Key, [.. pages.Value.Pending], [.. pages.Value.Results], [.. pages.Value.Printed], [.. pages.Value.Reports], [.. pages.Value.Slips])),
        ],
        Receivers = [.. _receivers.Select(receiver => new ReceiverBook(receiver.Key, [.. receiver.Value], 0))],
        Mails = [.. _mails],
        BankRefunds = [.. _bankRefunds],
        Acknowledged = new Acknowledged([.. _acknowledged], [Cancelled], [new AcknowledgedRefund(PartRefund, PartlyRefunded.Bill, 2_800)]),
    }.Balanced();

    private string NewBill(long amount, string merchant = Merchant, bool hasMail = false, bool isEscrow = false, bool isFeeKept = false)
    {
        var number = Digits(++_count, 12) + "42";
        _bills.Add(new Bill(number, merchant, $"order-{_count}", amount, "CNY", "OPEN", null, hasMail, IsEscrow: isEscrow, IsFeeKept: isFeeKept));
        _acknowledged.Add(new AcknowledgedBill(number, $"order-{_count}", amount));
        if (hasMail)
        {
            Tell(merchant, "bill.created", number, []);
        }

        return number;
    }

    private Swipe Pay(string number, string terminal, IReadOnlyList<(string Endpoint, Fate Fate)>? fates = null)
    {
        var swipe = Settle(number, terminal, fates);
        Print(swipe, SlipKind.Original);
        return swipe;
    }

    /// <summary>Approved, PAID, posted, notified to the merchant, and in the journal; nothing is printed yet.</summary>
    private Swipe Settle(string number, string terminal, IReadOnlyList<(string Endpoint, Fate Fate)>? fates = null)
    {
        var bill = _bills.Single(bill => bill.Number == number);
        var rrn = Digits(10_000 + ++_count, 12);
        var swipe = new Swipe(NewKey(terminal), number, bill.Amount, rrn, $"A{_count:D5}");
        _bills[_bills.IndexOf(bill)] = bill with { State = "PAID", PaidRrn = rrn };
        _attempts.Add(AttemptOf(swipe, "APPROVED", "00"));
        _bank.Add(EntryOf(swipe, "DEBITED", "00", 1, 0));
        if (bill.IsEscrow)
        {
            PostLines(rrn, "payment", [("bank_clearing", bill.Amount), ("held:" + bill.Merchant, -bill.Amount)]);
            _trades.Add(new Trade(number, bill.Merchant, "HELD", bill.Amount, 0, 0, _now + TimeSpan.FromDays(3)));
        }
        else
        {
            Post(swipe, bill.Merchant);
        }

        Tell(bill.Merchant, "bill.paid", number, fates ?? EndpointsOf(bill));
        Journal(swipe, "00");
        return swipe;
    }

    // Computed by hand, not by a formula of the auditor.
    private void Post(Swipe swipe, string merchant)
    {
        var (fee, commission) = swipe.Amount switch
        {
            1 => (0L, 0L),
            700 => (4, 0),
            750 => (5, 1),
            4_000 => (24, 4),
            4_100 => (25, 5),
            4_200 => (25, 5),
            5_000 => (30, 6),
            5_500 => (33, 6),
            6_300 => (38, 7),
            6_400 => (38, 7),
            6_500 => (39, 7),
            6_600 => (40, 8),
            6_700 => (40, 8),
            12_800 => (77, 15),
            999_999_999_999 => (6_000_000_000, 1_200_000_000),
            _ => throw new ArgumentOutOfRangeException(nameof(swipe), swipe.Amount, "Nobody has worked out its shares."),
        };
        (string Account, long Amount)[] lines =
        [
            ("bank_clearing", swipe.Amount),
            ($"merchant:{merchant}", fee - swipe.Amount),
            ($"store:{Store}", -commission),
            ("platform", commission - fee),
        ];
        PostLines(swipe.Rrn!, "payment", lines);
    }

    // In the commit of the event that follows, or of the last one.
    private void PostLines(string number, string kind, (string Account, long Amount)[] lines, string? bill = null, bool isSameMoment = false)
    {
        var at = _now + (isSameMoment ? TimeSpan.Zero : BetweenEvents) + CommitTime;
        _postings.AddRange(lines
            .Select((line, place) => new Posting(number, place + 1, line.Account, line.Amount, "CNY", kind, bill, CommittedAt: at))
            .Where(line => line.Amount != 0));
    }

    private string Claim(Swipe swipe, long amount, long frozen = 0)
    {
        var trade = _trades.Single(trade => trade.Bill == swipe.Bill);
        var claim = new Claim(Digits(50_000 + ++_count, 12), swipe.Bill, trade.Merchant, 1, "ASKED", amount, 0, IsAfterSale: trade.State == "FINISHED", frozen, DueAt: _now + TimeSpan.FromDays(2));
        _claims.Add(claim);
        if (!claim.IsAfterSale)
        {
            Move(swipe, one => one with { State = "CLAIMED", DueAt = null });
        }

        TellClaim(claim, "claim.opened", isSameMoment: false, amount, isByItself: false);
        return claim.Id;
    }

    private string Judging(Swipe swipe, long amount)
    {
        var claim = Claim(swipe, amount);
        MoveClaim(claim, "claim.refused", one => one with { State = "REFUSED" });
        MoveClaim(claim, "claim.judging", one => one with { State = "JUDGING" });
        return claim;
    }

    private void Rule(string claim, Ruling ruling, string? refund, string? compensation)
    {
        _rulings.Add(ruling);
        Sign(ruling.MadeBy, "ruling.propose", claim);
        Sign(ruling.ApprovedBy!, "ruling.approve", claim);
        var granted = ruling.ToShopper + ruling.FromGuarantee;
        MoveClaim(claim, "claim.judged", one => one with { State = "JUDGED", Granted = granted, Refund = refund, Compensation = compensation }, amount: granted);
    }

    /// <summary>The claim ends with a refund of what is held; of all, it closes the trade.</summary>
    private void EndByRefund(Swipe swipe, string claim, long amount, bool isByItself = false)
    {
        var held = _trades.Single(trade => trade.Bill == swipe.Bill).Held;
        Move(
            swipe,
            trade => trade with { State = amount == held ? "CLOSED" : "SHIPPED", Held = held - amount, DueAt = amount == held ? null : _now + TimeSpan.FromDays(9) },
            amount == held ? "trade.closed" : "trade.deadline_changed");
        MoveClaim(claim, "claim.agreed", one => one with { State = "AGREED", Granted = amount }, isSameMoment: true, amount, isByItself);
        var refund = Refund(swipe, amount, "DONE", [("held:" + Merchant, amount)]);
        _claims[_claims.FindIndex(one => one.Id == claim)] = _claims.Single(one => one.Id == claim) with { Refund = refund };
    }

    private void MoveClaim(string id, string type, Func<Claim, Claim> change, bool isSameMoment = false, long? amount = null, bool isByItself = false)
    {
        var at = _claims.FindIndex(one => one.Id == id);
        var moved = change(_claims[at]) with { Moves = _claims[at].Moves + 1 };
        _claims[at] = moved with { DueAt = moved.State is "ASKED" or "REFUSED" ? _now + TimeSpan.FromDays(7) : null };
        TellClaim(_claims[at], type, isSameMoment, amount, isByItself);
    }

    private void TellClaim(Claim claim, string type, bool isSameMoment, long? amount, bool isByItself)
    {
        _claimMoves.Add(new ClaimMove(claim.Id, claim.Moves, type, amount, isByItself));
        Tell(claim.Merchant, type, claim.Bill, EndpointsOf(_bills.Single(bill => bill.Number == claim.Bill)), refund: (claim.Id, claim.State, claim.Amount), isSameMoment: isSameMoment);
    }

    private void Sign(string who, string what, string subject)
    {
        _now += BetweenEvents;
        _acts.Add(new OperatorAct(who, what, subject, _now + CommitTime));
    }

    private void Move(Swipe swipe, Func<Trade, Trade> change, string? type = null, bool isSameMoment = false)
    {
        var trade = _trades.Single(trade => trade.Bill == swipe.Bill);
        _trades[_trades.IndexOf(trade)] = change(trade);
        if (type is not null)
        {
            Tell(trade.Merchant, type, swipe.Bill, EndpointsOf(_bills.Single(bill => bill.Number == swipe.Bill)), isSameMoment: isSameMoment);
        }
    }

    private void Ship(Swipe swipe) =>
        Move(swipe, trade => trade with { State = "SHIPPED", IsShipped = true, DueAt = _now + TimeSpan.FromDays(10) }, "trade.shipped");

    /// <param name="shares">What each gets, computed by hand.</param>
    private string Release(Swipe swipe, (string Account, long Amount)[] shares, bool isSameMoment = false)
    {
        var number = Digits(30_000 + ++_count, 12);
        PostLines(number, "release", [("held:" + Merchant, shares.Sum(share => share.Amount)), .. shares.Select(share => (share.Account, -share.Amount))], swipe.Bill, isSameMoment);
        Move(swipe, trade => trade with { State = "FINISHED", Held = 0, Released = trade.Held, Releases = 1, DueAt = null }, "trade.finished", isSameMoment);
        return number;
    }

    private string GiveBack(Swipe swipe, long amount, string state)
    {
        var isAll = _trades.Single(trade => trade.Bill == swipe.Bill).Held == amount;
        Move(
            swipe, trade => trade with { State = isAll ? "CLOSED" : trade.State, Held = trade.Held - amount, DueAt = isAll ? null : trade.DueAt }, isAll ? "trade.closed" : null);
        var refund = Refund(swipe, amount, state, [("held:" + Merchant, amount)]);
        if (state is "DECLINED" or "WITHDRAWN")
        {
            var isRefused = state == "DECLINED";
            Move(
                swipe,
                trade => trade with
                {
                    State = trade.IsShipped ? "SHIPPED" : "HELD",
                    Held = trade.Held + amount,
                    DueAt = isAll ? _now + TimeSpan.FromDays(1) : trade.DueAt,
                    FrozenBy = isRefused ? "refund-declined" : null,
                },
                isRefused ? "trade.stopped" : isAll ? "trade.deadline_changed" : null,
                isSameMoment: true);
            _refused.AddRange(isRefused ? [new RefusedRefund(refund, 0, IsOpen: true, null)] : []);
        }

        return refund;
    }

    /// <summary>Two operators decide about a refused refund of what is held.</summary>
    /// <returns>The refund that takes its place; null: none does.</returns>
    private string? Decide(Swipe swipe, string refund, string verdict)
    {
        SignRuling(refund, verdict);
        var amount = verdict == "LEFT" ? 0 : _refunds.Single(one => one.Rrn == refund).Amount;
        Move(swipe, trade => trade with { Held = trade.Held - amount, FrozenBy = null }, "trade.resumed", isSameMoment: true);
        var next = amount == 0 ? null : Refund(swipe, amount, "DONE", [("held:" + Merchant, amount)], isPaidOtherwise: verdict == "OTHERWISE", isSameMoment: true);
        _refused[_refused.FindIndex(one => one.Refund == refund)] = new RefusedRefund(refund, 0, IsOpen: false, next);
        return next;
    }

    private void SignRuling(string refund, string verdict)
    {
        _refundRulings.Add(new RefundRuling(refund, verdict, "dora", "emil"));
        Sign("dora", "refund.propose", refund);
        Sign("emil", "refund.approve", refund);
    }

    /// <summary>A claim about released money is agreed to, and the bank refuses its refund.</summary>
    private string EndByRefusedRefund(Swipe swipe)
    {
        var claim = Claim(swipe, 4_200, frozen: 4_175);
        PostLines(claim, "freeze", [("merchant:" + Merchant, 4_175), ("frozen:" + Merchant, -4_175)], isSameMoment: true);
        MoveClaim(claim, "claim.agreed", one => one with { State = "AGREED", Granted = 4_200 }, amount: 4_200);
        PostLines(claim, "unfreeze", [("frozen:" + Merchant, 4_175), ("merchant:" + Merchant, -4_175)], isSameMoment: true);
        var refund = Refund(swipe, 4_200, "DECLINED", [("merchant:" + Merchant, 4_175), ("store:" + Store, 5), ("platform", 20)]);
        PostLines(refund, "freeze", [("merchant:" + Merchant, 4_175), ("frozen:" + Merchant, -4_175)], isSameMoment: true);
        _claims[_claims.FindIndex(one => one.Id == claim)] = _claims.Single(one => one.Id == claim) with { Refund = refund };
        _refused.Add(new RefusedRefund(refund, 4_175, IsOpen: true, null));
        return refund;
    }

    /// <summary>Not paid, and no money moved: by the bank, by us, or by the terminal itself (no state).</summary>
    private Swipe Refuse(string number, string terminal, string? state, string? code, bool isResolved = false)
    {
        var amount = _bills.Single(bill => bill.Number == number).Amount;
        var swipe = new Swipe(NewKey(terminal), number, amount, state is "DECLINED" or "NOT_SENT" ? Digits(10_000 + ++_count, 12) : null, null);
        if (state == "VOID")
        {
            _attempts.Add(new Attempt(swipe.Key, state, null, null, null, null, null, 0, 0, null, null));
        }
        else if (state is not null)
        {
            _attempts.Add(AttemptOf(swipe, state, code));
        }

        if (state == "DECLINED")
        {
            _bank.Add(EntryOf(swipe, "DECLINED", code, 0, 0));
        }

        Journal(swipe, code);
        if (isResolved)
        {
            PrintUnknown(swipe);
        }

        PrintRefusal(swipe, code, isResolved);
        return swipe;
    }

    private Swipe Reverse(string number, string terminal, string state, string code, bool wasSeen)
    {
        var amount = _bills.Single(bill => bill.Number == number).Amount;
        var swipe = new Swipe(NewKey(terminal), number, amount, Digits(10_000 + ++_count, 12), null);

        // The answer of a reversed attempt follows from its state.
        _attempts.Add(AttemptOf(swipe, state, state == "REVERSED" && !wasSeen ? null : code));
        _reversals.Add(new Reversal(swipe.Rrn!, swipe.Key, amount, 3, true));
        _bank.Add(wasSeen
            ? EntryOf(swipe, "REVERSED", "00", 1, 1) with { AuthorisationCode = "LATE01" }
            : new BankEntry(swipe.Rrn!, "TOMBSTONE", "", null, 0, "", 0, 0, 1));
        Journal(swipe, code);
        PrintRefusal(swipe, code, isResolved: false);
        return swipe;
    }

    // The bank has said it in writing.
    private void RuleAbout(string refund)
    {
        var found = _refunds.Single(one => one.Rrn == refund);
        _refunds[_refunds.IndexOf(found)] = found with { IsRuled = true };
        SignRuling(refund, found.State);
    }

    /// <param name="shares">What each gives back, computed by hand.</param>
    /// <param name="debtOf">The claim for which the guarantee fund pays it; empty: for none; null: the fund does not pay it.</param>
    private string Refund(
        Swipe swipe, long amount, string state, (string Account, long Amount)[] shares, bool isPaidOtherwise = false, bool isSameMoment = false, string? debtOf = null)
    {
        var rrn = Digits(20_000 + ++_count, 12);
        var bill = _bills.Single(bill => bill.Number == swipe.Bill);
        _refunds.Add(new Refund(rrn, bill.Number, swipe.Rrn!, amount, bill.Refunded, state, IsPaidOtherwise: isPaidOtherwise));
        if (state is not ("DECLINED" or "WITHDRAWN"))
        {
            _bills[_bills.IndexOf(bill)] = bill with { Refunded = bill.Refunded + amount };
        }

        (string Account, long Amount)[] aside = [.. shares, ("refunds_out", -shares.Sum(share => share.Amount))];
        if (shares.Length == 0)
        {
            Tell(bill.Merchant, "refund.created", bill.Number, EndpointsOf(bill), refund: (rrn, "QUEUED", amount));
            if (state == "WITHDRAWN")
            {
                Tell(bill.Merchant, "refund.withdrawn", bill.Number, EndpointsOf(bill), refund: (rrn, state, amount));
            }

            return rrn;
        }

        PostLines(rrn, "refund", aside, isSameMoment: isSameMoment);
        if (!isPaidOtherwise)
        {
            Tell(bill.Merchant, "refund.created", bill.Number, EndpointsOf(bill), refund: (rrn, "REQUESTED", amount), isSameMoment: isSameMoment);
        }

        if (debtOf is not null)
        {
            Tell(bill.Merchant, "balance.owed", bill.Number, EndpointsOf(bill), refund: (rrn, "", amount), isSameMoment: true, debtOf: debtOf);
        }

        var isDone = state == "DONE";
        PostLines(
            rrn,
            isDone ? "refund_taken" : "refund_back",
            isDone ? [("refunds_out", amount), (isPaidOtherwise ? "reserve" : "bank_clearing", -amount)] : [.. aside.Select(line => (line.Account, -line.Amount))],
            isSameMoment: isPaidOtherwise);
        if (state != "WITHDRAWN" && !isPaidOtherwise)
        {
            _bankRefunds.Add(new BankRefund(rrn, swipe.Rrn!, amount, isDone ? "00" : "14", isDone ? 1 : 0));
        }

        Tell(
            bill.Merchant, isDone ? "refund.done" : "refund." + state.ToLowerInvariant(), bill.Number, EndpointsOf(bill), refund: (rrn, state, amount),
            isSameMoment: isPaidOtherwise);
        return rrn;
    }

    private List<(string Endpoint, Fate Fate)> EndpointsOf(Bill bill) =>
        [.. _endpoints.Where(endpoint => endpoint.Merchant == bill.Merchant && endpoint.DeletedAt is null).Select(endpoint => (endpoint.Id, Fate.AcceptedAtOnce))];

    private void Close(string number, string state)
    {
        var bill = _bills.Single(bill => bill.Number == number);
        _bills[_bills.IndexOf(bill)] = bill with { State = state };
        Tell(
            bill.Merchant,
            state == "EXPIRED" ? "bill.expired" : "bill.cancelled",
            number,
            [.. _endpoints.Where(endpoint => endpoint.Merchant == bill.Merchant).Select(endpoint => (endpoint.Id, Fate.AcceptedAtOnce))]);
    }

    private void Tell(
        string merchant, string type, string? number, IReadOnlyList<(string Endpoint, Fate Fate)> fates, string mail = "ACCEPTED",
        (string Rrn, string State, long Amount)? refund = null, bool isSameMoment = false, string? debtOf = null)
    {
        _now += isSameMoment ? TimeSpan.Zero : BetweenEvents;
        var id = new Guid(++_count, 7, 7, [1, 2, 3, 4, 5, 6, 7, 8]);
        var trade = _trades.SingleOrDefault(trade => trade.Bill == number);
        _events.Add(new Event(
            merchant, id, type, number, _now, _now + CommitTime,
            Claim: type.StartsWith("claim.", StringComparison.Ordinal) ? refund!.Value.Rrn : debtOf is "" ? null : debtOf,
            Refund: type.StartsWith("refund.", StringComparison.Ordinal) || debtOf is not null ? refund!.Value.Rrn : null,
            ConfirmBy: type.StartsWith("trade.", StringComparison.Ordinal) && trade!.State == "SHIPPED" ? trade.DueAt : null,
            ShipBy: (type == "bill.paid" || type.StartsWith("trade.", StringComparison.Ordinal)) && trade is { State: "HELD", IsOverdue: false } ? trade.DueAt : null));
        if (_bills.Any(bill => bill.Number == number && bill.HasMail) && debtOf is null)
        {
            _deliveries.Add(new Delivery(id, ShopperStatements.Mail, mail, 1));
            if (mail == "ACCEPTED")
            {
                _mails.Add($"evt_{id:N}");
            }
        }

        foreach (var (endpoint, fate) in fates)
        {
            var (state, tries, accepted) = fate switch
            {
                Fate.AcceptedLater => ("ACCEPTED", 3, 1),
                Fate.AcceptedTwice => ("ACCEPTED", 2, 2),
                Fate.Parked => ("PARKED", 9, 0),
                Fate.ParkedBecauseGone => ("PARKED", 1, 0),
                _ => ("ACCEPTED", 1, 1),
            };
            _deliveries.Add(new Delivery(id, endpoint, state, tries));
            if (fate != Fate.ParkedBecauseGone)
            {
                var bill = _bills.SingleOrDefault(bill => bill.Number == number);
                var payment = _attempts.SingleOrDefault(attempt => attempt.Rrn is not null && attempt.Rrn == bill?.PaidRrn);
                _receivers[_endpoints.Single(one => one.Id == endpoint).Url].Add(new ReceivedEvent(
                    $"evt_{id:N}", type, number, refund?.State ?? bill?.State, refund?.Amount ?? bill?.Amount, refund?.Rrn ?? payment?.Rrn,
                    refund is null ? payment?.AuthorisationCode : null,
                    _now + TimeSpan.FromMilliseconds(8), tries, accepted,
                    type.StartsWith("trade.", StringComparison.Ordinal) ? trade!.State : null));
            }
        }
    }

    private void Journal(Swipe swipe, string? code)
    {
        if (_terminals.TryGetValue(swipe.Key.Terminal, out var pages))
        {
            pages.Pending.Add(new JournalPending(swipe.Key, swipe.Bill, swipe.Amount));
            pages.Results.Add(new JournalResult(swipe.Key, code, swipe.Rrn, swipe.AuthorisationCode));
        }
    }

    private void Print(Swipe swipe, SlipKind kind, bool isResolved = false)
    {
        if (_terminals.TryGetValue(swipe.Key.Terminal, out var pages))
        {
            pages.Reports.Add(new SwipeReport(swipe.Key, "approved", "00", swipe.Bill, swipe.Amount, swipe.Rrn, swipe.AuthorisationCode, isResolved));
            pages.Slips.AddRange(Copies.Select(copy =>
                new Slip(swipe.Key, Slip.Paid, kind, copy, swipe.Bill, swipe.Amount, swipe.Rrn, swipe.AuthorisationCode, "00")));
            pages.Printed.Add(swipe.Key);
        }
    }

    private void PrintRefusal(Swipe swipe, string? code, bool isResolved)
    {
        var pages = _terminals[swipe.Key.Terminal];
        var outcome = code is "05" or "51" or "55" ? "declined" : "refused";
        pages.Reports.Add(new SwipeReport(swipe.Key, outcome, code, swipe.Bill, swipe.Amount, swipe.Rrn, null, isResolved));
        pages.Slips.Add(new Slip(swipe.Key, Slip.NotPaid, SlipKind.Original, "CUSTOMER COPY", swipe.Bill, swipe.Amount, swipe.Rrn, null, code));
        pages.Printed.Add(swipe.Key);
    }

    private void PrintUnknown(Swipe swipe)
    {
        var pages = _terminals[swipe.Key.Terminal];
        pages.Reports.Add(new SwipeReport(swipe.Key, "unknown", "91", swipe.Bill, swipe.Amount, null, null, false));
        pages.Slips.Add(new Slip(swipe.Key, Slip.Unknown, SlipKind.Original, "CUSTOMER COPY", swipe.Bill, swipe.Amount, null, null, null));
    }

    // A terminal's keys continue from one batch to the next.
    private Key NewKey(string terminal) => new(terminal, ++_count > 40 ? 8 : 7, _count);

    private static Attempt AttemptOf(Swipe swipe, string state, string? code) => new(
        swipe.Key, state, swipe.Bill, swipe.Amount, "CNY", Store, swipe.Rrn, FeeBasisPoints, CommissionPercent, code, swipe.AuthorisationCode);

    private static BankEntry EntryOf(Swipe swipe, string state, string? code, int debits, int reversals) => new(
        swipe.Rrn!, state, code, swipe.AuthorisationCode, swipe.Amount, swipe.Key.Terminal, swipe.Key.Stan, debits, reversals);

    private static string Digits(long number, int count) => number.ToString("D" + count, CultureInfo.InvariantCulture);

    private sealed class TerminalPages
    {
        public List<JournalPending> Pending { get; } = [];

        public List<JournalResult> Results { get; } = [];

        public List<Key> Printed { get; } = [];

        public List<SwipeReport> Reports { get; } = [];

        public List<Slip> Slips { get; } = [];
    }
}
