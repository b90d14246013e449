using Lakala.Terminal.Client.Journals;

namespace Lakala.Terminal.Client.Counters;

/// <summary>The output of a run: its progress and its receipts.</summary>
internal abstract class CounterOutput
{
    /// <summary>True: receipts of earlier payments are printed here; otherwise they wait for the printer of the clerk's screen.</summary>
    public abstract bool PrintsEarlier { get; }

    /// <summary>An earlier swipe, before a new one is taken.</summary>
    /// <returns>True when its receipts are on paper now; otherwise they are once <see cref="Show"/> returns.</returns>
    public abstract bool ShowEarlier(SwipeReport earlier);

    /// <summary>Called before a payment, with its bill.</summary>
    public abstract void ShowBill(SwipePending swipe);

    /// <exception cref="IOException">Nobody reads the output any more.</exception>
    public abstract void Show(Report report);
}
