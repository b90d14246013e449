namespace Lakala.Silo.BillPages;

/// <summary>Counts who listens to the pages' live status: so many in all, so many per page, and no more.</summary>
internal sealed class Listeners
{
    // A listener is a connection and one waiting grain call. Those of one page are the shopper's own windows.
    private const int MaxInAll = 10_000;
    private const int MaxPerBill = 10;

    private readonly Lock _lock = new();
    private readonly Dictionary<long, int> _perBill = [];
    private int _inAll;

    /// <returns>A place to give back, or why there is none.</returns>
    public (IDisposable? Place, NoPlace? Why) Enter(long bill)
    {
        lock (_lock)
        {
            var ofBill = _perBill.GetValueOrDefault(bill);
            if (ofBill == MaxPerBill)
            {
                return (null, NoPlace.BillHasEnough);
            }

            if (_inAll == MaxInAll)
            {
                return (null, NoPlace.Full);
            }

            _inAll++;
            _perBill[bill] = ofBill + 1;
            return (new Place(this, bill), null);
        }
    }

    private void Leave(long bill)
    {
        lock (_lock)
        {
            _inAll--;
            if (--_perBill[bill] == 0)
            {
                _perBill.Remove(bill);
            }
        }
    }

    private sealed class Place(Listeners listeners, long bill) : IDisposable
    {
        private int _isLeft;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isLeft, 1) == 0)
            {
                listeners.Leave(bill);
            }
        }
    }
}

internal enum NoPlace
{
    BillHasEnough,
    Full,
}
