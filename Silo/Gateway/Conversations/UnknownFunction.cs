using Lakala.Grains.Terminals;
using Lakala.Storage.Terminals;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;

namespace Lakala.Silo.Gateway.Conversations;

/// <summary>0800 with a network function that is not in use.</summary>
internal static class UnknownFunction
{
    public static async Task<Iso8583Message?> Answer(Iso8583Message message, SignedOnTerminal terminal, ConversationServices services)
    {
        var request = NetworkRequest.FromIso(message);

        // The grain is asked first: a terminal whose keys are not valid any more must sign on before it learns anything else.
        var beat = await services.Ask(() => terminal.Grain.Beat(terminal.KeySet, null), new Heartbeat(Refusal.Fault, TerminalTasks.None));
        return new NetworkAnswer(request.From, request.Code, Verdicts.For(beat.Refusal ?? Refusal.FormatError, terminal.Language)).ToIso();
    }
}
