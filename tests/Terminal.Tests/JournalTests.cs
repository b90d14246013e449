using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Words;
using Lakala.Wire.Terminal;

namespace Lakala.Terminal.Tests;

public sealed class JournalTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 24, 12, 0, 0, TimeSpan.FromHours(8));

    private readonly TestFolder _folder = new();

    private string File => _folder.At("journal");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_swipe_is_found_again_as_far_as_it_came()
    {
        JournalKey open, unprinted, over;
        using (var journal = Open())
        {
            over = Settle(journal).Pending.Key;
            journal.Printed(over);
            unprinted = Settle(journal).Pending.Key;
            open = Begin(journal).Pending.Key;
        }

        using var again = Open();

        again.Open.Should().ContainSingle().Which.Pending.Should().Be(Pending(open));
        again.Unprinted.Should().ContainSingle().Which.Result.Should().Be(Approved(unprinted));
        again.Swipes.Select(swipe => swipe.Pending.Key).Should().Equal(over, unprinted, open);
    }

    [Fact]
    public void A_record_is_on_disk_before_the_call_returns()
    {
        using var journal = Open();

        var key = Begin(journal).Pending.Key;

        Journal.Read(File).Should().HaveCount(2).And.EndWith(Pending(key));
    }

    [Fact]
    public void A_fee_that_is_kept_is_found_again_and_one_that_is_not_leaves_no_member()
    {
        SwipePending kept;
        using (var journal = Open())
        {
            kept = journal.Begin(Pending(journal.TakeKey()) with { IsFeeKept = true }).Pending;
            Begin(journal);
        }

        using var again = Open();

        again.Open.Select(swipe => swipe.Pending.IsFeeKept).Should().Equal(true, false);
        again.Open[0].Pending.Should().Be(kept);
        System.IO.File.ReadLines(File).Should().ContainSingle(line => line.Contains("\"is_fee_kept\":true}")).And.ContainSingle(line => line.Contains("is_fee_kept"));
    }

    [Fact]
    public void A_journal_of_the_version_before_is_read_and_its_fees_are_not_kept()
    {
        System.IO.File.WriteAllText(File, """
            3d4c1b1a {"record":"next","next":{"batch":895811,"stan":33}}
            143bdf5f {"record":"pending","key":{"batch":895811,"stan":4},"terminal":"T0000001","store":"STORE0000000001","bill":"11086835743968","amount":94977,"currency":156,"masked_card":"622848*********1960","entry_mode":"021","at":"2026-11-30T11:04:13.9518081+08:00","store_name":"Corner Store 1","payee":"Demo Shop","description":"A teapot","order_id":"order-000006","ship_within_seconds":6,"check_within_seconds":4}

            """.ReplaceLineEndings("\n"));

        using var journal = Open();

        var old = journal.Open.Should().ContainSingle().Which.Pending;
        (old.Bill, old.ShipWithinSeconds, old.CheckWithinSeconds, old.IsFeeKept).Should().Be(("11086835743968", 6, 4, false));
    }

    [Fact]
    public void A_torn_last_line_is_cut_off_wherever_it_is_torn()
    {
        using (var journal = Open())
        {
            Settle(journal);
        }

        var whole = System.IO.File.ReadAllBytes(File);
        var last = Array.LastIndexOf(whole, (byte)'\n', whole.Length - 2) + 1;
        for (var length = last; length < whole.Length; length++)
        {
            System.IO.File.WriteAllBytes(File, whole[..length]);

            using (var journal = Open())
            {
                journal.Swipes.Should().ContainSingle();
                new FileInfo(File).Length.Should().Be(last);
            }
        }
    }

    [Fact]
    public void A_flipped_bit_anywhere_before_the_last_record_is_a_fault()
    {
        using (var journal = Open())
        {
            Settle(journal);
        }

        var whole = System.IO.File.ReadAllBytes(File);
        var last = Array.LastIndexOf(whole, (byte)'\n', whole.Length - 2) + 1;
        for (var at = 0; at < last; at++)
        {
            var damaged = (byte[])whole.Clone();
            damaged[at] ^= 1;
            System.IO.File.WriteAllBytes(File, damaged);

            var open = () => Open().Dispose();

            open.Should().Throw<JournalException>($"byte {at} is damaged").WithMessage("*journal*damaged*");
            System.IO.File.ReadAllBytes(File).Should().Equal(damaged, "the evidence stays as it is");
        }
    }

    [Fact]
    public void A_record_of_a_swipe_that_never_began_is_a_fault()
    {
        using (var journal = Open())
        {
            Begin(journal);
        }

        var lines = System.IO.File.ReadAllLines(File);
        using (var journal = Open())
        {
            journal.Settle(Approved(journal.Open[0].Pending.Key));
        }

        var result = System.IO.File.ReadAllLines(File).Single(line => line.Contains("\"result\"", StringComparison.Ordinal));
        System.IO.File.WriteAllText(File, lines[0] + "\n" + result + "\n");

        var open = () => Open().Dispose();

        open.Should().Throw<JournalException>();
    }

    [Theory]
    [InlineData(1, 1, 1, 1, 2)]
    [InlineData(1, 999_998, 1, 1, 999_999)]
    [InlineData(1, 999_999, 1, 2, 1)]
    [InlineData(1, 999_990, 32, 2, 23)]
    [InlineData(999_999, 999_999, 1, 1, 1)]
    public void After_the_last_STAN_comes_the_next_batch(int batch, int stan, int steps, int nextBatch, int nextStan) =>
        new JournalKey(batch, stan).Plus(steps).Should().Be(new JournalKey(nextBatch, nextStan));

    [Fact]
    public void A_key_never_comes_twice_whether_the_program_ends_or_crashes()
    {
        var seen = new HashSet<JournalKey>();
        var random = new Random(1);
        for (var run = 0; run < 200; run++)
        {
            var before = run == 0 ? [] : System.IO.File.ReadAllBytes(File);
            var journal = Open();
            var taken = random.Next(0, 80);
            for (var i = 0; i < taken; i++)
            {
                seen.Add(journal.TakeKey()).Should().BeTrue();
            }

            var crashed = System.IO.File.ReadAllBytes(File);
            journal.Dispose();
            if (random.Next(2) == 0)
            {
                System.IO.File.WriteAllBytes(File, crashed);
            }

            System.IO.File.ReadAllBytes(File).Should().StartWith(before);
        }
    }

    [Fact]
    public void A_refusal_for_a_closed_batch_begins_the_next_batch_and_closes_the_old_one_again()
    {
        JournalKey paid;
        using (var journal = Journal.OpenOrMake(File, new JournalOptions()))
        {
            paid = Settle(journal).Pending.Key;
            var refused = Begin(journal).Pending.Key;
            journal.Settle(new SwipeResult(refused, "12", LocalReason.BatchClosed));

            journal.TakeKey().Should().Be(new JournalKey(paid.Batch, JournalKey.Last).Plus(1));
        }

        using var again = Journal.OpenOrMake(File, new JournalOptions());
        again.TakeKey().Batch.Should().Be(new JournalKey(paid.Batch, JournalKey.Last).Plus(1).Batch);
        again.OpenBatches.Should().HaveCount(2).And.StartWith(paid.Batch);
        again.ApprovedIn(paid.Batch).Should().ContainSingle();
    }

    [Fact]
    public void A_lost_journal_begins_in_another_batch()
    {
        var batches = new HashSet<int>();
        for (var i = 0; i < 5; i++)
        {
            using var journal = Journal.OpenOrMake(_folder.At("journal" + i), new JournalOptions());
            batches.Add(journal.TakeKey().Batch);
        }

        batches.Count.Should().BeGreaterThan(3);
    }

    [Fact]
    public void Rewriting_keeps_what_is_open_or_unprinted_the_last_swipes_and_the_count()
    {
        var options = new JournalOptions { Keep = 5, CompactAbove = 4096 };
        JournalKey open, unprinted, next;
        var printed = new List<JournalKey>();
        using (var journal = Journal.OpenOrMake(File, options))
        {
            open = Begin(journal).Pending.Key;
            unprinted = Settle(journal).Pending.Key;
            for (var i = 0; i < 100; i++)
            {
                printed.Add(Settle(journal).Pending.Key);
                journal.Printed(printed[^1]);
            }

            next = journal.TakeKey();
            new FileInfo(File).Length.Should().BeLessThan(2 * options.CompactAbove + 1024);
        }

        using var again = Journal.OpenOrMake(File, options);

        again.Open.Select(swipe => swipe.Pending.Key).Should().Equal(open);
        again.Unprinted.Select(swipe => swipe.Pending.Key).Should().Equal(unprinted);
        again.Swipes.Select(swipe => swipe.Pending.Key).Should().Contain(printed.TakeLast(3)).And.NotContain(printed[0]);
        again.TakeKey().Should().Be(next.Plus(1));
        System.IO.File.Exists(File + ".new").Should().BeFalse();
    }

    [Fact]
    public void What_a_batch_has_approved_survives_restarts_and_rewriting_until_the_batch_is_closed()
    {
        var options = new JournalOptions { Keep = 5, CompactAbove = 4096 };
        var paid = new List<BatchEntry>();
        int batch;
        using (var journal = Journal.OpenOrMake(File, options))
        {
            batch = journal.TakeKey().Batch;
            for (var i = 0; i < 50; i++)
            {
                var key = Settle(journal).Pending.Key;
                journal.Printed(key);
                paid.Add(new BatchEntry(key.Stan, 12_345));
            }

            journal.Settle(SwipeResult.NeverSent(Begin(journal).Pending, TerminalTexts.English));
        }

        using (var again = Journal.OpenOrMake(File, options))
        {
            again.ApprovedIn(batch).Should().Equal(paid);
            again.OpenBatches.Should().Equal(batch);
            again.Close(batch);
            again.Unclosed.Should().Be(0);
            again.OpenBatches.Should().Equal(batch + 1);
        }

        using (var after = Journal.OpenOrMake(File, options))
        {
            after.TakeKey().Should().Be(new JournalKey(batch + 1, 1));
            var key = Settle(after).Pending.Key;
            after.ApprovedIn(batch + 1).Should().Equal(new BatchEntry(key.Stan, 12_345));
        }

        using var rewritten = Journal.OpenOrMake(File, options with { CompactAbove = 1 });
        rewritten.Unclosed.Should().Be(1, "the kept swipes of the closed batch count no more");
        using var last = Journal.OpenOrMake(_folder.At("other"), options);
        last.OpenBatches.Should().ContainSingle();
    }

    [Fact]
    public void A_crash_while_rewriting_leaves_the_old_journal()
    {
        JournalKey key;
        using (var journal = Open())
        {
            key = Begin(journal).Pending.Key;
        }

        System.IO.File.WriteAllText(File + ".new", "half a li");

        using var again = Open();

        again.Open.Should().ContainSingle().Which.Pending.Key.Should().Be(key);
    }

    [Fact]
    public void Only_the_owner_can_read_it()
    {
        Open().Dispose();

        (OperatingSystem.IsWindows() ? default : System.IO.File.GetUnixFileMode(File)).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private Journal Open() => Journal.OpenOrMake(File, new JournalOptions());

    private static JournaledSwipe Begin(Journal journal) => journal.Begin(Pending(journal.TakeKey()));

    private static JournaledSwipe Settle(Journal journal) => journal.Settle(Approved(Begin(journal).Pending.Key));

    internal static SwipePending Pending(JournalKey key) => new(
        key, "T0000001", "STORE0000000001", "73516235791239", 12_345, 156, "622848*********5458", "021", Noon, "Corner Store 1", "茶馆", "茶壶", "order-1");

    internal static SwipeResult Approved(JournalKey key) =>
        new(key, "00", 0, "000000010000", "0K9WPM", "622848*********5458", Noon, "茶馆", "order-1", "Approved.", "Paid.");
}
