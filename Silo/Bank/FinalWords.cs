using Lakala.Rules.Refunds;
using Lakala.Storage.Refunds;
using Lakala.Vocabulary;

namespace Lakala.Silo.Bank;

/// <summary>Says in the log what a final word of the bank about a refund has changed.</summary>
internal static class FinalWords
{
    /// <param name="word">Null: no refund is what the answer is about.</param>
    public static void LogFinalWord(this ILogger log, FinalWord? word, long rrn, RefundState state, string code)
    {
        var text = Rrn.ToText(rrn);
        switch (word)
        {
            case FinalWord.Posted:
                log.LogInformation("Refund {Rrn} is {State}, with code {Code}.", text, state, code);
                break;
            case FinalWord.Contradicts:
                log.LogError("The bank says {Code} to refund {Rrn}, which it had decided otherwise. No money is moved: ask the bank whether it has credited the card.", code, text);
                break;
            case null when state == RefundState.Done:
                log.LogError("The bank says that it has credited RRN {Rrn}, which no refund has with this amount and terminal. Ask the bank.", text);
                break;
            default:
                log.LogInformation("The answer {Code} to the refund with RRN {Rrn} changes nothing.", code, text);
                break;
        }
    }
}
