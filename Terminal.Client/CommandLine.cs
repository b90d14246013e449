using System.CommandLine;
using System.CommandLine.Invocation;
using System.Text.RegularExpressions;
using Lakala.Wire;

namespace Lakala.Terminal.Client;

/// <summary>The verbs of the program. What is wrong with a command line is told before anything is opened or sent.</summary>
internal sealed partial class CommandLine
{
    private const string FromStandardInput = "-";

    private readonly Option<string> _bill = new("--bill") { Description = "Bill number, 14 digits", Required = true, HelpName = "N" };

    private readonly Option<string> _card = new("--card")
    {
        Description = "Track 2 as the reader types it (;PAN=...?), or - for a line of standard input",
        Required = true,
        HelpName = "TRACK2",
    };

    private readonly Option<string> _pin = new("--pin")
    {
        Description = "PIN, 4 to 12 digits, or - for the next line of standard input",
        Required = true,
        HelpName = "PIN",
    };

    private readonly Option<string?> _terminal = new("--terminal") { Description = "Terminal to use; the first one when left out", HelpName = "ID" };

    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object instead of a screen" };

    private readonly Option<FileInfo> _plan = new("--plan") { Description = "What the terminals do", Required = true, HelpName = "FILE" };

    private readonly Option<FileInfo> _result = new("--result") { Description = "Where the figures go", Required = true, HelpName = "FILE" };

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
        var reprint = new Command("reprint", "Print the last receipt again") { _terminal, _json };
        reprint.SetAction((line, _) => AtCounter(line, null, counter => Task.FromResult(counter.Reprint())));
        var swarm = new Command("swarm", "Many terminals at once, for the benchmark") { _plan, _result };
        swarm.Hidden = true;
        swarm.SetAction((line, stop) => Swarm(line, stop));
        _root = new RootCommand("The terminal of a store's counter.") { lookup, pay, reprint, swarm };
    }

    public async Task<int> Run(IReadOnlyList<string> arguments)
    {
        // Card data may begin with any character: nothing in the arguments names a file of more arguments.
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
        return AtCounter(line, Counter.RefuseBill(bill), counter => counter.Lookup(bill, stop));
    }

    private Task<int> Pay(ParseResult line, CancellationToken stop)
    {
        var bill = line.GetRequiredValue(_bill).Trim();
        var swiped = Given(line.GetRequiredValue(_card));
        var pin = Given(line.GetRequiredValue(_pin));
        if (TrackForm().Match(swiped ?? "") is not { Success: true, Value: var text })
        {
            return Task.FromResult(Usage(["--card is no track 2: ;PAN=YYMMSSS...? is expected"]));
        }

        if (pin is not { Length: >= PinBlock.MinPin and <= PinBlock.MaxPin } || pin.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            return Task.FromResult(Usage([$"--pin has not {PinBlock.MinPin} to {PinBlock.MaxPin} digits"]));
        }

        var isCard = Track2.TryParse(text, out var track);
        var refused = Counter.RefuseBill(bill) ?? (isCard ? null : Counter.RefuseCard(bill));
        return AtCounter(line, refused, counter => counter.Pay(bill, new SwipedCard(track!, pin), stop));
    }

    private async Task<int> Swarm(ParseResult line, CancellationToken stop)
    {
        try
        {
            using var swarm = new Swarm(SwarmPlan.Read(line.GetRequiredValue(_plan).FullName), _time);
            await swarm.Run(line.GetRequiredValue(_result).FullName, stop);
            return ExitCode.Done;
        }
        catch (SetupException fault)
        {
            await _error.WriteLineAsync($"swarm: {fault.Message}");
            return ExitCode.NotPaid;
        }
    }

    private string? Given(string value) => value == FromStandardInput ? _input.ReadLine()?.Trim() : value;

    private async Task<int> AtCounter(ParseResult line, Report? refused, Func<Counter, Task<Report>> work)
    {
        Screen screen = line.GetValue(_json) ? new JsonScreen(_output) : new ClerkScreen(_output);
        if (refused is not null)
        {
            return Show(refused, screen.Show);
        }

        try
        {
            using var folder = TerminalFolder.Take(_home, line.GetValue(_terminal));
            using var counter = new Counter(folder, screen, _time);
            return Show(await work(counter), counter.Show);
        }
        catch (SetupException fault)
        {
            return Show(SwipeReport.Refused(fault.Message, line.GetValue(_bill)), screen.Show);
        }
        catch (JournalException fault)
        {
            return Show(SwipeReport.Refused(Texts.JournalDamaged(fault.Message), line.GetValue(_bill)), screen.Show);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return Show(SwipeReport.Refused(Texts.DiskFault(fault.Message), line.GetValue(_bill)), screen.Show);
        }
    }

    // The outcome stands, whether or not somebody reads it.
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
            // The parser quotes what it does not understand, and that may be a card.
            _error.WriteLine(CardDigits().Replace(fault, "***"));
        }

        _error.WriteLine("usage: terminal lookup --bill N | pay --bill N --card TRACK2 --pin PIN | reprint   [--terminal ID] [--json]");
        return ExitCode.Usage;
    }

    // Readers type track 1 before track 2; only the second is wanted.
    [GeneratedRegex(@"(?<=^|\?);?[0-9]+[=D][0-9]{7,}\??$", RegexOptions.CultureInvariant)]
    private static partial Regex TrackForm();

    [GeneratedRegex("[0-9]{4,}[=D]?[0-9]*", RegexOptions.CultureInvariant)]
    private static partial Regex CardDigits();
}
