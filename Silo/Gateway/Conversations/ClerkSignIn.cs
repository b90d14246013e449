using Lakala.Grains.Terminals;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;

namespace Lakala.Silo.Gateway.Conversations;

/// <summary>0800 / 061: a clerk signs in, or a supervisor approves.</summary>
internal static class ClerkSignIn
{
    public static async Task<Iso8583Message?> Answer(Iso8583Message message, SignedOnTerminal terminal, ConversationServices services)
    {
        var request = ClerkSignInRequest.FromIso(message);
        var signedIn = services.Decipher(request.Password, terminal) is { } password
            ? await services.Ask(
                () => terminal.Grain.SignInClerk(terminal.KeySet, request.Clerk, password), new ClerkSignedIn(Refusal.Fault, null, false))
            : new ClerkSignedIn(Refusal.FormatError, null, false);
        return new ClerkSignInAnswer(request.From, Verdicts.For(signedIn.Refusal, terminal.Language), signedIn.Name, signedIn.IsSupervisor).ToIso();
    }
}
