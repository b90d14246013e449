using Lakala.Terminal.Client.Counters;
using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Printing;

namespace Lakala.Terminal.Client.Desks;

/// <param name="Report">With the receipts; null when the printer is only looked at.</param>
/// <param name="Key">The swipe whose receipts are on paper then, all of them.</param>
/// <param name="IsEarlier">They had waited for the printer; nobody at the desk waits for them.</param>
internal sealed record PrintJob(SwipeReport? Report, SwipeKey? Key = null, bool IsEarlier = false);

/// <summary>
/// The desk's printer at work, beside everything else: no look-up and no payment waits for paper. Once it fails the jobs behind fail
/// with it, untried: a printer that is away is waited for once, not once for each receipt.
/// </summary>
/// <param name="done">Called for every job, with what was wrong with the printer; null when all is out.</param>
internal sealed class PrintQueue(ReceiptPrinter printer, Action<PrintJob, PrinterState?> done)
{
    private const int MostJobs = 16;

    private readonly Lock _lock = new();
    private readonly Queue<PrintJob> _jobs = [];
    private bool _isAtWork;
    private bool _isPrinting;

    public bool IsIdle
    {
        get
        {
            lock (_lock)
            {
                return !_isAtWork;
            }
        }
    }

    /// <summary>The end of what is done now.</summary>
    public Task Work { get; private set; } = Task.CompletedTask;

    public void Look()
    {
        if (IsIdle)
        {
            Print(new PrintJob(null));
        }
    }

    public void Print(PrintJob job)
    {
        lock (_lock)
        {
            if (_jobs.Count < MostJobs)
            {
                _jobs.Enqueue(job);
                if (!_isAtWork)
                {
                    _isAtWork = true;
                    Work = Task.Run(Run);
                }

                return;
            }
        }

        done(job, printer.State);
    }

    /// <summary>What has not begun is not begun any more.</summary>
    /// <returns>The end of what is printed now. Nobody waits for a look.</returns>
    public Task Stop()
    {
        lock (_lock)
        {
            _jobs.Clear();
            return _isPrinting ? Work : Task.CompletedTask;
        }
    }

    private async Task Run()
    {
        while (Take() is { } job)
        {
            var fault = await Carry(job);
            done(job, fault);
            while (fault is not null && Take() is { } behind)
            {
                done(behind, fault);
            }
        }
    }

    private async Task<PrinterState?> Carry(PrintJob job)
    {
        try
        {
            await (job.Report is null ? printer.Look() : printer.Print(job.Report.Receipts));
            return null;
        }
        catch (PrinterException fault)
        {
            return fault.State;
        }
    }

    private PrintJob? Take()
    {
        lock (_lock)
        {
            _isAtWork = _jobs.TryDequeue(out var job);
            _isPrinting = job?.Report is not null;
            return job;
        }
    }
}
