using Lakala.Terminal.Client.Journals;

namespace Lakala.Terminal.Client.Counters;

/// <summary>Where a command shows what it does and prints its receipts.</summary>
internal abstract class CounterOutput
{
    /// <summary>Whether the receipts of earlier payments come out here; else they wait for the printer of the clerk's screen.</summary>
    public abstract bool PrintsEarlier { get; }

    /// <summary>An earlier swipe, before a new one is taken.</summary>
    /// <returns>Whether its receipts are on paper now; else they are once <see cref="Show"/> returns.</returns>
    public abstract bool ShowEarlier(SwipeReport earlier);

    /// <summary>What is about to be paid.</summary>
    public abstract void ShowBill(SwipePending swipe);

    /// <exception cref="IOException">Nobody reads the output any more.</exception>
    public abstract void Show(Report report);
}
