using System.Collections.Concurrent;
using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Storage.Swipes;
using Lakala.Testing;
using Lakala.Vocabulary;

namespace Lakala.Grains.Tests;

/// <summary>A bank that approves at once, unless a test holds the requests of a terminal and answers them itself.</summary>
public sealed class TestBank : IBankLine
{
    private readonly ConcurrentDictionary<string, BankDesk> _desks = new();
    private readonly ConcurrentQueue<Authorisation> _asked = new();

    public bool IsUp => true;

    public BankDesk Desk(string terminal) => _desks.GetOrAdd(terminal, static _ => new BankDesk());

    /// <summary>The number of requests to the bank for the bill.</summary>
    public int Asked(SwipeKey key) => _asked.Count(request => request.Key == key);

    public int Asked(string terminal) => _asked.Count(request => request.Key.Terminal == terminal);

    public Task<BankOutcome> Authorise(Authorisation request, TimeSpan timeout)
    {
        _asked.Enqueue(request);
        return _desks.TryGetValue(request.Key.Terminal, out var desk) ? desk.Ask(request) : Task.FromResult(Approve(request));
    }

    public Task<bool> Reverse(ReversalRow reversal) => throw new NotSupportedException("Nobody sends reversals here.");

    public static BankOutcome Approve(Authorisation request) => Answer(request, "00");

    public static BankOutcome Answer(Authorisation request, string code) => new BankOutcome.Answered(
        new BankAnswer(code, code == "00" ? Books.ApprovalCode : null, request.Amount, Rrn.ToText(request.Rrn), request.Key.Terminal));
}

/// <summary>The requests of one terminal, which wait for the test.</summary>
public sealed class BankDesk
{
    private readonly TaskCompletionSource<Authorisation> _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Func<Authorisation, BankOutcome>> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The first request, as soon as it comes.</summary>
    public Task<Authorisation> Asked => _asked.Task.WaitAsync(HangGuard.Bound);

    /// <summary>Answers all requests from now on.</summary>
    public void Answers(Func<Authorisation, BankOutcome> answer) => _answer.SetResult(answer);

    public void Answers(string code) => Answers(request => TestBank.Answer(request, code));

    internal async Task<BankOutcome> Ask(Authorisation request)
    {
        _asked.TrySetResult(request);
        return (await _answer.Task)(request);
    }
}
