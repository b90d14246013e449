using Lakala.Rules.Attempts;
using Lakala.Vocabulary;

namespace Lakala.Model.Tests;

/// <summary>The entry of one RRN in the bank's book.</summary>
/// <param name="Debits">The number of debits of the card; more than one is a fault of the bank.</param>
/// <param name="Reversals">The number of reversals that took effect.</param>
public sealed record BankEntry(long Rrn, BankAnswer? Answer, bool IsReversed, Money? Amount, string? Terminal, int Debits, int Reversals)
{
    public bool IsLive => Debits > Reversals;
}

/// <summary>
/// The bank: answers a repeated RRN without a second debit, and keeps a tombstone for a reversal whose original it has not
/// seen. Its decisions are drawn; some of its answers are not authentic.
/// </summary>
public sealed class ModelBank(World world, Network network, Temperament temperament, Configuration configuration, Mutation broken)
{
    private const string Declined = "51";
    private const string DoNotHonour = "05";
    private const string Unlisted = "96";

    private readonly Actor _actor = new("bank");
    private readonly Dictionary<long, BankEntry> _book = [];
    private readonly Dictionary<long, Authorised> _unheard = [];

    public IReadOnlyDictionary<long, BankEntry> Book => _book;

    /// <summary>A silo has recorded the bank's approval.</summary>
    public void Heard(long rrn) => _unheard.Remove(rrn);

    /// <summary>An approval that no silo got cannot be reversed: where the bank breaks its promises, such an approval is sent again at the end.</summary>
    public void SayAgain()
    {
        foreach (var approval in _unheard.Values)
        {
            network.Send(approval);
        }
    }

    public void Receive(BankRequest request) => world.Begin(_actor, async () =>
    {
        await world.Turn();
        if (request is Authorise authorise)
        {
            Answer(authorise);
            await BreakWord(authorise);
        }
        else
        {
            Reverse(request.Rrn);
            network.Send(new Reversed(request.From, request.Rrn));
        }
    });

    private void Answer(Authorise request)
    {
        var entry = _book.GetValueOrDefault(request.Rrn);
        if (entry is null)
        {
            entry = Decide(request);
        }
        else if (broken == Mutation.BankDebitsRepeats && entry.Debits > 0)
        {
            entry = entry with { Debits = entry.Debits + 1 };
        }

        _book[request.Rrn] = entry;
        var answer = entry.IsReversed || entry.Answer is null
            ? new BankAnswer(DoNotHonour, null, request.Amount, RrnOf(request), request.Terminal)
            : entry.Answer;
        world.Note($"rrn {request.Rrn}: {answer.ResponseCode}, debits {entry.Debits}");
        Say(new Authorised(request.From, request.Rrn, answer));
    }

    private BankEntry Decide(Authorise request)
    {
        var approval = Approval(request);
        var isDebited = !world.Chance(temperament.BankDeclines);
        var answer = isDebited ? approval : approval with { ResponseCode = Declined, AuthorisationCode = null };
        if (!configuration.TrustIsBroken && world.Chance(temperament.BankStrange))
        {
            answer = world.Random.Next(4) switch
            {
                0 => answer with { ResponseCode = Unlisted },
                1 => answer with { Amount = new Money(request.Amount.Minor - 1, Money.Cny) },
                2 => answer with { AuthorisationCode = null },
                _ => answer with { Rrn = Rrn.ToText(request.Rrn + 1) },
            };
        }

        return new BankEntry(request.Rrn, answer, false, request.Amount, request.Terminal, isDebited ? 1 : 0, 0);
    }

    private async Task BreakWord(Authorise request)
    {
        if (!configuration.TrustIsBroken || !world.Chance(50))
        {
            return;
        }

        await world.Turn();
        if (_book[request.Rrn] is { Debits: 0, IsReversed: false } entry)
        {
            world.Note($"rrn {request.Rrn}: approved after all");
            _book[request.Rrn] = entry with { Debits = 1, Answer = Approval(request) };
            Say(new Authorised(request.From, request.Rrn, Approval(request)));
        }
    }

    private void Say(Authorised answer)
    {
        if (configuration.TrustIsBroken && answer.Answer.ResponseCode == Attempt.ApprovedCode)
        {
            _unheard[answer.Rrn] = answer;
        }

        network.Send(answer);
    }

    private void Reverse(long rrn)
    {
        if (_book.TryGetValue(rrn, out var entry))
        {
            _book[rrn] = entry with { IsReversed = true, Reversals = entry.IsReversed ? entry.Reversals : entry.Debits };
        }
        else if (broken != Mutation.NoTombstoneAtBank)
        {
            _book[rrn] = new BankEntry(rrn, null, true, null, null, 0, 0);
        }

        world.Note($"rrn {rrn}: reversed");
    }

    private static BankAnswer Approval(Authorise request) =>
        new(Attempt.ApprovedCode, $"A{request.Rrn:D5}", request.Amount, RrnOf(request), request.Terminal);

    private static string RrnOf(Authorise request) => Rrn.ToText(request.Rrn);
}
