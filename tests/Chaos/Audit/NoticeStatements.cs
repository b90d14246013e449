using System.Globalization;

namespace Lakala.Chaos.Audit;

/// <summary>Statement 7: the notices to merchants and their times. For shoppers see <see cref="ShopperStatements"/>.</summary>
internal sealed class NoticeStatements
{
    private const int TriesBeforeParked = 9;
    private const string NameOfEvent = "evt_";

    // The time of an endpoint is the start of its transaction, that of an event is before its transaction: if both are close, either order is right.
    private static readonly TimeSpan SurelyCommitted = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestCommit = TimeSpan.FromSeconds(30);

    private static readonly Dictionary<string, string> EventOfState = new()
    {
        [BillStates.Paid] = "bill.paid",
        [BillStates.Expired] = "bill.expired",
        [BillStates.Cancelled] = "bill.cancelled",
    };

    private readonly CrossReference _books;
    private readonly ILookup<string?, Event> _eventsOfBill;
    private readonly Dictionary<Guid, Event> _events;
    private readonly ILookup<Guid, Delivery> _deliveries;
    private readonly Dictionary<string, Endpoint> _endpoints;
    private readonly Dictionary<(string Url, string Id), ReceivedEvent> _received;

    public NoticeStatements(CrossReference books)
    {
        _books = books;
        _eventsOfBill = books.Database.Events.Where(told => !ShopperStatements.IsForShopperAlone(told) && !RefundStatements.IsOfRefund(told.Type) && !TradeStatements.IsOfTrade(told.Type) && !ClaimStatements.IsOfClaim(told.Type) && told.Type != ClaimStatements.BalanceOwed).ToLookup(told => told.Bill);
        _events = books.Database.Events.ToDictionary(told => told.Id);
        _deliveries = books.Database.Deliveries.ToLookup(delivery => delivery.EventId);
        _endpoints = books.Database.Endpoints.ToDictionary(endpoint => endpoint.Id);
        _received = books.Evidence.Receivers
            .SelectMany(receiver => receiver.Events.Select(received => (receiver.Url, received)))
            .ToDictionary(pair => (pair.Url, pair.received.Id), pair => pair.received);
    }

    /// <summary>A final bill has exactly one event, sent once to each receiver, and not before the commit; others have none.</summary>
    public IEnumerable<Violation> Check() =>
        [.. Bills(), .. _books.Database.Events.SelectMany(Receivers),
            .. _books.Database.Deliveries.Where(delivery => delivery.Receiver != ShopperStatements.Mail).SelectMany(Outcome), .. _books.Evidence.Receivers.SelectMany(Heard)];

    private IEnumerable<Violation> Bills()
    {
        foreach (var bill in _books.Database.Bills)
        {
            var events = _eventsOfBill[bill.Number].ToList();
            var type = EventOfState.GetValueOrDefault(bill.State);
            if (events.Count != (type is null ? 0 : 1) || events.Any(told => told.Type != type || told.Merchant != bill.Merchant))
            {
                yield return new Violation(
                    7, type is null ? $"A bill is {bill.State} and has events." : $"A bill is {bill.State} and has not exactly one event {type}.",
                    [Row.Of(bill), .. events.Select(Row.Of)]);
            }
        }

        foreach (var told in _books.Database.Events.Where(told => told.Bill is { } bill && !_books.Bills.ContainsKey(bill)))
        {
            yield return new Violation(7, "An event is of no bill.", [Row.Of(told)]);
        }
    }

    private IEnumerable<Violation> Receivers(Event told)
    {
        if (told.Bill is null || ShopperStatements.IsForShopperAlone(told))
        {
            yield break;
        }

        foreach (var endpoint in _books.Database.Endpoints.Where(endpoint => endpoint.Merchant == told.Merchant))
        {
            var count = _deliveries[told.Id].Count(delivery => delivery.Receiver == endpoint.Id);
            if (count == 0 && WasSurely(endpoint, told))
            {
                yield return new Violation(7, "A receiver was configured at the commit and gets no delivery.", [Row.Of(told), Row.Of(endpoint)]);
            }
            else if (count > 1 || (count == 1 && !MayHaveBeen(endpoint, told)))
            {
                yield return new Violation(
                    7, count > 1 ? "A receiver has several deliveries of one event." : "A delivery goes to a receiver that was not configured at the commit.",
                    [Row.Of(told), Row.Of(endpoint), .. _deliveries[told.Id].Where(delivery => delivery.Receiver == endpoint.Id).Select(Row.Of)]);
            }
        }
    }

    private IEnumerable<Violation> Outcome(Delivery delivery)
    {
        var told = _events.GetValueOrDefault(delivery.EventId);
        var endpoint = _endpoints.GetValueOrDefault(delivery.Receiver);
        var accepted = endpoint is not null && _received.GetValueOrDefault((endpoint.Url, Name(delivery.EventId))) is { Accepted: > 0 };
        var wrong = told is null ? "A delivery is of no event."
            : endpoint is null || endpoint.Merchant != told.Merchant ? "A delivery is to a receiver that is not the merchant's."
            : delivery.State switch
            {
                DeliveryStates.Accepted when !accepted => "A delivery counts as ACCEPTED, and its receiver has not accepted it.",
                DeliveryStates.Parked when delivery.Tries < TriesBeforeParked && endpoint.DeletedAt is null => "A delivery was parked before every retry.",
                DeliveryStates.Pending => "A delivery is still PENDING.",
                _ => null,
            };
        if (wrong is not null)
        {
            yield return new Violation(
                7, wrong,
                [
                    Row.Of(delivery),
                    .. told is null ? Array.Empty<string>() : [Row.Of(told)],
                    .. endpoint is null ? Array.Empty<string>() : [Row.Of(endpoint)],
                ]);
        }
    }

    private IEnumerable<Violation> Heard(ReceiverBook receiver)
    {
        if (receiver.Strays > 0)
        {
            yield return new Violation(
                7, $"A receiver got {receiver.Strays} requests without a right signature.", [$"receiver {receiver.Url}"]);
        }

        foreach (var received in receiver.Events)
        {
            var told = Guid.TryParseExact(received.Id.AsSpan(Math.Min(NameOfEvent.Length, received.Id.Length)), "N", out var id)
                && received.Id == Name(id) ? _events.GetValueOrDefault(id) : null;
            var wrong = told is null ? "A receiver was told of an event that is not in the books."
                : told.Type != received.Type || told.Bill != received.Bill ? "A receiver was told another event than the books have under its id."
                : !IsDelivered(told, receiver) ? "A receiver was told of an event that it has no delivery of."
                : received.FirstAt < (told.CommittedAt ?? told.CreatedAt) ? "A receiver was told before the commit."
                : !IsTrue(received) ? "A receiver was told something of a bill that is not so."
                : null;
            if (wrong is not null)
            {
                yield return new Violation(
                    7, wrong,
                    [
                        Row.Of(receiver, received),
                        .. told is null ? Array.Empty<string>() : [Row.Of(told)],
                        .. received.Bill is { } number && _books.Bills.TryGetValue(number, out var bill) ? [Row.Of(bill)] : Array.Empty<string>(),
                    ]);
            }
        }
    }

    private bool IsDelivered(Event told, ReceiverBook receiver) =>
        _deliveries[told.Id].Any(delivery => _endpoints.GetValueOrDefault(delivery.Receiver)?.Url == receiver.Url);

    // The state is the event's; the statements about bills check whether the bill has it.
    private bool IsTrue(ReceivedEvent received)
    {
        if (received.Bill is null || !_books.Bills.TryGetValue(received.Bill, out var bill))
        {
            return true;
        }

        if (RefundStatements.IsOfRefund(received.Type))
        {
            return RefundStatements.IsTrue(_books, received);
        }

        if (ClaimStatements.IsOfClaim(received.Type))
        {
            return ClaimStatements.IsTrue(_books, received);
        }

        if (received.Type == ClaimStatements.BalanceOwed)
        {
            return ClaimStatements.IsDebt(_books, received);
        }

        var payment = bill.PaidRrn is { } rrn ? _books.AttemptsOfRrn[rrn].FirstOrDefault() : null;
        var isOfTrade = TradeStatements.IsOfTrade(received.Type);
        return received.Status is { } status && (isOfTrade ? status == BillStates.Paid && TradeStatements.IsTrue(_books, received) : EventOfState.GetValueOrDefault(status) == received.Type)
            && received.Amount == bill.Amount
            && (status != BillStates.Paid || bill.State != BillStates.Paid
                || (received.Rrn == bill.PaidRrn && received.AuthorisationCode == payment?.AuthorisationCode));
    }

    private static bool WasSurely(Endpoint endpoint, Event told) =>
        endpoint.CreatedAt + SurelyCommitted < told.CreatedAt
        && (endpoint.DeletedAt is null || endpoint.DeletedAt > (told.CommittedAt ?? told.CreatedAt) + LongestCommit);

    private static bool MayHaveBeen(Endpoint endpoint, Event told) =>
        endpoint.CreatedAt <= (told.CommittedAt ?? (told.CreatedAt + LongestCommit))
        && (endpoint.DeletedAt is null || endpoint.DeletedAt + SurelyCommitted > told.CreatedAt);

    private static string Name(Guid id) => NameOfEvent + id.ToString("N", CultureInfo.InvariantCulture);
}
