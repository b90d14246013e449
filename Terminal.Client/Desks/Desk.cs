using Lakala.Terminal.Client.Counters;
using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Readers;
using Lakala.Terminal.Client.Setup;
using Lakala.Terminal.Client.Words;
using Lakala.Vocabulary;
using Lakala.Wire.Keys;
using Lakala.Wire.Terminal;
using Lakala.Wire.Texts;

namespace Lakala.Terminal.Client.Desks;

/// <summary>
/// The state machine of the clerk's screen: it chooses the page after each key, swipe or answer. It uses no terminal, line or
/// printer. One request at a time is under way; keys pressed meanwhile are dropped.
/// </summary>
/// <param name="needsClerk">True: a clerk must sign in before a bill is accepted.</param>
internal sealed class Desk(TerminalTexts texts, bool needsClerk, TimeProvider time)
{
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    /// <summary>The interval of checks of the printer while the desk is idle.</summary>
    public static readonly TimeSpan TendAfter = TimeSpan.FromSeconds(15);

    /// <summary>The interval of checks while the clerk waits for receipts.</summary>
    public static readonly TimeSpan LookAfter = TimeSpan.FromSeconds(5);

    /// <summary>The least time for which a result stays: a key may have been meant for the page before it.</summary>
    public static readonly TimeSpan Dwell = TimeSpan.FromSeconds(1);

    /// <summary>The time after the last key for which a card waits for its PIN.</summary>
    public static readonly TimeSpan PinPatience = TimeSpan.FromMinutes(2);

    /// <summary>The time after a PIN's page in which somebody may still key in the PIN.</summary>
    public static readonly TimeSpan PinEcho = TimeSpan.FromSeconds(15);

    /// <summary>Longer than the delay after which a keyboard repeats a held key: a confirming key counts only after it.</summary>
    public static readonly TimeSpan Confirmation = TimeSpan.FromMilliseconds(700);

    // After this many unreadable cards in a row the reader is at fault.
    private const int BadReads = 4;

    // A burst of fewer digits is delayed typing: a barcode has more.
    private const int FewestScanned = 8;

    // The most digits of a clerk's number.
    private const int ClerkDigits = 8;

    // Of an amount in minor units.
    private const int AmountDigits = 12;

    private bool _isLeaving;

    // The last burst of a device, and whether it was interrupted, so that its rest may look like another card.
    private (bool IsScan, bool IsSwipe, bool IsBroken) _before;
    private (DeskKey Key, long At) _last = (DeskKey.Other, time.GetTimestamp());
    private int _badReads;
    private long _tendedAt = time.GetTimestamp();

    // The last time at which somebody keyed in a PIN or may have; and whether the page's digits began so soon after it that they may be a PIN.
    private long? _pinAt;
    private bool _isHidden;

    public TerminalTexts Texts { get; private set; } = texts;

    public DeskTexts Words { get; private set; } = DeskTexts.ForLanguage(texts.Language);

    public Page Page
    {
        get;
        private set
        {
            _pinAt = field is Page.PinEntry or Page.Asking ? time.GetTimestamp() : _pinAt;
            field = value;
        }
    } = new Page.Opening();

    /// <summary>The clerk who has signed in.</summary>
    public ClerkIdentity? Clerk { get; private set; }

    /// <summary>The error of the last key or swipe; null when there is none.</summary>
    public string? Notice { get; private set; }

    /// <summary>False once several cards in a row could not be read.</summary>
    public bool IsReaderGood => _badReads < BadReads;

    /// <summary>True when past payments and the batch can be opened now.</summary>
    public bool IsFree =>
        MayGoOn && Page is Page.BillEntry or Page.NotPayable or Page.Ended { IsUnknown: false } && Home is Page.BillEntry;

    /// <summary>True when a key with the same meaning on every page does something now.</summary>
    public bool Takes(DeskKey key) => !IsBusy && key switch
    {
        DeskKey.Receipts or DeskKey.CloseBatch => IsFree,
        DeskKey.Refund => IsFree && Clerk is not null,
        DeskKey.SignOff => MayGoOn && Clerk is not null && Page is Page.BillEntry or Page.NotPayable or Page.Ended { IsUnknown: false },
        DeskKey.Language => Page is Page.BillEntry or Page.SignIn or Page.Past or Page.Waiting,
        DeskKey.Leave => true,
        _ => false,
    };

    /// <summary>True when a result has been shown long enough, and keys count again.</summary>
    public bool MayGoOn => !IsBusy && (Page is not Page.Ended ended || time.GetElapsedTime(ended.Since) >= Dwell);

    /// <summary>The bill of a failed payment that can still be paid, with another card or the right PIN.</summary>
    public string? BillToRetry =>
        Page is Page.Ended { IsEarlier: false, Report: { Outcome: Outcome.Declined or Outcome.Refused, IsRefund: false, MayBePaidStill: true, Bill: { } bill } } && Home is Page.BillEntry
            ? bill
            : null;

    /// <summary>True while a request is under way.</summary>
    public bool IsBusy { get; private set; }

    public DeskRequest Begin() => Started(new DeskRequest.Settle());

    /// <param name="press">A typed key.</param>
    /// <returns>The next request; null when there is none.</returns>
    public DeskRequest? Press(Press press)
    {
        var sinceSame = press.Key == _last.Key ? time.GetElapsedTime(_last.At) : TimeSpan.MaxValue;
        _last = (press.Key, time.GetTimestamp());
        if (sinceSame < Confirmation && (press.Key == DeskKey.Leave || (press.Key == DeskKey.Escape && Page is Page.Asking)))
        {
            return null;
        }

        var said = Notice;
        Notice = null;
        var wasLeaving = _isLeaving;
        _isLeaving = false;
        NotePin(press.IsDigit);
        if (IsBusy)
        {
            return Page is Page.Asking { IsGivenUp: false } asking ? OnAsking(asking, press) : null;
        }

        switch (press.Key)
        {
            // A text from the server stays in its language.
            case DeskKey.Language when Takes(DeskKey.Language):
                Texts = Texts == TerminalTexts.English ? TerminalTexts.Chinese : TerminalTexts.English;
                Words = DeskTexts.ForLanguage(Texts.Language);
                return Started(new DeskRequest.Speak(Texts));

            case DeskKey.SignOff when Takes(DeskKey.SignOff):
                Clerk = null;
                return GoTo(Home);

            case DeskKey.Refund when Takes(DeskKey.Refund):
                _isHidden = false;
                return GoTo(new Page.PaymentEntry(""));

            case DeskKey.Leave when wasLeaving:
                return Started(new DeskRequest.Leave());

            case DeskKey.Leave:
                (_isLeaving, Notice) = (true, Words.LeaveAgain);
                return null;
        }

        return Page switch
        {
            Page.SignIn page => OnSignIn(page, press),
            Page.BillEntry page => OnBillEntry(page, press),
            Page.BatchShown or Page.Closed when press.Key == DeskKey.Receipts => Approved(new DeskRequest.ReprintBatch()),
            Page.BatchShown { IsEmpty: false } when press.Key == DeskKey.Enter => Approved(new DeskRequest.CloseBatches()),
            Page.BatchShown or Page.Closed when press.Key is DeskKey.Enter or DeskKey.Escape => GoTo(Home),
            Page.BillShown when press.Key == DeskKey.Escape => GoTo(Home),
            Page.BillShown when press.IsDigit => Refuse(Words.SwipeFirst),

            // A late key of the reader: it must not cancel anything.
            Page.BillShown when press.Key == DeskKey.Enter => Refuse(said),
            Page.PinEntry page => OnPinEntry(page, press),
            Page.NotPayable when press.IsDigit && Home is Page.BillEntry home => OnBillEntry(home, press),
            Page.NotPayable or Page.Ended { IsUnknown: false } when MayGoOn && press.Key is DeskKey.Enter or DeskKey.Escape =>
                press.Key == DeskKey.Enter && BillToRetry is { } bill ? LookUp(bill) : GoTo(Home),
            Page.Past page => OnPast(page, press),
            Page.PaymentEntry page => OnPaymentEntry(page, press),
            Page.PaymentShown page => OnPaymentShown(page, press),
            Page.RefundSwipe page when press.Key == DeskKey.Escape => GoTo(new Page.PaymentShown(page.Payment, "")),
            Page.RefundSwipe when press.IsDigit => Refuse(Words.SwipeFirst),
            _ => null,
        };
    }

    /// <summary>Takes the input of a reader or a scanner, or a paste. Its Enter does not confirm the page.</summary>
    /// <returns>The next request; null when there is none.</returns>
    public DeskRequest? Read(DeskInput.Burst burst)
    {
        var reading = Reading.Read(burst.Signs);
        var isScan = reading is Reading.Number { Digits.Length: >= FewestScanned };
        var isPart = burst.Follows && (_before.IsBroken
            || (_before.IsScan && (IsShort(burst) || Page is Page.SignIn))
            || (_before.IsSwipe && (Page is Page.PinEntry { Pin: "" } || !(isScan || reading is Reading.Card))));
        _before = isPart ? _before with { IsBroken = !burst.IsEnded && _before.IsSwipe }
            : (IsScan: reading is Reading.Number && !IsShort(burst), IsSwipe: reading is not Reading.Number, IsBroken: !burst.IsEnded && reading is not Reading.Number);
        if (isPart)
        {
            // A further track, or the rest, of the previous swipe.
            return null;
        }

        _isLeaving = false;
        _last = (DeskKey.Other, time.GetTimestamp());
        NotePin(IsShort(burst));
        if (IsBusy)
        {
            Page = Page is Page.Asking asking ? asking with { WasWarned = false } : Page;
            return null;
        }

        Notice = null;
        return Page switch
        {
            Page.SignIn page => OnSignInRead(page, burst, reading),
            Page.BillShown page => OnSwipe(page.Bill, page.Since, reading, Words.ScanLater),
            Page.PinEntry page => OnSwipe(page.Bill, page.Since, reading, Words.PinByHand),
            Page.PaymentEntry => OnPaymentRead(burst, reading),
            Page.PaymentShown when reading is Reading.Number && IsShort(burst) => Retype(burst),
            Page.RefundSwipe page => OnRefundSwipe(page, reading),
            Page.BillEntry or Page.NotPayable or Page.Ended { IsUnknown: false } when Home is Page.BillEntry => OnBillRead(burst, reading),
            Page.Past page when reading is Reading.Number { Digits: var digits } && (IsShort(burst) || BillNumber.IsWhole(digits)) =>
                OnPastRead(page, burst, digits),
            _ => Refuse(reading is Reading.Card or Reading.UnreadableCard ? Words.SwipeLater : Words.ScanLater),
        };
    }

    private DeskRequest? OnSwipe(Report bill, long since, Reading reading, string whenScanned)
    {
        switch (reading)
        {
            case Reading.Card card:
                _badReads = 0;
                return GoTo(new Page.PinEntry(bill, since, card.Track, "", time.GetTimestamp()));

            case Reading.UnreadableCard or Reading.OtherLayout:
                _badReads++;
                Page = new Page.BillShown(bill, since);
                return Refuse(reading is Reading.OtherLayout ? Words.OtherLayout : Words.SwipeAgain);

            default:
                // Such fast input is never a PIN; digits keyed in before it may be its beginning.
                Page = Page is Page.PinEntry page ? page with { Pin = "", KeyedAt = time.GetTimestamp() } : Page;
                return Refuse(whenScanned);
        }
    }

    private DeskRequest? OnRefundSwipe(Page.RefundSwipe page, Reading reading)
    {
        switch (reading)
        {
            case Reading.Card { Track.Masked: var card } when card == page.Payment.MaskedCard:
                _badReads = 0;
                return GoTo(new Page.SignIn("", "", IsAtPassword: false, Back: page, Signs: new DeskRequest.Refund(page.Payment, page.Amount, card)));

            case Reading.Card:
                _badReads = 0;
                return Refuse(AnswerTexts.DescribeAnswer(ResponseCodes.BadCard, LocalReason.OtherCard, Texts.Language).Clerk);

            case Reading.UnreadableCard or Reading.OtherLayout:
                _badReads++;
                return Refuse(reading is Reading.OtherLayout ? Words.OtherLayout : Words.SwipeAgain);

            default:
                return Refuse(Words.ScanLater);
        }
    }

    private DeskRequest? OnPaymentRead(DeskInput.Burst burst, Reading reading)
    {
        switch (reading)
        {
            case Reading.Number when IsShort(burst):
                return Retype(burst);

            case Reading.Number { Digits: var digits } when Counter.IsPayment(digits):
                _isHidden = false;
                Page = new Page.PaymentEntry(digits);
                return burst.IsEnded ? LookUpPayment(digits) : null;

            case Reading.Card or Reading.UnreadableCard:
                return Refuse(Words.SwipeLater);

            // Digits that name no payment may be a card number: they are not shown.
            default:
                Page = new Page.PaymentEntry("");
                return Refuse(reading is Reading.OtherLayout ? Words.OtherLayout : Texts.NumberMistyped);
        }
    }

    private DeskRequest? OnBillRead(DeskInput.Burst burst, Reading reading)
    {
        switch (reading)
        {
            case Reading.Card or Reading.UnreadableCard:
                return Refuse(Words.SwipeLater);

            case Reading.Number when IsShort(burst):
                return Page is Page.Ended ? null : Retype(burst);

            case Reading.Number when !MayGoOn:
                return Refuse(Words.ScanTooSoon);

            case Reading.Number { Digits: var digits } when BillNumber.IsWhole(digits):
                _isHidden = false;
                Page = new Page.BillEntry(digits);
                return burst.IsEnded ? LookUp(digits) : null;

            // Digits that are not a bill number may be a card number: they are not shown.
            default:
                Page = Page is Page.Ended ? Page : new Page.BillEntry("");
                return Refuse(reading is Reading.OtherLayout ? Words.OtherLayout
                    : reading is Reading.Number { Digits.Length: BillNumber.Length } ? Texts.BillMistyped
                    : Words.ScanNoBill);
        }
    }

    private DeskRequest? OnPastRead(Page.Past page, DeskInput.Burst burst, string digits)
    {
        if (IsShort(burst))
        {
            // The burst's Enter prints nothing.
            return Retype(burst with { IsEnded = false });
        }

        _isHidden = false;
        return GoTo(page with { Digits = digits, At = 0, From = 0 });
    }

    // The number of a badge, or a password typed fast. A barcode of goods or of a bill is neither, and must not count as a wrong password.
    private DeskRequest? OnSignInRead(Page.SignIn page, DeskInput.Burst burst, Reading reading)
    {
        var isTyping = page.IsAtPassword ? reading is Reading.Number or Reading.Other or Reading.UnreadableCard : burst.Signs.All(IsDigit);
        return isTyping && burst.Signs.Count(IsDigit) <= ClerkDigits ? Retype(burst)
            : Refuse(reading is Reading.Card or Reading.UnreadableCard ? Words.SwipeLater : Words.ScanNoClerk);
    }

    private static bool IsDigit(char sign) => char.IsAsciiDigit(Reading.Fold(sign));

    private static bool IsShort(DeskInput.Burst burst) => burst.Signs.Length < FewestScanned && burst.Signs.All(IsDigit);

    private DeskRequest? Retype(DeskInput.Burst burst)
    {
        // It was typing: the next burst is not its continuation.
        _before = default;
        foreach (var sign in burst.Signs)
        {
            Press(new Press(DeskKey.Sign, sign));
        }

        return burst.IsEnded ? Press(new Press(DeskKey.Enter)) : null;
    }

    /// <summary>The digits as the screen may show them.</summary>
    public string Shown(string digits) => _isHidden ? new string('•', digits.Length) : digits;

    // Digits on a page without input may be a late PIN.
    private void NotePin(bool areDigits) =>
        _pinAt = areDigits && Page is not (Page.BillEntry or Page.NotPayable or Page.Past or Page.SignIn or Page.PaymentEntry or Page.PaymentShown) ? time.GetTimestamp() : _pinAt;

    // Digits that begin so soon after a PIN's page may be that PIN: they are never shown.
    private void Hide(string digits, Press press)
    {
        if (press.IsDigit)
        {
            _isHidden = digits.Length > 0 ? _isHidden : _pinAt is { } at && time.GetElapsedTime(at) < PinEcho;
            Notice = _isHidden ? Words.MayBePin : null;
        }
    }

    private DeskRequest? Refuse(string? why)
    {
        Notice = why;
        return null;
    }

    /// <param name="past">For the page of receipts: the payments of the journal, newest first.</param>
    public void ShowPast(IReadOnlyList<JournaledSwipe> past) => (Page, Notice) = (new Page.Past(past, "", 0), null);

    /// <summary>The content of the batch before it is closed.</summary>
    public void ShowBatch(BatchTotals totals) => (Page, Notice) = (new Page.BatchShown(totals), null);

    /// <summary>The request under way has ended.</summary>
    /// <param name="report">Its outcome.</param>
    /// <param name="isPrinting">Its receipts are being printed; <see cref="Printed"/> is called later.</param>
    public void Done(Report report, bool isPrinting = false)
    {
        IsBusy = false;
        Notice = isPrinting ? Words.Printing : null;
        switch (Page)
        {
            case Page.BatchShown or Page.Closed when report.Outcome == Outcome.Closed:
                Page = new Page.Closed(report, null);
                break;

            case Page.BatchShown or Page.Closed:
                Notice = report.Text;
                break;

            case Page.Opening or Page.Waiting or Page.Ended { IsUnknown: true }:
                Page = report.Outcome == Outcome.Settled ? AfterSettling(report.Resolved, isPrinting)
                    : Page is Page.Ended ended ? ended with { Since = time.GetTimestamp() }
                    : new Page.Waiting(report, time.GetTimestamp());
                break;

            case Page.LookingUp when report.Outcome == Outcome.Found:
                Page = new Page.BillShown(report, time.GetTimestamp());
                break;

            case Page.Closing when report.Outcome == Outcome.Unknown:
                Page = new Page.Ended(report, null, IsEarlier: true, time.GetTimestamp(), isPrinting);
                break;

            case Page.Closing:
                Page = new Page.Closed(report, null);
                break;

            case Page.PaymentLookingUp when report.Outcome == Outcome.Found:
                Page = new Page.PaymentShown(report, "");
                break;

            case Page.LookingUp or Page.PaymentLookingUp:
                Page = new Page.NotPayable(report);
                break;

            case Page.Asking or Page.Refunding:
                Page = new Page.Ended(report, null, IsEarlier: false, time.GetTimestamp(), isPrinting);
                break;
        }
    }

    /// <summary>The printer has finished the receipts of the report; the clerk may be on another page by now.</summary>
    /// <param name="fault">Why they are not on paper; null when they are.</param>
    public void Printed(SwipeReport report, string? fault)
    {
        Notice = Notice == Words.Printing ? null : Notice;
        switch (Page)
        {
            case Page.Past:
                Notice = fault ?? Words.Printed;
                break;

            case Page.Ended shown when ReferenceEquals(shown.Report, report):
                Page = shown with { PrintFault = fault, IsPrinting = false };
                break;

            case Page.Closed shown when ReferenceEquals(shown.Report, report):
                Page = shown with { PrintFault = fault };
                break;
        }
    }

    /// <summary>The printer has finished receipts that had waited, or cannot begin them.</summary>
    /// <param name="fault">Why they are not on paper; null when they are.</param>
    public void PrintedEarlier(JournalKey? key, string? fault)
    {
        if (Page is Page.Ended { IsEarlier: true, IsPrinting: true } shown && (key is null || shown.Report.Key == key))
        {
            (Page, Notice) = (shown with { PrintFault = fault, IsPrinting = false }, null);
        }
        else if (Page is Page.Ended { PrintFault: not null } waited && waited.Report.Key == key)
        {
            Page = waited with { PrintFault = fault };
        }
        else if (Page is Page.BillEntry && fault is null)
        {
            Notice = Words.EarlierPrinted;
        }
    }

    /// <summary>A request without a report has ended.</summary>
    public void Done() => IsBusy = false;

    /// <summary>Call regularly: some pages end after a time.</summary>
    /// <param name="isAsked">True when the server has asked for something.</param>
    public DeskRequest? Tick(bool isAsked = false)
    {
        if (IsBusy)
        {
            return null;
        }

        switch (Page)
        {
            case Page.Waiting { Since: var since } when time.GetElapsedTime(since) >= RetryAfter:
            case Page.Ended { IsUnknown: true, Since: var then } when time.GetElapsedTime(then) >= RetryAfter:
                return Started(new DeskRequest.Settle());

            // The customer has left with the card.
            case Page.PinEntry page when time.GetElapsedTime(page.KeyedAt) >= PinPatience:
                (Page, Notice) = (new Page.BillShown(page.Bill, page.Since), Words.PinLeft);
                return null;

            // A clerk who has begun to key something in must not wait.
            case Page.BillEntry { Digits: "" } when isAsked || time.GetElapsedTime(_tendedAt) >= TendAfter:
            // Paper has been, or will soon be, put in.
            case Page.Ended { IsUnknown: false, PrintFault: not null } when time.GetElapsedTime(_tendedAt) >= LookAfter:
                _tendedAt = time.GetTimestamp();
                return new DeskRequest.Tend();

            default:
                return null;
        }
    }

    private Page AfterSettling(SwipeReport? earlier, bool isPrinting) => earlier is null
        ? Home
        : new Page.Ended(earlier, null, IsEarlier: true, time.GetTimestamp(), isPrinting);

    private DeskRequest? OnBillEntry(Page.BillEntry page, Press press)
    {
        Hide(page.Digits, press);
        var digits = press.IsDigit && page.Digits.Length < BillNumber.Length ? page.Digits + press.Digit
            : press.Key == DeskKey.Back && page.Digits.Length > 0 ? page.Digits[..^1]
            : press.Key == DeskKey.Escape ? ""
            : page.Digits;
        Page = new Page.BillEntry(digits);
        var isWhole = BillNumber.IsWhole(digits);
        var isFull = digits.Length == BillNumber.Length;
        if (_isHidden && !isWhole && (isFull || (press.Key == DeskKey.Enter && digits.Length > 0)))
        {
            // Hidden digits cannot be checked by eye.
            Page = new Page.BillEntry("");
            return Refuse(Words.MayHaveBeenPin);
        }

        if (isFull && !isWhole)
        {
            Notice = Texts.BillMistyped;
        }
        else if (isWhole)
        {
            Notice = null;
            return press.Key == DeskKey.Enter ? LookUp(digits) : null;
        }
        else if (press.Key == DeskKey.Enter && digits.Length > 0)
        {
            Notice = Words.Incomplete;
        }

        return null;
    }

    private DeskRequest.LookUp LookUp(string bill)
    {
        Page = new Page.LookingUp(bill);
        return Started(new DeskRequest.LookUp(bill));
    }

    private DeskRequest? OnPaymentEntry(Page.PaymentEntry page, Press press)
    {
        Hide(page.Digits, press);
        if (press.Key == DeskKey.Escape)
        {
            return GoTo(Home);
        }

        var digits = press.IsDigit && page.Digits.Length < BillNumber.Length ? page.Digits + press.Digit
            : press.Key == DeskKey.Back && page.Digits.Length > 0 ? page.Digits[..^1]
            : page.Digits;
        Page = new Page.PaymentEntry(digits);
        if (press.Key != DeskKey.Enter || digits.Length == 0)
        {
            return null;
        }

        if (Counter.IsPayment(digits))
        {
            return LookUpPayment(digits);
        }

        // Hidden digits cannot be checked by eye.
        Page = _isHidden ? new Page.PaymentEntry("") : Page;
        return Refuse(_isHidden ? Words.MayHaveBeenPin : Texts.NumberMistyped);
    }

    private DeskRequest.LookUpPayment LookUpPayment(string number)
    {
        Page = new Page.PaymentLookingUp(number);
        return Started(new DeskRequest.LookUpPayment(number));
    }

    private DeskRequest? OnPaymentShown(Page.PaymentShown page, Press press)
    {
        if (press.Key == DeskKey.Enter)
        {
            return page.Amount >= 1 && page.Amount <= page.Payment.Refundable
                ? GoTo(new Page.RefundSwipe(page.Payment, page.Amount))
                : Refuse(Words.RefundTooMuch);
        }

        return press.Key == DeskKey.Escape ? GoTo(Home) : GoTo(page with
        {
            Digits = press.IsDigit && page.Digits.Length < AmountDigits ? page.Digits + press.Digit
                : press.Key == DeskKey.Back && page.Digits.Length > 0 ? page.Digits[..^1]
                : page.Digits,
        });
    }

    private DeskRequest? OnPinEntry(Page.PinEntry page, Press press)
    {
        if (press.Key == DeskKey.Escape)
        {
            return GoTo(Home);
        }

        if (press.Key == DeskKey.Enter)
        {
            if (page.Pin.Length >= PinBlock.MinPin)
            {
                Page = new Page.Asking(page.Bill, time.GetTimestamp());
                return Started(new DeskRequest.Pay(page.Bill, new SwipedCard(page.Track, page.Pin)));
            }

            // Without digits it is a late Enter of the reader.
            return page.Pin.Length == 0 ? null : Refuse(Words.PinShort);
        }

        return GoTo(page with
        {
            Pin = press.IsDigit && page.Pin.Length < PinBlock.MaxPin ? page.Pin + press.Digit
                : press.Key == DeskKey.Back && page.Pin.Length > 0 ? page.Pin[..^1]
                : page.Pin,
            KeyedAt = time.GetTimestamp(),
        });
    }

    private DeskRequest? OnPast(Page.Past page, Press press)
    {
        Hide(page.Digits, press);
        if (press.Key == DeskKey.Escape)
        {
            return GoTo(Home);
        }

        var shown = page.Shown;
        if (press.Key == DeskKey.Enter && shown.Count > 0)
        {
            // A customer may have left without the last receipt; older ones are useful to a thief.
            var reprint = new DeskRequest.Reprint(shown[page.At]);
            return shown[page.At] == page.All[0] ? Started(reprint) : Approved(reprint);
        }

        Page = press.Key switch
        {
            DeskKey.Up => page with { At = Math.Max(0, page.At - 1), From = 0 },
            DeskKey.Down => page with { At = Math.Min(Math.Max(0, shown.Count - 1), page.At + 1), From = 0 },
            DeskKey.PageUp => page with { From = Math.Max(0, page.From - Page.Past.LinesAtOnce) },
            DeskKey.PageDown => page with { From = Math.Min(Page.Past.LastFrom, page.From + Page.Past.LinesAtOnce) },
            DeskKey.Back when page.Digits.Length > 0 => page with { Digits = page.Digits[..^1], At = 0, From = 0 },
            DeskKey.Sign when press.IsDigit && page.Digits.Length < BillNumber.Length => page with { Digits = page.Digits + press.Digit, At = 0, From = 0 },
            _ => page,
        };
        return null;
    }

    private DeskRequest.GiveUp? OnAsking(Page.Asking page, Press press)
    {
        var isEscape = press.Key == DeskKey.Escape;
        if (isEscape && page.WasWarned)
        {
            Page = page with { IsGivenUp = true };
            return new DeskRequest.GiveUp();
        }

        Page = page with { WasWarned = isEscape };
        Notice = isEscape ? Words.GiveUpAgain : null;
        return null;
    }

    /// <summary>The result of the check of a clerk's number and password.</summary>
    /// <param name="who">Null when they are wrong.</param>
    /// <param name="why">The reason, if they are wrong.</param>
    /// <returns>The action that a supervisor has approved.</returns>
    public DeskRequest? SignedIn(ClerkIdentity? who, string? why)
    {
        IsBusy = false;
        if (Page is not Page.SignIn page)
        {
            return null;
        }

        if (who is null || (page.Approves is not null && !who.IsSupervisor))
        {
            (Page, Notice) = (page with { Number = "", Password = "", IsAtPassword = false }, why ?? Words.NoSupervisor);
            return null;
        }

        Notice = null;
        if (page.Approves is { } request)
        {
            Page = page.Back!;
            return Execute(request);
        }

        Clerk = who;
        return GoTo(Home);
    }

    // Where clerks sign in, a supervisor must approve it; a signed-in supervisor has done so already.
    private DeskRequest? Approved(DeskRequest request) => !needsClerk || Clerk?.IsSupervisor == true
        ? Execute(request)
        : GoTo(new Page.SignIn("", "", IsAtPassword: false, request, Page));

    private DeskRequest Execute(DeskRequest request)
    {
        if (request is DeskRequest.CloseBatches)
        {
            Page = new Page.Closing(time.GetTimestamp());
        }

        return Started(request);
    }

    private DeskRequest? OnSignIn(Page.SignIn page, Press press)
    {
        // A character has up to four bytes.
        const int MaxPassword = ClerkPasswordCipher.MaxPassword / 4;
        Hide(page.Number, page.IsAtPassword ? default : press);
        switch (press.Key)
        {
            case DeskKey.Escape when page.Back is { } back:
                return GoTo(back);

            case DeskKey.Escape:
                return GoTo(page with { Number = "", Password = "", IsAtPassword = false });

            case DeskKey.Enter when page is { IsAtPassword: false, Number.Length: > 0 }:
                return GoTo(page with { IsAtPassword = true });

            case DeskKey.Enter when page is { Signs: { } refund, Password.Length: > 0 }:
                return Sign(page, refund);

            case DeskKey.Enter when page.Password.Length > 0:
                return Started(new DeskRequest.SignIn(page.Number, page.Password));

            case DeskKey.Back when page.Password.Length > 0:
                return GoTo(page with { Password = page.Password[..^1] });

            case DeskKey.Back when page.IsAtPassword:
                return GoTo(page with { IsAtPassword = false });

            case DeskKey.Back when page.Number.Length > 0:
                return GoTo(page with { Number = page.Number[..^1] });

            case DeskKey.Sign when page.IsAtPassword && page.Password.Length < MaxPassword:
                return GoTo(page with { Password = page.Password + press.Sign });

            case DeskKey.Sign when press.IsDigit && !page.IsAtPassword && page.Number.Length < ClerkDigits:
                return GoTo(page with { Number = page.Number + press.Digit });

            default:
                return null;
        }
    }

    // Two people: who is signed in here does not sign. The server verifies number and password, and checks this once more.
    private DeskRequest? Sign(Page.SignIn page, DeskRequest.Refund refund)
    {
        if (page.Number == Clerk?.Number)
        {
            Page = page with { Number = "", Password = "", IsAtPassword = false };
            return Refuse(Texts.AnotherPerson);
        }

        Page = new Page.Refunding(refund.Payment, refund.Amount, time.GetTimestamp());
        return Started(refund with { Signature = new Signature(page.Number, page.Password) });
    }

    private Page Home => needsClerk && Clerk is null ? new Page.SignIn("", "", IsAtPassword: false) : new Page.BillEntry("");

    private DeskRequest? GoTo(Page page)
    {
        Page = page;
        return null;
    }

    private T Started<T>(T request)
        where T : DeskRequest
    {
        IsBusy = true;
        return request;
    }
}
