using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using Lakala.Chaos.Audit;
using Lakala.Local;

namespace Lakala.Chaos;

/// <summary>A bill on its way through the stores.</summary>
/// <param name="Shopper">Null: she does nothing after the payment.</param>
public sealed record Sale(string Bill, bool IsEscrow, Shopper? Shopper = null, int Tries = 0);

/// <summary>
/// The web shop: creates bills at any silo that answers, keeps what was acknowledged, and gets notices at two servers that
/// refuse a share of the notices until they are healed.
/// </summary>
public sealed class Shop : IAsyncDisposable
{
    private const int Stock = 60, Batch = 20, MaxTries = 6, OrdersAtOnce = 200, MostPauses = 16;
    private const int ShipSeconds = 6, ConfirmSeconds = 4, ExtraDays = 2;
    private const double TurnedDown = 0.3, Cancelled = 0.02, Twice = 0.05, WithMail = 0.3, Returned = 0.4, ReturnedWhole = 0.3, ReturnedAgain = 0.5;
    private const double Escrow = 0.45, FeeKept = 0.25, NeverShipped = 0.1, Extended = 0.1, Confirms = 0.15, Claims = 0.15;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500), RequestBound = TimeSpan.FromSeconds(10);

    private readonly MerchantClient[] _silos;
    private readonly Visits _visits;
    private readonly Random _random;
    private readonly ConcurrentQueue<Sale> _sales = new();
    private readonly ConcurrentQueue<AcknowledgedBill> _created = new();
    private readonly ConcurrentQueue<string> _cancelled = new();
    private readonly ConcurrentQueue<AcknowledgedRefund> _refunded = new();
    private readonly Channel<Sale> _paid = Channel.CreateUnbounded<Sale>();
    private volatile bool _isHealed;
    private int _orders;

    private Shop(LocalNetwork network, Random random)
    {
        _silos = [.. network.Silos.Select(silo => new MerchantClient(silo.Http, network.Seed.ApiKey))];
        _random = random;
        _visits = new Visits(network, _silos, random);
    }

    public IReadOnlyList<WebhookReceiver> Receivers { get; private set; } = [];

    public Acknowledged Acknowledged => new([.. _created], [.. _cancelled], [.. _refunded])
    {
        Confirmations = _visits.ConfirmedBills,
        Claims = _visits.ClaimedBills,
    };

    /// <summary>Requests of shoppers, and about their claims, whose outcome nobody knows.</summary>
    public int GivenUp => _visits.GivenUp;

    public static async Task<Shop> Open(LocalNetwork network, Random random, CancellationToken stop)
    {
        var shop = new Shop(network, random);
        var receivers = new List<WebhookReceiver>();
        for (var number = 0; number < 2; number++)
        {
            var receiver = await WebhookReceiver.Start(_ => shop.Answer());
            receivers.Add(receiver);
            var endpoint = await shop._silos[0].CreateWebhookEndpoint(receiver.Address, stop);
            receiver.Trust(endpoint.GetProperty("secret").GetString()!);
        }

        shop.Receivers = receivers;
        return shop;
    }

    /// <summary>Keeps the stores busy until it is stopped.</summary>
    public async Task Order(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                if (_sales.Count < Stock)
                {
                    await Task.WhenAll(Enumerable.Range(0, Batch).Select(_ => OrderOne(stop)));
                }
                else
                {
                    await Task.Delay(Pause, TimeProvider.System, stop);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The shop closes; its bills are audited.
        }
    }

    public bool TryTake(out Sale sale)
    {
        var isOne = _sales.TryDequeue(out var next);
        sale = next!;
        return isOne;
    }

    /// <summary>The bill is paid: it is to be delivered, and perhaps its goods come back.</summary>
    public void Deliver(Sale sale) => _paid.Writer.TryWrite(sale);

    /// <summary>Ships, refunds what comes back, and answers claims, until it is stopped. Meanwhile shoppers come to the pages of their bills.</summary>
    public async Task Deliver(CancellationToken stop)
    {
        try
        {
            // Several at once, so that a silo that is away delays only some.
            await Parallel.ForEachAsync(
                _paid.Reader.ReadAllAsync(stop), new ParallelOptions { MaxDegreeOfParallelism = OrdersAtOnce, CancellationToken = stop }, async (sale, stop) => await DeliverOne(sale, stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The shop closes. What was ordered and not answered may be in the books or not.
        }
    }

    /// <summary>The bill was not paid: the shopper tries again, perhaps in another store, a bounded number of times.</summary>
    /// <param name="isTried">True: the store has looked the bill up.</param>
    public void GiveBack(Sale sale, bool isTried)
    {
        if (sale.Tries < MaxTries)
        {
            _sales.Enqueue(isTried ? sale with { Tries = sale.Tries + 1 } : sale);
        }
    }

    /// <summary>Ends the claims that wait for operators.</summary>
    public Task EndClaims(CancellationToken stop) => _visits.AgreeToJudged(stop);

    /// <summary>From now on every notice is accepted.</summary>
    public void Heal() => _isHealed = true;

    public async ValueTask DisposeAsync()
    {
        _visits.Dispose();
        foreach (var silo in _silos)
        {
            silo.Dispose();
        }

        foreach (var receiver in Receivers)
        {
            await receiver.DisposeAsync();
        }
    }

    private async Task OrderOne(CancellationToken stop)
    {
        var order = "order-" + Interlocked.Increment(ref _orders).ToString("D6", CultureInfo.InvariantCulture);
        var amount = Draw(random => random.Next(1, 100_000));
        var isEscrow = Draw(random => random.NextDouble()) < Escrow;
        var isFeeKept = Draw(random => random.NextDouble()) < FeeKept;
        Wish? wish = isEscrow ? Draw(random => random.NextDouble()) switch { < Confirms => Wish.Confirm, < Confirms + Claims => Wish.Claim, _ => null } : null;
        var mail = wish is not null || Draw(random => random.NextDouble()) < WithMail ? $"{order}@shopper.test" : null;
        var (number, page) = await Untiring(
            silo => silo.CreateBill(order, amount, "A teapot", idempotencyKey: order, mail, isEscrow ? (ShipSeconds, ConfirmSeconds) : null, isFeeKept, stop),
            bill => (bill.GetProperty("number").GetString()!, bill.GetProperty("pay_url").GetString()!),
            stop);
        _created.Enqueue(new AcknowledgedBill(number, order, amount));
        if (Draw(random => random.NextDouble()) < Cancelled)
        {
            await Cancel(number, stop);
            return;
        }

        var sale = new Sale(number, isEscrow, wish is { } does ? new Shopper(new Uri(page), mail!, does, amount) : null);
        _sales.Enqueue(sale);
        if (Draw(random => random.NextDouble()) < Twice)
        {
            // Two shoppers with one bill: one of them gets that it is paid, or being paid.
            _sales.Enqueue(sale with { Tries = MaxTries });
        }
    }

    private Task DeliverOne(Sale sale, CancellationToken stop) =>
        Task.WhenAll(DeliverGoods(sale, stop), sale.Shopper is { } shopper ? _visits.Visit(sale.Bill, shopper, stop) : Task.CompletedTask);

    // What comes back of an escrow bill does so before the shipping, after it, or when its money is released or about to be.
    private async Task DeliverGoods(Sale sale, CancellationToken stop)
    {
        var isReturned = Draw(random => random.NextDouble()) < Returned;
        var returnedAt = Draw(random => random.Next(3));
        async Task Return(int at)
        {
            if (isReturned && at == returnedAt)
            {
                await RefundOne(sale.Bill, stop);
            }
        }

        if (!sale.IsEscrow)
        {
            await Return(returnedAt);
            return;
        }

        // Sometimes longer than the time to ship.
        await Wait(stop);
        await Return(0);
        if (Draw(random => random.NextDouble()) < NeverShipped)
        {
            return;
        }

        await UnlessOver(silo => silo.ShipBill(sale.Bill, stop), stop);
        if (Draw(random => random.NextDouble()) < Extended)
        {
            await UnlessOver(silo => silo.ExtendBill(sale.Bill, ExtraDays, stop), stop);
        }

        await Return(1);
        if (isReturned && returnedAt == 2)
        {
            await Wait(stop);
            await Return(2);
        }
    }

    private Task Wait(CancellationToken stop) => Task.Delay(Pause * Draw(random => random.Next(MostPauses)), TimeProvider.System, stop);

    private async Task UnlessOver(Func<MerchantClient, Task<JsonElement>> move, CancellationToken stop)
    {
        try
        {
            await Untiring(move, trade => trade, stop);
        }
        catch (HttpRequestException refused) when (refused.StatusCode == HttpStatusCode.Conflict)
        {
            // All was refunded, or the shopper has not got more time before the release.
        }
    }

    // In parts, in the whole, or in two parts at once of which only one is left.
    private async Task RefundOne(string number, CancellationToken stop)
    {
        var amount = _created.First(bill => bill.Number == number).Amount;
        if (Draw(random => random.NextDouble()) < ReturnedWhole)
        {
            await Refund(number, null, $"{number}-whole", stop);
            return;
        }

        var part = Draw(random => random.NextInt64(1, amount + 1));
        await Task.WhenAll(Refund(number, part, $"{number}-1", stop), Draw(random => random.NextDouble()) < ReturnedAgain ? Refund(number, part, $"{number}-2", stop) : Task.CompletedTask);
    }

    private async Task Refund(string number, long? amount, string key, CancellationToken stop)
    {
        try
        {
            _refunded.Enqueue(await Untiring(
                silo => silo.RefundBill(number, amount, key, stop),
                refund => new AcknowledgedRefund(refund.GetProperty("id").GetString()!, number, refund.GetProperty("amount").GetInt64()),
                stop));
        }
        catch (HttpRequestException refused) when (refused.StatusCode == HttpStatusCode.Conflict)
        {
            // Less is left than that, or the trade is stopped.
        }
    }

    private async Task Cancel(string number, CancellationToken stop)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(stop);
        bound.CancelAfter(RequestBound);
        try
        {
            await _silos[0].CancelBill(number, bound.Token);
            _cancelled.Enqueue(number);
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException && !stop.IsCancellationRequested)
        {
            // The outcome of the cancellation is unknown, and was never acknowledged: the books may have either.
        }
    }

    // A request may be repeated under its key at another silo until one answers.
    private async Task<T> Untiring<TAnswer, T>(Func<MerchantClient, Task<TAnswer>> ask, Func<TAnswer, T> read, CancellationToken stop)
    {
        for (var silo = Draw(random => random.Next(_silos.Length)); ; silo++)
        {
            try
            {
                return read(await ask(_silos[silo % _silos.Length]).WaitAsync(RequestBound, TimeProvider.System, stop));
            }
            catch (Exception fault) when (fault is HttpRequestException { StatusCode: not HttpStatusCode.Conflict } or TimeoutException)
            {
                await Task.Delay(Pause, TimeProvider.System, stop);
            }
        }
    }

    private int Answer() => !_isHealed && Draw(random => random.NextDouble()) < TurnedDown ? 500 : 204;

    private T Draw<T>(Func<Random, T> draw)
    {
        lock (_random)
        {
            return draw(_random);
        }
    }
}
