using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Caching.Memory;

namespace Lakala.Shop;

/// <summary>An order with the last known status of its bill.</summary>
public sealed class Order(string id, Bill bill, long amount)
{
    public string Id => id;

    public long Amount => amount;

    public Bill Bill { get; set; } = bill;

    public bool IsFinal => Bill.Status is "PAID" or "EXPIRED" or "CANCELLED";

    /// <summary>Sets the status. PAID is final, and a late status never changes a final one.</summary>
    public void Turn(string status)
    {
        if (!IsFinal)
        {
            Bill = Bill with { Status = status };
        }
    }
}

/// <summary>A visitor's basket and orders.</summary>
public sealed class Visit
{
    public const int MostOfOneGood = 9;

    public ConcurrentDictionary<string, int> Basket { get; } = new();

    public string? Language { get; set; }

    public long Amount => Basket.Sum(line => line.Value * Good.Find(line.Key)!.Price);
}

/// <summary>
/// The shop's data, only in memory, which is enough for a demonstration: a real shop has a database. Bounded; the oldest are dropped.
/// </summary>
public sealed class Memory : IDisposable
{
    private const string Cookie = "lakala-shop";
    private const int MostEntries = 10_000;
    private static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    private readonly MemoryCache _entries = new(new MemoryCacheOptions { SizeLimit = MostEntries });

    public void Dispose() => _entries.Dispose();

    /// <summary>The visit of the cookie, or a new one.</summary>
    public Visit Visit(HttpContext context)
    {
        if (context.Request.Cookies[Cookie] is { Length: 32 } id && _entries.TryGetValue($"visit {id}", out Visit? known))
        {
            return known!;
        }

        var name = RandomNumberGenerator.GetHexString(32, lowercase: true);
        context.Response.Cookies.Append(Cookie, name, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Lax, Path = "/shop" });
        return Keep($"visit {name}", new Visit());
    }

    public void Keep(Order order) => Keep($"order {order.Id}", order);

    public Order? Find(string order) => _entries.Get<Order>($"order {order}");

    /// <summary>False when the event has been seen before.</summary>
    public bool IsNew(string eventId)
    {
        lock (_entries)
        {
            var isNew = !_entries.TryGetValue($"event {eventId}", out _);
            Keep($"event {eventId}", eventId);
            return isNew;
        }
    }

    private T Keep<T>(string key, T value) => _entries.Set(key, value, new MemoryCacheEntryOptions { Size = 1, SlidingExpiration = Kept });
}
