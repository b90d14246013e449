using Lakala.Terminal.Tests;

namespace Lakala.EndToEnd.Tests;

/// <summary>A payment at the counter: keys, swipes and what the screen and the printer show, on a real terminal of text.</summary>
public sealed class ClerkScreenTests(PatientNetwork network, Browser browser) : ClerkScreenTest(network)
{
    public static TheoryData<string, int, int> AllScreens => new() { { "en", 80, 24 }, { "zh", 80, 24 }, { "en", 120, 40 }, { "zh", 120, 40 } };

    [Theory]
    [MemberData(nameof(AllScreens))]
    public async Task A_bill_is_keyed_in_swiped_and_paid_and_its_receipts_are_on_paper(string language, int columns, int rows)
    {
        using var printer = new TcpPrinter();
        await using var screen = await Open(language, columns, rows, setup => setup["printer"] = printer.Setting);
        var bill = await Network.NewBill();
        var name = $"clerk-{language}-{columns}";

        await screen.Until("Key in or scan");
        await screen.Type(bill);
        await screen.UntilShown("✓\n");
        await screen.Picture(browser, name + "-bill");
        await screen.Press("Enter");
        await screen.Until("Swipe the customer's card", "A teapot", "CNY 10.00");
        await screen.Picture(browser, name + "-swipe");
        await screen.Swipe(Network.Card.Track2);
        await screen.UntilShown(Network.Card.Masked());
        await screen.KeyInPin(Network.Card.Pin);
        (await screen.UntilShown(new string('•', Network.Card.Pin.Length))).Should().NotContain(Network.Card.Pin).And.NotContain(Network.Card.Track2[..16]);
        await screen.Picture(browser, name + "-pin");
        await screen.Press("Enter");
        await screen.Until("Paid. Thank you.");
        await UntilPrinted(printer, 2, "one copy is the customer's, one the store's");
        await screen.Picture(browser, name + "-paid");

        (await Network.BillState(bill)).Should().Be("PAID");
        OnPaper(printer, screen, "CUSTOMER COPY").Should().BeTrue();
        var page = await browser.Open();
        await page.SetContentAsync(PrintedPaper.ToHtml(printer.Paper));
        (await Browser.Scan(await page.Locator("section").ScreenshotAsync())).Split('\n').Should().AllBe($"CODE-128:{bill}");
        await Browser.Picture(page, $"clerk-{language}-paper");
        await screen.Until("next customer");
        await screen.Press("F2");
        await screen.Until("REPRINT");
        await screen.Picture(browser, name + "-receipts");
        await screen.Press("Enter");
        await screen.Until("Printed.");
        printer.Cuts.Should().Be(4);
    }

    [Theory]
    [MemberData(nameof(Screens))]
    public async Task A_mistyped_number_and_a_card_at_the_wrong_moment_are_told_at_once(string language, int columns, int rows)
    {
        await using var screen = await Open(language, columns, rows);
        var bill = await Network.NewBill();
        await screen.Until("Key in or scan");

        await screen.Type(bill[..^1] + (bill[^1] == '0' ? '1' : '0'));
        await screen.Until("mistyped");
        await screen.Swipe(Network.Card.Track2);
        (await screen.Until("wrong moment")).Should().NotContain(Network.Card.Track2[..10]);
        await screen.Type(bill);
        await screen.Press("Enter");
        await screen.Until("Swipe the customer's card");
        await screen.Swipe(Network.Card.Track2[..12]);
        await screen.Until("could not be read");
        await screen.Picture(browser, $"clerk-{language}-misread");
        await screen.Press("Escape");
        await screen.UntilShown("____ ____ ____ __");

        (await Network.AttemptStates(bill)).Should().BeEmpty();
    }

    [Theory]
    [MemberData(nameof(Screens))]
    public async Task A_bill_that_is_paid_already_is_not_called_unpaid(string language, int columns, int rows)
    {
        await using var screen = await Open(language, columns, rows);
        var bill = await Network.NewBill();
        await Pay(screen, bill);
        await screen.Until("next customer");

        await screen.Type(bill);
        await screen.Press("Enter");

        (await screen.Until("Already paid")).Should().NotContain("█", "no outcome is shown: no card was swiped");
    }

    [Theory]
    [MemberData(nameof(Screens))]
    public async Task A_decline_says_what_clerk_and_customer_do_next(string language, int columns, int rows)
    {
        await using var screen = await Open(language, columns, rows);
        var poor = Network.Local.Cards.First(card => card.Expected == "51");

        await ShowBill(screen, await Network.NewBill());
        await screen.Swipe(poor.Track2);
        await screen.UntilShown(poor.Masked());
        await screen.KeyInPin(poor.Pin);
        await screen.Press("Enter");

        await screen.Until("balance is too low", screen.Said("Take another card"));
        await screen.Until("next customer");
        await screen.Picture(browser, $"clerk-{language}-declined");
        await screen.Press("Enter");
        await screen.Until("Swipe the customer's card");
    }

    [Theory]
    [MemberData(nameof(Screens))]
    public async Task Without_paper_the_receipts_come_as_duplicates_once_there_is_some(string language, int columns, int rows)
    {
        using var printer = new TcpPrinter { HasPaper = false };
        await using var screen = await Open(language, columns, rows, setup => setup["printer"] = printer.Setting);

        await Pay(screen, await Network.NewBill());
        await screen.Until("NOT PRINTED", screen.Said("OUT OF PAPER"), screen.Said("Paid. Thank you."));
        await screen.Picture(browser, $"clerk-{language}-no-paper");
        printer.Paper.Should().BeEmpty();
        printer.HasPaper = true;
        await Next(screen);
        await Pay(screen, await Network.NewBill());
        await screen.Until("Paid. Thank you.");

        await UntilPrinted(printer, 4, "both payments are on paper");
        OnPaper(printer, screen, "*** DUPLICATE ***").Should().BeTrue();
    }

    [Theory]
    [InlineData("en", 80, 24, false)]
    [InlineData("zh", 120, 40, false)]
    [InlineData("en", 120, 40, true)]
    [InlineData("zh", 80, 24, true)]
    public async Task A_line_cut_before_or_after_the_banks_answer_only_delays_the_clerk(
        string language, int columns, int rows, bool isAnswered)
    {
        await using var line = new CutLine(Network.Local.Terminal.Host, Network.Local.Terminal.Port);
        await using var screen = await Open(language, columns, rows, setup => setup["port"] = line.Port);
        var bill = await Network.NewBill();
        await Network.HoldBank();

        await Pay(screen, bill);
        await Network.UntilAttempt(bill, "SENT");
        await screen.Picture(browser, $"clerk-{language}-asking");
        line.IsDown = isAnswered;
        line.Cut();
        if (isAnswered)
        {
            await Network.LetBankAnswer();
            await Network.UntilAttempt(bill, "APPROVED");
        }

        line.IsDown = false;
        await Network.LetBankAnswer();
        await screen.Until("Paid. Thank you.");

        (await Network.AttemptStates(bill)).Should().Equal("APPROVED");
    }

    [Theory]
    [MemberData(nameof(Screens))]
    public async Task An_outcome_that_stays_unknown_gets_a_slip_and_is_told_as_soon_as_the_line_is_back(string language, int columns, int rows)
    {
        using var printer = new TcpPrinter();
        await using var line = new CutLine(Network.Local.Terminal.Host, Network.Local.Terminal.Port);
        await using var screen = await Open(language, columns, rows, setup =>
            (setup["port"], setup["printer"], setup["answer_timeout_seconds"], setup["give_up_seconds"]) = (line.Port, printer.Setting, 2, 4));
        var bill = await Network.NewBill();
        await Network.HoldBank();

        await Pay(screen, bill);
        await Network.UntilAttempt(bill, "SENT");
        line.IsDown = true;
        line.Cut();
        await Network.LetBankAnswer();
        await screen.Until("Give the customer the slip", screen.Said("OPEN: 1"));
        await UntilPrinted(printer, 1, "the slip is on paper");
        await screen.Picture(browser, $"clerk-{language}-unknown");
        OnPaper(printer, screen, "OUTCOME UNKNOWN").Should().BeTrue();
        await screen.Type(bill);
        line.IsDown = false;
        await screen.Until("An earlier payment has become certain", screen.Said("no payment open"));
        await screen.Picture(browser, $"clerk-{language}-earlier");

        (await Network.BillState(bill)).Should().Be("PAID");
        await UntilPrinted(printer, 3, "the slip, then both copies");
        OnPaper(printer, screen, "*** DUPLICATE ***").Should().BeFalse("they were never printed before");
    }

    [Theory]
    [MemberData(nameof(Screens))]
    public async Task A_program_that_was_killed_begins_with_what_was_open(string language, int columns, int rows)
    {
        var bill = await Network.NewBill();
        await Network.HoldBank();
        await using (var killed = await Open(language, columns, rows))
        {
            await Pay(killed, bill);
            await Network.UntilAttempt(bill, "SENT");
            await killed.Kill();
            await killed.UntilShown("ended 137");
            await Network.LetBankAnswer();
        }

        await using var screen = await Open(language, columns, rows);

        await screen.Until("An earlier payment has become certain", bill[..4], screen.Said("Paid. Thank you."));
        await Next(screen);
        await screen.Until("Key in or scan");
    }

    [Theory]
    [MemberData(nameof(Screens))]
    public async Task A_payment_that_is_given_up_is_not_paid(string language, int columns, int rows)
    {
        await using var screen = await Open(language, columns, rows);
        var bill = await Network.NewBill();
        await Network.HoldBank();

        await Pay(screen, bill);
        await Network.UntilAttempt(bill, "SENT");
        await screen.Press("Escape");
        await screen.Until("Press Esc again");
        await screen.Confirm("Escape");
        await screen.Until("will be returned", screen.Said("Given up, not paid."));
        await Network.LetBankAnswer();

        await Network.UntilAttempt(bill, "REVERSED");
        (await Network.BillState(bill)).Should().Be("OPEN");
    }
}
