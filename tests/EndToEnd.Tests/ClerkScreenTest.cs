using System.Text;
using System.Text.Json.Nodes;
using Lakala.Local;
using Lakala.Terminal.Tests;
using Lakala.Testing;
using Lakala.Wire.Cards;

namespace Lakala.EndToEnd.Tests;

/// <summary>What a clerk does at the screen of a terminal of text, in a network of this class alone.</summary>
public abstract class ClerkScreenTest(PatientNetwork network) : IClassFixture<PatientNetwork>
{
    protected const string Terminal = "T0000001";

    private static readonly Encoding Gb18030 = CodePagesEncodingProvider.Instance.GetEncoding("GB18030")!;

    /// <summary>Both languages, on the smallest screen and on a larger one.</summary>
    public static TheoryData<string, int, int> Screens => new() { { "en", 80, 24 }, { "zh", 120, 40 } };

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    protected PatientNetwork Network => network;

    // A result stays for a moment, and then shows the next key.
    private protected static async Task Next(ClerkScreen screen)
    {
        await screen.Until("next customer");
        await screen.Press("Enter");
    }

    private protected static async Task CloseBatch(ClerkScreen screen)
    {
        await screen.Until("Key in or scan");
        await screen.Press("F4");
        await screen.Until("Close the batch?");
        await screen.Press("Enter");
    }

    private protected static async Task ShowBill(ClerkScreen screen, string bill)
    {
        await screen.Until("Key in or scan");
        await screen.Type(bill);
        await screen.Press("Enter");
        await screen.Until("Swipe the customer's card");
    }

    private protected async Task Pay(ClerkScreen screen, string bill)
    {
        await ShowBill(screen, bill);
        await screen.Swipe(network.Card.Track2);
        await screen.UntilShown(network.Card.Masked());
        await screen.KeyInPin(network.Card.Pin);
        await screen.Press("Enter");
    }

    private protected static async Task SignIn(ClerkScreen screen, string number, string password)
    {
        await screen.Type(number);
        await screen.Press("Enter");
        await screen.Type(password);
        await screen.Press("Enter");
    }

    /// <summary>The screen of a terminal with this setup; by default without printer and clerks.</summary>
    private protected async Task<ClerkScreen> Open(string language, int columns, int rows, Action<JsonNode>? change = null)
    {
        var file = Path.Combine(network.Local.Home, "terminals", Terminal, "terminal.json");
        var setup = JsonNode.Parse(await File.ReadAllTextAsync(file, Stop))!;
        setup["port"] = network.Local.Terminal.Port;
        setup["language"] = language;
        setup["printer"] = "none";
        setup["clerk_sign_in"] = false;
        setup["answer_timeout_seconds"] = 30;
        setup["give_up_seconds"] = 90;
        change?.Invoke(setup);
        await File.WriteAllTextAsync(file, setup.ToJsonString(), Stop);
        return await ClerkScreen.Start(network.Local.Home, Terminal, language, columns, rows);
    }

    // In the journal too, or the next screen of this terminal would begin with duplicates.
    private protected async Task UntilPrinted(TcpPrinter printer, int cuts, string what)
    {
        var journal = Path.Combine(network.Local.Home, "terminals", Terminal, "journal");
        await Eventually.Is(async () => printer.Cuts == cuts && await HasPrintedAll(), what);

        async Task<bool> HasPrintedAll()
        {
            const int AfterChecksum = 9;
            var records = (await File.ReadAllLinesAsync(journal, Stop)).Select(line => JsonNode.Parse(line[AfterChecksum..])!).ToList();
            return !Keys("result").Except(Keys("printed")).Any();

            IEnumerable<string> Keys(string record) => records.Where(one => (string?)one["record"] == record).Select(one => one["key"]!.ToJsonString());
        }
    }

    private protected static bool OnPaper(TcpPrinter printer, ClerkScreen screen, string english) => OnPaper(printer, screen.Said(english));

    private protected static bool OnPaper(TcpPrinter printer, string text) => printer.Paper.AsSpan().IndexOf(Gb18030.GetBytes(text)) >= 0;
}

internal static class TestCards
{
    public static string Masked(this TestCard card) => Track2.TryParse(card.Track2, out var track) ? track!.Masked : "";
}
