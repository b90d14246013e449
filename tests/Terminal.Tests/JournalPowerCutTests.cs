using Lakala.Terminal.Client.Journals;

namespace Lakala.Terminal.Tests;

/// <summary>The journal when the machine, the process or the disk fails, at every step and every byte.</summary>
public sealed class JournalPowerCutTests : IDisposable
{
    private const int Seeds = 3_000;

    private readonly TestFolder _folder = new();

    private string JournalFile => _folder.At("journal");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData((int)Mishap.PowerCut)]
    [InlineData((int)Mishap.Kill)]
    [InlineData((int)Mishap.Fault)]
    [InlineData(null)]
    public void Whatever_was_told_to_be_in_the_journal_is_there_after_mishaps_at_any_step(int? mishap)
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            try
            {
                new Life(seed, (Mishap?)mishap).Run();
            }
            catch (Exception fault)
            {
                throw new InvalidOperationException($"Seed {seed}: {fault.Message}", fault);
            }
        }
    }

    [Fact]
    public void Cut_anywhere_it_holds_what_stands_before_the_cut()
    {
        var (whole, ends) = Realistic();
        for (var length = 0; length <= whole.Length; length++)
        {
            OpensWith(whole[..length], ends.LastOrDefault(end => end <= length), whole);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(511)]
    [InlineData(4096)]
    [InlineData(20_000)]
    public void Zeros_behind_any_record_are_cut_off(int count)
    {
        var (whole, ends) = Realistic();
        foreach (var end in ends.Prepend(0))
        {
            OpensWith([.. whole[..end], .. new byte[count]], end, whole);
        }
    }

    [Fact]
    public void Garbage_behind_any_record_is_cut_off_with_newlines_in_it_or_without()
    {
        var random = new Random(1);
        var (whole, ends) = Realistic();
        foreach (var end in ends)
        {
            var garbage = new byte[random.Next(1, 5_000)];
            random.NextBytes(garbage);
            OpensWith([.. whole[..end], .. garbage], end, whole);
            OpensWith([.. whole[..end], .. "\n\ngarbage\n"u8, .. garbage, (byte)'\n'], end, whole);
        }
    }

    [Fact]
    public void Any_sector_of_the_last_record_may_be_missing()
    {
        const int Sector = 512;
        var (whole, ends) = Realistic();
        for (var record = 1; record < ends.Length; record++)
        {
            var (begin, end) = (ends[record - 1], ends[record]);
            for (var from = begin; from < end; from += Sector - (from % Sector))
            {
                var torn = whole[..end];
                torn.AsSpan(from, Math.Min(end - from, Sector - (from % Sector))).Clear();
                OpensWith(torn, begin, whole);
            }
        }
    }

    [Fact]
    public void What_does_not_verify_before_a_record_that_does_is_damage_wherever_it_is()
    {
        var (whole, ends) = Realistic();
        for (var at = 0; at < ends[^2]; at++)
        {
            var damaged = (byte[])whole.Clone();
            damaged[at] = (byte)(damaged[at] == (byte)'\n' ? ' ' : '\n');
            File.WriteAllBytes(JournalFile, damaged);

            var open = () => Journal.OpenOrMake(JournalFile, new JournalOptions()).Dispose();

            open.Should().Throw<JournalException>($"byte {at} is damaged");
        }
    }

    [Fact]
    public void More_than_a_record_of_what_does_not_verify_is_damage()
    {
        var (whole, _) = Realistic();
        File.WriteAllBytes(JournalFile, [.. whole, .. new byte[(64 * 1024) + 1]]);

        var open = () => Journal.OpenOrMake(JournalFile, new JournalOptions()).Dispose();

        open.Should().Throw<JournalException>();
    }

    [Fact]
    public void A_journal_and_half_a_new_one_beside_it_is_the_journal()
    {
        var (whole, ends) = Realistic();
        foreach (var length in (int[])[0, 1, 100, whole.Length - 1, whole.Length])
        {
            File.WriteAllBytes(JournalFile + ".new", whole[..length]);
            OpensWith([.. whole[..ends[^2]], .. "half"u8], ends[^2], whole);
        }
    }

    private void OpensWith(byte[] file, int upTo, byte[] whole)
    {
        File.WriteAllBytes(JournalFile, whole[..upTo]);
        var before = Journal.Read(JournalFile).ToList();
        File.WriteAllBytes(JournalFile, file);
        Journal.Read(JournalFile).Should().Equal(before, "a reader sees what the owner will see");

        JournalKey added;
        using (var journal = Journal.OpenOrMake(JournalFile, new JournalOptions()))
        {
            Holds(journal, before);
            File.ReadAllBytes(JournalFile).AsSpan().SequenceEqual(whole.AsSpan(0, upTo)).Should().BeTrue("opening cuts the file there and changes nothing before");
            added = journal.TakeKey();
            before.OfType<SwipePending>().Select(pending => pending.Key).Should().NotContain(added, "it is in use");
            journal.Begin(JournalTests.Pending(added));
        }

        using var again = Journal.OpenOrMake(JournalFile, new JournalOptions());
        Holds(again, [.. before, JournalTests.Pending(added)]);
    }

    private static void Holds(Journal journal, List<JournalRecord> records)
    {
        var begun = records.OfType<SwipePending>().Select(record => record.Key).ToList();
        var settled = records.OfType<SwipeResult>().Select(record => record.Key).ToList();
        var printed = records.OfType<SwipePrinted>().Select(record => record.Key).ToList();

        journal.Open.Select(swipe => swipe.Pending.Key).Should().Equal(begun.Except(settled));
        journal.Unprinted.Select(swipe => swipe.Pending.Key).Should().BeEquivalentTo(settled.Except(printed));
        journal.Swipes.Select(swipe => swipe.Pending.Key).Should().Equal(begun);
    }

    // Swipes in each of their stages, with the ends of their records.
    private (byte[] Whole, int[] Ends) Realistic()
    {
        File.Delete(JournalFile);
        for (var run = 0; run < 2; run++)
        {
            using var journal = Journal.OpenOrMake(JournalFile, new JournalOptions { KeysAtOnce = 3 });
            for (var swipes = 0; swipes < 2; swipes++)
            {
                // A lookup takes a key too.
                journal.TakeKey();
                var swipe = journal.Begin(JournalTests.Pending(journal.TakeKey()));
                journal.Settle(JournalTests.Approved(swipe.Pending.Key));
                if (swipes == 0)
                {
                    journal.Printed(swipe.Pending.Key);
                }
            }

            journal.Begin(JournalTests.Pending(journal.TakeKey()));
        }

        var whole = File.ReadAllBytes(JournalFile);
        return (whole, [.. whole.Index().Where(one => one.Item == (byte)'\n').Select(one => one.Index + 1)]);
    }

    /// <summary>A terminal with mishaps from a seed, and the records that the journal has confirmed.</summary>
    private sealed class Life(int seed, Mishap? mishap)
    {
        private const int Boots = 12, MostSteps = 40, MostSwipes = 8;

        private static readonly JournalOptions Options = new() { KeysAtOnce = 3, CompactAbove = 3_000, Keep = int.MaxValue };

        private enum Stage
        {
            None,
            Pending,
            Settled,
            Printed,
        }

        private readonly Random _random = new(seed);
        private readonly FragileDisk _disk = new(seed);
        private readonly HashSet<JournalKey> _taken = [];
        private readonly Dictionary<JournalKey, Stage> _told = [];

        // These were not confirmed, but may be there.
        private readonly List<(JournalKey Key, Stage Stage)> _perhaps = [];

        public void Run()
        {
            for (var boot = 0; boot < Boots; boot++)
            {
                _disk.Arm(mishap ?? (Mishap)_random.Next(3), _random.Next(1, MostSteps));
                try
                {
                    Work();
                    _disk.Restart(Mishap.Kill);
                }
                catch (StopException stop)
                {
                    _disk.Restart(stop.Why);
                }
                catch (IOException)
                {
                    // It could not be opened.
                    _disk.Restart(_random.Next(2) == 0 ? Mishap.Kill : Mishap.PowerCut);
                }
            }

            Compare(Journal.OpenOrMake("journal", Options, _disk));
        }

        private void Work()
        {
            var journal = Journal.OpenOrMake("journal", Options, _disk);
            Compare(journal);
            for (var swipes = _random.Next(MostSwipes); swipes > 0; swipes--)
            {
                try
                {
                    Advance(journal);
                }
                catch (IOException)
                {
                    // The journal has all confirmed records, and can be used.
                    if (_perhaps is [.., var (key, stage)] && StageOf(journal, key) == stage)
                    {
                        _told[key] = stage;
                    }

                    HoldsWhatWasTold(journal);
                }
            }

            if (_random.Next(2) == 0)
            {
                journal.Dispose();
            }
        }

        private void Advance(Journal journal)
        {
            if (journal.Unprinted is [var settled, ..] && _random.Next(3) > 0)
            {
                Expect(settled.Pending.Key, Stage.Printed);
                journal.Printed(settled.Pending.Key);
            }
            else if (journal.Open is [var open, ..] && _random.Next(3) > 0)
            {
                Expect(open.Pending.Key, Stage.Settled);
                journal.Settle(JournalTests.Approved(open.Pending.Key));
            }
            else
            {
                var key = journal.TakeKey();
                if (!_taken.Add(key))
                {
                    throw new InvalidOperationException($"The key {key} is handed out again.");
                }

                Expect(key, Stage.Pending);
                journal.Begin(JournalTests.Pending(key));
            }

            Told();
        }

        private void Expect(JournalKey key, Stage stage) => _perhaps.Add((key, stage));

        private void Told()
        {
            _told[_perhaps[^1].Key] = _perhaps[^1].Stage;
            _perhaps.Clear();
        }

        // Unconfirmed writes of earlier processes are there or not, and this no longer changes.
        private void Compare(Journal journal)
        {
            foreach (var (key, stage) in _perhaps.Where(perhaps => StageOf(journal, perhaps.Key) == perhaps.Stage))
            {
                _told[key] = stage;
            }

            _perhaps.Clear();
            HoldsWhatWasTold(journal);
        }

        private void HoldsWhatWasTold(Journal journal)
        {
            var held = journal.Swipes.ToDictionary(swipe => swipe.Pending.Key, swipe => StageOf(journal, swipe.Pending.Key));
            if (held.Count != _told.Count || _told.Any(told => held.GetValueOrDefault(told.Key) != told.Value))
            {
                throw new InvalidOperationException("The journal does not hold what it was told, or more.");
            }
        }

        private static Stage StageOf(Journal journal, JournalKey key) =>
            journal.Swipes.SingleOrDefault(swipe => swipe.Pending.Key == key) is not { } swipe ? Stage.None
            : swipe.Result is null ? Stage.Pending
            : swipe.IsPrinted ? Stage.Printed
            : Stage.Settled;
    }
}
