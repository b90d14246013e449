using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Lakala.Local;

namespace Lakala.Chaos;

/// <summary>What a shopper does on the page of her bill after the payment.</summary>
public enum Wish
{
    Confirm,

    Claim,
}

/// <summary>The shopper of an escrow bill who comes back to its page.</summary>
/// <param name="Page">The bill's <c>pay_url</c>.</param>
/// <param name="Amount">Of the bill, in minor units.</param>
public sealed record Shopper(Uri Page, string Mail, Wish Wish, long Amount);

/// <summary>
/// Shoppers on the pages of their bills, with a one-time code out of the mail, and the merchant's side of their claims. Each request goes to
/// any silo, and under faults to another one, a bounded number of times; then the visit is given up, and the books may have either outcome.
/// </summary>
public sealed class Visits(LocalNetwork network, IReadOnlyList<MerchantClient> shops, Random random) : IDisposable
{
    private const int SignInsAtOnce = 4, MostTries = 4, ConfirmTries = 24, MostPauses = 8;
    private const double WithForm = 0.3, Whole = 0.4, AtOnce = 0.2;

    // The page tells a refusal by its number. Published numbers do not change.
    private const string Confirmed = "Confirmed", ClaimSent = "ClaimSent", CodeRight = "CodeRight", NotShipped = "343", ClaimOpen = "360";
    private const string Asked = "ASKED", Judging = "JUDGING";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500), RequestBound = TimeSpan.FromSeconds(10);
    private static readonly string[] Kinds = ["not_received", "not_as_described", "return"];
    private static readonly Dictionary<string, string> Words = new() { ["text"] = "Please look at it." };
    private static readonly Dictionary<string, string> Parcel = new() { ["carrier"] = "EMS", ["number"] = "EE123456789CN" };

    private readonly SemaphoreSlim _signIns = new(SignInsAtOnce);
    private readonly ConcurrentQueue<string> _confirmed = new();
    private readonly ConcurrentQueue<string> _claimed = new();
    private int _givenUp;

    /// <summary>The bills whose page has said that the shopper has confirmed.</summary>
    public IReadOnlyList<string> ConfirmedBills => [.. _confirmed];

    /// <summary>The bills whose page has said that there is a claim.</summary>
    public IReadOnlyList<string> ClaimedBills => [.. _claimed];

    /// <summary>Requests whose outcome nobody knows.</summary>
    public int GivenUp => _givenUp;

    /// <summary>The bill is paid: its shopper comes to the page, and does what she wants.</summary>
    public async Task Visit(string bill, Shopper shopper, CancellationToken stop)
    {
        using var browser = new ShopperClient(shopper.Page, shopper.Mail, network.Mails);
        if (!await SignIn(browser, stop))
        {
            return;
        }

        if (shopper.Wish == Wish.Confirm)
        {
            await Confirm(bill, browser, stop);
        }
        else
        {
            await Claim(bill, shopper, browser, stop);
        }
    }

    /// <summary>The merchant agrees to claims that only operators could end otherwise: nobody rules in a run.</summary>
    public async Task AgreeToJudged(CancellationToken stop)
    {
        foreach (var id in (await List(Judging, stop)).Select(Id))
        {
            await Move((shop, bounded) => shop.AgreeToClaim(id, bounded), stop);
        }
    }

    public void Dispose() => _signIns.Dispose();

    // Reading the mails is what costs: few at once.
    private async Task<bool> SignIn(ShopperClient browser, CancellationToken stop)
    {
        await _signIns.WaitAsync(stop);
        try
        {
            return await At(browser, bounded => browser.SignIn(bounded), stop) == CodeRight;
        }
        finally
        {
            _signIns.Release();
        }
    }

    // The goods come, or their time is over, or the money has gone back.
    private async Task Confirm(string bill, ShopperClient browser, CancellationToken stop)
    {
        for (var tries = 0; tries < ConfirmTries; tries++)
        {
            var told = await Take(browser, "confirm", [], stop);
            if (told == Confirmed)
            {
                _confirmed.Enqueue(bill);
            }

            if (told != NotShipped)
            {
                return;
            }

            await Task.Delay(Pause, TimeProvider.System, stop);
        }
    }

    // Before the shipping, after it, or when the merchant has the money.
    private async Task Claim(string bill, Shopper shopper, ShopperClient browser, CancellationToken stop)
    {
        await Wait(2 * MostPauses, stop);
        if (Draw() < WithForm)
        {
            await Take(browser, "claim", [], stop);
            await Wait(2, stop);
        }

        var amount = Draw() < Whole ? "" : (Between(1, shopper.Amount) / 100m).ToString("0.00", CultureInfo.InvariantCulture);
        var told = await Take(browser, "open-claim", new() { ["kind"] = Pick(Kinds), ["amount"] = amount, ["reason"] = "The lid is broken." }, stop);
        if (told is not (ClaimSent or ClaimOpen))
        {
            return;
        }

        _claimed.Enqueue(bill);
        if (Draw() < AtOnce)
        {
            await Task.WhenAll(Answer(bill, stop), Withdraw(browser, stop));
            return;
        }

        var (answer, id) = await Answer(bill, stop);
        await Wait(MostPauses, stop);
        await React(answer, id, browser, stop);
    }

    private async Task Withdraw(ShopperClient browser, CancellationToken stop)
    {
        await Wait(2, stop);
        await Take(browser, "withdraw", [], stop);
    }

    // Sometimes none comes, and the clock decides.
    private async Task<(string Answer, string Id)> Answer(string bill, CancellationToken stop)
    {
        await Wait(MostPauses, stop);
        if ((await List(Asked, stop)).FirstOrDefault(claim => claim.GetProperty("bill").GetString() == bill) is not { ValueKind: JsonValueKind.Object } claim)
        {
            return ("", "");
        }

        var (id, offer) = (Id(claim), Between(1, Math.Max(1, claim.GetProperty("amount").GetInt64() - 1)));
        var answer = Pick("agree", "offer", "return", "refuse", "");
        await Move(
            (shop, bounded) => answer switch
            {
                "agree" => shop.AgreeToClaim(id, bounded),
                "offer" => shop.OfferInClaim(id, offer, bounded),
                "return" => shop.AskForReturn(id, "Send it to our store.", bounded),
                "refuse" => shop.RefuseClaim(id, "It was whole.", bounded),
                _ => Task.FromResult(claim),
            },
            stop);
        return (answer, id);
    }

    private async Task React(string answer, string id, ShopperClient browser, CancellationToken stop)
    {
        var step = answer switch
        {
            "offer" => Pick("accept", "accept", "escalate", "withdraw", ""),
            "refuse" => Pick("escalate", "escalate", "withdraw", ""),
            "return" => Pick("send-back", "send-back", "escalate", ""),
            "" => Pick("withdraw", "", ""),
            _ => "",
        };
        if (step.Length > 0)
        {
            await Take(browser, step, step == "escalate" ? Words : step == "send-back" ? Parcel : [], stop);
        }

        await Wait(MostPauses, stop);
        if (step == "send-back")
        {
            await (Pick("received", "received", "refuse", "") switch
            {
                "received" => Move((shop, bounded) => shop.ReceiveReturn(id, bounded), stop),
                "refuse" => Move((shop, bounded) => shop.RefuseClaim(id, "It was used.", bounded), stop),
                _ => Task.CompletedTask,
            });
        }
        else if (step == "escalate" && Draw() < 0.5)
        {
            // The others wait until the end of the run.
            await (Draw() < 0.5 ? Take(browser, "withdraw", [], stop) : Move((shop, bounded) => shop.AgreeToClaim(id, bounded), stop));
        }
    }

    private async Task<IReadOnlyList<JsonElement>> List(string status, CancellationToken stop) =>
        await Persist(async (silo, bounded) => (IReadOnlyList<JsonElement>)[.. (await shops[silo].ListClaims(status, bounded)).GetProperty("data").EnumerateArray()], stop) ?? [];

    /// <returns>The state of the claim afterwards; empty when the move was refused.</returns>
    private Task<string?> Move(Func<MerchantClient, CancellationToken, Task<JsonElement>> move, CancellationToken stop) => Persist(
        async (silo, bounded) =>
        {
            try
            {
                return (await move(shops[silo], bounded)).GetProperty("status").GetString()!;
            }
            catch (HttpRequestException refused) when (refused.StatusCode == HttpStatusCode.Conflict)
            {
                // The claim has moved on, or its trade is stopped.
                return "";
            }
        },
        stop);

    private Task<string?> Take(ShopperClient browser, string step, Dictionary<string, string> fields, CancellationToken stop) =>
        At(browser, bounded => browser.Take(step, fields, bounded), stop);

    private Task<string?> At(ShopperClient browser, Func<CancellationToken, Task<string>> act, CancellationToken stop) => Persist(
        (silo, bounded) =>
        {
            browser.Page = new Uri(network.Silos[silo].Http, browser.Page.AbsolutePath);
            return act(bounded);
        },
        stop);

    /// <returns>Null: given up.</returns>
    private async Task<T?> Persist<T>(Func<int, CancellationToken, Task<T>> ask, CancellationToken stop)
        where T : class
    {
        var first = (int)Between(0, shops.Count - 1);
        for (var tries = 0; tries < MostTries; tries++)
        {
            using var bound = CancellationTokenSource.CreateLinkedTokenSource(stop);
            bound.CancelAfter(RequestBound);
            try
            {
                return await ask((first + tries) % shops.Count, bound.Token);
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException || (fault is OperationCanceledException && !stop.IsCancellationRequested))
            {
                await Task.Delay(Pause, TimeProvider.System, stop);
            }
        }

        Interlocked.Increment(ref _givenUp);
        return null;
    }

    private Task Wait(int mostPauses, CancellationToken stop) => Task.Delay(Pause * (int)Between(0, mostPauses), TimeProvider.System, stop);

    private static string Id(JsonElement claim) => claim.GetProperty("id").GetString()!;

    private string Pick(params string[] among) => among[Between(0, among.Length - 1)];

    // Both ends included.
    private long Between(long least, long most)
    {
        lock (random)
        {
            return random.NextInt64(least, most + 1);
        }
    }

    private double Draw()
    {
        lock (random)
        {
            return random.NextDouble();
        }
    }
}
