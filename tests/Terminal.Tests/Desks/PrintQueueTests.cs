using System.Collections.Concurrent;
using Lakala.Terminal.Client.Counters;
using Lakala.Terminal.Client.Desks;
using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Printing;
using Lakala.Terminal.Client.Words;

namespace Lakala.Terminal.Tests.Desks;

public sealed class PrintQueueTests
{
    private static readonly PrinterPatience Patience = PrinterPatience.Usual with { Reach = TimeSpan.FromSeconds(30), Silence = TimeSpan.FromSeconds(30) };

    private readonly ConcurrentQueue<(PrintJob Job, PrinterState? Fault)> _done = new();
    private readonly TaskCompletionSource _ready = new();

    [Fact]
    public async Task Jobs_are_printed_one_after_the_other()
    {
        using var printer = new TcpPrinter { Gate = _ready.Task };
        var queue = Queue(printer);
        PrintJob[] jobs = [Job(1), Job(2), Job(3)];

        foreach (var job in jobs)
        {
            queue.Print(job);
        }

        queue.IsIdle.Should().BeFalse();
        _done.Should().BeEmpty("nobody has waited");
        _ready.SetResult();
        await queue.Work;
        _done.Should().Equal(jobs.Select(job => (job, (PrinterState?)null)));
        PaperRoll.Read(printer.Paper).Slips.Should().HaveCount(3);
        queue.IsIdle.Should().BeTrue();
    }

    /// <summary>The wait for an unreachable printer comes once, however many receipts there are.</summary>
    [Fact]
    public async Task What_stands_behind_a_job_that_fails_fails_untried()
    {
        using var printer = new TcpPrinter { Gate = _ready.Task, HasPaper = false };
        var queue = Queue(printer);
        PrintJob[] jobs = [.. Enumerable.Range(1, 8).Select(Job)];

        foreach (var job in jobs)
        {
            queue.Print(job);
        }

        _ready.SetResult();
        await queue.Work;

        _done.Should().Equal(jobs.Select(job => (job, (PrinterState?)PrinterState.PaperOut)));
        printer.Connections.Should().Be(1);
    }

    [Fact]
    public async Task A_look_is_taken_only_when_nothing_is_printed_and_what_is_too_much_fails_at_once()
    {
        using var printer = new TcpPrinter { Gate = _ready.Task };
        var queue = Queue(printer);
        queue.Print(Job(1));
        await printer.Connected;

        queue.Look();
        for (var more = 2; more <= 20; more++)
        {
            queue.Print(Job(more));
        }

        _done.Should().NotBeEmpty("they wait in the journal").And.OnlyContain(done => done.Job.Report != null);
        var printed = queue.Stop();
        printed.IsCompleted.Should().BeFalse("a receipt that was begun is printed");
        _ready.SetResult();
        await printed;
        PaperRoll.Read(printer.Paper).Slips.Should().HaveCount(1, "the rest was not begun");
    }

    [Fact]
    public async Task Nobody_who_ends_the_program_waits_for_a_look_at_a_printer_that_does_not_answer()
    {
        using var printer = new TcpPrinter { Gate = _ready.Task };
        var queue = Queue(printer);

        queue.Look();

        queue.Stop().IsCompleted.Should().BeTrue();
        _ready.SetResult();
        await queue.Work;
    }

    private PrintQueue Queue(TcpPrinter printer) =>
        new(ReceiptPrinter.Open(printer.Setting, true, "", TimeProvider.System, Patience)!, (job, fault) => _done.Enqueue((job, fault)));

    private static PrintJob Job(int stan) => new(
        new SwipeReport(Outcome.Approved) { Receipts = [new ReceiptSlip([new SlipLine($"{stan}")], "")] }, new JournalKey(1, stan));
}
