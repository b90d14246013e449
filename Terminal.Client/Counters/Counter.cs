using System.Security.Cryptography;
using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Printing;
using Lakala.Terminal.Client.Readers;
using Lakala.Terminal.Client.Sessions;
using Lakala.Terminal.Client.Setup;
using Lakala.Terminal.Client.Words;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;
using Lakala.Wire.Texts;
using Lakala.Wire.Tls;

namespace Lakala.Terminal.Client.Counters;

/// <summary>A supervisor's number and password under a refund. Its <c>ToString</c> is masked.</summary>
internal sealed record Signature(string Supervisor, string Password)
{
    public override string ToString() => Supervisor;
}

/// <summary>
/// The work of a clerk at one terminal. Before a new sale the outcome of every earlier one is certain and printed. A new one is
/// in the journal before it is sent, and its answer before it is shown.
/// </summary>
internal sealed class Counter : IAsyncDisposable
{
    /// <summary>Approved payments after which the batch must be closed before the next.</summary>
    private const int LargestBatch = 10_000;

    /// <summary>The wait for the server before a clerk signs in without it, if that is allowed.</summary>
    private static readonly TimeSpan SignInPatience = TimeSpan.FromSeconds(4);

    private readonly TerminalFolder _folder;
    private readonly Journal _journal;
    private readonly CounterOutput _screen;
    private readonly TimeProvider _time;
    private readonly MachineHealth _machine = new();
    private readonly ClerkMemory _clerks;
    private readonly LineLog _log;
    private readonly List<JournalKey> _toMark = [];
    private readonly HashSet<JournalKey> _neverPrinted = [];
    private volatile NetworkParameters _parameters;
    private TerminalSession? _session;
    private string? _storeName;

    /// <exception cref="JournalException">The journal is damaged.</exception>
    public Counter(TerminalFolder folder, CounterOutput screen, TimeProvider time)
        : this(folder, screen, time, new JournalDisk())
    {
    }

    internal Counter(TerminalFolder folder, CounterOutput screen, TimeProvider time, IJournalDisk disk)
    {
        (_folder, _screen, _time) = (folder, screen, time);
        Texts = TerminalTexts.ForLanguage(folder.Setup.Language);
        _parameters = NetworkParameters.Read(folder.Parameters);
        _clerks = new ClerkMemory(folder.Clerks, TimeSpan.FromHours(folder.Setup.ClerkOfflineHours), time);
        _log = new LineLog(folder.Log, time);
        _journal = Journal.OpenOrMake(folder.Journal, new JournalOptions(), disk);
    }

    public TerminalTexts Texts { get; private set; }

    /// <summary>The number of the clerk, for receipts and server; null when nobody has signed in.</summary>
    public ClerkIdentity? Clerk { get; set; }

    /// <summary>Whether the line to the network is open and signed on now.</summary>
    public bool IsUp => _session?.IsUp == true;

    /// <summary>Null until the first sign-on.</summary>
    public string? StoreName => _session?.StoreName ?? _storeName;

    /// <summary>The state of printer and card reader for the heartbeat; null while it is unknown.</summary>
    public Func<(PrinterState? Printer, bool IsReaderGood)>? Devices { get; set; }

    /// <summary>True when the server has asked for something; <see cref="Obey"/> does it.</summary>
    public bool HasRequirement => _session?.HasRequirement == true;

    /// <summary>Payments whose outcome is not known yet.</summary>
    public int OpenItems => _journal.OpenCount;

    /// <summary>Approved payments and refunds that are in no closed batch.</summary>
    public BatchTotals Unclosed => BatchTotals.Sum([.. _journal.OpenBatches.SelectMany(_journal.ApprovedIn)]);

    /// <summary>The latest payments of this terminal that are still in its journal, newest first.</summary>
    public IReadOnlyList<JournaledSwipe> Past => [.. _journal.Swipes.Where(swipe => swipe.Result is not null).Reverse()];

    /// <summary>Checks the input before anything is sent or the terminal's folder is opened. Null when it is valid.</summary>
    public static Report? RefuseBill(string bill, TerminalTexts texts) => BillNumber.IsWhole(bill)
        ? null
        : SwipeReport.Refused(texts.BillMistyped, bill) with { ResponseCode = ResponseCodes.NotPayable, Reason = LocalReason.BillMistyped };

    /// <summary>The same for the payment of a refund: its RRN, or the number of its bill.</summary>
    public static Report? RefusePayment(string number, TerminalTexts texts) => IsPayment(number)
        ? null
        : SwipeReport.Refused(texts.NumberMistyped, number) with { ResponseCode = ResponseCodes.NotPayable, Reason = LocalReason.BillMistyped };

    /// <summary>True for an RRN of twelve digits, and for a bill number that is whole.</summary>
    public static bool IsPayment(string number) => Rrn.TryParse(number, out _) || BillNumber.IsWhole(number);

    /// <summary>Changes the language, also of the server's texts: the terminal signs on again.</summary>
    public async Task Speak(TerminalTexts texts)
    {
        (Texts, _storeName) = (texts, StoreName);
        await (_session?.DisposeAsync() ?? ValueTask.CompletedTask);
        _session = NewSession();
    }

    public Task<Report> Lookup(string bill, CancellationToken stop) => Lookup(bill, Find, stop);

    /// <summary>What of a payment can be given back.</summary>
    /// <param name="number">Its RRN, or the number of its bill.</param>
    public Task<Report> LookupRefund(string number, CancellationToken stop) => Lookup(number, FindPayment, stop);

    private async Task<Report> Lookup(string bill, Func<string, CancellationToken, Task<Report>> find, CancellationToken stop)
    {
        try
        {
            if (await Session.WaitSinceLost(_folder.Setup.ConnectTimeout, stop) is { } trouble)
            {
                return Reports.DescribeUnreachable(trouble, bill);
            }

            var found = await find(bill, stop);
            if (found.ResponseCode != ResponseCodes.SignOnFirst)
            {
                return found;
            }

            // The terminal's session has ended: it signs on again, or gets the reason why it may not.
            return await Session.WaitUntilUp(_folder.Setup.ConnectTimeout, stop) is { } refusal ? Reports.DescribeUnreachable(refusal, bill) : await find(bill, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return Reports.Refuse(Texts.Interrupted, bill);
        }
    }

    /// <param name="abandon">Gives the payment up, at terminal and server: it ends as not paid, unless it was paid already.</param>
    /// <param name="stop">Ends the program: a payment under way stays open and is settled before the next one.</param>
    public Task<Report> Pay(string bill, SwipedCard card, CancellationToken abandon, CancellationToken stop) => AfterEarlier(
        bill,
        async earlier =>
        {
            var found = await Find(bill, stop);
            return (found.Outcome == Outcome.Found ? await Swipe(found, card, abandon, stop) : found) with { Resolved = earlier };
        },
        stop);

    /// <summary>The same for a bill that the clerk has looked up already.</summary>
    public Task<Report> Pay(Report found, SwipedCard card, CancellationToken abandon, CancellationToken stop) => AfterEarlier(
        found.Bill, async earlier => await Swipe(found, card, abandon, stop) with { Resolved = earlier }, stop);

    /// <summary>Gives money of a payment back to the card that paid it.</summary>
    /// <param name="number">The payment's RRN, or the number of its bill.</param>
    /// <param name="amount">Minor units; null: all that is left.</param>
    /// <param name="card">The card that the customer shows, masked.</param>
    /// <param name="signature">Of a supervisor who is not the clerk.</param>
    /// <param name="stop">Ends the program: a refund under way stays open and is settled before the next payment or refund.</param>
    public Task<Report> Refund(string number, long? amount, string card, Signature signature, CancellationToken stop) => AfterEarlier(
        number,
        async earlier =>
        {
            var found = await FindPayment(number, stop);
            return (found.Outcome == Outcome.Found ? await GiveBack(found, amount ?? found.Refundable!.Value, card, signature, stop) : found) with { Resolved = earlier };
        },
        stop);

    /// <summary>The same for a payment that the clerk has looked up already.</summary>
    public async Task<Report> Refund(Report found, long amount, string card, Signature signature, CancellationToken stop)
    {
        var report = await AfterEarlier(found.Bill, async earlier => await GiveBack(found, amount, card, signature, stop) with { Resolved = earlier }, stop);
        return report.Outcome == Outcome.Refused ? report with { RefundOf = found.Rrn } : report;
    }

    /// <summary>Asks for the outcome of every earlier payment and refund, and prints it.</summary>
    public Task<Report> Settle(CancellationToken stop) => AfterEarlier(
        null, earlier => Task.FromResult(Reports.DescribeSettled(earlier)), stop);

    /// <summary>
    /// Closes every batch that has payments, and compares its totals with the server's; the next payment begins a new batch.
    /// When the totals differ the batch is closed too, and the report lists the differences.
    /// </summary>
    public Task<Report> CloseBatches(CancellationToken stop) => AfterEarlier(
        null,
        async earlier =>
        {
            var (closed, now) = (new List<BatchReport>(), _time.GetUtcNow());
            foreach (var batch in _journal.OpenBatches.Where(batch => _journal.ApprovedIn(batch).Count > 0))
            {
                var (report, refused) = await Compare(batch, stop);
                if (report is null)
                {
                    return Reports.Refuse(refused ?? Texts.CloseUnanswered) with { Resolved = earlier };
                }

                // Stored before the batch is closed here, so that it can be printed after any crash.
                closed.Add(report);
                new KeptReport(now, StoreName, closed).Write(_folder.Report);
                _journal.Close(batch);
            }

            return closed.Count == 0
                ? Reports.DescribeNothingToClose(earlier)
                : Reports.DescribeClosed(new KeptReport(now, StoreName, closed), Print.Original) with { Resolved = earlier };
        },
        stop);

    /// <summary>The report of the last batch close.</summary>
    public Report ReprintBatch() => KeptReport.Read(_folder.Report) is { } kept
        ? Reports.DescribeClosed(kept, Print.Reprint)
        : Reports.Refuse(Texts.NoBatchReport);

    /// <summary>The receipts of the last payment or refund that was approved.</summary>
    public Report Reprint() => _journal.Swipes.LastOrDefault(swipe => swipe.IsApproved) is { } last
        ? Reprint(last)
        : Reports.Refuse(Texts.NothingToReprint);

    public Report Reprint(JournaledSwipe swipe) => Reports.DescribeSwipe(swipe, Print.Reprint);

    /// <summary>Shows the report; then its receipts, and those of earlier swipes in it, count as printed.</summary>
    /// <exception cref="IOException">Nobody reads the output, or the disk has a fault: they are printed again, as duplicates.</exception>
    public void Show(Report report)
    {
        // Receipts that this report fails to print must not be marked by a later report.
        var carried = TakeCarried();
        _screen.Show(report);
        foreach (var key in carried)
        {
            _journal.Printed(key);
        }
    }

    /// <summary>The swipes whose receipts are in the last report, for a caller that prints them.</summary>
    public IReadOnlyList<JournalKey> TakeCarried()
    {
        JournalKey[] carried = [.. _toMark];
        _toMark.Clear();
        return carried;
    }

    /// <summary>Its receipts are on paper, or nobody prints them.</summary>
    /// <exception cref="IOException">The disk has a fault: they are printed again, as duplicates.</exception>
    public void Printed(JournalKey key) => _journal.Printed(key);

    /// <summary>The oldest receipts that are not on paper, by the journal.</summary>
    public SwipeReport? TakeUnprinted()
    {
        if (_journal.Unprinted is not [var swipe, ..])
        {
            return null;
        }

        var print = _neverPrinted.Remove(swipe.Pending.Key) ? Print.Original : Print.Duplicate;
        return Reports.DescribeSwipe(swipe, print);
    }

    /// <summary>Verifies a clerk with the server; while it cannot be reached, against the clerks whom it verified here recently.</summary>
    /// <returns>The clerk, or the reason of the refusal.</returns>
    public async Task<(ClerkIdentity? Clerk, string? Why)> Verify(string number, string password, CancellationToken stop)
    {
        try
        {
            var answer = await Session.WaitSinceLost(SignInPatience, stop) is null ? await Session.SignInClerk(number, password, stop) : null;
            switch (answer)
            {
                case { Verdict.Code: ResponseCodes.Approved, Name: { } name }:
                    var clerk = new ClerkIdentity(number, name, answer.IsSupervisor);
                    _clerks.Remember(clerk, password);
                    return (clerk, null);

                case { Verdict: { Code: ResponseCodes.SecurityViolation, Reason: LocalReason.ClerkRefused or LocalReason.ClerkLocked } verdict }:
                    _clerks.Forget(number);
                    return (null, verdict.ClerkText);

                case { Verdict: { Code: ResponseCodes.SecurityViolation } verdict }:
                    return (null, verdict.ClerkText);

                default:
                    var (known, isLocked) = _clerks.Verify(number, password);
                    return (known, known is not null ? null : isLocked ? Texts.ClerkLocked : Texts.ClerkUnverified);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return (null, Texts.Interrupted);
        }
    }

    /// <summary>Does at a free moment what the server has asked the terminal to do.</summary>
    public async Task Obey(CancellationToken stop)
    {
        try
        {
            if (_session is not null && await _session.Obey(stop) is { } answer && NetworkParameters.Parse(answer.Version, answer.Json) is { } fresh)
            {
                fresh.Write(_folder.Parameters);
                _parameters = fresh;
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // They cannot be written to the disk: the old ones stay, and the server asks again.
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The program ends; the server asks again.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await (_session?.DisposeAsync() ?? ValueTask.CompletedTask);
        _journal.Dispose();
    }

    private CounterReports Reports => new(_folder.Setup, Texts, _parameters, _time);

    private TerminalSession Session => _session ??= NewSession();

    private async Task<Report> AfterEarlier(string? bill, Func<SwipeReport?, Task<Report>> work, CancellationToken stop)
    {
        SwipeReport? earlier = null;
        try
        {
            var duplicates = 0;
            foreach (var swipe in _screen.PrintsEarlier ? _journal.Unprinted : [])
            {
                earlier = ShowEarlier(swipe, Print.Duplicate) with { Duplicates = ++duplicates };
            }

            if (await Session.WaitSinceLost(_folder.Setup.ConnectTimeout, stop) is { } trouble)
            {
                return _journal.Open is [.., var unknown]
                    ? Reports.DescribeUnknown(unknown, null) with { Text = Texts.Join(Reports.Explain(trouble), Texts.EarlierUnknown), Resolved = earlier }
                    : Reports.DescribeUnreachable(trouble, bill) with { Resolved = earlier };
            }

            foreach (var swipe in _journal.Open)
            {
                var outcome = await Session.Enquire(swipe.Pending, stop);
                if (outcome is not PayOutcome.Final final)
                {
                    return outcome is PayOutcome.Unknown { Last: { } last } && CounterReports.IsReused(last)
                        ? Reports.DescribeUnknown(swipe, last) with { Resolved = earlier }
                        : Unsettled(Texts.EarlierUnknown, bill, earlier);
                }

                earlier = ShowEarlier(_journal.Settle(SwipeResult.FromAnswer(swipe.Pending, final.Answer, final.IsWaiting)), Print.Original);
            }

            return await work(earlier);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return Unsettled(Texts.Interrupted, bill, earlier);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return Unsettled(Texts.BecauseOfDisk(fault), bill, earlier);
        }
    }

    private async Task<Report> Find(string bill, CancellationToken stop)
    {
        var key = _journal.TakeKey();
        return Reports.DescribeBill(bill, key, await Session.Lookup(key, bill, stop));
    }

    private async Task<Report> Swipe(Report found, SwipedCard card, CancellationToken abandon, CancellationToken stop)
    {
        var pending = new SwipePending(
            _journal.TakeKey(),
            _folder.Setup.Terminal,
            _folder.Setup.Store,
            found.Bill!,
            found.Amount!.Value,
            CurrencyCode.Cny,
            card.Track.Masked,
            EntryMode.Swiped,
            BeijingTime.Convert(_time.GetUtcNow()),
            Session.StoreName,
            found.Payee,
            found.Description,
            found.OrderId,
            Clerk?.Number,
            found.ShipWithinSeconds,
            found.CheckWithinSeconds,
            IsFeeKept: found.IsFeeKept);
        if (abandon.IsCancellationRequested)
        {
            return Reports.Refuse(Texts.GivenUp, found.Bill);
        }

        if (found.Amount > _parameters.LargestAmount)
        {
            return Reports.Refuse(Texts.AmountTooLarge, found.Bill);
        }

        if (_journal.Unclosed >= LargestBatch)
        {
            return Reports.Refuse(Texts.BatchFull, found.Bill);
        }

        return await Send(pending, () => SendPayment(pending, card, abandon, stop));
    }

    private async Task<Report> FindPayment(string number, CancellationToken stop)
    {
        var key = _journal.TakeKey();
        return Reports.DescribePayment(number, key, await Session.LookupRefund(key, number, stop));
    }

    private async Task<Report> GiveBack(Report found, long amount, string card, Signature signature, CancellationToken stop)
    {
        if (WhyNotGivenBack(found, amount, card, signature) is { } refused)
        {
            return refused with { RefundOf = found.Rrn };
        }

        var pending = new SwipePending(
            _journal.TakeKey(),
            _folder.Setup.Terminal,
            _folder.Setup.Store,
            found.Bill!,
            amount,
            CurrencyCode.Cny,
            card,
            EntryMode.Swiped,
            BeijingTime.Convert(_time.GetUtcNow()),
            Session.StoreName,
            found.Payee,
            found.Description,
            found.OrderId,
            Clerk!.Number,
            RefundOf: found.Rrn,
            Supervisor: signature.Supervisor);
        return await Send(pending, () => Session.Refund(pending, signature.Password, stop));
    }

    // The server decides all of this once more; here nothing is sent for it, and nothing is journaled.
    private Report? WhyNotGivenBack(Report found, long amount, string card, Signature signature)
    {
        if (Clerk is null)
        {
            return Reports.Refuse(Texts.RefundNeedsClerk, found.Bill);
        }

        if (signature.Supervisor == Clerk.Number)
        {
            return Reports.Refuse(Texts.AnotherPerson, found.Bill);
        }

        if (amount < 1 || amount > found.Refundable)
        {
            return Reports.Refuse(Texts.AmountNotLeft, found.Bill) with { ResponseCode = ResponseCodes.WrongAmount, Reason = LocalReason.RefundExceeds };
        }

        if (card != found.MaskedCard)
        {
            var (clerk, customer) = AnswerTexts.DescribeAnswer(ResponseCodes.BadCard, LocalReason.OtherCard, Texts.Language);
            return Reports.Refuse(clerk, found.Bill) with { ResponseCode = ResponseCodes.BadCard, Reason = LocalReason.OtherCard, CustomerText = customer };
        }

        return _journal.Unclosed >= LargestBatch ? Reports.Refuse(Texts.BatchFull, found.Bill) : null;
    }

    private async Task<Report> Send(SwipePending pending, Func<Task<PayOutcome>> send)
    {
        _screen.ShowBill(pending);
        var swipe = _journal.Begin(pending);
        var outcome = await send();
        if (outcome is PayOutcome.Unknown unknown)
        {
            return Reports.DescribeUnknown(swipe, unknown.Last);
        }

        swipe = _journal.Settle(outcome is PayOutcome.Final final
            ? SwipeResult.FromAnswer(pending, Reports.InWordsOfWaiting(final.Answer, pending.IsRefund), final.IsWaiting)
            : SwipeResult.NeverSent(pending, Texts));
        _toMark.Add(pending.Key);
        return Reports.DescribeSwipe(swipe, Print.Original);
    }

    private async Task<PayOutcome> SendPayment(SwipePending pending, SwipedCard card, CancellationToken abandon, CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(abandon, stop);
        try
        {
            return await Session.Pay(pending, card, either.Token);
        }
        catch (OperationCanceledException) when (abandon.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            return Reports.InWordsOfGivingUp(await Session.Abandon(pending, stop));
        }
    }

    private async Task<(BatchReport? Report, string? Refused)> Compare(int batch, CancellationToken stop)
    {
        var ours = _journal.ApprovedIn(batch);
        var totals = BatchTotals.Sum(ours);
        var answer = await Session.CloseBatch(_journal.TakeKey(), batch, totals, null, stop);
        if (answer?.Totals is not { } theirs)
        {
            return (null, answer?.Verdict.ClerkText);
        }

        var list = new List<BatchEntry>();
        while (theirs != totals)
        {
            var page = await Session.CloseBatch(_journal.TakeKey(), batch, totals, list.Count > 0 ? list[^1].Stan : 0, stop);
            if (page?.Totals is null)
            {
                return (null, page?.Verdict.ClerkText);
            }

            list.AddRange(page.List);

            if (page.List.Count < BatchLimits.MostListed)
            {
                break;
            }
        }

        return (BatchReport.Make(batch, totals, theirs, theirs == totals ? [] : BatchReport.Compare(ours, list)), null);
    }

    private Report ShowEarlier(JournaledSwipe swipe, Print print)
    {
        var report = SwipeReport.Describe(swipe, Texts);
        if (!_screen.PrintsEarlier)
        {
            _neverPrinted.Add(swipe.Pending.Key);
            _screen.ShowEarlier(report);
            return report;
        }

        report = Reports.DescribeSwipe(swipe, print);
        if (_screen.ShowEarlier(report))
        {
            _journal.Printed(swipe.Pending.Key);
        }
        else
        {
            // The report has only the last earlier swipe: the others are printed with the next.
            _toMark.Clear();
            _toMark.Add(swipe.Pending.Key);
        }

        return report;
    }

    // An open payment in the journal may have been sent, and is settled first.
    private Report Unsettled(string why, string? bill, SwipeReport? earlier) => _journal.Open is [.., var open]
        ? Reports.DescribeUnknown(open, null) with { Text = why == Texts.Interrupted ? open.Pending.IsRefund ? Texts.RefundUnknown : Texts.OutcomeUnknown : why, Resolved = earlier }
        : Reports.Refuse(why, bill) with { Resolved = earlier };

    // Terminals begin with different servers.
    private TerminalSession NewSession()
    {
        var setup = _folder.Setup;
        var cas = LoadCas();
        var next = RandomNumberGenerator.GetInt32(setup.Gateways.Count);
        var options = new SessionOptions
        {
            Terminal = setup.Terminal,
            Store = setup.Store,
            Language = Texts.Language,
            Health = Health,
            Log = _log.Write,
            AnswerTimeout = setup.AnswerTimeout,
            GiveUp = setup.GiveUp,
        };
        return new TerminalSession(options, _folder.ReadMasterKey(), Connect, _time);

        Task<Stream> Connect(CancellationToken stop)
        {
            var gateways = setup.Addresses([.. setup.Others ?? [], .. _parameters.Gateways ?? []]);
            var gateway = gateways[next++ % gateways.Count];
            return TlsLine.Connect(gateway.Host, gateway.Port, cas, null, stop);
        }
    }

    // Called by the line's thread: the journal's figures may be slightly old.
    private TerminalHealth Health()
    {
        var devices = Devices?.Invoke();
        return new TerminalHealth(
            Printer: devices is not { } known ? null : known.Printer switch
            {
                null => "none",
                PrinterState.CoverOpen => "cover-open",
                PrinterState.Away => "away",
                _ => "ready",
            },
            Paper: devices?.Printer switch { null => null, PrinterState.PaperOut => "out", PrinterState.PaperLow => "low", _ => "ok" },
            Reader: devices is { } watched ? watched.IsReaderGood ? "ok" : "bad" : null,
            Tamper: MachineHealth.Tamper(_folder.Setup.Tamper),
            OnMains: _machine.OnMains,
            Battery: _machine.Battery,
            Signal: _machine.Signal,
            ClockOffset: (int?)_session?.ClockOffset?.TotalSeconds,
            Version: typeof(Counter).Assembly.GetName().Version!.ToString(3),
            OpenItems: _journal.OpenCount,
            JournalBytes: _journal.Bytes,
            Parameters: _parameters.Version,
            LastSwipe: _journal.LastSwipe);
    }

    private TrustedCas LoadCas()
    {
        try
        {
            return TrustedCas.Read(_folder.Ca);
        }
        catch (CryptographicException)
        {
            throw new TerminalSetupException(SetupTexts.NoCertificate(_folder.Ca), _folder.Setup.Language);
        }
    }
}
