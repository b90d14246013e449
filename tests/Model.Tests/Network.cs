using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Vocabulary;

namespace Lakala.Model.Tests;

/// <summary>The messages between terminal, silo and bank, as far as the model needs them.</summary>
public abstract record Message;

/// <summary>To any silo.</summary>
public abstract record TerminalRequest(ModelTerminal From, SwipeKey Key) : Message;

public sealed record Lookup(ModelTerminal From, SwipeKey Key, long Bill) : TerminalRequest(From, Key);

/// <summary>0200, or the live 0201 that repeats it whole.</summary>
public sealed record Pay(ModelTerminal From, SwipeKey Key, long Bill, Money Amount, bool IsRepeat) : TerminalRequest(From, Key);

/// <summary>0201 without card.</summary>
public sealed record Enquire(ModelTerminal From, SwipeKey Key, long Bill, Money Amount) : TerminalRequest(From, Key);

/// <summary>0420.</summary>
public sealed record Abandon(ModelTerminal From, SwipeKey Key) : TerminalRequest(From, Key);

/// <summary>To a terminal.</summary>
public abstract record TerminalAnswer(ModelTerminal To, SwipeKey Key) : Message;

public sealed record LookedUp(ModelTerminal To, SwipeKey Key, Refusal? Refusal) : TerminalAnswer(To, Key);

/// <summary>0210.</summary>
public sealed record PayAnswered(ModelTerminal To, SwipeKey Key, SwipeAnswer Answer) : TerminalAnswer(To, Key);

/// <summary>0430, with the stored answer in field 48.</summary>
public sealed record AbandonAnswered(ModelTerminal To, SwipeKey Key, string ResponseCode, SwipeAnswer? Stored) : TerminalAnswer(To, Key);

/// <summary>To the bank.</summary>
public abstract record BankRequest(ModelSilo From, long Rrn) : Message;

public sealed record Authorise(ModelSilo From, long Rrn, Money Amount, string Terminal) : BankRequest(From, Rrn);

/// <summary>0420 or 0421.</summary>
public sealed record Reverse(ModelSilo From, long Rrn) : BankRequest(From, Rrn);

/// <summary>To the silo of the line.</summary>
public abstract record BankSaid(ModelSilo To, long Rrn) : Message;

public sealed record Authorised(ModelSilo To, long Rrn, BankAnswer Answer) : BankSaid(To, Rrn);

/// <summary>0430.</summary>
public sealed record Reversed(ModelSilo To, long Rrn) : BankSaid(To, Rrn);

/// <summary>The messages in flight. A message may get lost, arrive twice, in any order, and after any time.</summary>
public sealed class Network(World world, Temperament temperament)
{
    private readonly List<Message> _underWay = [];

    public int Count => _underWay.Count;

    public void Send(Message message)
    {
        if (world.Chance(temperament.Lost))
        {
            world.Note($"lost: {Named(message)}");
            return;
        }

        _underWay.Add(message);
        if (world.Chance(temperament.Twice))
        {
            _underWay.Add(message);
        }
    }

    /// <summary>Draws the message that arrives now.</summary>
    public Message Take()
    {
        var at = world.Random.Next(_underWay.Count);
        var message = _underWay[at];
        _underWay[at] = _underWay[^1];
        _underWay.RemoveAt(_underWay.Count - 1);
        return message;
    }

    /// <summary>For the trace.</summary>
    public static string Named(Message message) => message switch
    {
        Lookup lookup => $"lookup {lookup.Key} bill {lookup.Bill}",
        Pay pay => $"{(pay.IsRepeat ? "0201" : "0200")} {pay.Key} bill {pay.Bill} amount {pay.Amount.Minor}",
        Enquire enquire => $"0201 {enquire.Key} without card",
        Abandon abandon => $"0420 {abandon.Key}",
        LookedUp found => $"lookup's answer {found.Key} {found.Refusal}",
        PayAnswered paid => $"0210 {paid.Key} {paid.Answer.ResponseCode} {paid.Answer.Reason}",
        AbandonAnswered abandoned => $"0430 {abandoned.Key} {abandoned.ResponseCode} ({abandoned.Stored?.ResponseCode})",
        Authorise authorise => $"bank 0200 rrn {authorise.Rrn}",
        Reverse reverse => $"bank 0420 rrn {reverse.Rrn}",
        Authorised authorised => $"bank 0210 rrn {authorised.Rrn} {authorised.Answer.ResponseCode}",
        Reversed reversed => $"bank 0430 rrn {reversed.Rrn}",
        _ => message.GetType().Name,
    };
}
