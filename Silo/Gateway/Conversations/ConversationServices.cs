using Lakala.Grains.Terminals;
using Lakala.Storage;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;

namespace Lakala.Silo.Gateway.Conversations;

/// <summary>The services of every conversation.</summary>
internal sealed record ConversationServices(IKeyVault Vault, TimeProvider Time, ILogger Log)
{
    /// <summary>A clerk's password under the session's PIN key; null when it is none.</summary>
    public ClerkPassword? Decipher(byte[] password, SignedOnTerminal terminal)
    {
        using var cipher = ClearKey.Spend(Vault.Unwrap(terminal.WrappedPinKey), static key => new ClerkPasswordCipher(key));
        return cipher.Decipher(password) is { } text ? new ClerkPassword(text) : null;
    }

    // A grain that cannot be reached, because its silo died for example, may have done its work: 96 is never final, and after it
    // the terminal asks again at once instead of waiting for its time-out.
    public async Task<T> Ask<T>(Func<Task<T>> grain, T failed)
    {
        try
        {
            return await grain();
        }
        catch (Exception fault) when (fault is not Iso8583Exception)
        {
            if (fault is OrleansException or TimeoutException)
            {
                Log.LogWarning("A terminal's question could not be answered, it will ask again: {Fault}: {Reason}", fault.GetType().Name, fault.Message);
            }
            else
            {
                Log.LogError(fault, "A terminal's question could not be answered, it will ask again.");
            }

            return failed;
        }
    }
}
