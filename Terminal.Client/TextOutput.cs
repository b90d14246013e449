using Lakala.Terminal.Client.Counters;
using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Printing;
using Lakala.Terminal.Client.Words;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Texts;

namespace Lakala.Terminal.Client;

/// <summary>Output for the clerk: the outcome in capitals, the texts, then the receipts; in the terminal's language.</summary>
/// <param name="leavesEarlier">True: earlier receipts are left to the terminal's printer.</param>
internal sealed class TextOutput(TextWriter output, TerminalTexts texts, bool leavesEarlier = false) : CounterOutput
{
    private const int LabelWidth = 10;

    private readonly DeskTexts _words = DeskTexts.ForLanguage(texts.Language);

    public override bool PrintsEarlier => !leavesEarlier;

    public override bool ShowEarlier(SwipeReport earlier)
    {
        output.WriteLine($"{texts.EarlierPayment} {texts.Outcomes[earlier.Outcome]}");
        ShowTexts(earlier);
        output.WriteLine();
        output.Flush();
        return true;
    }

    public override void ShowBill(SwipePending swipe)
    {
        output.WriteLine($"{TextColumns.Clean(swipe.Payee ?? "")}  {Receipt.Amount(swipe.Amount, swipe.Currency)}");
        ShowTerms(swipe.ShipWithinSeconds, swipe.CheckWithinSeconds, swipe.IsFeeKept);
        output.WriteLine(_words.AskingCustomer);
        output.WriteLine();
        output.Flush();
    }

    public override void Show(Report report)
    {
        output.WriteLine(texts.Outcomes[report.Outcome]);
        if (report.Outcome == Outcome.Found)
        {
            Line(_words.Bill, report.Bill);
            Line(_words.Payee, report.Payee);
            Line(_words.For, report.Description);
            Line(_words.Order, report.OrderId);
            Line(_words.Amount, Receipt.Amount(report.Amount!.Value, CurrencyCode.Cny));
            ShowTerms(report.ShipWithinSeconds, report.CheckWithinSeconds, report.IsFeeKept);
        }

        ShowTexts(report);
        output.Flush();
    }

    // What stands on the bill from its creation, before it is paid.
    private void ShowTerms(int? shipWithin, int? checkWithin, bool isFeeKept)
    {
        if (shipWithin is { } ship && checkWithin is { } check)
        {
            output.WriteLine();
            output.WriteLine(texts.Guarantee);
            output.WriteLine(texts.GuaranteeHint);
            output.WriteLine($"{texts.ShipsWithin}: {texts.Duration(ship)}");
            output.WriteLine($"{texts.CheckWithin}: {texts.Duration(check)}");
        }

        if (isFeeKept)
        {
            output.WriteLine(texts.FeeKept);
        }
    }

    private void ShowTexts(SwipeReport report)
    {
        Line(texts.ToClerk, report.Text);
        Line(texts.ToCustomer, report.CustomerText);
        foreach (var receipt in report.Receipts)
        {
            output.WriteLine();
            output.Write(receipt);
        }
    }

    private void Line(string label, string? text)
    {
        if (text is not null)
        {
            output.WriteLine($"{label}{new string(' ', Math.Max(1, LabelWidth - ColumnWidth.Measure(label)))}{TextColumns.Clean(text)}");
        }
    }
}
