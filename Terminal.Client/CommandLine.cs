using System.CommandLine;
using System.CommandLine.Invocation;
using System.Text.RegularExpressions;
using Lakala.Terminal.Client.Counters;
using Lakala.Terminal.Client.Desks;
using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Printing;
using Lakala.Terminal.Client.Readers;
using Lakala.Terminal.Client.Registers;
using Lakala.Terminal.Client.Setup;
using Lakala.Terminal.Client.Words;

namespace Lakala.Terminal.Client;

/// <summary>The verbs of the program. A wrong command line is refused before anything is opened or sent.</summary>
internal sealed partial class CommandLine
{
    private const string FromStandardInput = "-";
    private const string Reader = "reader", Printer = "printer";

    private readonly Option<string> _bill = new("--bill") { Description = "Bill number, 14 digits", Required = true, HelpName = "N" };

    private readonly Option<string> _card = new("--card")
    {
        Description = "Track 2 as the reader sends it (;PAN=...?), or - for a line of standard input",
        Required = true,
        HelpName = "TRACK2",
    };

    private readonly Option<string> _pin = new("--pin")
    {
        Description = "PIN, 4 to 12 digits, or - for the next line of standard input",
        Required = true,
        HelpName = "PIN",
    };

    private readonly Option<string> _payment = new("--payment") { Description = "RRN of the receipt (12 digits), or bill number", Required = true, HelpName = "N" };

    private readonly Option<long?> _amount = new("--amount") { Description = "Minor units to give back; all that is left when left out", HelpName = "FEN" };

    private readonly Option<string> _clerk = new("--clerk") { Description = "Number of the clerk", Required = true, HelpName = "N" };

    private readonly Option<string> _supervisor = new("--supervisor") { Description = "Number of the supervisor who signs: not the clerk", Required = true, HelpName = "N" };

    private readonly Option<string> _password = new("--password")
    {
        Description = "The supervisor's password, or - for the next line of standard input",
        Required = true,
        HelpName = "PASSWORD",
    };

    private readonly Option<string?> _terminal = new("--terminal") { Description = "Terminal to use; the first one when left out", HelpName = "ID" };

    private readonly Option<bool> _batch = new("--batch") { Description = "Print the report of the last batch close instead" };

    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object instead of a screen" };

    private readonly Argument<string> _device = new("device") { Description = "reader: card reader, scanner or keyboard; printer: the receipt printer of a terminal", Arity = ArgumentArity.ZeroOrOne, DefaultValueFactory = _ => Reader };

    private readonly Option<string?> _language = new("--language") { Description = "en or zh; when left out en, or with printer the terminal's" };

    private readonly string _home;
    private readonly TextReader _input;
    private readonly TextWriter _output;
    private readonly TextWriter _error;
    private readonly TimeProvider _time;
    private readonly RootCommand _root;

    /// <param name="home">The folder that holds <c>terminals</c>.</param>
    public CommandLine(string home, TextReader input, TextWriter output, TextWriter error, TimeProvider time)
    {
        (_home, _input, _output, _error, _time) = (home, input, output, error, time);
        var lookup = new Command("lookup", "Look a bill up") { _bill, _terminal, _json };
        lookup.SetAction((line, stop) => Lookup(line, stop));
        var pay = new Command("pay", "Pay a bill with a card") { _bill, _card, _pin, _terminal, _json };
        pay.SetAction((line, stop) => Pay(line, stop));
        var refund = new Command("refund", "Give money of a payment back to the card that paid it") { _payment, _amount, _card, _clerk, _supervisor, _password, _terminal, _json };
        refund.SetAction((line, stop) => Refund(line, stop));
        var settle = new Command("settle", "Show the outcome of an earlier payment") { _terminal, _json };
        settle.SetAction((line, stop) => AtCounter(line, null, counter => counter.Settle(stop)));
        var reprint = new Command("reprint", "Print the last receipt again") { _batch, _terminal, _json };
        reprint.SetAction((line, _) => AtCounter(line, null, counter => Task.FromResult(line.GetValue(_batch) ? counter.ReprintBatch() : counter.Reprint())));
        var close = new Command("close", "Close the batch and compare its totals with the server's") { _terminal, _json };
        close.SetAction((line, stop) => AtCounter(line, null, counter => counter.CloseBatches(stop)));
        var register = new Command("register", "Stay signed on for a cash register: one JSON object a line in, one report a line out") { _terminal };
        register.SetAction((line, stop) => AtCounter(line, _ => new JsonOutput(_output), counter => new Register(counter, _input, _error).Run(stop)));
        _device.AcceptOnlyFromAmong(Reader, Printer);
        _language.AcceptOnlyFromAmong(TerminalTexts.English.Language, TerminalTexts.Chinese.Language);
        var doctor = new Command("doctor", "Show what a device sends, how the terminal reads it, and how to set it; shows no card number") { _device, _language, _terminal };
        doctor.SetAction((line, stop) => Doctor(line, stop));
        _root = new RootCommand("The terminal of a store's counter; without a verb it opens the clerk's screen.") { _terminal, lookup, pay, refund, settle, reprint, close, register, doctor };
        _root.SetAction((line, stop) => Desk(line, stop));
    }

    public async Task<int> Run(IReadOnlyList<string> arguments)
    {
        // Card data may begin with any character, also with '@': no argument names a file of more arguments.
        var parsed = _root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Action is ParseErrorAction)
        {
            return Usage(parsed.Errors.Select(error => error.Message));
        }

        var configuration = new InvocationConfiguration { Output = _output, Error = _error, EnableDefaultExceptionHandler = false };
        return await parsed.InvokeAsync(configuration);
    }

    private Task<int> Lookup(ParseResult line, CancellationToken stop)
    {
        var bill = line.GetRequiredValue(_bill).Trim();
        return AtCounter(line, Counter.RefuseBill(bill, TerminalTexts.English), counter => counter.Lookup(bill, stop));
    }

    private Task<int> Pay(ParseResult line, CancellationToken stop)
    {
        var bill = line.GetRequiredValue(_bill).Trim();
        var card = SwipedCard.Read(Given(line.GetRequiredValue(_card)), Given(line.GetRequiredValue(_pin)), out var fault);
        return card is null
            ? Task.FromResult(Usage(["--" + fault]))
            : AtCounter(line, Counter.RefuseBill(bill, TerminalTexts.English), counter => counter.Pay(bill, card, CancellationToken.None, stop));
    }

    private Task<int> Refund(ParseResult line, CancellationToken stop)
    {
        var payment = line.GetRequiredValue(_payment).Trim();
        var card = SwipedCard.ReadTrack(Given(line.GetRequiredValue(_card)), out var fault);
        var (clerk, supervisor, password) = (line.GetRequiredValue(_clerk), line.GetRequiredValue(_supervisor), Given(line.GetRequiredValue(_password)) ?? "");
        return card is null
            ? Task.FromResult(Usage(["--" + fault]))
            : AtCounter(line, Counter.RefusePayment(payment, TerminalTexts.English), counter =>
            {
                counter.Clerk = new ClerkIdentity(clerk, "", IsSupervisor: false);
                return counter.Refund(payment, line.GetValue(_amount), card.Masked, new Signature(supervisor, password), stop);
            });
    }

    private async Task<int> Desk(ParseResult line, CancellationToken stop)
    {
        if (Console.IsInputRedirected || Console.IsOutputRedirected)
        {
            return Usage(["the clerk's screen needs a console; programs use the verbs"]);
        }

        ReceiptPrinter? printer = null;
        return await AtCounter(
            line,
            folder => new DeskOutput(hasPrinter: (printer = ReceiptPrinter.Open(folder.Setup, folder.Path, _time)) is not null),
            texts => new TextOutput(_output, texts),
            async (counter, folder) =>
            {
                await DeskProgram.Run(counter, folder.Setup, printer, _time, stop);
                if (counter.OpenItems > 0)
                {
                    await _output.WriteLineAsync(counter.Texts.OutcomeUnknown);
                }

                return ExitCode.Done;
            });
    }

    private async Task<int> Doctor(ParseResult line, CancellationToken stop)
    {
        var language = line.GetValue(_language);
        if (line.GetRequiredValue(_device) == Reader)
        {
            var doctor = new ReaderDoctor(TerminalTexts.ForLanguage(language ?? TerminalTexts.English.Language), _input, _output, _time);
            return await (Console.IsInputRedirected ? doctor.RunOnLines(stop) : doctor.RunOnKeyboard(stop));
        }

        try
        {
            using var folder = TerminalFolder.Take(_home, line.GetValue(_terminal));
            return await new PrinterDoctor(folder.Setup, TerminalTexts.ForLanguage(language ?? folder.Setup.Language), folder.Path, _output, _time).Run();
        }
        catch (TerminalSetupException fault)
        {
            await _error.WriteLineAsync(fault.Message);
            return ExitCode.NotPaid;
        }
    }

    private string? Given(string value) => value == FromStandardInput ? _input.ReadLine()?.Trim() : value;

    private Task<int> AtCounter(ParseResult line, Report? refused, Func<Counter, Task<Report>> work)
    {
        Func<TerminalTexts, CounterOutput> screen = line.GetValue(_json) ? _ => new JsonOutput(_output) : texts => new TextOutput(_output, texts);
        return refused is null
            ? AtCounter(
                line,
                folder => line.GetValue(_json) ? new JsonOutput(_output) : new TextOutput(_output, TerminalTexts.ForLanguage(folder.Setup.Language), leavesEarlier: folder.Setup.HasPrinter),
                screen,
                async (counter, _) => Show(await work(counter), counter.Show))
            : Task.FromResult(Show(refused, screen(TerminalTexts.English).Show));
    }

    private Task<int> AtCounter(ParseResult line, Func<TerminalTexts, CounterOutput> screen, Func<Counter, Task<int>> work) =>
        AtCounter(line, folder => screen(TerminalTexts.ForLanguage(folder.Setup.Language)), screen, (counter, _) => work(counter));

    /// <param name="refusals">Gets the reason why the counter cannot be opened or cannot go on.</param>
    private async Task<int> AtCounter(
        ParseResult line, Func<TerminalFolder, CounterOutput> screen, Func<TerminalTexts, CounterOutput> refusals, Func<Counter, TerminalFolder, Task<int>> work)
    {
        var texts = TerminalTexts.English;
        try
        {
            using var folder = TerminalFolder.Take(_home, line.GetValue(_terminal));
            texts = TerminalTexts.ForLanguage(folder.Setup.Language);
            await using var counter = new Counter(folder, screen(folder), _time);
            return await work(counter, folder);
        }
        catch (TerminalSetupException fault)
        {
            texts = fault.Language is { } language ? TerminalTexts.ForLanguage(language) : texts;
            return Refuse(fault.Message);
        }
        catch (JournalException fault)
        {
            return Refuse(SetupTexts.JournalDamaged(fault.Message).In(texts.Language));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return Refuse(texts.BecauseOfDisk(fault));
        }

        int Refuse(string why) => Show(SwipeReport.Refused(why, line.GetValue(_bill)), refusals(texts).Show);
    }

    // The outcome stands, also when nobody reads it.
    private int Show(Report report, Action<Report> show)
    {
        try
        {
            show(report);
        }
        catch (IOException fault)
        {
            _error.WriteLine(fault.Message);
        }

        return report.ExitCode;
    }

    private int Usage(IEnumerable<string> faults)
    {
        foreach (var fault in faults)
        {
            // The parser quotes unknown arguments, and one may be a card.
            _error.WriteLine(CardDigits().Replace(fault, "***"));
        }

        _error.WriteLine("usage: terminal [lookup --bill N | pay --bill N --card TRACK2 --pin PIN | refund --payment N [--amount FEN] --card TRACK2 --clerk N --supervisor N --password PASSWORD | settle | reprint [--batch] | close | register | doctor [reader | printer]]   [--terminal ID] [--json]");
        return ExitCode.Usage;
    }

    [GeneratedRegex("[0-9]{4,}[=D]?[0-9]*", RegexOptions.CultureInvariant)]
    private static partial Regex CardDigits();
}
