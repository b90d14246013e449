using Lakala.Grains.Refunds;
using Lakala.Grains.Swipes;
using Lakala.Vocabulary;
using Lakala.Wire.Terminal;
using Lakala.Wire.Texts;

namespace Lakala.Silo.Gateway.Conversations;

/// <summary>Response codes with the texts for clerk and customer.</summary>
internal static class Verdicts
{
    // Without a text about a payment, because there was none.
    public static readonly Verdict Done = new(ResponseCodes.Approved, 0, null, null, ProcessingRequirement.None);

    /// <summary>The verdict of a refusal; null is an approval.</summary>
    public static Verdict For(Refusal? reason, string language) => reason is { } no ? For(no.ResponseCode(), no, language) : Done;

    public static Verdict For(SwipeAnswer answer, string language) => For(answer.ResponseCode!, answer.Reason, language);

    /// <summary>The verdict of a refund: an approval does not say that the money is back.</summary>
    public static Verdict For(CounterRefundAnswer answer, string language)
    {
        if (answer.Reason is { } no)
        {
            return For(answer.ResponseCode, no, language);
        }

        var (clerk, customer) = AnswerTexts.DescribeRefund(answer.IsWaiting, language);
        return new Verdict(answer.ResponseCode, 0, clerk, customer, ProcessingRequirement.None);
    }

    private static Verdict For(string code, Refusal? reason, string language)
    {
        var (clerk, customer) = AnswerTexts.DescribeAnswer(code, (int?)reason, language);
        var requirement = reason is Refusal.SignOnFirst ? ProcessingRequirement.SignOn : ProcessingRequirement.None;
        return new Verdict(code, (int?)reason ?? 0, clerk, customer, requirement);
    }
}
