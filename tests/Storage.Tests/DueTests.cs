using Lakala.Rules.Attempts;
using Lakala.Storage.Due;
using Lakala.Storage.Ledger;
using Lakala.Storage.Swipes;
using Lakala.Testing;

namespace Lakala.Storage.Tests;

/// <summary>What is due is found as soon as the statement that takes it finds it, and no longer.</summary>
public sealed class DueTests(Books books) : IClassFixture<Books>
{
    private static readonly TimeSpan Grace = new SwipeOptions().SweepGrace;

    private readonly DueRows _due = new(books.Connections);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_kind_of_work_is_found_while_it_is_due_and_no_other_is()
    {
        (await Find()).Should().Be(DueWork.None);

        var start = await books.NewAttempt(await books.PutBill(), stan: 1);
        await books.Commits.StartAttempts.Submit(start);
        (await Find()).Should().Be(DueWork.None, "its time is not over");
        await books.Execute($"update attempts set deadline = clock_timestamp() - interval '{Grace.TotalSeconds} s' where rrn = {start.Rrn}");
        (await Find()).Should().Be(DueWork.None with { Attempts = true });
        (await books.Attempts.Overdue(Grace, 1, Stop)).Should().ContainSingle();

        await books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Reversing, TimeProvider.System.GetUtcNow()));
        (await Find()).Should().Be(DueWork.None with { Reversals = true, OpenReversals = 1 });
        (await _due.Find(Grace, Stop)).OldestReversal.Should().BePositive();
        (await books.Reversals.TakeDue(TimeSpan.FromHours(1), 1, Stop)).Should().ContainSingle();
        (await Find()).Should().Be(DueWork.None with { OpenReversals = 1 });
        await books.Reversals.Acknowledged(start.Rrn);
        (await Find()).Should().Be(DueWork.None);

        await books.Reversals.RecordLateAnswer(start.Rrn, "00", "A1");
        (await Find()).Should().Be(DueWork.None with { LateAnswers = true });
        await books.Reversals.ReverseFalseApprovals(1, Stop);
        (await Find()).Should().Be(DueWork.None);
    }

    [Fact]
    public async Task Credits_are_found_until_they_are_folded_into_the_balances()
    {
        var start = await books.NewAttempt(await books.PutBill(), stan: 2);
        await books.Commits.StartAttempts.Submit(start);
        await books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, TimeProvider.System.GetUtcNow()));
        (await Find()).Credits.Should().BeTrue();

        await Eventually.Is(
            async () =>
            {
                await new LedgerRows(books.Database).FoldCredits(Stop);
                return !(await Find()).Credits;
            },
            "they are folded in");
        (await books.Scalar<long>("select count(*) from balances")).Should().Be(2);
    }

    [Fact]
    public async Task A_bill_is_found_when_it_is_over_or_to_be_reminded_of_and_not_held()
    {
        var bill = await books.PutBill(expiresIn: TimeSpan.FromMinutes(-1), heldFor: TimeSpan.FromMinutes(1));
        (await Find()).Should().Be(DueWork.None, "it is held");
        await books.Execute($"update bills set held_until = null where number = {bill}");
        (await Find()).Should().Be(DueWork.None with { Expiries = true });
        await books.Execute($"update bills set watched = false, remind_at = clock_timestamp() where number = {bill}");
        (await Find()).Should().Be(DueWork.None with { Reminders = true });
        (await books.Bills.Reminding(1, Stop)).Should().BeEmpty("it is over: there is nothing to remind of");
        (await Find()).Should().Be(DueWork.None);
    }

    private async Task<DueWork> Find() => await _due.Find(Grace, Stop) with { OldestReversal = TimeSpan.Zero };
}
