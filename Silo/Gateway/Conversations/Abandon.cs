using System.Diagnostics;
using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;
using Lakala.Wire.Texts;

namespace Lakala.Silo.Gateway.Conversations;

/// <summary>0420 and 0421: the terminal gives a swipe up, and gets its outcome.</summary>
internal static class Abandon
{
    public static async Task<Iso8583Message?> Answer(Iso8583Message message, SignedOnTerminal terminal, ConversationServices services)
    {
        var request = AbandonRequest.FromIso(message);
        var key = new SwipeKey(request.From.Terminal, request.Batch, request.From.Stan);
        var answer = Activity.Current.RecordAnswer(await services.Ask(() => terminal.Grain.Abandon(terminal.KeySet, key), Swipe.Failed));
        if (answer.ResponseCode is null || answer.ToAbandonCode() is not { } code)
        {
            return null;
        }

        var texts = AnswerTexts.DescribeAnswer(answer.ResponseCode, (int?)answer.Reason, terminal.Language);
        var verdict = new Verdict(code, (int?)answer.Reason ?? 0, texts.Clerk, texts.Customer, ProcessingRequirement.None);
        var stored = answer.State is null ? null : answer.ResponseCode;
        return new AbandonAnswer(request.From, verdict, request.Batch, stored, Swipe.Facts(answer, services.Vault)).ToIso();
    }
}
