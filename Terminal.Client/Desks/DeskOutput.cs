using Lakala.Terminal.Client.Counters;
using Lakala.Terminal.Client.Journals;

namespace Lakala.Terminal.Client.Desks;

/// <summary>Output to the clerk's screen: its pages show the progress, and the printer runs beside it.</summary>
/// <param name="hasPrinter">False: receipts are only shown, and count as printed.</param>
internal sealed class DeskOutput(bool hasPrinter) : CounterOutput
{
    public override bool PrintsEarlier => !hasPrinter;

    public override bool ShowEarlier(SwipeReport earlier) => true;

    public override void ShowBill(SwipePending swipe)
    {
    }

    public override void Show(Report report)
    {
    }
}
