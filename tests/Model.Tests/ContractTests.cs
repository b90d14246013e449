using System.Collections.Concurrent;
using System.Globalization;
using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;
using Lakala.Rules.Ledger;
using Lakala.Storage.Bills;
using Lakala.Storage.Postgres;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;

namespace Lakala.Model.Tests;

/// <summary>
/// The model's storage behaves as the real one: random items over few bills and few keys, one by one and many in
/// one statement, run on both sides; every outcome and every row must be the same. A statement over many items must have the
/// same result as if they had been run one by one in some order.
/// </summary>
/// <remarks>
/// Time passes in steps of two minutes, and all deadlines are at odd minutes: no clock is exactly on a deadline. A posting's date is
/// not compared, because it comes with the item.
/// </remarks>
public sealed class ContractTests(ContractDatabases databases) : IClassFixture<ContractDatabases>
{
    private const string Name = "contract";
    private const int Operations = 35;

    [Fact]
    public async Task The_statements_do_what_the_model_says()
    {
        if (await FindDifference(Seeds.Of(Name, 300), Mutation.None) is { } found)
        {
            Assert.Fail(Seeds.Report(Name, found.Seed, found.Difference, found.Trace));
        }
    }

    [Theory]
    [InlineData(Mutation.NoGuardInC1)]
    [InlineData(Mutation.BillFirstInC1)]
    [InlineData(Mutation.NoStateInC2)]
    [InlineData(Mutation.ReopenedApart)]
    [InlineData(Mutation.RefusalNotStored)]
    [InlineData(Mutation.NoVoidOnEnquiry)]
    [InlineData(Mutation.ClosesWhilePaying)]
    [InlineData(Mutation.FalseApprovalStands)]
    [InlineData(Mutation.LateApprovalJudgedTooEarly)]
    public async Task A_statement_that_did_otherwise_would_be_seen(Mutation broken)
    {
        Seeds.SkipWhenRepeating();

        (await FindDifference(Enumerable.Range(1, 100), broken)).Should().NotBeNull();
    }

    /// <summary>Runs sequences until the two sides of one differ.</summary>
    private async Task<Differing?> FindDifference(IEnumerable<int> seeds, Mutation broken)
    {
        var found = new ConcurrentBag<Differing>();
        var atOnce = new ParallelOptions { MaxDegreeOfParallelism = ContractDatabases.Count, CancellationToken = TestContext.Current.CancellationToken };
        await Parallel.ForEachAsync(seeds, atOnce, async (seed, _) =>
        {
            if (!found.IsEmpty)
            {
                return;
            }

            await databases.Use(async real =>
            {
                var sequence = new Sequence(real, seed, broken);
                if (await sequence.Run(Operations) is { } difference)
                {
                    found.Add(new Differing(seed, difference, sequence.Trace));
                }
                else if (Seeds.IsOne)
                {
                    Console.WriteLine(string.Join('\n', sequence.Trace));
                }
            });
        });
        return found.MinBy(differing => differing.Seed);
    }

    private sealed record Differing(int Seed, string Difference, IReadOnlyList<string> Trace);

    /// <summary>One random sequence of items on both sides.</summary>
    private sealed class Sequence(RealBooks real, int seed, Mutation broken)
    {
        private const int Bills = 3;

        private readonly Random _random = new(seed);
        private readonly byte[] _guid = new byte[16];
        private readonly List<StartAttempt> _starts = [];
        private readonly List<string> _trace = [];
        private ModelBooks _model = new(RealBooks.CommitDeadline, broken);
        private DateTimeOffset _began;
        private TimeSpan _passed;

        public IReadOnlyList<string> Trace => _trace;

        /// <returns>The difference; null when there is none.</returns>
        public async Task<string?> Run(int operations)
        {
            await Begin();
            for (var number = 0; number < operations; number++)
            {
                if (await Operate() is { } difference)
                {
                    return difference;
                }
            }

            return null;
        }

        private async Task Begin()
        {
            await real.Empty();
            _began = TimeProvider.System.GetUtcNow();
            (_model.Now, _model.Rates, _model.Endpoints) = (_began, RealBooks.Rates, RealBooks.Endpoints);
            BillRow[] bills = [.. Enumerable.Range(1, Bills).Select(number => NewBill(number, _began + TimeSpan.FromMinutes(2 * _random.Next(30) + 1)))];
            foreach (var bill in bills)
            {
                _model.Put(bill);
            }

            await real.Put(bills);
        }

        private BillRow NewBill(int number, DateTimeOffset expiresAt) => new(
            Number: number,
            MerchantId: RealBooks.Merchant,
            MerchantName: "Test Shop",
            OrderId: $"order-{number}",
            Description: RealBooks.Description,
            Bill: new Bill(BillState.Open, new Money(1000 + number, Money.Cny), expiresAt, null, 0),
            PageToken: "",
            ShopperName: null,
            ShopperEmail: null,
            ShopperPhone: null,
            ShopperLanguage: null,
            Metadata: null,
            CreatedAt: _began,
            Payment: null,
            ClosedAt: null);

        private Task<string?> Operate() => _random.Next(23) switch
        {
            < 5 => Batch(
                "C1", NewStart, real.Commits.StartAttempts, new StartAttempts(RealBooks.CommitDeadline), (books, item) => books.Start(item),
                (shape, outcome, _) => shape.Of(outcome)),
            < 10 => Finish(),
            < 12 => Batch(
                "close key", NewCloseKey, real.Commits.CloseKeys, new CloseKeys(), (books, item) => books.CloseKey(item),
                (shape, row, item) => shape.Of(row, item)),
            12 => Hold(),
            13 => Close(),
            14 => Single("sought", Sought, books => Sought(books)),
            < 19 => LateAnswer(),
            19 or 20 => Reversal(),
            _ => Pass(),
        };

        private async Task<string?> Pass()
        {
            var time = TimeSpan.FromMinutes(2 * _random.Next(1, 7));
            _trace.Add($"{time.TotalMinutes} minutes pass");
            _passed += time;
            _model.Now += time;
            await real.Pass(time);
            return await DifferentRows(_model);
        }

        private Task<string?> Finish()
        {
            if (_starts.Count == 0)
            {
                return Pass();
            }

            return Batch(
                "C2", NewFinish, real.Commits.FinishAttempts, new FinishAttempts(), Finished,
                (shape, outcome, _) => shape.Of(outcome));
        }

        private static FinishOutcome? Finished(ModelBooks books, FinishAttempt item)
        {
            try
            {
                return books.Finish(item with { At = books.Now });
            }
            catch (CommitUnknownException)
            {
                return null;
            }
        }

        // Every outcome has the bill as it was when the statement began.
        private Task<string?> Close()
        {
            var before = _model.Copy();
            return Batch(
                "close bill", NewCloseBill, real.Commits.CloseBills, new CloseBills(),
                (books, item) => books.Close(item with { At = books.Now })! with { Before = before.Bills[item.Number] },
                (shape, outcome, _) => shape.Of(outcome));
        }

        // Two lookups in one statement hold the bill once.
        private Task<string?> Hold()
        {
            var held = new HashSet<(ModelBooks, long)>();
            return Batch(
                "hold", () => new HoldBill(AnyBill()), real.Commits.HoldBills, new HoldBills(),
                (books, hold) => held.Add((books, hold.Number)) ? books.Hold(hold.Number) : books.Read(hold.Number),
                (shape, seen, _) => shape.Of(seen));
        }

        private Task<string?> LateAnswer()
        {
            var (rrn, code) = (AnyRrn(), _random.Next(5) == 0 ? "51" : "00");
            return _random.Next(2) == 0
                ? Single(
                    "judge the late approvals",
                    async _ => Listed((await real.Reversals.ReverseFalseApprovals(100, TestContext.Current.CancellationToken)).Select(Named)),
                    books => Listed(books.ReverseFalseApprovals(100).Select(Named)))
                : Single(
                    $"late answer {rrn} {code}",
                    async _ =>
                    {
                        await real.Reversals.RecordLateAnswer(rrn, code, "A1");
                        return "";
                    },
                    books =>
                    {
                        books.RecordLateAnswer(rrn, code, "A1");
                        return "";
                    });

            static string Named((long Rrn, bool Reversing) alarm) => $"{alarm.Rrn} {alarm.Reversing}";
        }

        private Task<string?> Reversal()
        {
            var (rrn, lease) = (AnyRrn(), TimeSpan.FromMinutes(3));
            return _random.Next(3) switch
            {
                0 => Single(
                    "take due",
                    async shape => Listed((await real.Reversals.TakeDue(lease, 100, TestContext.Current.CancellationToken)).Select(shape.Of)),
                    books => Listed(books.TakeDue(lease, 100).Select(new Shape(_began).Of))),
                1 => Single(
                    $"acknowledged {rrn}",
                    async _ =>
                    {
                        await real.Reversals.Acknowledged(rrn);
                        return "";
                    },
                    books =>
                    {
                        books.Acknowledged(rrn);
                        return "";
                    }),
                _ => Single(
                    $"try again {rrn}",
                    async _ =>
                    {
                        await real.Reversals.TryAgain(rrn, lease);
                        return "";
                    },
                    books =>
                    {
                        books.TryAgain(rrn, lease);
                        return "";
                    }),
            };
        }

        private async Task<string> Sought(Shape shape)
        {
            var stop = TestContext.Current.CancellationToken;
            var overdue = await real.Attempts.Overdue(TimeSpan.FromMinutes(2), 100, stop);
            var expiring = await real.Bills.Expiring(100, stop);
            return Listed(overdue.Select(shape.Of)) + Listed(expiring.Select(number => number.ToString(CultureInfo.InvariantCulture)));
        }

        private string Sought(ModelBooks books)
        {
            var overdue = books.Overdue(TimeSpan.FromMinutes(2), 100);
            var expiring = books.Expiring(100);
            return Listed(overdue.Select(new Shape(_began).Of)) + Listed(expiring.Select(number => number.ToString(CultureInfo.InvariantCulture)));
        }

        private async Task<string?> Single(string name, Func<Shape, Task<string>> onReal, Func<ModelBooks, string> onModel)
        {
            _trace.Add(name);
            var (did, says) = (await onReal(RealShape), onModel(_model));
            return did != says ? $"{name}: the database {did}, the model {says}" : await DifferentRows(_model);
        }

        private async Task<string?> Batch<TItem, TOutcome>(
            string name,
            Func<TItem> next,
            GroupCommit<TItem, TOutcome> writer,
            BatchStatement<TItem, TOutcome> statement,
            Func<ModelBooks, TItem, TOutcome?> onModel,
            Func<Shape, TOutcome?, TItem, string> shaped)
            where TOutcome : class
        {
            var items = Enumerable.Range(0, _random.Next(3) == 0 ? _random.Next(2, 5) : 1).Select(_ => next()).ToList();
            var outcomes = await real.Commit(writer, statement, items);
            var did = outcomes.Zip(items, (outcome, item) => shaped(RealShape, outcome, item)).ToList();
            _trace.AddRange(items.Zip(did, (item, outcome) => $"{name}: {item}\n    {outcome}"));
            var rows = await real.Rows(_began - _passed);
            foreach (var order in Orders(items.Count))
            {
                var books = _model.Copy();
                var says = new string[items.Count];
                foreach (var place in order)
                {
                    says[place] = shaped(new Shape(_began), onModel(books, items[place]), items[place]);
                }

                if (says.SequenceEqual(did) && new Shape(_began).Rows(books).SequenceEqual(rows))
                {
                    _model = books;
                    return null;
                }

                _trace.Add($"  not in the order {string.Join(' ', order)}: {Difference(did, says) ?? Difference(rows, new Shape(_began).Rows(books))}");
            }

            return $"{name}: the database has done what the model does in no order";
        }

        private async Task<string?> DifferentRows(ModelBooks books) => Difference(await real.Rows(_began - _passed), new Shape(_began).Rows(books));

        private static string? Difference(IReadOnlyList<string> did, IReadOnlyList<string> says) => did.SequenceEqual(says)
            ? null
            : $"the database: {string.Join("; ", did.Except(says))}\n  the model: {string.Join("; ", says.Except(did))}";

        // The stored times were moved back by all the passed time.
        private Shape RealShape => new(_began - _passed);

        private static IEnumerable<IReadOnlyList<int>> Orders(int count) => count == 0
            ? [[]]
            : Orders(count - 1).SelectMany(order => Enumerable.Range(0, count).Select(at => (IReadOnlyList<int>)[.. order.Take(at), count - 1, .. order.Skip(at)]));

        private static string Listed(IEnumerable<string> items) => $"[{string.Join("; ", items.Order(StringComparer.Ordinal))}]";

        private StartAttempt NewStart()
        {
            // The same item again, as after a commit whose outcome is unknown.
            if (_starts.Count > 0 && _random.Next(4) == 0)
            {
                return _starts[_random.Next(_starts.Count)];
            }

            var bill = _random.Next(8) == 0 ? 99 : AnyBill();
            var amount = 1000 + bill + (_random.Next(6) == 0 ? 1 : 0);
            var start = new StartAttempt(
                NewGuid(), AnyKey(), seed * 1000L + _starts.Count, bill, new Money(amount, Money.Cny), ModelTerminal.Card, RealBooks.Store);
            _starts.Add(start);
            return start;
        }

        private FinishAttempt NewFinish()
        {
            var start = _starts[_random.Next(_starts.Count)];
            var move = _random.Next(5) switch
            {
                < 2 => new AttemptMove(AttemptState.Approved, "00", null, "A1"),
                2 => new AttemptMove(AttemptState.Declined, "51", Refusal.DeclinedByBank, null),
                3 => new AttemptMove(AttemptState.NotSent, "92", Refusal.BankNotReachable, null),
                _ => new AttemptMove(AttemptState.Reversing, "68", Refusal.NoAnswerFromBank, null),
            };
            var paid = move.To == AttemptState.Approved
                ? new PaidFacts(NewGuid(), RealBooks.Merchant, "{}", [], PaymentEntry.Make(start.Rrn, start.Amount, RealBooks.Rates, RealBooks.Merchant, start.Store))
                : null;
            return new FinishAttempt(start.Key, _random.Next(8) == 0 ? NewGuid() : start.Id, start.Bill, move, _began, paid);
        }

        private CloseKey NewCloseKey()
        {
            var key = AnyKey();
            return _random.Next(2) == 0
                ? new CloseKey(NewGuid(), key, AttemptState.Void, "25", Refusal.NeverHappened, null, null, null)
                : new CloseKey(NewGuid(), key, AttemptState.Refused, "40", Refusal.BillPaid, AnyBill(), new Money(1000, Money.Cny), ModelTerminal.Card);
        }

        private CloseBill NewCloseBill() => new(
            AnyBill(), _random.Next(2) == 0 ? BillState.Expired : BillState.Cancelled, NewGuid(), RealBooks.Merchant, "{}", [], _began);

        private SwipeKey AnyKey() => new($"T{_random.Next(2)}", 1, _random.Next(1, 4));

        private long AnyBill() => _random.Next(1, Bills + 1);

        private long AnyRrn() => _starts.Count == 0 ? 0 : _starts[_random.Next(_starts.Count)].Rrn;

        private Guid NewGuid()
        {
            // An event's id begins with its time, and months ahead have no partition.
            _random.NextBytes(_guid);
            _guid[0] = 0;
            return new Guid(_guid, bigEndian: true);
        }
    }
}
