using Lakala.Terminal.Client.Counters;
using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Printing;

namespace Lakala.Terminal.Client.Desks;

/// <param name="Report">The report with the receipts; null to check the printer only.</param>
/// <param name="Key">The swipe whose receipts are then all on paper.</param>
/// <param name="IsEarlier">True: the receipts had waited for the printer, and no page waits for them.</param>
internal sealed record PrintJob(SwipeReport? Report, JournalKey? Key = null, bool IsEarlier = false);

/// <summary>
/// Prints beside the desk: no lookup and no payment waits for paper. After a failure the later jobs fail too, without a
/// try: the wait for an unreachable printer must come once, not once for each receipt.
/// </summary>
/// <param name="done">Called for every job with the fault of the printer; null when everything is printed.</param>
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

    /// <summary>Completes when the present job ends.</summary>
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

    /// <summary>Stops the queue: waiting jobs are not begun.</summary>
    /// <returns>Completes when the present slip ends. A check of the printer is not waited for.</returns>
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
