using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;

namespace Lakala.Silo.Gateway.Conversations;

/// <summary>0800 / 002: ends the working keys.</summary>
internal static class SignOff
{
    public static async Task<Iso8583Message?> Answer(Iso8583Message message, SignedOnTerminal terminal, ConversationServices services)
    {
        var request = NetworkRequest.FromIso(message);
        var no = await services.Ask(() => terminal.Grain.SignOff(terminal.KeySet), Refusal.Fault);
        return new NetworkAnswer(request.From, request.Code, Verdicts.For(no, terminal.Language)).ToIso();
    }
}
