using Lakala.Chaos.Audit;

namespace Lakala.Chaos.Tests;

public sealed class SoundBooksTests
{
    [Fact]
    public void Of_sound_books_the_auditor_has_nothing_to_say() =>
        Auditor.Check(new SoundBooks().Evidence).Should().BeEmpty();

    [Fact]
    public void Sound_books_hold_every_state_that_may_last()
    {
        var evidence = new SoundBooks().Evidence;
        evidence.Database.Bills.Select(bill => bill.State).Should().Contain(["OPEN", "PAID", "EXPIRED", "CANCELLED"]);
        evidence.Database.Attempts.Select(attempt => attempt.State).Should()
            .Contain(["APPROVED", "DECLINED", "NOT_SENT", "REVERSED", "VOID", "REFUSED"]);
        evidence.Bank.Select(entry => entry.State).Should().Contain(["DEBITED", "DECLINED", "REVERSED", "TOMBSTONE"]);
        evidence.Database.Deliveries.Select(delivery => delivery.State).Should().Contain(["ACCEPTED", "SKIPPED", "PARKED"]);
        evidence.Database.Trades.Select(trade => trade.State).Should().Contain(["HELD", "SHIPPED", "FINISHED", "CLOSED"]);
        evidence.Database.Attempts.Select(attempt => attempt.Key.Batch).Distinct().Should().HaveCount(2);
        evidence.Terminals.SelectMany(book => book.Slips).Select(slip => slip.Kind).Should()
            .Contain([SlipKind.Original, SlipKind.Duplicate, SlipKind.Reprint]);
    }

    [Fact]
    public void Empty_books_hold_all_statements()
    {
        var sound = new SoundBooks().Evidence;
        var empty = new Evidence
        {
            Database = new DatabaseBook
            {
                Bills = [],
                Attempts = [],
                Postings = [],
                Balances = [],
                Events = [],
                Deliveries = [],
                Endpoints = sound.Database.Endpoints,
                Reversals = [],
                LateAnswers = [],
            },
            Bank = [],
            Terminals = [],
            Receivers = [],
            Acknowledged = new Acknowledged([], [], []),
        };
        Auditor.Check(empty).Should().BeEmpty();
    }
}
