using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;

namespace Lakala.Model.Tests;

/// <summary>
/// A silo's line to the bank. It works as <c>BankLink</c>: a message that is not sent was not asked, an answer is matched to its
/// request, and a handler may be slow after it has read the clock.
/// </summary>
public sealed class ModelBankLine(
    ModelSilo silo, World world, Network network, ModelBank bank, Temperament temperament, Configuration configuration, Mutation broken) : IBankLine
{
    private static readonly TimeSpan ReversalTimeout = TimeSpan.FromSeconds(10);

    // The requests that wait for the bank's answer, by RRN.
    private readonly Dictionary<long, Question> _authorisations = [];
    private readonly Dictionary<long, Question> _reversals = [];

    public bool IsUp => true;

    /// <returns>False when no request waits for it.</returns>
    public bool Receive(BankSaid said)
    {
        var questions = said is Authorised ? _authorisations : _reversals;
        if (!questions.Remove(said.Rrn, out var question))
        {
            return false;
        }

        question.Answer = said;
        if (said is Authorised { Answer.ResponseCode: Attempt.ApprovedCode })
        {
            bank.Heard(said.Rrn);
        }

        return true;
    }

    public async Task<BankOutcome> Authorise(Authorisation request, TimeSpan timeout)
    {
        var until = world.Now + timeout;
        await world.Turn();
        if (world.Now >= until || world.Chance(temperament.LineDown))
        {
            if (configuration.TrustIsBroken && world.Chance(50))
            {
                network.Send(new Authorise(silo, request.Rrn, request.Amount, request.Key.Terminal));
            }

            return new BankOutcome.NotSent(Refusal.BankNotReachable);
        }

        await world.Turn();
        var question = new Question();
        _authorisations[request.Rrn] = question;
        network.Send(new Authorise(silo, request.Rrn, request.Amount, request.Key.Terminal));
        await world.When(() => question.Answer is not null, until);
        _authorisations.Remove(request.Rrn);
        return question.Answer is Authorised said ? new BankOutcome.Answered(said.Answer)
            : broken == Mutation.SilenceTakenForDecline ? new BankOutcome.Answered(new BankAnswer("05", null, request.Amount, Rrn.ToText(request.Rrn), request.Key.Terminal))
            : new BankOutcome.NoAnswer();
    }

    public async Task<bool> Reverse(ReversalRow reversal)
    {
        await world.Turn();
        var question = new Question();
        if (world.Chance(temperament.LineDown) || !_reversals.TryAdd(reversal.Rrn, question))
        {
            return false;
        }

        network.Send(new Reverse(silo, reversal.Rrn));
        if (broken == Mutation.ReversedOnSending)
        {
            question.Answer = new Reversed(silo, reversal.Rrn);
        }

        await world.When(() => question.Answer is not null, world.Now + ReversalTimeout);
        _reversals.Remove(reversal.Rrn);
        return question.Answer is not null;
    }

    private sealed class Question
    {
        public BankSaid? Answer { get; set; }
    }
}
