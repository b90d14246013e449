using System.Net;

namespace Lakala.Silo.Gateway;

/// <summary>
/// Turns at shaking hands, which is work for a processor: so many at once, given to the waiting addresses one after the other.
/// An address that comes with a thousand connections keeps another waiting for no longer than a turn.
/// </summary>
internal sealed class HandshakeTurns(int atOnce, TimeProvider time)
{
    /// <summary>The work takes a few milliseconds; after that a handshake only waits for the other side, and needs no turn.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(250);

    private readonly Lock _giving = new();
    private readonly Dictionary<IPAddress, LinkedList<TaskCompletionSource>> _waiting = [];
    private readonly LinkedList<IPAddress> _next = [];
    private int _free = atOnce;

    /// <exception cref="OperationCanceledException">Gone before its turn came.</exception>
    public async Task<Turn> Take(IPAddress address, CancellationToken gone)
    {
        if (WaitFor(address) is { } place)
        {
            await using var leaving = gone.Register(() => Leave(address, place));
            await place.Value.Task;
        }

        return new Turn(this, time);
    }

    /// <returns>Null when the turn has come.</returns>
    private LinkedListNode<TaskCompletionSource>? WaitFor(IPAddress address)
    {
        lock (_giving)
        {
            if (_free > 0)
            {
                _free--;
                return null;
            }

            if (!_waiting.TryGetValue(address, out var line))
            {
                _waiting[address] = line = [];
                _next.AddLast(address);
            }

            return line.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
    }

    private void Leave(IPAddress address, LinkedListNode<TaskCompletionSource> place)
    {
        lock (_giving)
        {
            // Whoever has been given the turn meanwhile has it.
            if (place.List is not { } line)
            {
                return;
            }

            line.Remove(place);
            if (line.Count == 0)
            {
                _waiting.Remove(address);
                _next.Remove(address);
            }
        }

        place.Value.TrySetCanceled();
    }

    private void GiveOn()
    {
        lock (_giving)
        {
            if (_next.First is not { Value: var address })
            {
                _free++;
                return;
            }

            _next.RemoveFirst();
            var line = _waiting[address];
            var place = line.First!;
            line.RemoveFirst();
            if (line.Count > 0)
            {
                _next.AddLast(address);
            }
            else
            {
                _waiting.Remove(address);
            }

            place.Value.SetResult();
        }
    }

    /// <summary>Over when it is ended, or by itself.</summary>
    internal sealed class Turn : IDisposable
    {
        private readonly HandshakeTurns _turns;
        private readonly ITimer _bound;
        private int _isOver;

        public Turn(HandshakeTurns turns, TimeProvider time)
        {
            _turns = turns;
            _bound = time.CreateTimer(static turn => ((Turn)turn!).Dispose(), this, Longest, Timeout.InfiniteTimeSpan);
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isOver, 1) == 0)
            {
                _bound.Dispose();
                _turns.GiveOn();
            }
        }
    }
}
