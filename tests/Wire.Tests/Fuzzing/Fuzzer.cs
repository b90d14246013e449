namespace Lakala.Wire.Tests.Fuzzing;

/// <summary>
/// One run, which a seed and a corpus determine: inputs are changed and examined, and one that shows a new trait is changed
/// further.
/// </summary>
internal sealed class Fuzzer
{
    private const int Thorough = 8, MaxParents = 8192, MaxCuts = 4, MaxKept = 250, MaxKeptLength = 2048;

    private readonly Random _random;
    private readonly Mutation _mutation;
    private readonly FuzzTarget _target = new();
    private readonly HashSet<Trait> _seen = [];
    private readonly HashSet<Trait> _known;
    private readonly List<byte[]> _parents = [];
    private readonly List<(byte[] Bytes, Trait[] New)> _found = [];
    private readonly List<Trait> _traits = [];
    private readonly byte[] _input = new byte[2 * Mutation.MaxLength];

    /// <exception cref="FuzzFailure">A check fails for an input of the corpus.</exception>
    public Fuzzer(int seed, IReadOnlyList<CorpusInput> corpus)
    {
        Seed = seed;
        _random = new Random(seed);
        _mutation = new Mutation(_random);
        foreach (var input in corpus)
        {
            Try(input.Bytes, isNewKept: false);
        }

        _known = [.. _seen];
        _target.IsWarm();
        foreach (var input in corpus)
        {
            Examine(input.Bytes, input.Bytes.Length, [], isThorough: true);
        }
    }

    public int Seed { get; }

    /// <summary>The number of different traits, including those of the corpus.</summary>
    public int Traits => _seen.Count;

    /// <summary>The number of traits of the kinds that are kept.</summary>
    public int KeptTraits => _seen.Count(trait => trait.IsKept);

    /// <summary>The inputs that showed a new trait, as they came.</summary>
    public IEnumerable<byte[]> New => _found.Select(found => found.Bytes);

    public long MostAllocated => _target.MostAllocated;

    public void Run(long inputs)
    {
        for (var done = 0L; done < inputs; done++)
        {
            Try(_mutation.Change(NextParent(), _parents[_random.Next(_parents.Count)]), isNewKept: true);
        }
    }

    /// <summary>
    /// The fewest and shortest inputs that show traits that the corpus did not: those with the most traits first, a bounded
    /// number.
    /// </summary>
    public IReadOnlyList<CorpusInput> Found()
    {
        var kept = new List<CorpusInput>();
        var left = _found.SelectMany(found => found.New).Where(trait => trait.IsKept && !_known.Contains(trait)).ToHashSet();
        var candidates = _found.Where(found => found.Bytes.Length <= MaxKeptLength).Select(found => (found.Bytes, Shows: TraitsOf(found.Bytes))).ToList();
        while (left.Count > 0 && kept.Count < MaxKept && candidates.Count > 0)
        {
            var best = candidates.MaxBy(candidate => candidate.Shows.Count(left.Contains));
            var shows = best.Shows.Where(left.Contains).ToArray();
            if (shows.Length == 0)
            {
                break;
            }

            var shortest = Shorten(best.Bytes, shows);
            kept.Add(new CorpusInput(_target.Describe(shows[0]), shortest));
            left.ExceptWith(shows);
            candidates.Remove(best);
        }

        return kept;
    }

    private byte[] NextParent()
    {
        // Half of them new: new inputs have been changed least.
        const int Young = 64;
        var from = _random.Next(2) == 0 ? Math.Max(0, _parents.Count - Young) : 0;
        return _parents[_random.Next(from, _parents.Count)];
    }

    private void Try(ReadOnlySpan<byte> input, bool isNewKept)
    {
        input.CopyTo(_input);
        Span<int> cuts = stackalloc int[input.Length > 1 ? _random.Next(1, MaxCuts) : 0];
        foreach (ref var cut in cuts)
        {
            cut = _random.Next(1, input.Length);
        }

        cuts.Sort();
        Examine(_input, input.Length, cuts, !isNewKept || _random.Next(Thorough) == 0);
        var isNew = false;
        foreach (var trait in _traits)
        {
            isNew |= !_seen.Contains(trait);
        }

        if (!isNew && isNewKept)
        {
            return;
        }

        var kept = input.ToArray();
        Examine(kept, kept.Length, [], isThorough: true);
        if (isNewKept)
        {
            _found.Add((kept, [.. _traits.Where(trait => !_seen.Contains(trait)).Distinct()]));
        }

        _seen.UnionWith(_traits);
        Guard(() => FuzzTarget.ExamineEveryCut(kept, kept.Length), kept);
        if (_parents.Count < MaxParents)
        {
            _parents.Add(kept);
        }
        else
        {
            _parents[_random.Next(MaxParents)] = kept;
        }
    }

    private void Examine(byte[] input, int length, ReadOnlySpan<int> cuts, bool isThorough)
    {
        _traits.Clear();
        try
        {
            _target.Examine(input, length, cuts, isThorough, _traits);
        }
        catch (Exception fault)
        {
            throw Failure(input.AsSpan(0, length), fault);
        }
    }

    private void Guard(Action examine, byte[] input)
    {
        try
        {
            examine();
        }
        catch (Exception fault)
        {
            throw Failure(input, fault);
        }
    }

    private FuzzFailure Failure(ReadOnlySpan<byte> input, Exception fault) => new(
        $"""
        {fault.Message}
        Seed {Seed}. Again, this input alone: LAKALA_FUZZ_INPUT={Convert.ToHexString(input)}
        """,
        fault);

    private HashSet<Trait> TraitsOf(byte[] input)
    {
        Examine(input, input.Length, [], isThorough: true);
        return [.. _traits];
    }

    private byte[] Shorten(byte[] input, Trait[] shows)
    {
        for (var part = input.Length / 2; part > 0; part /= 2)
        {
            for (var at = 0; at + part <= input.Length;)
            {
                byte[] shorter = [.. input[..at], .. input[(at + part)..]];
                if (TraitsOf(shorter).IsSupersetOf(shows))
                {
                    input = shorter;
                }
                else
                {
                    at += part;
                }
            }
        }

        return input;
    }
}
