using Lakala.Grains.Terminals;
using Lakala.Storage.Terminals;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;
using Lakala.Wire.Terminal;

namespace Lakala.Silo.Gateway.Conversations;

/// <summary>0800 / 001, authentic under the terminal's master key: new working keys.</summary>
internal static class SignOn
{
    public static async Task<Iso8583Message> Answer(
        SignOnRequest request, TerminalRow row, MasterKey master, ITerminalGrain grain, ConversationServices services)
    {
        var language = request.Language == "zh" ? "zh" : "en";
        if ((row.Store != request.From.Store ? Refusal.UnknownTerminal : row.Blocked ? Refusal.TerminalBlocked : (Refusal?)null) is { } no)
        {
            return Refuse(no);
        }

        var (pin, mac) = (NewWorkingKey(), NewWorkingKey());
        var keySet = await grain.SignOn(pin.Kept, mac.Kept, language);
        return keySet is null
            ? Refuse(Refusal.TooManyRequests)
            : new SignOnAnswer(
                request.From, Verdicts.Done, request.Nonce, keySet.Number, pin.Sent, mac.Sent, services.Time.GetUtcNow(), row.StoreName).ToIso();

        Iso8583Message Refuse(Refusal no) => new SignOnRefusal(request.From, Verdicts.For(no, language), request.Nonce).ToIso();

        (byte[] Kept, WrappedKey Sent) NewWorkingKey() => ClearKey.Spend(MasterKey.NewKey(), key => (services.Vault.Wrap(key), master.Wrap(key)));
    }
}
