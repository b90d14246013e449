using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Lakala.Wire;

namespace Lakala.Terminal.Client;

/// <summary>
/// What a clerk does at one terminal. Before a new sale every earlier one is certain and printed; a new one is in the
/// journal before it leaves, and its answer before it is shown.
/// </summary>
internal sealed class Counter : IDisposable
{
    private readonly TerminalFolder _folder;
    private readonly Journal _journal;
    private readonly Screen _screen;
    private readonly TimeProvider _time;
    private readonly List<SwipeKey> _toMark = [];

    /// <exception cref="JournalException">The journal is damaged.</exception>
    public Counter(TerminalFolder folder, Screen screen, TimeProvider time)
    {
        (_folder, _screen, _time) = (folder, screen, time);
        _journal = Journal.OpenOrMake(folder.Journal, new JournalOptions());
    }

    /// <summary>Checked before anything is sent, or even the terminal's folder opened. Null when nothing is wrong.</summary>
    public static Report? RefuseBill(string bill) => BillNumberCheck.IsWhole(bill)
        ? null
        : SwipeReport.Refused(Texts.BillMistyped, bill) with { ResponseCode = ResponseCodes.NotPayable, Reason = LocalReason.BillMistyped };

    /// <summary>For a card whose number has no right check digit.</summary>
    public static Report RefuseCard(string bill) =>
        SwipeReport.Refused(Texts.CardInvalid, bill) with { ResponseCode = ResponseCodes.BadCard, Reason = LocalReason.CardInvalid };

    public async Task<Report> Lookup(string bill, CancellationToken stop)
    {
        try
        {
            await using var session = Connect();
            return await session.WaitUntilUp(_folder.Setup.ConnectTimeout, stop) is { } why
                ? Named(SwipeReport.Refused(Texts.NotReachable(why), bill))
                : (await Find(session, bill, stop)).Report;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return Named(SwipeReport.Refused(Texts.Interrupted, bill));
        }
    }

    public async Task<Report> Pay(string bill, SwipedCard card, CancellationToken stop)
    {
        SwipeReport? earlier = null;
        try
        {
            foreach (var swipe in _journal.Unprinted)
            {
                earlier = ShowEarlier(swipe, Print.Duplicate);
            }

            await using var session = Connect();
            if (await session.WaitUntilUp(_folder.Setup.ConnectTimeout, stop) is { } why)
            {
                return Unsettled(Texts.NotReachable(why), bill, earlier);
            }

            foreach (var swipe in _journal.Open)
            {
                if (await session.Enquire(swipe.Pending, stop) is not PayOutcome.Final final)
                {
                    return Unsettled(Texts.EarlierUnknown, bill, earlier);
                }

                earlier = ShowEarlier(_journal.Settle(SwipeResult.Of(swipe.Pending.Key, final.Answer)), Print.Original);
            }

            var (found, key) = await Find(session, bill, stop);
            return (found.Outcome == Outcome.Found ? await Swipe(session, found, key, card, stop) : found) with { Resolved = earlier };
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return Unsettled(Texts.Interrupted, bill, earlier);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return Unsettled(Texts.DiskFault(fault.Message), bill, earlier);
        }
    }

    /// <summary>The receipts of the last payment that was approved.</summary>
    public Report Reprint() => _journal.Swipes.LastOrDefault(swipe => swipe.Result?.ResponseCode == ResponseCodes.Approved) is { } last
        ? SwipeReport.Of(last) with { Receipts = Receipt.Of(last, Print.Reprint, _time.LocalTimeZone) }
        : Named(SwipeReport.Refused(Texts.NothingToReprint));

    /// <summary>Shows the report; then its receipts, and those it carries of earlier swipes, count as printed.</summary>
    /// <exception cref="IOException">Nobody reads the output, or the disk gives a fault: they are printed again, as duplicates.</exception>
    public void Show(Report report)
    {
        _screen.Show(report);
        foreach (var key in _toMark)
        {
            _journal.Printed(key);
        }
    }

    public void Dispose() => _journal.Dispose();

    private async Task<(Report Report, SwipeKey Key)> Find(TerminalSession session, string bill, CancellationToken stop)
    {
        var key = _journal.TakeKey();
        var answer = await session.Lookup(key, bill, stop);
        if (answer is null || (answer.Verdict.Code == ResponseCodes.Approved && (answer.Amount is null || answer.Currency is null)))
        {
            return (Named(SwipeReport.Refused(Texts.LookupUnanswered, bill)), key);
        }

        var isFound = answer.Verdict.Code == ResponseCodes.Approved;
        return (Named(new Report(isFound ? Outcome.Found : Outcome.Refused)
        {
            ResponseCode = answer.Verdict.Code,
            Reason = answer.Verdict.Reason > 0 ? answer.Verdict.Reason : null,
            Bill = bill,
            Amount = answer.Amount,
            Currency = answer.Currency is { } currency ? SwipeReport.CurrencyName(currency) : null,
            Stan = key.Stan,
            Batch = key.Batch,
            Payee = answer.Payee,
            Description = answer.Description,
            OrderId = answer.OrderId,
            // The server's text to 00 speaks of a payment.
            Text = isFound ? null : answer.Verdict.ClerkText,
            CustomerText = isFound ? null : answer.Verdict.CustomerText,
        }), key);
    }

    private async Task<Report> Swipe(TerminalSession session, Report found, SwipeKey lookup, SwipedCard card, CancellationToken stop)
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
            _time.GetLocalNow(),
            session.StoreName,
            found.Payee,
            found.Description,
            found.OrderId);
        _screen.ShowBill(pending);
        var swipe = _journal.Begin(pending);
        var outcome = await session.Pay(pending, card, stop);
        if (outcome is PayOutcome.Unknown unknown)
        {
            return Unknown(swipe, unknown.Last);
        }

        swipe = _journal.Settle(outcome is PayOutcome.Final final ? SwipeResult.Of(pending.Key, final.Answer) : SwipeResult.NeverSent(pending.Key));
        _toMark.Add(pending.Key);
        return SwipeReport.Of(swipe) with { Receipts = Receipt.Of(swipe, Print.Original, _time.LocalTimeZone) };
    }

    private SwipeReport ShowEarlier(JournaledSwipe swipe, Print print)
    {
        SwipeReport report = SwipeReport.Of(swipe) with { Receipts = Receipt.Of(swipe, print, _time.LocalTimeZone) };
        if (_screen.ShowEarlier(report))
        {
            _journal.Printed(swipe.Pending.Key);
        }
        else
        {
            _toMark.Add(swipe.Pending.Key);
        }

        return report;
    }

    // What is open in the journal may have left, and comes first.
    private Report Unsettled(string why, string bill, SwipeReport? earlier) => _journal.Open is [.., var open]
        ? Unknown(open, null) with { Text = why == Texts.Interrupted ? Texts.OutcomeUnknown : why, Resolved = earlier }
        : Named(SwipeReport.Refused(why, bill)) with { Resolved = earlier };

    private Report Unknown(JournaledSwipe swipe, PayAnswer? last) => SwipeReport.Of(swipe) with
    {
        ResponseCode = last?.Verdict.Code,
        Reason = last is { Verdict.Reason: > 0 } ? last.Verdict.Reason : null,
        Text = last?.Verdict.Code == ResponseCodes.DuplicateKey ? Texts.KeyReused : Texts.OutcomeUnknown,
        Receipts = Receipt.Of(swipe, Print.Original, _time.LocalTimeZone),
    };

    private Report Named(Report report) => report with { Terminal = _folder.Setup.Terminal };

    private TerminalSession Connect()
    {
        var setup = _folder.Setup;
        var ca = LoadCa();
        var options = new SessionOptions
        {
            Terminal = setup.Terminal,
            Store = setup.Store,
            Language = setup.Language,
            AnswerTimeout = setup.AnswerTimeout,
            GiveUp = setup.GiveUp,
        };
        return new TerminalSession(options, _folder.ReadMasterKey(), stop => TlsLine.Connect(setup.Host, setup.Port, ca, null, stop), _time);
    }

    private X509Certificate2 LoadCa()
    {
        try
        {
            return X509CertificateLoader.LoadCertificateFromFile(_folder.Ca);
        }
        catch (CryptographicException)
        {
            throw new SetupException($"{_folder.Ca} is no certificate. {Texts.CallOperator}");
        }
    }

    /// <summary>Reason numbers that the terminal gives by itself; the server gives the same.</summary>
    private static class LocalReason
    {
        public const int CardInvalid = 201;
        public const int BillMistyped = 301;
    }
}
