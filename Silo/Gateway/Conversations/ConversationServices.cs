using Lakala.Storage;
using Lakala.Wire.Iso8583;

namespace Lakala.Silo.Gateway.Conversations;

/// <summary>What every conversation has at hand.</summary>
internal sealed record ConversationServices(IKeyVault Vault, TimeProvider Time, ILogger Log)
{
    // A grain that cannot be reached, with its silo for example, may have done what it was asked: 96 is never final, and the
    // terminal that hears it at once asks again instead of waiting in vain.
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
