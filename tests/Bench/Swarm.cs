using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Lakala.Local;
using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Readers;
using Lakala.Terminal.Client.Sessions;
using Lakala.Vocabulary;
using Lakala.Wire.Cards;
using Lakala.Wire.Keys;
using Lakala.Wire.Terminal;
using Lakala.Wire.Tls;

namespace Lakala.Bench;

/// <summary>
/// Many terminals in one process, each with its own line and journal, that pay one bill after another. They make no lookups and
/// no receipts; everything else is as in a terminal.
/// </summary>
internal sealed class Swarm(SwarmPlan plan, TimeProvider time) : IDisposable
{
    /// <summary>The most sign-ons at once: more would make all terminals wait longer.</summary>
    private const int HandshakesAtOnce = 6;

    private static readonly TimeSpan SignOnBound = TimeSpan.FromSeconds(60), SignOnBoundOfMany = TimeSpan.FromMinutes(5);

    /// <summary>That of a terminal; in a storm nobody waits for a turn.</summary>
    private static readonly TimeSpan HandshakeBound = new SessionOptions { Terminal = "", Store = "" }.HandshakeTimeout;

    private static readonly TerminalHealth Well = new("ready", "ok", "ok", false, true, Version: "swarm", OpenItems: 0, JournalBytes: 0, Parameters: 0);

    private readonly SemaphoreSlim _handshakes = new(HandshakesAtOnce);
    private volatile bool _isStorm;
    private int _nextBill;

    /// <exception cref="SetupException">The plan does not fit, or terminals cannot sign on.</exception>
    public async Task Run(string resultFile, CancellationToken stop)
    {
        var cas = LoadCas();
        if (plan.HeartbeatSeconds is { } seconds)
        {
            await Beat(TimeSpan.FromSeconds(seconds), resultFile, cas, stop);
            return;
        }

        Directory.CreateDirectory(plan.JournalFolder);
        var terminals = new List<SwarmTerminal>();
        IReadOnlyDictionary<string, double> cpuSeconds;
        try
        {
            foreach (var terminal in plan.Terminals)
            {
                terminals.Add(NewTerminal(terminal, plan.Cards[terminals.Count % plan.Cards.Count], PortOf(terminals.Count), cas));
            }

            await SignOn([.. terminals.Select(terminal => terminal.Session)], SignOnBound, stop);
            var begin = time.GetTimestamp() + Ticks(plan.WarmupSeconds);
            var end = begin + Ticks(plan.Seconds);
            var used = ProcessorTime.Measure(
                new Dictionary<string, int>(plan.Programs ?? new Dictionary<string, int>()) { ["swarm"] = Environment.ProcessId },
                TimeSpan.FromSeconds(plan.WarmupSeconds),
                TimeSpan.FromSeconds(plan.Seconds),
                time,
                stop);
            await Task.WhenAll(terminals.Select(terminal => Task.Run(() => terminal.PayUntil(begin, end, NextBill, stop), CancellationToken.None)));
            cpuSeconds = await used;
        }
        finally
        {
            await Task.WhenAll(terminals.Select(async terminal => await terminal.DisposeAsync()));
        }

        Write(resultFile, terminals, cpuSeconds);
    }

    public void Dispose() => _handshakes.Dispose();

    private TrustedCas LoadCas()
    {
        try
        {
            return TrustedCas.Read(plan.Ca);
        }
        catch (CryptographicException)
        {
            throw new SetupException($"{plan.Ca} is no certificate.");
        }
    }

    private int PortOf(int terminal) => plan.Ports[terminal % plan.Ports.Count];

    private SwarmTerminal NewTerminal(PlannedTerminal terminal, PlannedCard card, int port, TrustedCas cas)
    {
        var swiped = Track2.TryParse(card.Track2, out var track) ? new SwipedCard(track!, card.Pin) : throw new SetupException("A card of the plan is none.");
        var options = new SessionOptions { Terminal = terminal.Id, Store = terminal.Store, HandshakeTimeout = SignOnBound };
        return new SwarmTerminal(terminal, new TerminalSession(options, ReadKey(terminal), stop => Connect(port, cas, stop), time), swiped, plan, time);
    }

    private static MasterKey ReadKey(PlannedTerminal terminal) =>
        new(KeyFile.Parse(terminal.MasterKey) ?? throw new SetupException($"The master key of {terminal} has not 64 hex digits."));

    private async Task<Stream> Connect(int port, TrustedCas cas, CancellationToken stop)
    {
        if (_isStorm)
        {
            using var bound = CancellationTokenSource.CreateLinkedTokenSource(stop);
            bound.CancelAfter(HandshakeBound);
            return await TlsLine.Connect(plan.Host, port, cas, null, bound.Token);
        }

        await _handshakes.WaitAsync(stop);
        try
        {
            return await TlsLine.Connect(plan.Host, port, cas, null, stop);
        }
        finally
        {
            _handshakes.Release();
        }
    }

    // No journals: so many files are more than a process may have open.
    private async Task Beat(TimeSpan heartbeat, string resultFile, TrustedCas cas, CancellationToken stop)
    {
        var hungUp = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            hungUp.TrySetResult();
        });
        var terminals = plan.Terminals.Select((terminal, index) => NewBeating(terminal, heartbeat, PortOf(index), cas)).ToArray();
        try
        {
            await SignOn([.. terminals.Select(terminal => terminal.Session)], SignOnBoundOfMany, stop);
            LocalFiles.Write(resultFile, new BeatingResult(terminals.Length, null));
            var ended = Task.Delay(TimeSpan.FromSeconds(plan.Seconds), time, stop);
            if (await Task.WhenAny(hungUp.Task, ended) == hungUp.Task)
            {
                LocalFiles.Write(resultFile, new BeatingResult(terminals.Length, (await LoseLines(terminals, stop)).TotalSeconds));
            }

            await ended;
        }
        finally
        {
            await Task.WhenAll(terminals.Select(async terminal => await terminal.DisposeAsync()));
        }
    }

    // All at once, as when a network or a silo fails. Each then does what a terminal does.
    private async Task<TimeSpan> LoseLines(BeatingTerminal[] terminals, CancellationToken stop)
    {
        _isStorm = true;
        var begun = time.GetTimestamp();
        ThrowIfAny(await Task.WhenAll(terminals.Select(terminal => terminal.LoseLine(SignOnBoundOfMany, stop))));
        return time.GetElapsedTime(begun);
    }

    private BeatingTerminal NewBeating(PlannedTerminal terminal, TimeSpan heartbeat, int port, TrustedCas cas)
    {
        var options = new SessionOptions
        {
            Terminal = terminal.Id,
            Store = terminal.Store,
            HandshakeTimeout = SignOnBoundOfMany,
            Heartbeat = heartbeat,
            Health = () => Well,
        };
        return new BeatingTerminal(options, ReadKey(terminal), stop => Connect(port, cas, stop), time);
    }

    private static async Task SignOn(TerminalSession[] terminals, TimeSpan bound, CancellationToken stop) =>
        ThrowIfAny(await Task.WhenAll(terminals.Select(terminal => terminal.WaitUntilUp(bound, stop))));

    private static void ThrowIfAny(LineTrouble?[] troubles)
    {
        if (troubles.Count(why => why is not null) is var count and > 0)
        {
            throw new SetupException($"{count} of {troubles.Length} terminals cannot sign on: {troubles.First(why => why is not null)!.Detail}");
        }
    }

    private string? NextBill() => Interlocked.Increment(ref _nextBill) is var taken && taken <= plan.Bills.Count ? plan.Bills[taken - 1] : null;

    private long Ticks(double seconds) => (long)(seconds * time.TimestampFrequency);

    private void Write(string resultFile, List<SwarmTerminal> terminals, IReadOnlyDictionary<string, double> cpuSeconds)
    {
        var latencies = terminals.SelectMany(terminal => terminal.Latencies).Order().ToArray();
        var errors = terminals.SelectMany(terminal => terminal.Errors)
            .GroupBy(error => error.Key, (text, counts) => (text, counts.Sum(error => error.Value)))
            .ToDictionary();
        if (_nextBill > plan.Bills.Count)
        {
            errors["the bills ran out before the time"] = 1;
        }

        var approvals = Path.ChangeExtension(resultFile, ".approvals.json");
        var result = new SwarmResult(
            latencies.Length,
            plan.Seconds,
            latencies.Length / plan.Seconds,
            Milliseconds(latencies, 0.5),
            Milliseconds(latencies, 0.99),
            terminals.Sum(terminal => terminal.Declined),
            terminals.Sum(terminal => terminal.Refused),
            terminals.Sum(terminal => terminal.Unknown),
            errors,
            cpuSeconds,
            approvals);
        using (var file = File.Create(approvals))
        {
            JsonSerializer.Serialize(file, terminals.SelectMany(terminal => Held(terminal.JournalFile)).ToList(), SwarmJson.Default.ListApproval);
        }

        using (var file = File.Create(resultFile))
        {
            JsonSerializer.Serialize(file, result, SwarmJson.Default.SwarmResult);
        }
    }

    private static IEnumerable<Approval> Held(string journal)
    {
        var pending = new Dictionary<JournalKey, SwipePending>();
        foreach (var record in Journal.Read(journal))
        {
            if (record is SwipePending begun)
            {
                pending[begun.Key] = begun;
            }
            else if (record is SwipeResult { ResponseCode: ResponseCodes.Approved } result)
            {
                var swipe = pending[result.Key];
                yield return new Approval(swipe.Bill, swipe.Amount, result.Rrn!, result.AuthorisationCode!, swipe.Terminal);
            }
        }
    }

    private double Milliseconds(long[] sorted, double share) =>
        sorted.Length == 0 ? 0 : sorted[(int)((sorted.Length - 1) * share)] * 1000.0 / time.TimestampFrequency;
}
