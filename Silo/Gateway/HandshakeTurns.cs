using System.Net;

namespace Lakala.Silo.Gateway;

/// <summary>
/// Turns for TLS handshakes, which need the processor: a bounded number at once, given to the waiting addresses in rotation.
/// An address with a thousand connections delays another address by at most one turn.
/// </summary>
internal sealed class HandshakeTurns(int atOnce, TimeProvider time)
{
    /// <summary>The longest turn: the work takes a few milliseconds, and then a handshake only waits for the other side.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(250);

    private readonly Lock _giving = new();
    private readonly Dictionary<IPAddress, LinkedList<TaskCompletionSource>> _waiting = [];
    private readonly LinkedList<IPAddress> _next = [];
    private int _free = atOnce;

    /// <exception cref="OperationCanceledException">The connection closed before its turn.</exception>
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
            // If it has got its turn meanwhile, it has it.
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

    /// <summary>One turn: it ends when it is disposed of, or after its longest time.</summary>
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
