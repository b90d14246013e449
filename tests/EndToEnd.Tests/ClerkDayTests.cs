using Lakala.Terminal.Tests;
using Lakala.Testing;

namespace Lakala.EndToEnd.Tests;

/// <summary>What surrounds the payments of a day: sign-in, batch close, the server's wishes, the printer, the program itself.</summary>
public sealed class ClerkDayTests(PatientNetwork network, Browser browser) : ClerkScreenTest(network)
{
    [Theory]
    [MemberData(nameof(Screens))]
    public async Task A_batch_is_closed_its_totals_agree_or_the_differences_are_listed_and_the_next_begins(string language, int columns, int rows)
    {
        using var printer = new TcpPrinter();
        await using var screen = await Open(language, columns, rows, setup => setup["printer"] = printer.Setting);
        await Pay(screen, await Network.NewBill());
        await screen.Until("Paid. Thank you.");
        await Next(screen);
        await CloseBatch(screen);
        await screen.Until("Batch closed");
        await screen.Press("Enter");
        await screen.Until("Key in or scan");
        await screen.Press("F4");
        await screen.Until("Nothing to close");
        await screen.Press("Escape");

        await Pay(screen, await Network.NewBill());
        await screen.Until("Paid. Thank you.");
        await Next(screen);
        await CloseBatch(screen);
        await screen.Until("totals agree", "CNY 10.00");
        await screen.Picture(browser, $"clerk-{language}-batch");
        await screen.Press("Enter");

        var bill = await Network.NewBill();
        await Pay(screen, bill);
        await screen.Until("Paid. Thank you.");
        await Network.Falsify($"update attempts set amount = 999 where bill = {bill}");
        await Next(screen);
        await CloseBatch(screen);
        await screen.Until("totals differ", "CNY 9.99");

        await Eventually.Is(() => Task.FromResult(OnPaper(printer, "CNY 10.00 / CNY 9.99")), "the report lists the difference");
        await Network.Falsify($"update attempts set amount = 1000 where bill = {bill}");
    }

    [Theory]
    [MemberData(nameof(Screens))]
    public async Task A_clerk_signs_in_with_number_and_password_and_a_supervisor_approves_the_batch_close(string language, int columns, int rows)
    {
        using var printer = new TcpPrinter();
        await using var screen = await Open(
            language, columns, rows, setup => (setup["printer"], setup["clerk_sign_in"]) = (printer.Setting, true));
        var (clerk, supervisor) = (Network.Local.Seed.Clerks[0], Network.Local.Seed.Clerks[1]);

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
        await Pay(screen, await Network.NewBill());
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
    public async Task A_part_goes_back_to_the_card_that_paid_once_another_person_than_the_clerk_signs(string language, int columns, int rows)
    {
        using var printer = new TcpPrinter();
        await using var screen = await Open(
            language, columns, rows, setup => (setup["printer"], setup["clerk_sign_in"]) = (printer.Setting, true));
        var (clerk, supervisor) = (Network.Local.Seed.Clerks[0], Network.Local.Seed.Clerks[1]);
        var bill = await Network.NewBill();
        var payment = (await Network.Pay(bill, "T0000002")).GetProperty("rrn").GetString();
        payment.Should().NotBeNull();

        await screen.Until("Sign in");
        await SignIn(screen, clerk.Number, clerk.Password);
        await screen.Until("Key in or scan");
        await screen.Press("F3");
        await screen.Until("Refund: key in the RRN");
        await screen.Type(bill);
        await screen.Press("Enter");
        await screen.Until("Amount to give back", "CNY 10.00");
        await screen.KeyIn("280", keyed => keyed switch { 1 => "CNY 0.02", 2 => "CNY 0.28", _ => "CNY 2.80" });
        await screen.Picture(browser, $"clerk-{language}-refund");
        await screen.Press("Enter");
        await screen.Until("Swipe the card that paid", Network.Card.Masked(), "CNY 2.80");
        await screen.Swipe(Network.Card.Track2);
        await screen.Until("supervisor signs the refund");
        await KeyInNumber(clerk.Number);
        await screen.Type(clerk.Password);
        await screen.Press("Enter");
        await screen.Until("another person than the clerk", screen.Said("supervisor signs the refund"));
        (await Network.Local.CreditsOf(payment!)).Should().BeEmpty();
        await KeyInNumber(supervisor.Number);
        await screen.Type(supervisor.Password);
        await screen.Press("Enter");
        (await screen.Until("on its way to the")).Should().NotContain(supervisor.Password);
        await screen.Picture(browser, $"clerk-{language}-refund-ordered");
        await UntilPrinted(printer, 2, "both copies of the refund");

        var refund = (await Network.Read($"select lpad(rrn::text, 12, '0') from refunds where bill = {bill}")).Should().ContainSingle().Which;
        foreach (var copy in PaperRoll.Read(printer.Paper).Slips)
        {
            var lines = copy.Select(line => line.Text.Trim()).ToList();
            lines.Should().ContainSingle(line => line.EndsWith("CNY 2.80", StringComparison.Ordinal))
                .And.ContainSingle(line => line.StartsWith(screen.Said("RRN of payment"), StringComparison.Ordinal) && line.EndsWith(payment!, StringComparison.Ordinal))
                .And.Contain(line => line.Contains(screen.Said("on its way to the"), StringComparison.Ordinal))
                .And.Contain(line => line.EndsWith(supervisor.Number, StringComparison.Ordinal));
        }

        await Eventually.Is(async () => (await Network.Local.CreditsOf(payment!)).SequenceEqual([(refund, 280L)]), "the bank's book has the credit");

        async Task KeyInNumber(string number)
        {
            await screen.KeyIn(number, keyed => number[..keyed] + "_");
            await screen.Press("Enter");
        }
    }

    [Theory]
    [MemberData(nameof(Screens))]
    public async Task A_clerk_whom_the_server_has_verified_signs_in_while_it_cannot_be_reached_and_nobody_else(string language, int columns, int rows)
    {
        await using var line = new CutLine(Network.Local.Terminal.Host, Network.Local.Terminal.Port);
        await using var screen = await Open(language, columns, rows, setup => (setup["port"], setup["clerk_sign_in"]) = (line.Port, true));
        var clerk = Network.Local.Seed.Clerks[0];
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
        await Network.Falsify("""insert into terminal_parameters (body) values ('{"footer_en": "Ask for tea.", "copies": 1, "largest_amount": 5000}')""");
        var file = Path.Combine(Network.Local.Home, "terminals", Terminal, "parameters.json");
        await using (var screen = await Open("en", 80, 24, setup => setup["printer"] = printer.Setting))
        {
            await screen.Until("Key in or scan");
            var keys = await KeySet();
            await Network.Falsify($"update terminals set signed_on_at = signed_on_at - interval '25 hours' where id = '{Terminal}'");
            await Eventually.Is(async () => File.Exists(file) && await KeySet() != keys, "keys and parameters are new", TimeSpan.FromMinutes(3));

            await Pay(screen, await Network.NewBill());
            await screen.Until("Paid. Thank you.");
            await UntilPrinted(printer, 1, "the customer's copy alone");
            await Next(screen);
            await ShowBill(screen, await Network.NewBill(5_001));
            await screen.Swipe(Network.Card.Track2);
            await screen.UntilShown(Network.Card.Masked());
            await screen.KeyInPin(Network.Card.Pin);
            await screen.Press("Enter");
            await screen.Until("above what this terminal may take");
        }

        OnPaper(printer, "Ask for tea.").Should().BeTrue();
        await Network.Falsify("delete from terminal_parameters");
        File.Delete(file);

        async Task<string> KeySet() => (await Network.Read($"select key_set::text from terminals where id = '{Terminal}'"))[0];
    }

    [Fact]
    public async Task What_the_terminal_reports_of_its_printer_is_known_at_the_server()
    {
        using var printer = new TcpPrinter { HasPaper = false };
        await using var screen = await Open("en", 80, 24, setup => setup["printer"] = printer.Setting);
        await screen.Until("OUT OF PAPER");

        await Eventually.Is(
            async () => (await Network.Read($"select concat_ws(' ', in_order, report ->> 'paper', report ->> 'reader', report ->> 'open_items') from terminal_health where terminal_id = '{Terminal}'"))
                is ["f out ok 0"],
            "the server knows that the paper is out");
    }

    [Fact]
    public async Task A_real_terminal_takes_scans_and_pastes_where_they_belong_and_never_shows_a_PIN()
    {
        await using var screen = await Open("en", 80, 24);
        var card = Network.Local.Cards.First(card => card.Expected == "55");
        var bill = await Network.NewBill();
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
        (await Network.AttemptStates(bill)).Should().BeEmpty();

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
                await Pay(screen, await Network.NewBill());
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

    [Fact]
    public async Task On_a_screen_that_is_too_small_nothing_is_keyed_in_blind()
    {
        await using var screen = await Open("en", 80, 24);
        var bill = await Network.NewBill();
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
}
