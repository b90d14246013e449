using Lakala.Storage.Ledger;
using Lakala.Storage.Postgres;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;

namespace Lakala.Silo.Ledger;

/// <summary>The verb <c>books</c>: a trial balance per business date, the balances, and a check that everything adds up.</summary>
public static class TrialBalance
{
    /// <returns>0 when everything adds up, 1 when it does not.</returns>
    public static async Task<int> Print(string connectionString, TextWriter to)
    {
        await using var database = Database.Open(connectionString);
        await Database.Reach(database);
        var (totals, balances, faults) = await new BookRows(database).Read(CancellationToken.None);
        var (reversals, oldest) = await new ReversalRows(database).Outstanding(CancellationToken.None);

        var isBalanced = true;
        foreach (var day in totals.GroupBy(total => (total.BusinessDate, total.Currency)))
        {
            await to.WriteLineAsync($"Trial balance of {day.Key.BusinessDate:yyyy-MM-dd}, {day.Key.Currency}");
            await to.WriteLineAsync($"  {"account",-36}{"debit",18}{"credit",18}");
            foreach (var line in day)
            {
                await to.WriteLineAsync($"  {line.Account,-36}{Amount(line.Debit),18}{Amount(line.Credit),18}");
            }

            var (debit, credit) = (day.Sum(line => line.Debit), day.Sum(line => line.Credit));
            await to.WriteLineAsync($"  {(debit == credit ? "balanced" : "NOT BALANCED"),-36}{Amount(debit),18}{Amount(credit),18}");
            await to.WriteLineAsync();
            isBalanced &= debit == credit;
        }

        if (totals.Count == 0)
        {
            await to.WriteLineAsync("The books are empty: nothing has been paid yet.");
        }

        foreach (var accounts in balances.GroupBy(balance => balance.Currency))
        {
            await to.WriteLineAsync($"Balances, {accounts.Key}");
            await to.WriteLineAsync($"  {"account",-36}{"available",18}{"still to come",18}{"sum of all lines",18}");
            foreach (var balance in accounts)
            {
                await to.WriteLineAsync(
                    $"  {balance.Account,-36}{Money.Figure(balance.Available),18}{Amount(balance.Waiting),18}{Money.Figure(balance.Lines),18}{(balance.IsWrong ? "  WRONG" : "")}");
            }

            await to.WriteLineAsync();
        }

        await to.WriteLineAsync($"Swipes whose postings do not add up:    {faults.UnbalancedSwipes}");
        await to.WriteLineAsync($"Paid bills without their approval:      {faults.PaidWithoutApproval}");
        await to.WriteLineAsync($"Approvals without their paid bill:      {faults.ApprovedWithoutPaid}");
        await to.WriteLineAsync($"Balances that differ from their lines:  {faults.WrongBalances}");
        await to.WriteLineAsync($"Refunds that differ from their entries: {faults.WrongRefunds}");
        await to.WriteLineAsync($"Reversals not acknowledged by the bank:  {reversals}{(reversals > 0 ? $", the oldest for {oldest:hh\\:mm\\:ss}" : "")}");
        return isBalanced && faults.None ? 0 : 1;
    }

    private static string Amount(decimal minor) => minor == 0 ? "" : Money.Figure(minor);
}
