using Lakala.Terminal.Client.Counters;
using Lakala.Terminal.Client.Journals;

namespace Lakala.Terminal.Client.Desks;

/// <summary>While the clerk sees a desk: its pages show what happens, and its printer prints beside.</summary>
/// <param name="hasPrinter">Without one receipts are only shown, and count as printed.</param>
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
