using Lakala.Storage;
using Lakala.Storage.Postgres;
using Lakala.Storage.Swipes;
using Microsoft.Extensions.Options;

namespace Lakala.Grains.Swipes;

/// <summary>
/// Submits an item until its outcome is known or the commit deadline has passed. Submitting the same item again is
/// harmless: its id shows whether it was committed.
/// </summary>
public sealed class CommitRetry(IOptions<SwipeOptions> options, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <param name="begun">The timestamp from which the deadline counts.</param>
    /// <param name="mayBeStored">
    /// True: the item is repeated also when this submission has certainly stored nothing; false: that ends it at once.
    /// </param>
    /// <exception cref="DatabaseAwayException">Not stored.</exception>
    /// <exception cref="CommitQueueFullException">Not stored.</exception>
    /// <exception cref="CommitUnknownException">Possibly stored, and the deadline has passed.</exception>
    public async Task<TOutcome> UntilDeadline<TItem, TOutcome>(
        ICommit<TItem, TOutcome> writer, TItem item, long begun, bool mayBeStored = false)
        where TOutcome : class
    {
        using var span = Instrumentation.Source.StartActivity(writer.Name);
        while (true)
        {
            try
            {
                return await writer.Submit(item);
            }
            catch (Exception fault) when (fault is CommitUnknownException or DatabaseAwayException or CommitQueueFullException)
            {
                mayBeStored |= fault is CommitUnknownException;
                if (!mayBeStored)
                {
                    throw;
                }

                if (time.GetElapsedTime(begun) + Pause >= options.Value.CommitDeadline)
                {
                    throw new CommitUnknownException($"{writer.Name}: the outcome is unknown at the commit deadline.", fault);
                }

                await Task.Delay(Pause, time);
            }
        }
    }
}
