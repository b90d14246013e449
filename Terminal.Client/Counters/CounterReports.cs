using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Printing;
using Lakala.Terminal.Client.Sessions;
using Lakala.Terminal.Client.Setup;
using Lakala.Terminal.Client.Words;
using Lakala.Vocabulary;
using Lakala.Wire.Terminal;

namespace Lakala.Terminal.Client.Counters;

/// <summary>Makes the texts for the clerk and the receipts after each outcome. Uses neither journal nor line.</summary>
/// <param name="Texts">The texts in the present language.</param>
/// <param name="Parameters">The parameters that were last fetched.</param>
internal sealed record CounterReports(TerminalSetup Setup, TerminalTexts Texts, NetworkParameters Parameters, TimeProvider Time)
{
    /// <summary>The request was not carried out.</summary>
    public Report Refuse(string why, string? bill = null) => Name(SwipeReport.Refused(why, bill));

    public Report DescribeSettled(SwipeReport? earlier) => Name(new Report(Outcome.Settled) { Text = Texts.AllSettled, Resolved = earlier });

    /// <param name="answer">Null when no valid one came.</param>
    public Report DescribeBill(string bill, JournalKey key, LookupAnswer? answer)
    {
        if (answer is null || (answer.Verdict.Code == ResponseCodes.Approved && (answer.Amount is null || answer.Currency is null)))
        {
            return Refuse(Texts.LookupUnanswered, bill);
        }

        var isFound = answer.Verdict.Code == ResponseCodes.Approved;
        return Name(new Report(isFound ? Outcome.Found : Outcome.Refused)
        {
            ResponseCode = answer.Verdict.Code,
            Reason = answer.Verdict.Reason > 0 ? answer.Verdict.Reason : null,
            Bill = bill,
            Amount = answer.Amount,
            Currency = answer.Currency is { } currency ? Receipt.CurrencyName(currency) : null,
            Stan = key.Stan,
            Batch = key.Batch,
            Payee = answer.Payee,
            Description = answer.Description,
            OrderId = answer.OrderId,
            ShipWithinSeconds = (int?)answer.Guarantee?.ShipWithin.TotalSeconds,
            CheckWithinSeconds = (int?)answer.Guarantee?.CheckWithin.TotalSeconds,
            IsFeeKept = answer.IsFeeKept,
            // The server's text for 00 is about a payment.
            Text = isFound ? null : answer.Verdict.ClerkText,
            CustomerText = isFound ? null : answer.Verdict.CustomerText,
            SecondsLeft = (int?)answer.TimeLeft?.TotalSeconds,
        });
    }

    /// <summary>A payment that was looked up for a refund.</summary>
    /// <param name="answer">Null when no valid one came.</param>
    public Report DescribePayment(string number, JournalKey key, RefundLookupAnswer? answer) => answer switch
    {
        null => Refuse(Texts.LookupUnanswered, number),
        { Verdict.Code: ResponseCodes.Approved, Payment: { } payment } => Name(new Report(Outcome.Found)
        {
            ResponseCode = answer.Verdict.Code,
            Bill = payment.Bill,
            Amount = payment.Paid,
            Refundable = payment.Left,
            Currency = Receipt.CurrencyName(payment.Currency),
            Rrn = payment.Rrn,
            PaidAt = BeijingTime.Convert(payment.PaidAt),
            MaskedCard = payment.MaskedCard,
            Stan = key.Stan,
            Batch = key.Batch,
            Payee = payment.Payee,
            Description = payment.Description,
            OrderId = payment.OrderId,
        }),
        _ => Name(new Report(Outcome.Refused)
        {
            ResponseCode = answer.Verdict.Code,
            Reason = answer.Verdict.Reason > 0 ? answer.Verdict.Reason : null,
            Bill = number,
            Text = answer.Verdict.ClerkText,
            CustomerText = answer.Verdict.CustomerText,
        }),
    };

    /// <summary>A swipe with its receipts.</summary>
    public Report DescribeSwipe(JournaledSwipe swipe, Print print) =>
        SwipeReport.Describe(swipe, Texts) with { Receipts = Receipt.ComposeSlips(swipe, print, Texts, Parameters) };

    /// <param name="last">The last answer, which decided nothing; null when none came.</param>
    public Report DescribeUnknown(JournaledSwipe swipe, PayAnswer? last) => DescribeSwipe(swipe, Print.Original) with
    {
        ResponseCode = last?.Verdict.Code,
        Reason = last is { Verdict.Reason: > 0 } ? last.Verdict.Reason : null,
        Text = last is not null && IsReused(last) ? Texts.KeyReused : swipe.Pending.IsRefund ? Texts.RefundUnknown : Texts.OutcomeUnknown,
    };

    public Report DescribeUnreachable(LineTrouble trouble, string? bill) => Refuse(Texts.Join(Explain(trouble), Texts.NothingPaid), bill) with
    {
        ResponseCode = trouble.Answer?.Code,
        Reason = trouble.Answer is { Reason: > 0 and var reason } ? reason : null,
        CustomerText = trouble.Answer?.CustomerText,
    };

    public Report DescribeNothingToClose(SwipeReport? earlier) =>
        Name(new Report(Outcome.Closed) { Text = Texts.NothingToClose, Batches = [], Resolved = earlier });

    public Report DescribeClosed(KeptReport kept, Print print)
    {
        var text = kept.Batches.All(batch => batch.Agreed) ? Texts.BatchAgrees : Texts.BatchDiffers;
        return Name(new Report(Outcome.Closed)
        {
            Text = print == Print.Original ? text : $"{BeijingTime.Convert(kept.At):yyyy-MM-dd HH:mm}   {text}",
            Batches = kept.Batches,
            Receipts = [.. kept.Batches.Select(batch => Receipt.ComposeBatchReport(batch, Setup, kept.StoreName, kept.At, Texts, print))],
        });
    }

    public string Explain(LineTrouble trouble) => trouble.InWordsOf(Texts, Setup, Time.GetUtcNow());

    /// <summary>True: waiting does not help, because the server has other content under this key.</summary>
    public static bool IsReused(PayAnswer answer) => answer.Verdict.Code == ResponseCodes.DuplicateKey;

    // The clerk gave the payment up, so the server's text does not fit; a decline by the bank before that keeps its text.
    public PayOutcome InWordsOfGivingUp(PayOutcome outcome) => outcome is PayOutcome.Final { Answer: { Verdict: { Reason: LocalReason.NoAnswerFromBank or LocalReason.NeverHappened } verdict } answer }
        ? new PayOutcome.Final(answer with { Verdict = verdict with { ClerkText = Texts.GivenUpNotPaid } })
        : outcome;

    // The server's text is for any request above the quota; here it was a payment, or a refund.
    public PayAnswer InWordsOfWaiting(PayAnswer answer, bool isRefund) => answer.Verdict is { Reason: LocalReason.TooManyRequests } verdict
        ? answer with { Verdict = verdict with { ClerkText = Texts.Join(verdict.ClerkText ?? "", Nothing(isRefund)), CustomerText = Nothing(isRefund) } }
        : answer;

    private string Nothing(bool isRefund) => isRefund ? Texts.NothingGivenBack : Texts.NothingPaid;

    private Report Name(Report report) => report with { Terminal = Setup.Terminal };
}
