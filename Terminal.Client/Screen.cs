using System.Globalization;

namespace Lakala.Terminal.Client;

/// <summary>Where a command shows what it does and prints its receipts.</summary>
internal abstract class Screen
{
    /// <summary>An earlier swipe, before a new one is taken.</summary>
    /// <returns>Whether its receipts are on paper now; else they are once <see cref="Show"/> returns.</returns>
    public abstract bool ShowEarlier(SwipeReport earlier);

    /// <summary>What is about to be paid.</summary>
    public abstract void ShowBill(SwipePending swipe);

    /// <exception cref="IOException">Nobody reads the output any more.</exception>
    public abstract void Show(Report report);
}

/// <summary>For programs: one object at the end, and nothing before.</summary>
internal sealed class JsonScreen(TextWriter output) : Screen
{
    public override bool ShowEarlier(SwipeReport earlier) => false;

    public override void ShowBill(SwipePending swipe)
    {
    }

    public override void Show(Report report)
    {
        output.WriteLine(report.ToJson());
        output.Flush();
    }
}

/// <summary>For the clerk: the outcome in capitals, what to say, then the receipts.</summary>
internal sealed class ClerkScreen(TextWriter output) : Screen
{
    private const string Clerk = "Clerk:", Customer = "Customer:";

    public override bool ShowEarlier(SwipeReport earlier)
    {
        output.WriteLine($"EARLIER PAYMENT {Capitals(earlier.Outcome)}");
        ShowTexts(earlier);
        output.WriteLine();
        output.Flush();
        return true;
    }

    public override void ShowBill(SwipePending swipe)
    {
        output.WriteLine($"{TextColumns.Clean(swipe.Payee ?? "")}  {Receipt.Amount(swipe.Amount, swipe.Currency)}");
        output.WriteLine("One moment, please.");
        output.WriteLine();
        output.Flush();
    }

    public override void Show(Report report)
    {
        output.WriteLine(Capitals(report.Outcome));
        if (report.Outcome == Outcome.Found)
        {
            Line("Bill", report.Bill);
            Line("Payee", report.Payee);
            Line("For", report.Description);
            Line("Order", report.OrderId);
            Line("Amount", Receipt.Amount(report.Amount!.Value, Wire.CurrencyCode.Cny));
        }

        ShowTexts(report);
        output.Flush();
    }

    private void ShowTexts(SwipeReport report)
    {
        Line(Clerk, report.Text);
        Line(Customer, report.CustomerText);
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
            output.WriteLine($"{label,-10}{TextColumns.Clean(text)}");
        }
    }

    private static string Capitals(Outcome outcome) => outcome.ToString().ToUpper(CultureInfo.InvariantCulture);
}
