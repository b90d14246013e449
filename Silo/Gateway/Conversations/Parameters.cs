using Lakala.Grains.Terminals;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;

namespace Lakala.Silo.Gateway.Conversations;

/// <summary>0800 / 062: the terminal fetches its parameters.</summary>
internal static class Parameters
{
    public static async Task<Iso8583Message?> Answer(Iso8583Message message, SignedOnTerminal terminal, ConversationServices services)
    {
        var request = NetworkRequest.FromIso(message);
        var given = await services.Ask(() => terminal.Grain.Parameters(terminal.KeySet), new ParametersGiven(Refusal.Fault, 0, null));
        return new ParametersAnswer(request.From, Verdicts.For(given.Refusal, terminal.Language), given.Version, given.Body).ToIso();
    }
}
