using Lakala.Grains;

namespace Lakala.Silo.BillPages;

/// <summary>
/// The listeners to the pages' live status, with a bound for all and a bound for one page, where the oldest makes room for a
/// new one: a browser that is gone without a close looks like a listener, and must not keep others out.
/// </summary>
internal sealed class Listeners(TimeProvider time)
{
    // A listener costs a connection. Those of one page are the shopper's own windows.
    private const int MaxInAll = 10_000;
    private const int MaxPerBill = 10;

    private readonly Lock _lock = new();
    private readonly Dictionary<long, List<Place>> _perBill = [];
    private int _inAll;

    /// <returns>A place to dispose of; null when there is none.</returns>
    public Place? Enter(long bill)
    {
        Place? displaced = null;
        Place place;
        lock (_lock)
        {
            if (_inAll == MaxInAll)
            {
                return null;
            }

            if (!_perBill.TryGetValue(bill, out var ofBill))
            {
                _perBill[bill] = ofBill = [];
            }

            if (ofBill.Count == MaxPerBill)
            {
                displaced = ofBill[0];
                ofBill.RemoveAt(0);
            }

            place = new Place(this, bill, time);
            ofBill.Add(place);
            _inAll++;
        }

        displaced?.MakeRoom();
        return place;
    }

    /// <summary>Wakes those that listen to the bill at this silo.</summary>
    public void Wake(long bill)
    {
        lock (_lock)
        {
            if (_perBill.TryGetValue(bill, out var ofBill))
            {
                ofBill.ForEach(static place => place.Changed.Raise());
            }
        }
    }

    private void Leave(Place place)
    {
        lock (_lock)
        {
            _inAll--;
            if (_perBill.TryGetValue(place.Bill, out var ofBill) && ofBill.Remove(place) && ofBill.Count == 0)
            {
                _perBill.Remove(place.Bill);
            }
        }
    }

    public sealed class Place(Listeners listeners, long bill, TimeProvider time) : IDisposable
    {
        private readonly CancellationTokenSource _displaced = new();
        private int _isLeft;

        public long Bill => bill;

        /// <summary>Raised when the bill has changed.</summary>
        public Signal Changed { get; } = new(time);

        /// <summary>Cancelled when a newer listener has taken the place.</summary>
        public CancellationToken Displaced => _displaced.Token;

        // Its stream may be ending at this moment, so the source is not disposed of.
        public void MakeRoom() => _displaced.Cancel();

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isLeft, 1) == 0)
            {
                listeners.Leave(this);
            }
        }
    }
}
