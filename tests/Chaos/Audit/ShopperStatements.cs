using System.Globalization;

namespace Lakala.Chaos.Audit;

/// <summary>Statement 7, for shoppers: the mails about their bills.</summary>
internal sealed class ShopperStatements(CrossReference books)
{
    public const string Mail = "mail";

    private const string Created = "bill.created", Expiring = "bill.expiring";
    private const int TriesBeforeParked = 9;

    private readonly ILookup<string?, Event> _events = books.Database.Events.ToLookup(told => told.Bill);
    private readonly ILookup<Guid, Delivery> _deliveries = books.Database.Deliveries.Where(delivery => delivery.Receiver == Mail).ToLookup(delivery => delivery.EventId);
    private readonly HashSet<string> _mails = [.. books.Evidence.Mails];

    /// <summary>The events that are not sent to merchants.</summary>
    public static bool IsForShopperAlone(Event told) => told.Type is Created or Expiring;

    /// <summary>A bill with a mail address is announced once and has at most one reminder; every event has one mail, but what its merchant owes is not told to a shopper.</summary>
    public IEnumerable<Violation> Check() => [.. books.Database.Bills.SelectMany(Of), .. Strays()];

    private IEnumerable<Violation> Of(Bill bill)
    {
        var events = _events[bill.Number].ToList();
        var (announced, reminded) = (events.Count(told => told.Type == Created), events.Count(told => told.Type == Expiring));
        if (announced != (bill.HasMail ? 1 : 0) || reminded > (bill.HasMail ? 1 : 0))
        {
            yield return new Violation(
                7, $"A bill whose shopper {(bill.HasMail ? "has" : "has no")} mail address has {announced} events {Created} and {reminded} {Expiring}.",
                [Row.Of(bill), .. events.Select(Row.Of)]);
        }

        foreach (var told in events)
        {
            var deliveries = _deliveries[told.Id].ToList();
            var isMailed = bill.HasMail && told.Type != ClaimStatements.BalanceOwed;
            var wrong = deliveries.Count != (isMailed ? 1 : 0) ? $"An event has {deliveries.Count} deliveries to its shopper."
                : !isMailed ? null
                : deliveries[0].State switch
                {
                    DeliveryStates.Accepted when !_mails.Contains(Name(told)) => "A delivery to a shopper counts as ACCEPTED, and there is no such mail.",
                    DeliveryStates.Skipped when !IsForShopperAlone(told) || bill.State is BillStates.Open or BillStates.Paying =>
                        "A delivery to a shopper was SKIPPED that was worth telling.",
                    DeliveryStates.Parked when deliveries[0].Tries < TriesBeforeParked => "A delivery to a shopper was parked before every retry.",
                    DeliveryStates.Pending => "A delivery to a shopper is still PENDING.",
                    _ => null,
                };
            if (wrong is not null)
            {
                yield return new Violation(7, wrong, [Row.Of(bill), Row.Of(told), .. deliveries.Select(Row.Of)]);
            }
        }
    }

    private IEnumerable<Violation> Strays()
    {
        var told = books.Database.Events.Where(one => _deliveries[one.Id].Any()).Select(Name).ToHashSet();
        return _mails.Where(mail => !told.Contains(mail)).Select(mail =>
            new Violation(7, "A shopper has a mail of an event that is not to be mailed.", [$"mail {mail}"]));
    }

    private static string Name(Event told) => "evt_" + told.Id.ToString("N", CultureInfo.InvariantCulture);
}
