using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Readers;
using Lakala.Terminal.Client.Sessions;
using Lakala.Terminal.Client.Words;
using Lakala.Wire.Iso8583;

namespace Lakala.Bench;

/// <summary>One terminal of the swarm. Counts for itself, so that terminals never wait for each other.</summary>
internal sealed class SwarmTerminal : IAsyncDisposable
{
    private static readonly TimeSpan ReconnectBound = TimeSpan.FromSeconds(30);

    private readonly PlannedTerminal _terminal;
    private readonly SwipedCard _card;
    private readonly long _amount;
    private readonly Journal _journal;
    private readonly TimeProvider _time;
    private readonly long _interval;

    public SwarmTerminal(PlannedTerminal terminal, TerminalSession session, SwipedCard card, SwarmPlan plan, TimeProvider time)
    {
        (_terminal, Session, _card, _amount, _time) = (terminal, session, card, plan.Amount, time);
        _interval = plan.SwipesPerSecond is { } all ? (long)(time.TimestampFrequency * plan.Terminals.Count / all) : 0;
        JournalFile = Path.Combine(plan.JournalFolder, terminal.Id);
        _journal = Journal.OpenOrMake(JournalFile, new JournalOptions { WriteThrough = false, Keep = 1, CompactAbove = long.MaxValue });
    }

    public TerminalSession Session { get; }

    public string JournalFile { get; }

    /// <summary>The durations of approvals within the measured time, from before PENDING to after RESULT.</summary>
    public List<long> Latencies { get; } = [];

    public Dictionary<string, int> Errors { get; } = [];

    public int Declined { get; private set; }

    public int Refused { get; private set; }

    public int Unknown { get; private set; }

    /// <summary>Pays until the time or the bills end, or until the outcome of a swipe stays unknown.</summary>
    public async Task PayUntil(long begin, long end, Func<string?> nextBill, CancellationToken stop)
    {
        var next = _time.GetTimestamp() + (long)(Random.Shared.NextDouble() * _interval);
        while (Unknown == 0 && await Turn(next, stop) < end && !stop.IsCancellationRequested && nextBill() is { } bill)
        {
            var begun = _time.GetTimestamp();
            next = Math.Max(begun, next + _interval);
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

    /// <returns>The time at which it is this terminal's turn: without an interval, at once.</returns>
    private async ValueTask<long> Turn(long next, CancellationToken stop)
    {
        var left = _time.GetElapsedTime(_time.GetTimestamp(), next);
        if (left > TimeSpan.Zero)
        {
            await Task.Delay(left, _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return _time.GetTimestamp();
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

        swipe = _journal.Settle(outcome is PayOutcome.Final final ? SwipeResult.FromAnswer(swipe.Pending, final.Answer) : SwipeResult.NeverSent(swipe.Pending, TerminalTexts.English));
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
