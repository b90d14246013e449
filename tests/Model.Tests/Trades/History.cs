using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Lakala.Rules.Attempts;
using Lakala.Rules.Claims;
using Lakala.Rules.Ledger;
using Lakala.Rules.Refunds;
using Lakala.Rules.Trades;
using Lakala.Silo.Merchants;
using Lakala.Storage.Postgres;
using Lakala.Storage.Refunds;
using Lakala.Storage.Swipes;
using Lakala.Testing;
using Lakala.Vocabulary;
using Npgsql;
using AcknowledgedRefund = Lakala.Chaos.Audit.AcknowledgedRefund;

namespace Lakala.Model.Tests.Trades;

/// <summary>
/// One history of a few bills, drawn from a seed: steps of one to three operations that run at the same time, most of them on one bill. At
/// its end the bank has answered, everything due was done, and the auditor looks.
/// </summary>
/// <remarks>The seed repeats the draws. Which of several operations is first it does not say.</remarks>
/// <param name="without">The kinds of operations that are not drawn.</param>
/// <param name="favourite">The place of the bill with which most happens: the first three are escrow bills, the others direct.</param>
internal sealed class History(Market market, int seed, IReadOnlyList<string>? without = null, int favourite = 1)
{
    public const string Confirm = "confirm", SweepTrades = "sweep the trades";

    private const int Steps = 45, MostSettling = 20;
    private const string Freeze = "stop", Unfreeze = "let go on", OpenClaim = "claim", RefundAll = "refund all of", RefundPart = "refund a part of", Commit = "COMMIT";
    private const string SendRefunds = "send", Withdraw = "withdraw a refund of", ProposeRemedy = "propose a remedy for", Remedy = "decide about a refund of";

    // The same twice: there was nothing to do.
    private const string Done =
        """
        select concat_ws(' ', (select sum(moves) from trades), (select sum(moves) from claims), (select sum(repaid) from debts),
          (select string_agg(state, ' ' order by rrn) from refunds))
        """;

    // On a busy machine the server ends what takes too long, and the driver gives up.
    private static readonly string[] Slow =
        [PostgresErrorCodes.LockNotAvailable, Lakala.Storage.Postgres.Database.StoodStill, nameof(TimeoutException), "reading from stream", "lock timeout", "idle-in-transaction"];

    private static readonly TimeSpan[] Times =
        [TimeSpan.FromMinutes(31), TimeSpan.FromHours(3), TimeSpan.FromHours(25), TimeSpan.FromDays(2), TimeSpan.FromDays(4), TimeSpan.FromDays(8)];

    private static readonly RefundVerdict[] Remedies = [RefundVerdict.SendAgain, RefundVerdict.PayOtherwise, RefundVerdict.LeaveIt];

    private static readonly DeliveryMethod[] Methods = Enum.GetValues<DeliveryMethod>();

    private readonly Random _random = new(seed);
    private readonly List<string> _trace = [];
    private readonly List<long> _bills = [];
    private readonly Dictionary<long, long> _amounts = [];
    private readonly Dictionary<long, EscrowTerms?> _terms = [];
    private readonly List<(long Bill, string Key, long? Amount)> _asked = [];
    private readonly ConcurrentDictionary<string, string> _refundOfKey = [];
    private readonly ConcurrentDictionary<long, bool> _falseWords = [];
    private readonly ConcurrentQueue<AcknowledgedRefund> _acknowledged = [];
    private readonly ConcurrentQueue<string> _violations = [];
    private int _stans, _keys;

    public IReadOnlyList<string> Trace => _trace;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <param name="areFaultsHarm">True: an operation that ends in a fault is a violation too.</param>
    /// <returns>The first violation; null when everything held.</returns>
    public async Task<string?> Run(bool areFaultsHarm)
    {
        await Begin();
        for (var step = 1; step <= Steps && _violations.IsEmpty; step++)
        {
            await Step(step, areFaultsHarm);
        }

        if (_violations.IsEmpty)
        {
            await Settle(areFaultsHarm);
            foreach (var rrn in (await market.Books.Scalar<long[]>("select array(select rrn from refund_contradictions)")).Where(rrn => !_falseWords.ContainsKey(rrn)))
            {
                _violations.Enqueue($"The bank has said one thing about the refund {Rrn.ToText(rrn)}, and it counts as contradicted.");
            }

            foreach (var violation in await market.Audit([.. _acknowledged]))
            {
                _violations.Enqueue(violation);
            }
        }

        return _violations.FirstOrDefault();
    }

    // Three escrow bills and three direct ones. Two direct ones are paid in a way in which the commit with the lower transaction comes late.
    private async Task Begin()
    {
        await market.Empty();
        for (var place = 0; place < 6; place++)
        {
            var terms = place < 3 ? new EscrowTerms(Pick(Methods), TimeSpan.FromHours(_random.Next(1, 100)), TimeSpan.FromDays(_random.Next(1, 12))) : null;
            var fee = _random.Next(3) == 0 ? FeeOnRefund.Kept : FeeOnRefund.Returned;
            var amount = AmountOf(place);
            var bill = await market.Books.PutBill(amount, escrow: terms, fee: fee);
            _bills.Add(bill);
            (_amounts[bill], _terms[bill]) = (amount, terms);
        }

        foreach (var bill in _bills.Take(4))
        {
            await Pay(bill);
        }

        if (_random.Next(2) == 0)
        {
            await PayLate(_bills[4]);
        }

        var number = await market.Rrns.Next();
        await market.Fund.Propose(number, new Money(_random.Next(1, 50_000), Money.Cny), "own money", "dora");
        (await market.Fund.Approve(number, "emil")).Refusal.Should().BeNull();
    }

    private long AmountOf(int place) => place % 2 == 0 ? _random.Next(100, 3_000) : _random.Next(3_000, 100_000);

    private async Task Step(int number, bool areFaultsHarm)
    {
        var before = await Sight.Read(market.Books.Database, Stop);
        if (_random.Next(12) == 0)
        {
            var time = Pick(Times);
            await market.Pass(time);
            _trace.Add(string.Create(CultureInfo.InvariantCulture, $"{number}: {time} pass"));
            return;
        }

        if (_random.Next(4) == 0)
        {
            await market.EndPauses();
        }

        // A commit is lost: the server has it, or never gets it.
        var operations = Draw(before);
        var isCut = _random.Next(10) == 0;
        if (isCut)
        {
            _ = _random.Next(2) == 0 ? market.Line.CutAfter(Commit) : market.Line.CutBefore(Commit);
        }

        var ends = await Task.WhenAll(operations.Select(Do));
        market.Line.Spare();
        var warnings = market.TakeWarnings();
        _trace.Add($"{number}: {string.Join(" || ", operations.Zip(ends, static (operation, end) => $"{operation}: {end.Told}"))}{(isCut ? " (a commit is lost)" : "")}");
        if (!isCut)
        {
            Harm(areFaultsHarm, [.. ends.Select(static end => end.Fault), .. warnings]);
        }

        // An answer that did not come is asked for again.
        foreach (var (operation, _) in operations.Zip(ends).Where(static pair => pair.Second.Fault is not null))
        {
            var again = await Do(operation);
            _trace.Add($"{number}: again {operation}: {again.Told}");
            Harm(areFaultsHarm, again.Fault);
        }

        Watch(before, await Sight.Read(market.Books.Database, Stop), operations);
    }

    private void Harm(bool areFaultsHarm, params IEnumerable<string?> faults)
    {
        foreach (var fault in faults.OfType<string>().Where(fault => areFaultsHarm && !Slow.Any(fault.Contains)))
        {
            _violations.Enqueue(fault);
        }
    }

    private static async Task<(string Told, string? Fault)> Do(Operation operation)
    {
        await Task.Yield();
        try
        {
            return (await operation.Do(), null);
        }
        catch (Exception fault) when (fault is NpgsqlException or InvalidOperationException or TimeoutException or DatabaseAwayException or CommitUnknownException)
        {
            return (fault.GetType().Name, $"{operation}: {fault}");
        }
    }

    /// <summary>What the rows do not show any more at the end: a stop and the form of a claim delay every release.</summary>
    private void Watch(IReadOnlyDictionary<long, Sight> before, IReadOnlyDictionary<long, Sight> after, IReadOnlyList<Operation> operations)
    {
        foreach (var (bill, was) in before.Where(static pair => pair.Value.IsFrozen || pair.Value.IsLeased))
        {
            var (now, kinds) = (after[bill], operations.Where(operation => operation.Place == Place(bill)).Select(static operation => operation.Kind).ToList());
            if (was.IsFrozen && !kinds.Contains(Unfreeze) && !kinds.Contains(Remedy) && (!now.IsFrozen || now.Releases > was.Releases || now.Held < was.Held))
            {
                _violations.Enqueue($"The stopped trade of bill {Place(bill)} has moved: {was} became {now}.");
            }

            if (was.IsLeased && !kinds.Contains(OpenClaim) && now.Releases > was.Releases)
            {
                _violations.Enqueue($"Bill {Place(bill)} was released while the form of a claim was open: {was} became {now}.");
            }
        }
    }

    private List<Operation> Draw(IReadOnlyDictionary<long, Sight> sights)
    {
        // One bill goes far, so that there are rulings after a release, and debts.
        var first = sights[_random.Next(2) == 0 ? _bills[favourite - 1] : Pick(_bills)];
        if (first is { Trade: TradeState.Shipped, Claim: null, IsFrozen: false } && without is null && _random.Next(3) == 0)
        {
            return [DrawOne(first, Confirm), DrawOne(first, Pick([RefundPart, RefundAll, OpenClaim, Confirm]))];
        }

        if (first.Refused is not null && without is null && _random.Next(3) > 0)
        {
            return [DrawOne(first, first.Remedy is null ? ProposeRemedy : Remedy), DrawOne(first)];
        }

        if (first.Unsent is not null && without is null && _random.Next(5) == 0)
        {
            return [DrawOne(first, Withdraw), DrawOne(first, SendRefunds)];
        }

        var operations = new List<Operation> { DrawOne(first) };
        for (var more = _random.Next(5) switch { < 2 => 0, < 4 => 1, _ => 2 }; more > 0; more--)
        {
            operations.Add(_random.Next(4) == 0 ? operations[0] : DrawOne(_random.Next(5) == 0 ? sights[Pick(_bills)] : first));
        }

        return operations;
    }

    /// <param name="wanted">Null: any.</param>
    private Operation DrawOne(Sight sight, string? wanted = null)
    {
        var choices = Choices(sight).Where(choice => wanted is null ? without?.Contains(choice.Kind) != true : choice.Kind == wanted).ToList();
        var ticket = _random.Next(choices.Sum(static choice => choice.Weight));
        var (_, kind, make) = choices.First(choice => (ticket -= choice.Weight) < 0);
        return new Operation(kind, IsGeneral(kind) ? 0 : Place(sight.Bill), make());
    }

    private static bool IsGeneral(string kind) => kind is SweepTrades or "sweep the claims" or "prepare" or SendRefunds or "send twice" or "fold";

    // What is drawn for an operation is drawn when it is made, and not when it runs.
    private IEnumerable<(int Weight, string Kind, Func<Func<Task<string>>> Make)> Choices(Sight sight)
    {
        var bill = sight.Bill;
        yield return (3, SendRefunds, Send);
        yield return (2, "send twice", SendTwice);
        yield return (2, SweepTrades, () => () => Told(market.TradeSweeps.EndTimers(Stop)));
        yield return (2, "sweep the claims", () => () => Told(market.ClaimSweeps.EndTimes(Stop)));
        yield return (2, "prepare", () => () => Told(market.Sender(Silence).Prepare(Stop)));
        yield return (2, "fold", () => () => Told(market.Ledger.FoldCredits(Stop)));
        if (sight.IsOpen)
        {
            yield return (6, "pay", () => () => Pay(bill));
            yield break;
        }

        yield return (2, RefundAll, () => Refund(bill, null));
        yield return (5, RefundPart, () => Refund(bill, Part(sight.Left)));
        if (_asked.Any(asked => asked.Bill == bill))
        {
            yield return (3, "ask again for a refund of", () => AskAgain(Pick([.. _asked.Where(asked => asked.Bill == bill)])));
        }

        if (sight.Unsent is { } unsent)
        {
            yield return (3, Withdraw, () => () => Told(async () => (await market.MerchantRefunds.Withdraw((await market.Refunds.Find(unsent, Stop))!)).Refusal));
            yield return (2, "lend for", () => () => Told(() => Lend(unsent)));
        }

        if (sight.Refused is { } refused)
        {
            yield return (sight.Remedy is null ? 10 : 1, ProposeRemedy, () => Suggest(refused, Pick(Remedies)));
            yield return (sight.Remedy is null ? 0 : 15, Remedy, () => Rule(refused, sight.Remedy ?? 0, _random.Next(4) == 0 ? "dora" : "emil"));
        }

        if (sight.Trade is { } trade)
        {
            yield return (sight.IsFrozen ? 6 : 0, Unfreeze, () => () => Told(market.Stops.Unfreeze(bill, "looked at", "dora")));
            yield return (1, Freeze, () => () => Told(market.Stops.Freeze(bill, "odd", "dora")));
            yield return (trade == TradeState.Held ? 8 : 1, "ship", () => Take(bill, new TradeStep.Ship(new Shipping(Pick(Methods), "SF", _random.Next(3).ToString(CultureInfo.InvariantCulture)))));
            yield return (trade == TradeState.Shipped ? 2 : 0, "extend", () => Take(bill, new TradeStep.Extend(Pick(Enum.GetValues<Side>()), _random.Next(1, 16))));
            yield return (trade == TradeState.Shipped ? 5 : 1, Confirm, () => Take(bill, new TradeStep.Confirm()));
            yield return (trade is TradeState.Held or TradeState.Shipped ? 3 : 0, "lease", () => Take(bill, new TradeStep.Lease()));
            yield return (trade == TradeState.Held ? 2 : 0, "take back", () => () => Told(async () => await market.Refunds.TakeBack(bill, await market.Rrns.Next())));
            yield return (sight.Claim is not null ? 1 : trade == TradeState.Finished ? 12 : 4, OpenClaim, () => Claim(bill, Pick(Enum.GetValues<ClaimKind>()), _random.Next(2) == 0 ? null : Part(trade is TradeState.Finished ? sight.Left : sight.Held)));
        }

        foreach (var choice in sight is { Claim: { } claim, ClaimState: { } state } ? OfClaim(sight, claim, state) : [])
        {
            yield return choice;
        }
    }

    private IEnumerable<(int Weight, string Kind, Func<Func<Task<string>>> Make)> OfClaim(Sight sight, long claim, ClaimState state)
    {
        (int, string, Func<Func<Task<string>>>) Step(int weight, ClaimState[] fit, string kind, Func<ClaimStep> step) =>
            (fit.Contains(state) ? weight : 0, kind, () => Take(claim, step()));

        yield return Step(2, [ClaimState.Asked, ClaimState.Returning, ClaimState.Judging], "agree to the claim of", static () => new ClaimStep.Agree());
        yield return Step(sight.Claimed > 2 ? 4 : 0, [ClaimState.Asked], "offer for", () => new ClaimStep.MakeOffer(Part(sight.Claimed - 1)));
        yield return Step(3, [ClaimState.Asked], "ask for the goods of", static () => new ClaimStep.AskBack());
        yield return Step(6, [ClaimState.Asked, ClaimState.Back], "refuse the claim of", static () => new ClaimStep.Refuse());
        yield return Step(4, [ClaimState.Back], "confirm the goods of", static () => new ClaimStep.ConfirmReturn());
        yield return Step(sight.HasOffer ? 5 : 0, [ClaimState.Asked], "take the offer for", static () => new ClaimStep.AcceptOffer());
        yield return Step(8, [ClaimState.Refused, ClaimState.Returning], "ask for a ruling of", static () => new ClaimStep.Escalate());
        yield return Step(6, [ClaimState.Returning], "send back", static () => new ClaimStep.SendBack(new ReturnParcel("EMS", "7")));
        yield return Step(2, [ClaimState.Asked, ClaimState.Returning, ClaimState.Refused], "withdraw the claim of", static () => new ClaimStep.Withdraw());
        if (state == ClaimState.Judging)
        {
            yield return (10, "propose for", () => Propose(claim, Divide(sight)));
            if (sight.Ruling is { } place)
            {
                var who = _random.Next(4) == 0 ? "dora" : "emil";
                yield return (20, "approve for", () => () => Told(async () => (await market.Claims.Approve(claim, place, who)).Refusal));
                yield return (2, "drop for", () => () => Told(async () => (await market.ClaimRows.Drop(claim, place, "emil")).Refusal));
            }
        }
    }

    private Func<Task<string>> Take(long bill, TradeStep step)
    {
        var trades = Pick(market.Trades);
        return () => Told(async () => (await trades.Take(bill, step)).Refusal);
    }

    private Func<Task<string>> Take(long claim, ClaimStep step) => () => Told(async () => (await market.Claims.Take(claim, step)).Refusal);

    private Func<Task<string>> Claim(long bill, ClaimKind kind, long? amount) => () => Told(async () => (await market.Claims.Open(bill, kind, amount, "it is broken")).Refusal);

    private Func<Task<string>> Propose(long claim, Split split) => () => Told(async () => (await market.Claims.Propose(claim, split, "so it is", "dora")).Refusal);

    private Split Divide(Sight sight)
    {
        var (shopper, fund) = (_random.Next(4) switch { 0 => sight.Claimed, 1 => Part(sight.Claimed), _ => 0 }, sight.IsAfterSale && _random.Next(4) > 0);
        var rest = sight.Claimed - shopper;
        return fund ? new Split(shopper, 0, rest) : new Split(shopper, rest, 0);
    }

    private Func<Task<string>> Suggest(long refund, RefundVerdict verdict) =>
        () => Told(async () => await market.Rulings.Propose((await market.Refunds.Find(refund, Stop))!, verdict, "she has another card", "dora"));

    // Both people, one after the other.
    private async Task<Refusal?> Lend(long refund)
    {
        var row = (await market.Refunds.Find(refund, Stop))!;
        return await market.Rulings.Propose(row, RefundVerdict.LendIt, "it takes too long", "dora")
            ?? await market.Rulings.Approve(row, (await market.Rulings.List(refund, Stop))[^1].Place, "emil", await market.Rrns.Next());
    }

    private Func<Task<string>> Rule(long refund, int place, string who) =>
        () => Told(async () => await market.Rulings.Approve((await market.Refunds.Find(refund, Stop))!, place, who, await market.Rrns.Next()));

    private Func<Task<string>> Refund(long bill, long? amount)
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"key-{++_keys}");
        _asked.Add((bill, key, amount));
        return AskAgain(_asked[^1]);
    }

    private Func<Task<string>> AskAgain((long Bill, string Key, long? Amount) asked) => async () =>
        await market.MerchantRefunds.Request(Books.Merchant, BillNumber.FromStored(asked.Bill), new CreateRefund(asked.Amount, "so I want"), asked.Key, [1], Stop) switch
        {
            RefundAnswer.Made { Refund: var refund } => Acknowledge(asked.Key, refund),
            RefundAnswer.Kept kept => Name(asked.Key, JsonSerializer.Deserialize<JsonElement>(kept.Answer.Response).GetProperty("id").GetString()!),
            RefundAnswer.Refused refused => refused.Why.ToString(),
            var other => throw new ArgumentOutOfRangeException(nameof(asked), other, "No such answer."),
        };

    private string Acknowledge(string key, RefundRow refund)
    {
        _acknowledged.Enqueue(new AcknowledgedRefund(Rrn.ToText(refund.Rrn), refund.BillNumber.ToString(), refund.Amount.Minor));
        return Name(key, Rrn.ToText(refund.Rrn));
    }

    private string Name(string key, string refund)
    {
        if (_refundOfKey.GetOrAdd(key, refund) is var known && known != refund)
        {
            _violations.Enqueue($"Under one key there are the refunds {known} and {refund}.");
        }

        return refund;
    }

    // The answer is lost, too late, not final, or it comes.
    private Func<Task<string>> Send()
    {
        var (draw, wanted) = (_random.Next(8), _random.Next(5) < 2 ? ResponseCodes.NotAllowedForCard : ResponseCodes.Approved);
        return () => SendBy(async refund => draw switch
        {
            0 => await Silence(refund),
            1 => LoseAnswer(refund, wanted),
            2 => ResponseCodes.TryLater,
            _ => market.Bank.Enter(refund, wanted),
        });
    }

    private string? LoseAnswer(RefundToSend refund, string wanted)
    {
        market.Bank.Enter(refund, wanted);
        return null;
    }

    private async Task<string> SendBy(Func<RefundToSend, Task<string?>> word)
    {
        var sender = market.Sender(word);
        var due = await sender.TakeDue(Stop);
        await Task.WhenAll(due.Select(refund => sender.Send(refund, Stop)));
        return string.Create(CultureInfo.InvariantCulture, $"{due.Count} sent");
    }

    /// <summary>
    /// A sender is so slow that another one takes its refunds. Its own answers come at the same time as the other's, or after them. Once
    /// the refund is DONE, they may even be another word than the bank's first.
    /// </summary>
    private Func<Task<string>> SendTwice()
    {
        var (isAfter, isFalse) = (_random.Next(2) == 0, _random.Next(2) == 0);
        var wanted = _random.Next(5) < 2 ? ResponseCodes.NotAllowedForCard : ResponseCodes.Approved;
        return async () =>
        {
            var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var slow = market.Sender(async refund =>
            {
                var word = market.Bank.Enter(refund, wanted);
                if (!isAfter)
                {
                    return word;
                }

                await answered.Task;
                if (!isFalse || await market.Books.Find<string>($"select state from refunds where rrn = {refund.Rrn}") != "DONE")
                {
                    return word;
                }

                _falseWords[refund.Rrn] = true;
                return ResponseCodes.NotAllowedForCard;
            });
            var due = await slow.TakeDue(Stop);
            foreach (var refund in due)
            {
                await market.EndPauses(refund.Rrn);
            }

            var slowly = Task.WhenAll(due.Select(refund => slow.Send(refund, Stop)));
            try
            {
                await SendBy(refund => Task.FromResult<string?>(market.Bank.Enter(refund, wanted)));
            }
            finally
            {
                answered.SetResult();
            }

            await slowly;
            return string.Create(CultureInfo.InvariantCulture, $"{due.Count} sent by two");
        };
    }

    private static Task<string?> Silence(RefundToSend refund) => Task.FromResult<string?>(null);

    /// <summary>A payment, without the bank: C1, and then C2.</summary>
    private async Task<string> Pay(long bill) => await Start(bill) is { } started ? await Finish(started) : "refused";

    private async Task<StartAttempt?> Start(long bill)
    {
        var start = await market.Books.NewAttempt(bill, Interlocked.Increment(ref _stans), _amounts[bill]);
        return await market.Commits.StartAttempts.Submit(start) is StartOutcome.Started ? start : null;
    }

    private async Task<string> Finish(StartAttempt started)
    {
        var paid = Books.Finish(started, AttemptState.Approved, TimeProvider.System.GetUtcNow(), _terms[started.Bill]);
        return (await market.Commits.FinishAttempts.Submit(paid with { Paid = paid.Paid! with { EventData = Compose(paid.Paid.Trade) } })).Moved ? "paid" : "too late";
    }

    // What the auditor reads of it.
    private static string Compose(Trade? trade) =>
        trade is null ? "{}" : $$$"""{"ship_by":"{{{trade.ShipBy:O}}}","trade":{"status":"HELD","ship_overdue":false}}""";

    /// <summary>Its commit is under way while others come later, end before it, and are folded into the balances.</summary>
    private async Task PayLate(long bill)
    {
        var started = await Start(bill);
        Task<string> paying;
        await using (await market.Books.Lock(bill))
        {
            paying = Finish(started!);
            await market.Books.SomebodyWaits();
            await market.Books.Scalar<long>("select txid_current()");
            await market.Ledger.FoldCredits(Stop);
        }

        await paying;
    }

    /// <summary>Nothing is broken any more, the bank answers, and whatever is due is done.</summary>
    private async Task Settle(bool areFaultsHarm)
    {
        Operation[] work =
        [
            new("prepare", 0, () => Told(market.Sender(Silence).Prepare(Stop))),
            new(SweepTrades, 0, () => Told(market.TradeSweeps.EndTimers(Stop))),
            new("sweep the claims", 0, () => Told(market.ClaimSweeps.EndTimes(Stop))),
            new(SendRefunds, 0, () => SendBy(refund => Task.FromResult<string?>(market.Bank.Enter(refund, ResponseCodes.Approved)))),
        ];
        var done = "";
        for (var round = 0; round < MostSettling; round++)
        {
            await market.FoldAll();
            await market.EndPauses();
            foreach (var one in work)
            {
                Harm(areFaultsHarm, [(await Do(one)).Fault, .. market.TakeWarnings()]);
            }

            if (done == (done = await market.Books.Scalar<string>(Done)))
            {
                break;
            }
        }

        await market.FoldAll();
    }

    private int Place(long bill) => _bills.IndexOf(bill) + 1;

    // Most are small, so that there can be several.
    private long Part(long of) => _random.NextInt64(1, Math.Max(2, (of / _random.Next(1, 6)) + 1));

    private T Pick<T>(IReadOnlyList<T> of) => of[_random.Next(of.Count)];

    private static async Task<string> Told(Task work)
    {
        await work;
        return "done";
    }

    private static async Task<string> Told(Task<Refusal?> work) => (await work)?.ToString() ?? "done";

    private static Task<string> Told(Func<Task<Refusal?>> work) => Told(work());
}
