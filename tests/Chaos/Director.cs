using System.Collections.Concurrent;
using Lakala.Local;

namespace Lakala.Chaos;

/// <summary>The lines of one silo, each through a proxy.</summary>
public sealed record SiloLines(FaultProxy Terminals, FaultProxy Bank, FaultProxy Database);

/// <summary>Makes the planned faults, each at its time, and heals them.</summary>
public sealed class Director(LocalNetwork network, IReadOnlyList<SiloLines> lines, IReadOnlyList<Till> tills)
{
    private const int Messages = 12;

    private static readonly TimeSpan ReadyBound = TimeSpan.FromMinutes(3);

    private readonly ConcurrentQueue<Fault> _happened = new();
    private readonly TimeProvider _time = TimeProvider.System;

    /// <summary>What has happened so far, oldest end first.</summary>
    public IReadOnlyList<Fault> Happened => [.. _happened];

    public async Task Run(IReadOnlyList<IReadOnlyList<PlannedFault>> plan, CancellationToken stop)
    {
        var begun = _time.GetTimestamp();
        using var together = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await Task.WhenAll(plan.Select(async part =>
        {
            try
            {
                await Run(part, begun, together.Token);
            }
            catch
            {
                // One part that cannot go on ends the run: the others are cancelled.
                await together.CancelAsync();
                throw;
            }
        }));
    }

    /// <summary>Every line passes, and every silo is ready.</summary>
    public async Task Heal(CancellationToken stop)
    {
        foreach (var silo in lines)
        {
            silo.Terminals.Heal();
            silo.Bank.Heal();
            silo.Database.Heal();
        }

        foreach (var silo in network.Silos)
        {
            silo.Process.Signal(ProcessRecord.Continue);
        }

        // A silo that was paused may still find out that it was declared dead.
        foreach (var silo in network.Silos)
        {
            await UntilReady(silo.Number, stop);
        }
    }

    private async Task Run(IReadOnlyList<PlannedFault> part, long begun, CancellationToken stop)
    {
        foreach (var fault in part)
        {
            var wait = fault.At - _time.GetElapsedTime(begun);
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, _time, stop);
            }

            var at = _time.GetUtcNow();
            var target = await Cause(fault, stop);
            _happened.Enqueue(new Fault(fault.Kind, target, at, _time.GetUtcNow()));
        }
    }

    /// <returns>The fault, which is healed by then.</returns>
    private async Task<string> Cause(PlannedFault fault, CancellationToken stop)
    {
        var number = fault.Target % network.Silos.Count;
        var silo = network.Silos[number];
        switch (fault.Kind)
        {
            case FaultKind.SiloKilled:
                silo.Process.Signal(ProcessRecord.Kill);
                await UntilReady(number, stop);
                break;

            case FaultKind.SiloPaused:
                silo.Process.Signal(ProcessRecord.Pause);
                await Last(fault, stop);
                silo.Process.Signal(ProcessRecord.Continue);
                await UntilReady(number, stop);
                break;

            case FaultKind.DatabaseLineLost:
                lines[number].Database.Close();
                await Last(fault, stop);
                lines[number].Database.Heal();
                await UntilReady(number, stop);
                break;

            case FaultKind.DatabaseCrashed or FaultKind.DatabaseAway:
                await network.Postgres.Cluster!.Crash();
                await Last(fault, stop);
                await network.Postgres.Cluster.Start(stop);
                return "PostgreSQL";

            case FaultKind.TerminalKilled:
                var till = Busy(fault.Target);
                till.Kill();
                return till.Terminal;

            default:
                var line = LineOf(fault.Kind, number);
                Spoil(line, fault);
                await Last(fault, stop);
                line.Heal();
                break;
        }

        return silo.Name;
    }

    private static void Spoil(FaultProxy line, PlannedFault fault)
    {
        switch (fault.Kind)
        {
            case FaultKind.BankLineCut or FaultKind.TerminalLineCut or FaultKind.DatabaseLineCut:
                line.Close();
                break;

            case FaultKind.BankLineStalled or FaultKind.TerminalLineStalled or FaultKind.DatabaseLineStalled:
                line.Stall();
                break;

            case FaultKind.BankLineCorrupted or FaultKind.TerminalLineCorrupted:
                line.Corrupt(Messages / 4);
                break;

            case FaultKind.BankAnswersTwice:
                line.Repeat(Messages);
                break;

            case FaultKind.BankAnswersLate:
                line.Delay(Messages, fault.Lasts);
                break;

            default:
                throw new ArgumentOutOfRangeException(nameof(fault), fault.Kind, "This befalls no line.");
        }
    }

    private FaultProxy LineOf(FaultKind kind, int silo) => kind switch
    {
        FaultKind.DatabaseLineCut or FaultKind.DatabaseLineStalled => lines[silo].Database,
        FaultKind.TerminalLineCut or FaultKind.TerminalLineCorrupted or FaultKind.TerminalLineStalled => lines[silo].Terminals,
        _ => lines[silo].Bank,
    };

    // A fault of single messages needs a time in which messages pass.
    private Task Last(PlannedFault fault, CancellationToken stop) => Task.Delay(
        fault.Kind is FaultKind.BankLineCorrupted or FaultKind.BankAnswersTwice or FaultKind.TerminalLineCorrupted ? TimeSpan.FromSeconds(2) : fault.Lasts,
        _time,
        stop);

    // In the middle of a sale, if there is one.
    private Till Busy(int target)
    {
        for (var offset = 0; offset < tills.Count; offset++)
        {
            var till = tills[(target + offset) % tills.Count];
            if (till.IsBusy)
            {
                return till;
            }
        }

        return tills[target % tills.Count];
    }

    // The process may be ending or starting: it is asked until it answers.
    private async Task UntilReady(int silo, CancellationToken stop)
    {
        var begun = _time.GetTimestamp();
        while (true)
        {
            try
            {
                await network.UntilReady(silo, stop);
                return;
            }
            catch (SetupException) when (_time.GetElapsedTime(begun) < ReadyBound && !stop.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), _time, stop);
            }
        }
    }
}
