using Lakala.Storage;
using Lakala.Wire.Iso8583;

namespace Lakala.Silo.Gateway.Conversations;

/// <summary>The services of every conversation.</summary>
internal sealed record ConversationServices(IKeyVault Vault, TimeProvider Time, ILogger Log)
{
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
