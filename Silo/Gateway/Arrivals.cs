using System.Net;
using System.Net.Sockets;
using Lakala.Grains;

namespace Lakala.Silo.Gateway;

/// <summary>
/// Counts connections, in all and by address, from their first moment on. At a bound the connection that has been silent longest
/// makes room; a new one is refused only if all others have sent something.
/// </summary>
internal sealed class Arrivals(TerminalGatewayOptions options, TimeProvider time)
{
    // Above this number of addresses a new address is refused; the known ones go on.
    private const int MaxAddresses = 65_536;

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly Lock _counting = new();
    private readonly Dictionary<IPAddress, Source> _sources = [];
    private readonly LinkedList<Arrival> _silent = [];
    private int _count;

    /// <param name="drop">Closes the connection.</param>
    /// <returns>Null when there is no room.</returns>
    public Arrival? Enter(IPAddress address, Action drop)
    {
        lock (_counting)
        {
            var key = SourceOf(address);
            if (!_sources.TryGetValue(key, out var source))
            {
                if (_sources.Count >= MaxAddresses)
                {
                    return null;
                }

                _sources[key] = source = new Source(key, new TokenBucket(options.MaxRejectsPerAddress, Minute, time));
            }

            if ((source.Count >= options.MaxConnectionsPerAddress && !MakeRoom(source.Silent))
                || (_count >= options.MaxConnections && !MakeRoom(_silent))
                || (_silent.Count >= options.MaxSilent && !MakeRoom(_silent)))
            {
                return null;
            }

            var arrival = new Arrival(this, source, drop, time.GetTimestamp());
            _count++;
            source.Count++;
            _silent.AddLast(arrival.InAll);
            source.Silent.AddLast(arrival.OfSource);
            return arrival;
        }
    }

    /// <summary>Closes connections that have sent nothing for this time, and removes addresses without connections.</summary>
    /// <returns>The number of closed connections.</returns>
    public int DropSilent(TimeSpan after)
    {
        lock (_counting)
        {
            var dropped = 0;
            for (; _silent.First is { Value: var oldest } && time.GetElapsedTime(oldest.At) >= after; dropped++)
            {
                Drop(oldest);
            }

            foreach (var (key, source) in _sources)
            {
                if (source.Count == 0 && source.Rejects.IsFull)
                {
                    _sources.Remove(key);
                }
            }

            return dropped;
        }
    }

    // In IPv6 a household or a store has a whole /64.
    private static IPAddress SourceOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    private bool MakeRoom(LinkedList<Arrival> silent)
    {
        if (silent.First is not { Value: var oldest })
        {
            return false;
        }

        Drop(oldest);
        return true;
    }

    private void Drop(Arrival arrival)
    {
        Leave(arrival);
        arrival.Close();
    }

    private static void NotSilent(Arrival arrival)
    {
        arrival.InAll.List?.Remove(arrival.InAll);
        arrival.OfSource.List?.Remove(arrival.OfSource);
    }

    private void Leave(Arrival arrival)
    {
        NotSilent(arrival);
        if (!arrival.HasLeft)
        {
            arrival.HasLeft = true;
            _count--;
            arrival.From.Count--;
        }
    }

    internal sealed record Source(IPAddress Address, TokenBucket Rejects)
    {
        public LinkedList<Arrival> Silent { get; } = [];

        public int Count { get; set; }
    }

    /// <summary>One connection, until it is disposed of.</summary>
    internal sealed class Arrival : IDisposable
    {
        private readonly Arrivals _all;
        private readonly Action _drop;

        internal Arrival(Arrivals all, Source source, Action drop, long at)
        {
            (_all, From, _drop, At) = (all, source, drop, at);
            (InAll, OfSource) = (new LinkedListNode<Arrival>(this), new LinkedListNode<Arrival>(this));
        }

        /// <summary>The address by which its turns are given.</summary>
        public IPAddress Address => From.Address;

        internal long At { get; }

        internal bool HasLeft { get; set; }

        internal LinkedListNode<Arrival> InAll { get; }

        internal LinkedListNode<Arrival> OfSource { get; }

        internal Source From { get; }

        /// <summary>The connection has sent something.</summary>
        public void Spoke()
        {
            lock (_all._counting)
            {
                NotSilent(this);
            }
        }

        /// <summary>True when its address has reached the bound of refused messages: a line that is not authentic is then closed.</summary>
        public bool IsRefusedTooOften
        {
            get
            {
                lock (_all._counting)
                {
                    return From.Rejects.IsEmpty;
                }
            }
        }

        public void Refused()
        {
            lock (_all._counting)
            {
                From.Rejects.TryTake();
            }
        }

        public void Dispose()
        {
            lock (_all._counting)
            {
                _all.Leave(this);
            }
        }

        internal void Close() => _drop();
    }
}
