using System.Security.Cryptography;
using System.Text.Json;
using Lakala.Vocabulary;
using Lakala.Wire.Cards;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;
using Lakala.Wire.Tls;

namespace Lakala.Terminal.Client;

/// <summary>
/// Many terminals in one process, each with a line and a journal of its own, that pay one bill after another. No lookups, no
/// receipts; otherwise what a terminal does.
/// </summary>
internal sealed class Swarm(SwarmPlan plan, TimeProvider time) : IDisposable
{
    /// <summary>More at once make everybody wait longer.</summary>
    private const int HandshakesAtOnce = 6;

    private static readonly TimeSpan SignOnBound = TimeSpan.FromSeconds(60), SignOnBoundOfMany = TimeSpan.FromMinutes(5);

    private static readonly TerminalHealth Well = new("ready", "ok", "ok", false, true, Version: "swarm", OpenItems: 0, JournalBytes: 0, Parameters: 0);

    private readonly SemaphoreSlim _handshakes = new(HandshakesAtOnce);
    private int _nextBill;

    /// <exception cref="SetupException">The plan does not fit, or terminals cannot sign on.</exception>
    public async Task Run(string resultFile, CancellationToken stop)
    {
        var cas = LoadCas();
        if (plan.HeartbeatSeconds is { } seconds)
        {
            await Beat(TimeSpan.FromSeconds(seconds), cas, stop);
            return;
        }

        Directory.CreateDirectory(plan.JournalFolder);
        var terminals = new List<SwarmTerminal>();
        try
        {
            foreach (var terminal in plan.Terminals)
            {
                terminals.Add(NewTerminal(terminal, plan.Cards[terminals.Count % plan.Cards.Count], cas));
            }

            await SignOn([.. terminals.Select(terminal => terminal.Session)], SignOnBound, stop);
            var begin = time.GetTimestamp() + Ticks(plan.WarmupSeconds);
            var end = begin + Ticks(plan.Seconds);
            await Task.WhenAll(terminals.Select(terminal => Task.Run(() => terminal.PayUntil(begin, end, NextBill, stop), CancellationToken.None)));
        }
        finally
        {
            await Task.WhenAll(terminals.Select(async terminal => await terminal.DisposeAsync()));
        }

        Write(resultFile, terminals);
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

    private SwarmTerminal NewTerminal(PlannedTerminal terminal, PlannedCard card, TrustedCas cas)
    {
        var swiped = Track2.TryParse(card.Track2, out var track) ? new SwipedCard(track!, card.Pin) : throw new SetupException("A card of the plan is none.");
        var session = NewSession(terminal, cas, new SessionOptions { Terminal = terminal.Id, Store = terminal.Store, HandshakeTimeout = SignOnBound });
        return new SwarmTerminal(terminal, session, swiped, plan, time);
    }

    private TerminalSession NewSession(PlannedTerminal terminal, TrustedCas cas, SessionOptions options)
    {
        var master = TerminalFolder.ParseMasterKey(terminal.MasterKey) ?? throw new SetupException($"The master key of {terminal} has not 64 hex digits.");
        return new TerminalSession(options, master, stop => Connect(cas, stop), time);
    }

    private async Task<Stream> Connect(TrustedCas cas, CancellationToken stop)
    {
        await _handshakes.WaitAsync(stop);
        try
        {
            return await TlsLine.Connect(plan.Host, plan.Port, cas, null, stop);
        }
        finally
        {
            _handshakes.Release();
        }
    }

    // No journals: so many files are more than a process may have open.
    private async Task Beat(TimeSpan heartbeat, TrustedCas cas, CancellationToken stop)
    {
        var sessions = plan.Terminals.Select(terminal => NewSession(terminal, cas, new SessionOptions
        {
            Terminal = terminal.Id,
            Store = terminal.Store,
            HandshakeTimeout = SignOnBound,
            Heartbeat = heartbeat,
            Health = () => Well,
        })).ToArray();
        try
        {
            await SignOn(sessions, SignOnBoundOfMany, stop);
            await Task.Delay(TimeSpan.FromSeconds(plan.Seconds), time, stop);
        }
        finally
        {
            await Task.WhenAll(sessions.Select(async session => await session.DisposeAsync()));
        }
    }

    private static async Task SignOn(TerminalSession[] terminals, TimeSpan bound, CancellationToken stop)
    {
        var faults = await Task.WhenAll(terminals.Select(terminal => terminal.WaitUntilUp(bound, stop)));
        if (faults.Count(why => why is not null) is var count and > 0)
        {
            throw new SetupException($"{count} of {terminals.Length} terminals cannot sign on: {faults.First(why => why is not null)!.Detail}");
        }
    }

    private string? NextBill() => Interlocked.Increment(ref _nextBill) is var taken && taken <= plan.Bills.Count ? plan.Bills[taken - 1] : null;

    private long Ticks(double seconds) => (long)(seconds * time.TimestampFrequency);

    private void Write(string resultFile, List<SwarmTerminal> terminals)
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
            approvals);
        using (var file = File.Create(approvals))
        {
            JsonSerializer.Serialize(file, terminals.SelectMany(terminal => Held(terminal.JournalFile)).ToList(), SwarmJson.Default.ListHeldApproval);
        }

        using (var file = File.Create(resultFile))
        {
            JsonSerializer.Serialize(file, result, SwarmJson.Default.SwarmResult);
        }
    }

    private static IEnumerable<HeldApproval> Held(string journal)
    {
        var pending = new Dictionary<SwipeKey, SwipePending>();
        foreach (var record in Journal.Read(journal))
        {
            if (record is SwipePending begun)
            {
                pending[begun.Key] = begun;
            }
            else if (record is SwipeResult { ResponseCode: ResponseCodes.Approved } result)
            {
                var (key, swipe) = (result.Key, pending[result.Key]);
                yield return new HeldApproval(swipe.Bill, swipe.Amount, result.Rrn, result.AuthorisationCode, swipe.Terminal, key.Stan, key.Batch);
            }
        }
    }

    private double Milliseconds(long[] sorted, double share) =>
        sorted.Length == 0 ? 0 : sorted[(int)((sorted.Length - 1) * share)] * 1000.0 / time.TimestampFrequency;
}

/// <summary>One terminal of the swarm. Counts for itself, so that terminals never wait for each other.</summary>
internal sealed class SwarmTerminal : IAsyncDisposable
{
    private static readonly TimeSpan ReconnectBound = TimeSpan.FromSeconds(30);

    private readonly PlannedTerminal _terminal;
    private readonly SwipedCard _card;
    private readonly long _amount;
    private readonly Journal _journal;
    private readonly TimeProvider _time;

    public SwarmTerminal(PlannedTerminal terminal, TerminalSession session, SwipedCard card, SwarmPlan plan, TimeProvider time)
    {
        (_terminal, Session, _card, _amount, _time) = (terminal, session, card, plan.Amount, time);
        JournalFile = Path.Combine(plan.JournalFolder, terminal.Id);
        _journal = Journal.OpenOrMake(JournalFile, new JournalOptions { WriteThrough = false, Keep = 1, CompactAbove = long.MaxValue });
    }

    public TerminalSession Session { get; }

    public string JournalFile { get; }

    /// <summary>Of approvals within the measured time, from before PENDING to after RESULT.</summary>
    public List<long> Latencies { get; } = [];

    public Dictionary<string, int> Errors { get; } = [];

    public int Declined { get; private set; }

    public int Refused { get; private set; }

    public int Unknown { get; private set; }

    /// <summary>Pays until the time or the bills are over, or until it cannot find out what became of a swipe.</summary>
    public async Task PayUntil(long begin, long end, Func<string?> nextBill, CancellationToken stop)
    {
        while (Unknown == 0 && !stop.IsCancellationRequested && _time.GetTimestamp() < end && nextBill() is { } bill)
        {
            var begun = _time.GetTimestamp();
            var outcome = await Pay(bill);
            var done = _time.GetTimestamp();
            if (outcome == Outcome.Approved && done >= begin && done < end)
            {
                Latencies.Add(done - begun);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Session.DisposeAsync();
        _journal.Dispose();
    }

    private async Task<Outcome> Pay(string bill)
    {
        var key = _journal.TakeKey();
        var swipe = _journal.Begin(new SwipePending(
            key, _terminal.Id, _terminal.Store, bill, _amount, CurrencyCode.Cny, _card.Track.Masked, EntryMode.Swiped, _time.GetLocalNow()));
        var outcome = await Session.Pay(swipe.Pending, _card, CancellationToken.None);
        if (outcome is PayOutcome.Unknown)
        {
            outcome = await Session.Enquire(swipe.Pending, CancellationToken.None);
        }

        if (outcome is PayOutcome.Unknown unknown)
        {
            Unknown++;
            Count($"unknown after {unknown.Last?.Verdict.Code ?? "silence"}");
            return Outcome.Unknown;
        }

        swipe = _journal.Settle(outcome is PayOutcome.Final final ? SwipeResult.Of(key, final.Answer) : SwipeResult.NeverSent(key, Texts.English));
        _journal.Printed(key);
        if (outcome is PayOutcome.NotSent notSent)
        {
            Count($"not sent: {notSent.Why}");
            await Session.WaitUntilUp(ReconnectBound, CancellationToken.None);
        }

        return Tell(swipe.Result!);
    }

    private Outcome Tell(SwipeResult result)
    {
        if (result.Outcome == Outcome.Approved)
        {
            return Outcome.Approved;
        }

        (Declined, Refused) = result.Outcome == Outcome.Declined ? (Declined + 1, Refused) : (Declined, Refused + 1);
        Count($"{result.ResponseCode} {result.Reason} {result.ClerkText}");
        return result.Outcome;
    }

    private void Count(string error) => Errors[error] = Errors.GetValueOrDefault(error) + 1;
}
