using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;
using Lakala.Rules.Ledger;
using Lakala.Storage;
using Lakala.Storage.Bills;
using Lakala.Vocabulary;

namespace Lakala.Model.Tests;

/// <summary>
/// The statements that must hold: at every step, and after all faults are healed and all queues are empty. The numbers are those
/// of <c>docs/decisions/0009-a-model-of-the-swipe.md</c>.
/// </summary>
/// <param name="looksInside">True: checks every commit too. A broken rule must also be found without that, by its harm outside.</param>
public sealed class Checks(World world, ModelBooks books, bool looksInside)
{
    private readonly Dictionary<SwipeKey, string> _told = [];
    private readonly Dictionary<long, BillState> _closed = [];
    private readonly Dictionary<SwipeKey, AttemptState> _states = [];

    /// <summary>An answer is sent to a terminal; it may have been read, whether it arrives or not.</summary>
    public void Told(SwipeKey key, SwipeAnswer answer)
    {
        var code = answer.ResponseCode!;
        if (!ResponseCodes.IsFinal(code))
        {
            return;
        }

        if (looksInside)
        {
            var state = books.Attempts.GetValueOrDefault(key)?.Row.State;
            Must(
                code == Attempt.ApprovedCode ? state == AttemptState.Approved : state is not (null or AttemptState.Sent or AttemptState.Approved),
                $"{key} is told {code} before it is durable: {state}");
        }

        Must(_told.TryAdd(key, code) || _told[key] == code, $"6: {key} was told {_told[key]} and now {code}");
    }

    /// <summary>The merchant, or the sweeper, knows that the bill is closed.</summary>
    public void Closed(long bill, BillState state) => _closed[bill] = state;

    public void AfterCommit()
    {
        foreach (var (key, attempt) in books.Attempts)
        {
            if (attempt.Row.State == AttemptState.Approved && _told.TryGetValue(key, out var code))
            {
                Must(code == Attempt.ApprovedCode, $"5: {key} was told {code} and is APPROVED now");
            }
        }

        if (!looksInside)
        {
            return;
        }

        foreach (var (key, attempt) in books.Attempts)
        {
            var state = attempt.Row.State;
            var before = _states.GetValueOrDefault(key, state);
            Must(before == state || Attempt.CanMove(before, state), $"{key} moved from {before} to {state}");
            _states[key] = state;
        }

        foreach (var (number, bill) in books.Bills)
        {
            var sent = books.Attempts.Values.Count(attempt => attempt.Row.Bill == number && attempt.Row.State == AttemptState.Sent);
            Must(sent == (bill.Bill.State == BillState.Paying ? 1 : 0), $"bill {number} is {bill.Bill.State} with {sent} attempts SENT");
            PaidIsApproved(number, bill);
            HasItsEvent(number, bill);
        }
    }

    public void AtEnd(ModelBank bank, IReadOnlyList<ModelTerminal> terminals)
    {
        foreach (var (number, bill) in books.Bills)
        {
            Must(bill.Bill.State != BillState.Paying, $"1: bill {number} is PAYING for ever");
            PaidIsApproved(number, bill);
            HasItsEvent(number, bill);
        }

        Must(books.Postings.Sum(line => line.Amount) == 0, "1: the postings do not sum to zero");
        BanksBook(bank);
        Reversals(bank);
        Must(
            bank.Book.Values.Where(entry => entry.IsLive).Select(entry => books.FindByRrn(entry.Rrn)?.Bill).GroupBy(bill => bill).All(bill => bill.Count() == 1),
            "2: a bill has two live debits");
        foreach (var terminal in terminals)
        {
            Terminal(terminal);
        }

        foreach (var (key, code) in _told)
        {
            var row = books.Attempts.GetValueOrDefault(key)?.Row;
            Must(row is not null, $"8: {key} was told {code} and nothing stands under it");
            var now = SwipeKeys.AnswerOf(row!, null, null, null).ResponseCode;
            Must(now == code, $"8: {key} was told {code} and would be told {now} now");
        }

        foreach (var (number, state) in _closed)
        {
            Must(books.Bills[number].Bill.State == state, $"8: bill {number} was {state} and is {books.Bills[number].Bill.State}");
        }
    }

    private void PaidIsApproved(long number, BillRow bill)
    {
        var approved = books.Attempts.Values.Where(attempt => attempt.Row.Bill == number && attempt.Row.State == AttemptState.Approved).ToList();
        Must(approved.Count == (bill.Bill.State == BillState.Paid ? 1 : 0), $"1: bill {number} is {bill.Bill.State} with {approved.Count} attempts APPROVED");
        var lines = books.Postings.Where(line => books.FindByRrn(line.Rrn)?.Bill == number).ToList();
        Must(lines.Sum(line => line.Amount) == 0, $"1: the postings of bill {number} do not balance");
        var debited = lines.Where(line => line.Account == StateNames.Format(AccountKind.BankClearing)).Sum(line => line.Amount);
        Must(debited == (bill.Bill.State == BillState.Paid ? bill.Bill.Amount.Minor : 0), $"1: bill {number} is {bill.Bill.State} and {debited} are posted");
    }

    private void HasItsEvent(long number, BillRow bill)
    {
        string[] expected = bill.Bill.State switch
        {
            BillState.Paid => [ModelBooks.PaidEvent],
            BillState.Expired => ["bill.expired"],
            BillState.Cancelled => ["bill.cancelled"],
            _ => [],
        };
        var events = books.Events.Where(happened => happened.Bill == number).ToList();
        Must(events.Select(happened => happened.Type).SequenceEqual(expected), $"7: bill {number} is {bill.Bill.State} with {events.Count} events");
        Must(
            events.TrueForAll(happened => books.Deliveries.Count(delivery => delivery.Event == happened.Id) == books.Endpoints.Count),
            $"7: not one delivery for each receiver of bill {number}");
    }

    private void BanksBook(ModelBank bank)
    {
        foreach (var entry in bank.Book.Values.Where(entry => entry.IsLive))
        {
            var row = books.FindByRrn(entry.Rrn);
            Must(
                row is { State: AttemptState.Approved } && entry.Debits - entry.Reversals == 1 && row.Amount == entry.Amount && row.Key.Terminal == entry.Terminal,
                $"2: the bank has {entry.Debits} debits of rrn {entry.Rrn}, and here it is {row?.State}");
        }

        foreach (var (row, _) in books.Attempts.Values)
        {
            Must(
                row.State != AttemptState.Approved || bank.Book.GetValueOrDefault(row.Rrn!.Value) is { IsLive: true },
                $"2: {row.Key} is APPROVED without the bank's debit");
        }
    }

    private void Reversals(ModelBank bank)
    {
        foreach (var (row, _) in books.Attempts.Values)
        {
            Must(row.State is not (AttemptState.Sent or AttemptState.Reversing), $"3: {row.Key} is {row.State} for ever");
            Must(
                row.State != AttemptState.Reversed || bank.Book.GetValueOrDefault(row.Rrn!.Value) is not { IsLive: true },
                $"3: {row.Key} is REVERSED and not so at the bank");
        }

        Must(books.Reversals.Values.All(reversal => reversal.IsAcknowledged), "3: a reversal is not acknowledged");
        Must(bank.Book.Values.All(entry => entry.Reversals <= 1), "3: a reversal took effect twice");
    }

    private void Terminal(ModelTerminal terminal)
    {
        foreach (var swipe in terminal.Journal)
        {
            Must(swipe.Result is not null, $"{swipe.Key} is PENDING for ever");
            CertainAsHere(swipe.Key, swipe.Result!);
        }

        foreach (var receipt in terminal.Paper)
        {
            CertainAsHere(receipt.Key, receipt.Result);
        }

        Must(
            terminal.Paper.Where(receipt => receipt.IsOriginal).GroupBy(receipt => receipt.Key).All(receipts => receipts.Count() == 1),
            $"4: {terminal.Name} printed two originals");
        foreach (var (row, _) in books.Attempts.Values.Where(attempt => attempt.Row.State == AttemptState.Approved && attempt.Row.Key.Terminal == terminal.Name))
        {
            Must(terminal.Journal.Any(swipe => swipe.Key == row.Key && swipe.Result!.IsApproved), $"9: {row.Key} is APPROVED and its terminal does not know");
        }
    }

    private void CertainAsHere(SwipeKey key, JournaledResult result)
    {
        var row = books.Attempts.GetValueOrDefault(key)?.Row;
        if (result.IsApproved)
        {
            Must(
                row is { State: AttemptState.Approved } && Rrn.ToText(row.Rrn!.Value) == result.Rrn && row.AuthorisationCode == result.AuthorisationCode
                && books.Bills[row.Bill!.Value].Bill is { State: BillState.Paid } bill && bill.Amount == row.Amount,
                $"4: {key} is paid at its terminal, and here it is {row?.State}");
        }
        else
        {
            Must(row is not { State: AttemptState.Approved }, $"5: {key} is {result.ResponseCode ?? "unsent"} at its terminal, and here it is APPROVED");
        }
    }

    private void Must(bool holds, string otherwise)
    {
        if (!holds)
        {
            // A flow that goes on after any fault must not hide it.
            var violation = new ViolationException(otherwise);
            world.Fail(violation);
            throw violation;
        }
    }
}
