namespace Lakala.Terminal.Client.Desk;

/// <summary>Where the counter's receipts go while the clerk sees a desk: to the printer; without one they are only shown.</summary>
internal sealed class DeskScreen(ReceiptPrinter? printer) : Screen
{
    private SwipeReport? _notPrinted;

    public override bool ShowEarlier(SwipeReport earlier)
    {
        try
        {
            printer?.Print(earlier.Receipts);
            return true;
        }
        catch (PrinterException)
        {
            // The report that carries it is shown next, and tries again.
            _notPrinted = earlier;
            return false;
        }
    }

    public override void ShowBill(SwipePending swipe)
    {
    }

    /// <exception cref="PrinterException">What the report carries is not on paper.</exception>
    public override void Show(Report report)
    {
        var earlier = _notPrinted;
        _notPrinted = null;
        printer?.Print([.. earlier?.Receipts ?? [], .. report.Receipts]);
    }
}
