using System.Diagnostics;
using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Vocabulary;
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
        if (answer.ResponseCode is null)
        {
            return null;
        }

        // 00 means not paid, so it is only for a swipe that can never become paid.
        var code = answer.State switch
        {
            AttemptState.Approved => ResponseCodes.NoActionTaken,
            AttemptState.Void => ResponseCodes.NoSuchOriginal,
            AttemptState.Sent or null => answer.ResponseCode,
            _ => ResponseCodes.Approved,
        };
        var texts = AnswerTexts.Of(answer.ResponseCode, (int?)answer.Reason, terminal.Language);
        var verdict = new Verdict(code, (int?)answer.Reason ?? 0, texts.Clerk, texts.Customer, ProcessingRequirement.None);
        var stored = answer.State is null ? null : answer.ResponseCode;
        return new AbandonAnswer(request.From, verdict, request.Batch, stored, Swipe.Facts(answer)).ToIso();
    }
}
