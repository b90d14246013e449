using System.Text;
using System.Text.Json.Nodes;
using Lakala.Local;
using Lakala.Terminal.Tests;
using Lakala.Testing;
using Lakala.Wire.Cards;

namespace Lakala.EndToEnd.Tests;

/// <summary>A clerk at the counter: keys, swipes and what the screen and the printer show, on a real terminal of text.</summary>
public sealed class ClerkScreenTests(PatientNetwork network, Browser browser) : IClassFixture<PatientNetwork>
{
    private const string Terminal = "T0000001";

    private static readonly Encoding Gb18030 = CodePagesEncodingProvider.Instance.GetEncoding("GB18030")!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Both languages, on the smallest screen and on a larger one.</summary>
    public static TheoryData<string, int, int> Screens => new() { { "en", 80, 24 }, { "zh", 120, 40 } };

    public static TheoryData<string, int, int> AllScreens => new() { { "en", 80, 24 }, { "zh", 80, 24 }, { "en", 120, 40 }, { "zh", 120, 40 } };

    [Theory]
    [MemberData(nameof(AllScreens))]
    public async Task A_bill_is_keyed_in_swiped_and_paid_and_its_receipts_are_on_paper(string language, int columns, int rows)
    {
        using var printer = new TcpPrinter();
        await using var screen = await Open(language, columns, rows, setup => setup["printer"] = printer.Setting);
        var bill = await network.NewBill();
        var name = $"clerk-{language}-{columns}";

        await screen.Until("Key in or scan");
        await screen.Type(bill);
        await screen.UntilShown("✓\n");
        await screen.Picture(browser, name + "-bill");
        await screen.Press("Enter");
        await screen.Until("Swipe the customer's card", "A teapot", "CNY 10.00");
        await screen.Picture(browser, name + "-swipe");
        await screen.Swipe(network.Card.Track2);
        await screen.UntilShown(network.Card.Masked());
        await screen.KeyInPin(network.Card.Pin);
        (await screen.UntilShown(new string('•', network.Card.Pin.Length))).Should().NotContain(network.Card.Pin).And.NotContain(network.Card.Track2[..16]);
        await screen.Picture(browser, name + "-pin");
        await screen.Press("Enter");
        await screen.Until("Paid. Thank you.");
        await UntilPrinted(printer, 2, "one copy is the customer's, one the store's");
        await screen.Picture(browser, name + "-paid");

        (await network.BillState(bill)).Should().Be("PAID");
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
        var bill = await network.NewBill();
        await screen.Until("Key in or scan");

        await screen.Type(bill[..^1] + (bill[^1] == '0' ? '1' : '0'));
        await screen.Until("mistyped");
        await screen.Swipe(network.Card.Track2);
        (await screen.Until("wrong moment")).Should().NotContain(network.Card.Track2[..10]);
        await screen.Type(bill);
        await screen.Press("Enter");
        await screen.Until("Swipe the customer's card");
        await screen.Swipe(network.Card.Track2[..12]);
        await screen.Until("could not be read");
        await screen.Picture(browser, $"clerk-{language}-misread");
        await screen.Press("Escape");
        await screen.UntilShown("____ ____ ____ __");

        (await network.AttemptStates(bill)).Should().BeEmpty();
    }

    [Theory]
    [MemberData(nameof(Screens))]
    public async Task A_bill_that_is_paid_already_is_not_called_unpaid(string language, int columns, int rows)
    {
        await using var screen = await Open(language, columns, rows);
        var bill = await network.NewBill();
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
        var poor = network.Local.Cards.First(card => card.Expected == "51");

        await ShowBill(screen, await network.NewBill());
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

        await Pay(screen, await network.NewBill());
        await screen.Until("NOT PRINTED", screen.Said("OUT OF PAPER"), screen.Said("Paid. Thank you."));
        await screen.Picture(browser, $"clerk-{language}-no-paper");
        printer.Paper.Should().BeEmpty();
        printer.HasPaper = true;
        await Next(screen);
        await Pay(screen, await network.NewBill());
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
        await using var line = new CutLine(network.Local.Terminal.Host, network.Local.Terminal.Port);
        await using var screen = await Open(language, columns, rows, setup => setup["port"] = line.Port);
        var bill = await network.NewBill();
        await network.HoldBank();

        await Pay(screen, bill);
        await network.UntilAttempt(bill, "SENT");
        await screen.Picture(browser, $"clerk-{language}-asking");
        line.IsDown = isAnswered;
        line.Cut();
        if (isAnswered)
        {
            await network.LetBankAnswer();
            await network.UntilAttempt(bill, "APPROVED");
        }

        line.IsDown = false;
        await network.LetBankAnswer();
        await screen.Until("Paid. Thank you.");

        (await network.AttemptStates(bill)).Should().Equal("APPROVED");
    }

    [Theory]
    [MemberData(nameof(Screens))]
    public async Task An_outcome_that_stays_unknown_gets_a_slip_and_is_told_as_soon_as_the_line_is_back(string language, int columns, int rows)
    {
        using var printer = new TcpPrinter();
        await using var line = new CutLine(network.Local.Terminal.Host, network.Local.Terminal.Port);
        await using var screen = await Open(language, columns, rows, setup =>
            (setup["port"], setup["printer"], setup["answer_timeout_seconds"], setup["give_up_seconds"]) = (line.Port, printer.Setting, 2, 4));
        var bill = await network.NewBill();
        await network.HoldBank();

        await Pay(screen, bill);
        await network.UntilAttempt(bill, "SENT");
        line.IsDown = true;
        line.Cut();
        await network.LetBankAnswer();
        await screen.Until("Give the customer the slip", screen.Said("OPEN: 1"));
        await UntilPrinted(printer, 1, "the slip is on paper");
        await screen.Picture(browser, $"clerk-{language}-unknown");
        OnPaper(printer, screen, "OUTCOME UNKNOWN").Should().BeTrue();
        await screen.Type(bill);
        line.IsDown = false;
        await screen.Until("An earlier payment has become certain", screen.Said("no payment open"));
        await screen.Picture(browser, $"clerk-{language}-earlier");

        (await network.BillState(bill)).Should().Be("PAID");
        await UntilPrinted(printer, 3, "the slip, then both copies");
        OnPaper(printer, screen, "*** DUPLICATE ***").Should().BeFalse("they were never printed before");
    }

    [Theory]
    [MemberData(nameof(Screens))]
    public async Task A_program_that_was_killed_begins_with_what_was_open(string language, int columns, int rows)
    {
        var bill = await network.NewBill();
        await network.HoldBank();
        await using (var killed = await Open(language, columns, rows))
        {
            await Pay(killed, bill);
            await network.UntilAttempt(bill, "SENT");
            await killed.Kill();
            await killed.UntilShown("ended 137");
            await network.LetBankAnswer();
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
        var bill = await network.NewBill();
        await network.HoldBank();

        await Pay(screen, bill);
        await network.UntilAttempt(bill, "SENT");
        await screen.Press("Escape");
        await screen.Until("Press Esc again");
        await screen.Confirm("Escape");
        await screen.Until("will be returned", screen.Said("Given up, not paid."));
        await network.LetBankAnswer();

        await network.UntilAttempt(bill, "REVERSED");
        (await network.BillState(bill)).Should().Be("OPEN");
    }

    [Theory]
    [MemberData(nameof(Screens))]
    public async Task A_batch_is_closed_its_totals_agree_or_the_differences_are_listed_and_the_next_begins(string language, int columns, int rows)
    {
        using var printer = new TcpPrinter();
        await using var screen = await Open(language, columns, rows, setup => setup["printer"] = printer.Setting);
        await Pay(screen, await network.NewBill());
        await screen.Until("Paid. Thank you.");
        await Next(screen);
        await CloseBatch(screen);
        await screen.Until("Batch closed");
        await screen.Press("Enter");
        await screen.Until("Key in or scan");
        await screen.Press("F4");
        await screen.Until("Nothing to close");
        await screen.Press("Escape");

        await Pay(screen, await network.NewBill());
        await screen.Until("Paid. Thank you.");
        await Next(screen);
        await CloseBatch(screen);
        await screen.Until("totals agree", "CNY 10.00");
        await screen.Picture(browser, $"clerk-{language}-batch");
        await screen.Press("Enter");

        var bill = await network.NewBill();
        await Pay(screen, bill);
        await screen.Until("Paid. Thank you.");
        await network.Falsify($"update attempts set amount = 999 where bill = {bill}");
        await Next(screen);
        await CloseBatch(screen);
        await screen.Until("totals differ", "CNY 9.99");

        await Eventually.Is(() => Task.FromResult(OnPaper(printer, "CNY 10.00 / CNY 9.99")), "the report lists the difference");
        await network.Falsify($"update attempts set amount = 1000 where bill = {bill}");
    }

    [Theory]
    [MemberData(nameof(Screens))]
    public async Task A_clerk_signs_in_with_number_and_password_and_a_supervisor_approves_the_batch_close(string language, int columns, int rows)
    {
        using var printer = new TcpPrinter();
        await using var screen = await Open(
            language, columns, rows, setup => (setup["printer"], setup["clerk_sign_in"]) = (printer.Setting, true));
        var (clerk, supervisor) = (network.Local.Seed.Clerks[0], network.Local.Seed.Clerks[1]);

        await screen.Until("Sign in");
        var wrong = clerk.Password == "90817263" ? "90817264" : "90817263";
        await SignIn(screen, clerk.Number, wrong);
        (await screen.Until("password is wrong")).Should().NotContain(wrong);
        await screen.Type(clerk.Number);
        await screen.Press("Enter");
        await screen.Type(clerk.Password);
        (await screen.UntilShown("••••••••")).Should().NotContain(clerk.Password);
        await screen.Picture(browser, $"clerk-{language}-sign-in");
        await screen.Press("Enter");
        await screen.Until("Key in or scan", "Clerk 1001");
        await Pay(screen, await network.NewBill());
        await screen.Until("Paid. Thank you.");
        await Eventually.Is(() => Task.FromResult(OnPaper(printer, "1001")), "the receipt says who took the payment");
        await Next(screen);

        await CloseBatch(screen);
        await screen.Until("A supervisor approves this");
        await SignIn(screen, supervisor.Number, supervisor.Password);
        await screen.Until("Batch closed");
        await screen.Press("Enter");
        await screen.Until("Key in or scan");
        await screen.Press("F8");
        await screen.Until("Sign in");
    }

    [Theory]
    [MemberData(nameof(Screens))]
    public async Task A_clerk_whom_the_server_has_verified_signs_in_while_it_cannot_be_reached_and_nobody_else(string language, int columns, int rows)
    {
        await using var line = new CutLine(network.Local.Terminal.Host, network.Local.Terminal.Port);
        await using var screen = await Open(language, columns, rows, setup => (setup["port"], setup["clerk_sign_in"]) = (line.Port, true));
        var clerk = network.Local.Seed.Clerks[0];
        await screen.Until("Sign in");
        await SignIn(screen, clerk.Number, clerk.Password);
        await screen.Until("Key in or scan");
        await screen.Press("F8");
        await screen.Until("Sign in");

        line.IsDown = true;
        line.Cut();
        await screen.Until("OFF LINE");
        await SignIn(screen, clerk.Number, clerk.Password);
        await screen.Until("Key in or scan");
        await screen.Press("F8");
        await screen.Until("Sign in");
        await SignIn(screen, clerk.Number, clerk.Password[1..]);
        await screen.Until("it here recently");
    }

    [Fact]
    public async Task What_the_server_asks_for_is_done_new_keys_and_parameters_that_are_obeyed()
    {
        using var printer = new TcpPrinter();
        await network.Falsify("""insert into terminal_parameters (body) values ('{"footer_en": "Ask for tea.", "copies": 1, "largest_amount": 5000}')""");
        var file = Path.Combine(network.Local.Home, "terminals", Terminal, "parameters.json");
        await using (var screen = await Open("en", 80, 24, setup => setup["printer"] = printer.Setting))
        {
            await screen.Until("Key in or scan");
            var keys = await KeySet();
            await network.Falsify($"update terminals set signed_on_at = signed_on_at - interval '25 hours' where id = '{Terminal}'");
            await Eventually.Is(async () => File.Exists(file) && await KeySet() != keys, "keys and parameters are new", TimeSpan.FromMinutes(3));

            await Pay(screen, await network.NewBill());
            await screen.Until("Paid. Thank you.");
            await UntilPrinted(printer, 1, "the customer's copy alone");
            await Next(screen);
            await ShowBill(screen, await network.NewBill(5_001));
            await screen.Swipe(network.Card.Track2);
            await screen.UntilShown(network.Card.Masked());
            await screen.KeyInPin(network.Card.Pin);
            await screen.Press("Enter");
            await screen.Until("above what this terminal may take");
        }

        OnPaper(printer, "Ask for tea.").Should().BeTrue();
        await network.Falsify("delete from terminal_parameters");
        File.Delete(file);

        async Task<string> KeySet() => (await network.Read($"select key_set::text from terminals where id = '{Terminal}'"))[0];
    }

    [Fact]
    public async Task What_the_terminal_reports_of_its_printer_is_known_at_the_server()
    {
        using var printer = new TcpPrinter { HasPaper = false };
        await using var screen = await Open("en", 80, 24, setup => setup["printer"] = printer.Setting);
        await screen.Until("OUT OF PAPER");

        await Eventually.Is(
            async () => (await network.Read($"select concat_ws(' ', in_order, report ->> 'paper', report ->> 'reader', report ->> 'open_items') from terminal_health where terminal_id = '{Terminal}'"))
                is ["f out ok 0"],
            "the server knows that the paper is out");
    }

    [Fact]
    public async Task A_real_terminal_takes_scans_and_pastes_where_they_belong_and_never_shows_a_PIN()
    {
        await using var screen = await Open("en", 80, 24);
        var card = network.Local.Cards.First(card => card.Expected == "55");
        var bill = await network.NewBill();
        var grouped = string.Join(' ', bill.Chunk(4).Select(group => new string(group)));
        await screen.Until("Key in or scan");

        await screen.TypeRaw($"\u0002{bill}\u0003");
        await screen.UntilShown(grouped);
        await screen.Press("Escape");
        await screen.UntilShown("____ ____ ____ __");
        await screen.Paste(bill);
        await screen.UntilShown(grouped);
        await screen.Press("Enter");
        await screen.Until("Swipe the customer's card");
        await screen.TypeRaw($";{card.Track2}?7\n");
        await screen.UntilShown(card.Masked());
        await screen.Paste(card.Pin);
        (await screen.UntilShown("keyed in by hand")).Should().NotContain("•");
        await screen.KeyInPin(card.Pin);
        (await screen.Shown()).Should().NotContain("keyed in by hand");
        await screen.TypeRaw("6901234567892\r");
        (await screen.UntilShown("keyed in by hand")).Should().NotContain("•");
        (await network.AttemptStates(bill)).Should().BeEmpty();

        await screen.KeyInPin(card.Pin);
        await screen.Press("Enter");
        await screen.Until("next customer");
        foreach (var digit in card.Pin)
        {
            await screen.Type(digit.ToString());
            (await screen.Until("next customer")).Should().NotContain("____", "a PIN that is keyed in again at once stands nowhere");
        }

        await screen.Confirm("Enter");
        await screen.Until("Swipe the customer's card");
        await screen.Press("Escape");
        await screen.Until("Key in or scan");
        foreach (var digit in card.Pin)
        {
            await screen.Type(digit.ToString());
        }

        // it comes late, into the next field
        await screen.UntilShown("•••• ••__ ____ __", "may be a PIN");
        await screen.Type(bill);
        await screen.UntilShown(grouped);
    }

    [Fact]
    public async Task No_payment_waits_for_a_printer_that_cannot_be_reached()
    {
        using var unreachable = new UnreachablePrinter();
        await using (var screen = await Open("en", 80, 24, setup => setup["printer"] = unreachable.Setting))
        {
            for (var payment = 0; payment < 2; payment++)
            {
                await Pay(screen, await network.NewBill());
                // the outcome is there before the printer has failed
                await screen.UntilShown("Printing …", "Paid. Thank you.");
                await Next(screen);
            }

            await screen.UntilShown("✗ CHECK THE PRINTER");
        }

        using var printer = new TcpPrinter();
        await using var next = await Open("en", 80, 24, setup => setup["printer"] = printer.Setting);
        await UntilPrinted(printer, 4, "both payments' copies, once there is a printer");
    }

    [Theory]
    [InlineData("C-c")]
    [InlineData("F10")]
    public async Task The_program_is_ended_with_two_presses_and_leaves_the_screen_as_it_found_it(string key)
    {
        await using var screen = await Open("en", 80, 24);
        await screen.Until("Key in or scan");

        await screen.Press(key);
        await screen.UntilShown("Press F10 again");
        await screen.Confirm(key);

        (await screen.UntilShown("ended 0")).Trim().Should().Be("ready\nended 0");
    }

    // A result stays for a moment, and then shows the next key.
    private static async Task Next(ClerkScreen screen)
    {
        await screen.Until("next customer");
        await screen.Press("Enter");
    }

    private static async Task CloseBatch(ClerkScreen screen)
    {
        await screen.Until("Key in or scan");
        await screen.Press("F4");
        await screen.Until("Close the batch?");
        await screen.Press("Enter");
    }

    private static async Task ShowBill(ClerkScreen screen, string bill)
    {
        await screen.Until("Key in or scan");
        await screen.Type(bill);
        await screen.Press("Enter");
        await screen.Until("Swipe the customer's card");
    }

    private async Task Pay(ClerkScreen screen, string bill)
    {
        await ShowBill(screen, bill);
        await screen.Swipe(network.Card.Track2);
        await screen.UntilShown(network.Card.Masked());
        await screen.KeyInPin(network.Card.Pin);
        await screen.Press("Enter");
    }

    private static async Task SignIn(ClerkScreen screen, string number, string password)
    {
        await screen.Type(number);
        await screen.Press("Enter");
        await screen.Type(password);
        await screen.Press("Enter");
    }

    /// <summary>The screen of a terminal with this setup; by default without printer and clerks.</summary>
    [Fact]
    public async Task On_a_screen_that_is_too_small_nothing_is_keyed_in_blind()
    {
        await using var screen = await Open("en", 80, 24);
        var bill = await network.NewBill();
        await screen.Until("Key in or scan");
        await screen.Resize(79, 24);
        await screen.Until("Make this window larger");

        await screen.Type(bill);
        await screen.Press("Enter");
        await screen.Paste(bill);
        await screen.Press("F10");
        await screen.UntilShown("Press F10 again");

        await screen.Resize(80, 24);
        await screen.Until("Key in or scan", "____ ____ ____ __");
        await screen.Type(bill);
        await screen.Press("Enter");
        await screen.Until("Swipe the customer's card");
    }

    private async Task<ClerkScreen> Open(string language, int columns, int rows, Action<JsonNode>? change = null)
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
    private async Task UntilPrinted(TcpPrinter printer, int cuts, string what)
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

    private static bool OnPaper(TcpPrinter printer, ClerkScreen screen, string english) => OnPaper(printer, screen.Said(english));

    private static bool OnPaper(TcpPrinter printer, string text) => printer.Paper.AsSpan().IndexOf(Gb18030.GetBytes(text)) >= 0;
}

internal static class TestCards
{
    public static string Masked(this TestCard card) => Track2.TryParse(card.Track2, out var track) ? track!.Masked : "";
}
