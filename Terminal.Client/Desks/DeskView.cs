using System.Globalization;
using Lakala.Terminal.Client.Counters;
using Lakala.Terminal.Client.Printing;
using Lakala.Terminal.Client.Words;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Texts;

namespace Lakala.Terminal.Client.Desks;

internal enum Ink
{
    Plain,
    Faint,
    Strong,
    Bar,
    BarGood,
    Good,
    Bad,
    Alarm,
    Warn,
    Customer,
}

/// <summary>A piece of text in one colour.</summary>
internal readonly record struct Piece(int Row, int Column, string Text, Ink Ink);

/// <summary>The content of the status line at this moment.</summary>
/// <param name="Printer">The state of the printer; null when receipts are only shown.</param>
internal sealed record DeskStatus(string Terminal, string? Store, string? Clerk, bool IsUp, int OpenItems, (string Text, bool IsGood)? Printer, DateTimeOffset Now);

/// <summary>Draws a desk: the clerk's part above, the customer's below, the status at the bottom. Needs 80 columns and 24 rows.</summary>
internal sealed class DeskView(int columns, int rows, TimeProvider time)
{
    private const int FewestColumns = 80, FewestRows = 24;
    private const int Margin = 3, LabelWidth = 12, CustomerRows = 4, ReceiptWidth = Receipt.Columns + 3, PastWidth = 42, ReasonRows = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(12);

    private readonly List<Piece> _pieces = [];
    private int _row;

    /// <summary>True when a whole page fits. A smaller screen shows only the outcome, in one line.</summary>
    public static bool Fits(int columns, int rows) => columns >= FewestColumns && rows >= FewestRows;

    private int CustomerTop => rows - 2 - CustomerRows;

    private int Width => columns - 2 * Margin;

    public static IReadOnlyList<Piece> Draw(Desk desk, DeskStatus status, int columns, int rows, TimeProvider time)
    {
        var view = new DeskView(columns, rows, time);
        if (!Fits(columns, rows))
        {
            view.Least(desk);
            return view._pieces;
        }

        view.Title(status);
        view.Body(desk, status);
        view.StatusLine(desk.Words, status);
        return view._pieces;
    }

    // The outcome from the first row on; then what to do about the size.
    private void Least(Desk desk)
    {
        var words = desk.Words;
        switch (desk.Page)
        {
            case Page.Ended page:
                var (big, ink) = Large(words, page.Report);
                SmallLines($"{string.Concat(big.Select(line => line + " "))}  {(page.Report.Amount is null ? "" : Money(page.Report))}  {page.Report.Bill}", ink);
                break;

            case Page.Asking page:
                SmallLines(page.IsGivenUp ? words.GivingUp : words.Asking, Ink.Strong);
                break;
        }

        SmallLines(desk.Notice, Ink.Warn);
        SmallLines(words.TooSmall, Ink.Alarm);
    }

    private void SmallLines(string? text, Ink ink)
    {
        foreach (var line in TextColumns.Wrap(text, Math.Max(1, columns)))
        {
            Put(_row++, 0, line, ink);
        }
    }

    private void Title(DeskStatus status)
    {
        Fill(0, Ink.Bar);
        var name = $" LAKALA   {TextColumns.Clean(status.Store ?? "")}";
        var right = $"{TextColumns.Clean(status.Clerk ?? "")}   {status.Terminal}   {status.Now:HH:mm} ";
        var width = ColumnWidth.Measure(right);
        Put(0, 0, Cut(name, columns - width - 1), Ink.Bar);
        Put(0, columns - width, right, Ink.Bar);
    }

    private void StatusLine(DeskTexts words, DeskStatus status)
    {
        var row = rows - 1;
        Fill(row, Ink.Bar);
        var at = 1;
        at = Light(row, at, status.IsUp ? words.OnLine : words.OffLine, status.IsUp);
        if (status.Printer is { } printer)
        {
            at = Light(row, at, printer.Text, printer.IsGood);
        }

        Light(row, at, status.OpenItems == 0 ? words.NoOpenItem : string.Format(CultureInfo.InvariantCulture, words.OpenItem, status.OpenItems), status.OpenItems == 0);
    }

    private int Light(int row, int at, string text, bool isGood)
    {
        Put(row, at, isGood ? "✓ " : "✗ ", isGood ? Ink.BarGood : Ink.Alarm);
        Put(row, at + 2, text, isGood ? Ink.Bar : Ink.Alarm);
        return at + 2 + ColumnWidth.Measure(text) + 3;
    }

    private void Body(Desk desk, DeskStatus status)
    {
        var words = desk.Words;
        _row = 2;
        switch (desk.Page)
        {
            case Page.Opening:
                Say(words.Opening, Ink.Plain);
                Bottom(desk, words.Welcome);
                break;

            case Page.Waiting page:
                Say(words.NoSales, Ink.Alarm);
                _row++;
                Say(page.Report.Text, Ink.Plain);
                Say(page.Report.NeedsOperator ? "" : words.Retries, Ink.Faint);
                Bottom(desk, page.Report.NeedsOperator ? words.ReusedCustomer : page.Report.CustomerText ?? words.AskingCustomer);
                break;

            case Page.SignIn page:
                Say(page.Signs is not null ? words.RefundSign : page.Approves is null ? words.SignIn : words.Approve, Ink.Strong);
                _row++;
                Pair(words.ClerkNumber, desk.Shown(page.Number) + (page.IsAtPassword ? "" : "_"), Ink.Strong);
                Pair(words.Password, new string('•', page.Password.Length) + (page.IsAtPassword ? "_" : ""), Ink.Strong);
                if (desk.IsBusy)
                {
                    _row++;
                    Say(words.Verifying, Ink.Strong);
                }

                Bottom(desk, words.AskingCustomer, page.Back is null ? "" : words.KeyBack);
                break;

            case Page.BillEntry page:
                Say(words.BillPrompt, Ink.Strong);
                _row += 2;
                Put(_row, Margin + 2, Grouped(desk.Shown(page.Digits).PadRight(BillNumber.Length, '_')), Ink.Strong);
                if (page.Digits.Length == BillNumber.Length)
                {
                    var isWhole = BillNumber.IsWhole(page.Digits);
                    Put(_row, Margin + 22, isWhole ? "✓" : "✗", isWhole ? Ink.Good : Ink.Bad);
                }

                Bottom(desk, words.BillCustomer);
                break;

            case Page.LookingUp page:
                Say(words.LookingUp, Ink.Strong);
                _row += 2;
                Put(_row, Margin + 2, Grouped(page.Bill), Ink.Plain);
                Bottom(desk, words.AskingCustomer);
                break;

            case Page.BillShown page:
                Bill(desk.Texts, words, page.Bill, page.Since);
                Say(words.SwipePrompt, Ink.Strong);
                Bottom(desk, $"{page.Bill.Payee}  {Money(page.Bill)}\n{words.SwipeCustomer}", words.KeyBack);
                break;

            case Page.PinEntry page:
                Bill(desk.Texts, words, page.Bill, page.Since);
                Say(string.Format(CultureInfo.InvariantCulture, words.PinPrompt, page.Track.Masked), Ink.Strong);
                Bottom(desk, $"{page.Bill.Payee}  {Money(page.Bill)}\n{words.PinCustomer} {new string('•', page.Pin.Length)}_", words.KeyBack);
                break;

            case Page.Asking page:
                Bill(desk.Texts, words, page.Bill, null);
                var elapsed = time.GetElapsedTime(page.Since);
                var what = page.IsGivenUp ? words.GivingUp : elapsed > Patience ? words.StillAsking : words.Asking;
                Say($"{what}  {Bar(elapsed)}  {(int)elapsed.TotalSeconds} s", Ink.Strong);
                Bottom(desk, $"{page.Bill.Payee}  {Money(page.Bill)}\n{words.AskingCustomer}", page.IsGivenUp ? "" : words.KeyGiveUp);
                break;

            case Page.PaymentEntry page:
                Say(words.RefundPrompt, Ink.Strong);
                _row += 2;
                Put(_row, Margin + 2, Grouped(desk.Shown(page.Digits).PadRight(BillNumber.Length, '_')), Ink.Strong);
                Bottom(desk, words.RefundCustomer, words.KeyBack);
                break;

            case Page.PaymentLookingUp page:
                Say(words.RefundLookingUp, Ink.Strong);
                _row += 2;
                Put(_row, Margin + 2, Grouped(page.Number), Ink.Plain);
                Bottom(desk, words.AskingCustomer);
                break;

            case Page.PaymentShown page:
                Payment(words, page.Payment, page.Amount);
                Say(words.RefundAmountPrompt, Ink.Strong);
                Bottom(desk, words.AskingCustomer, words.KeyBack);
                break;

            case Page.RefundSwipe page:
                Payment(words, page.Payment, page.Amount);
                Say(string.Format(CultureInfo.InvariantCulture, words.RefundSwipePrompt, page.Payment.MaskedCard), Ink.Strong);
                Bottom(desk, words.RefundCustomer, words.KeyBack);
                break;

            case Page.Refunding page:
                Payment(words, page.Payment, page.Amount);
                var waited = time.GetElapsedTime(page.Since);
                Say($"{(waited > Patience ? words.StillAsking : words.RefundAsking)}  {Bar(waited)}  {(int)waited.TotalSeconds} s", Ink.Strong);
                Bottom(desk, words.AskingCustomer);
                break;

            case Page.NotPayable page:
                Put(_row, Margin + 2, Grouped(page.Report.Bill ?? ""), Ink.Plain);
                _row += 2;
                Say(page.Report.Text, Ink.Strong);
                Say(words.GoOn, Ink.Faint);
                Bottom(desk, page.Report.CustomerText ?? words.AskingCustomer);
                break;

            case Page.Ended page:
                Ended(desk, page, status);
                break;

            case Page.BatchShown page:
                Say(page.IsEmpty ? desk.Texts.NothingToClose : words.CloseBatch, Ink.Strong);
                _row++;
                Pair(desk.Texts.Payments, page.Totals.Count.ToString(CultureInfo.InvariantCulture));
                Pair(words.Amount, Receipt.Amount(page.Totals.Amount, CurrencyCode.Cny), Ink.Strong);
                Refunds(desk.Texts, page.Totals.Refunds, page.Totals.Refunded);
                Bottom(desk, words.AskingCustomer, $"{words.KeyBack}   {words.KeyReport}");
                break;

            case Page.Closing page:
                Say($"{words.Closing}  {Bar(time.GetElapsedTime(page.Since))}", Ink.Strong);
                Bottom(desk, words.AskingCustomer);
                break;

            case Page.Closed page:
                Closed(desk, page);
                break;

            case Page.Past page:
                Past(desk, page);
                break;
        }
    }

    private void Ended(Desk desk, Page.Ended page, DeskStatus status)
    {
        var (words, report) = (desk.Words, page.Report);
        if (page.IsEarlier)
        {
            var why = report.Duplicates > 0 ? string.Format(CultureInfo.InvariantCulture, words.EarlierReceipts, report.Duplicates) : words.Earlier;
            Say($"{why} {Grouped(report.Bill ?? "")}", Ink.Strong);
            _row++;
        }

        var (big, ink) = Large(words, report);
        foreach (var line in big.SelectMany(BigText.Lines))
        {
            Put(_row++, Margin, line, ink);
        }

        _row++;
        if (report.Amount is not null)
        {
            Say($"{report.Payee}   {Money(report)}", Ink.Plain);
        }

        Say(ForClerk(words, page, hasPrinter: status.Printer is not null), Ink.Strong);
        if (page.PrintFault is { } fault)
        {
            Say(string.Format(CultureInfo.InvariantCulture, words.NotPrinted, fault), Ink.Alarm);
        }

        if (!page.IsUnknown && desk.MayGoOn)
        {
            Say(desk.BillToRetry is null ? words.Next : words.Retry, Ink.Faint);
        }

        Bottom(desk, page.IsUnknown ? report.NeedsOperator ? words.ReusedCustomer : report.IsRefund ? report.CustomerText ?? "" : words.UnknownCustomer
            : report.CustomerText ?? (report.Outcome == Outcome.Approved ? "" : report.IsRefund ? words.NoRefundCustomer : words.NotPaidCustomer));
    }

    private static (IReadOnlyList<string> Lines, Ink Ink) Large(DeskTexts words, SwipeReport report) => report switch
    {
        { Outcome: Outcome.Approved } => ([words.Paid], Ink.Good),
        { Outcome: Outcome.Ordered } => (words.RefundOrdered, Ink.Good),
        { Outcome: Outcome.Unknown } => ([words.Unknown], Ink.Strong),
        { IsRefund: true } => ([words.NoRefund], Ink.Bad),
        { IsPaidAlready: true } => (words.AlreadyPaid, Ink.Strong),
        _ => ([words.NotPaid], Ink.Bad),
    };

    // The server's text mentions a receipt; only the terminal knows whether there is one on paper.
    private static string? ForClerk(DeskTexts words, Page.Ended page, bool hasPrinter)
    {
        var isPrinted = hasPrinter && !page.IsPrinting && page.PrintFault is null;
        return page.Report switch
        {
            { NeedsOperator: true } => page.Report.Text,
            { Outcome: Outcome.Unknown } => isPrinted ? words.UnknownClerk : words.UnknownWithoutSlip,
            { IsPaidAlready: true } => words.NotCharged,
            { Outcome: Outcome.Ordered } when !isPrinted => hasPrinter ? null : words.RefundOrderedClerk,
            { Outcome: Outcome.Approved } when !isPrinted => hasPrinter ? words.ApprovedNotPrinted : words.ApprovedWithoutPrinter,
            _ => page.Report.Text,
        };
    }

    private void Closed(Desk desk, Page.Closed page)
    {
        var (words, texts) = (desk.Words, desk.Texts);
        var isGood = page.Report.Batches?.All(batch => batch.Agreed) == true;
        Say(page.Report.Text, isGood ? Ink.Good : Ink.Alarm);
        foreach (var batch in page.Report.Batches ?? [])
        {
            _row++;
            Pair(texts.Batch, batch.Batch.ToString("D6", CultureInfo.InvariantCulture));
            Pair(texts.Payments, batch.Count.ToString(CultureInfo.InvariantCulture));
            Pair(words.Amount, Receipt.Amount(batch.Amount, CurrencyCode.Cny), Ink.Strong);
            Refunds(texts, batch.Refunds, batch.Refunded);
            if (!batch.Agreed)
            {
                Say($"{texts.ServerPayments} {batch.ServerCount}   {texts.ServerAmount} {Receipt.Amount(batch.ServerAmount, CurrencyCode.Cny)}", Ink.Plain);
                if (batch.HasRefunds)
                {
                    Say($"{texts.ServerRefunds} {batch.ServerRefunds}   {texts.ServerRefunded} {Receipt.Amount(batch.ServerRefunded, CurrencyCode.Cny)}", Ink.Plain);
                }

                Say(string.Join("   ", batch.Differences.Select(difference => $"{texts.Stan} {difference.Stan:D6}")), Ink.Plain);
            }
        }

        _row++;
        if (page.PrintFault is { } fault)
        {
            Say(string.Format(CultureInfo.InvariantCulture, words.ReportNotPrinted, fault), Ink.Alarm);
        }

        Say(words.GoOn, Ink.Faint);
        Bottom(desk, words.Welcome, $"{words.KeyBack}   {words.KeyReport}");
    }

    private void Past(Desk desk, Page.Past page)
    {
        var words = desk.Words;
        var shown = page.Shown;
        Say(words.Past, Ink.Strong, PastWidth);
        Say(page.Digits.Length > 0 ? $"[{desk.Shown(page.Digits)}_]" : "", Ink.Plain, PastWidth);
        if (shown.Count == 0)
        {
            Say(words.NothingPast, Ink.Plain, PastWidth);
        }

        // The last rows of the list show why the chosen payment was not paid.
        var room = rows - 3 - ReasonRows - _row;
        foreach (var (swipe, i) in shown.Select((swipe, i) => (swipe, i)).Skip(Math.Max(0, page.At - room + 1)).Take(room))
        {
            var mark = swipe.IsApproved ? "✓" : "✗";
            var amount = Receipt.Amount(swipe.Pending.Amount, swipe.Pending.Currency)[(Receipt.CurrencyName(swipe.Pending.Currency).Length + 1)..];
            var text = $"{mark} {swipe.Pending.Key.Stan:D6} {swipe.Pending.Bill} {(swipe.Pending.IsRefund ? "-" : "")}{amount}";
            Put(_row++, Margin, Cut(text, PastWidth - 1).PadRight(PastWidth - 1), i == page.At ? Ink.Bar : Ink.Plain);
        }

        if (page.At < shown.Count)
        {
            var chosen = shown[page.At];
            if (!chosen.IsApproved && desk.Notice is null)
            {
                _row++;
                var why = chosen.Result!.ClerkText ?? desk.Texts.NotSent;
                Say(chosen.Result.ResponseCode is { } code ? $"{code}: {why}" : why, Ink.Strong, PastWidth - 1);
            }

            Preview(words, Receipt.ComposeSlips(chosen.WithoutCode(), Print.Reprint, desk.Texts)[0], page.From);
        }

        var notice = TextColumns.Wrap(desk.Notice ?? Keys(desk, words.KeyBack), PastWidth - 1).ToList();
        for (var i = 0; i < notice.Count; i++)
        {
            Put(rows - 1 - notice.Count + i, Margin, notice[i], desk.Notice is null ? Ink.Faint : Ink.Warn);
        }
    }

    // A receipt that is longer than the screen is shown in pages.
    private void Preview(DeskTexts words, ReceiptSlip slip, int from)
    {
        var (top, room, lines) = (1, rows - 2, slip.Lines);
        var isWhole = lines.Count <= room;
        room = isWhole ? room : room - 1;
        foreach (var (line, _) in lines.Skip(Math.Min(from, Math.Max(0, lines.Count - room))).Take(room))
        {
            PreviewLine(top++, line);
        }

        if (!isWhole)
        {
            PreviewLine(top, $"… {words.KeyPages}");
        }
    }

    private void PreviewLine(int row, string line)
    {
        var shown = Cut(line, Receipt.Columns);
        Put(row, columns - ReceiptWidth, $" {shown}{new string(' ', Receipt.Columns - ColumnWidth.Measure(shown))} ", Ink.Customer);
    }

    private void Bill(TerminalTexts texts, DeskTexts words, Report bill, long? since)
    {
        Pair(words.Payee, bill.Payee);
        Pair(words.For, bill.Description);
        Pair(words.Order, bill.OrderId);
        Pair(words.Bill, Grouped(bill.Bill!));
        Pair(words.Amount, Money(bill), Ink.Strong);
        if (bill is { ShipWithinSeconds: { } ship, CheckWithinSeconds: { } check })
        {
            Pair(words.Guarantee, $"{texts.ShipsWithin}: {texts.Duration(ship)}, {texts.CheckWithin}: {texts.Duration(check)}");
        }

        if (since is { } at && bill.SecondsLeft is { } seconds)
        {
            var left = TimeSpan.FromSeconds(seconds) - time.GetElapsedTime(at);
            Pair(words.TimeLeft, left > TimeSpan.Zero ? left.ToString(left.TotalDays >= 1 ? @"d'd 'hh\:mm\:ss" : @"hh\:mm\:ss", CultureInfo.InvariantCulture) : words.TimeUp);
        }

        Say(bill.IsFeeKept ? texts.FeeKept : null, Ink.Plain);

        _row++;
    }

    private void Payment(DeskTexts words, Report payment, long amount)
    {
        Pair(words.Payee, payment.Payee);
        Pair(words.For, payment.Description);
        Pair(words.Bill, Grouped(payment.Bill!));
        Pair(words.PaidAmount, Money(payment));
        Pair(words.PaidAt, payment.PaidAt?.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture));
        Pair(words.PaidBy, payment.MaskedCard);
        Pair(words.Left, Receipt.Amount(payment.Refundable!.Value, CurrencyCode.Cny));
        Pair(words.RefundAmount, Receipt.Amount(amount, CurrencyCode.Cny), Ink.Strong);
        _row++;
    }

    private void Refunds(TerminalTexts texts, int count, long amount)
    {
        if (count > 0)
        {
            Pair(texts.Refunds, $"{count}   {Receipt.Amount(amount, CurrencyCode.Cny)}");
        }
    }

    // The customer's part, the error of the last key, and the available keys.
    private void Bottom(Desk desk, string customer, string key = "")
    {
        var notice = TextColumns.Wrap(desk.Notice, Width).ToList();
        for (var i = 0; i < notice.Count; i++)
        {
            Put(CustomerTop - 1 - notice.Count + i, Margin, notice[i], Ink.Warn);
        }

        for (var row = CustomerTop; row < CustomerTop + CustomerRows; row++)
        {
            Fill(row, Ink.Customer);
        }

        Put(CustomerTop, 1, desk.Words.Customer, Ink.Customer);
        var line = CustomerTop + 1;
        foreach (var part in customer.Split('\n').SelectMany(part => TextColumns.Wrap(part, Width)).Take(CustomerRows - 1))
        {
            Put(line++, Margin, part, Ink.Customer);
        }

        Put(rows - 2, Margin, Keys(desk, key), Ink.Faint);
    }

    // The page's own key, then the other keys that do something now.
    private static string Keys(Desk desk, string own) => string.Join(
        "   ", desk.Words.Keys.Where(key => desk.Takes(key.Key)).Select(key => key.Value).Prepend(desk.IsBusy && desk.Page is not Page.Asking ? "" : own).Where(text => text.Length > 0));

    private void Pair(string label, string? value, Ink ink = Ink.Plain)
    {
        if (value is not null)
        {
            Put(_row, Margin, label, Ink.Faint);
            Put(_row++, Margin + LabelWidth, Cut(TextColumns.Clean(value), Width - LabelWidth), ink);
        }
    }

    private void Say(string? text, Ink ink, int? width = null)
    {
        foreach (var line in TextColumns.Wrap(text, width ?? Width))
        {
            Put(_row++, Margin, line, ink);
        }
    }

    private void Fill(int row, Ink ink) => Put(row, 0, new string(' ', columns), ink);

    private void Put(int row, int column, string text, Ink ink)
    {
        if (row >= 0 && row < rows && text.Length > 0)
        {
            _pieces.Add(new Piece(row, column, text, ink));
        }
    }

    private static string Money(SwipeReport report) => Receipt.Amount(report.Amount!.Value, CurrencyCode.Cny);

    private static string Grouped(string bill) => string.Join(' ', BillNumber.Groups(bill));

    private static string Bar(TimeSpan elapsed)
    {
        const int Length = 10;
        var at = (int)(elapsed.TotalSeconds * 2) % Length;
        return string.Concat(Enumerable.Range(0, Length).Select(i => i == at ? '█' : '░'));
    }

    // A missing value is shown as missing.
    private static string Cut(string text, int width)
    {
        if (ColumnWidth.Measure(text) <= width)
        {
            return text;
        }

        var cut = new System.Text.StringBuilder();
        var used = 1;
        foreach (var rune in text.EnumerateRunes())
        {
            if ((used += ColumnWidth.Measure(rune)) > width)
            {
                break;
            }

            cut.Append(rune);
        }

        return cut.Append('…').ToString();
    }
}
