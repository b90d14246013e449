using System.Diagnostics;
using System.Globalization;

namespace Lakala.Wire.Tests.Fuzzing;

/// <summary>
/// Frame decoder, codec and every reader of messages, on both ends, against what a peer may send. How to run it for long and
/// how to repeat an input: docs/decisions/0010-fuzzing.md.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const string InputsVariable = "LAKALA_FUZZ", SeedVariable = "LAKALA_FUZZ_SEED", InputVariable = "LAKALA_FUZZ_INPUT", KeepVariable = "LAKALA_FUZZ_KEEP";
    private const long UsualInputs = 100_000;

    [Fact]
    public void No_input_makes_frame_codec_or_readers_do_what_they_must_not()
    {
        var inputs = Given(InputsVariable) is { } many ? long.Parse(many, CultureInfo.InvariantCulture) : UsualInputs;
        var seed = Given(SeedVariable) is { } given ? int.Parse(given, CultureInfo.InvariantCulture) : Random.Shared.Next();
        var begun = Stopwatch.GetTimestamp();

        var fuzzer = new Fuzzer(seed, Corpus.Read());
        var atFirst = fuzzer.Traits;
        fuzzer.Run(inputs);

        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        var summary = string.Create(
            CultureInfo.InvariantCulture,
            $"{inputs} inputs from seed {seed} in {seconds:0} s, {inputs / seconds:0}/s; {fuzzer.Traits} traits ({fuzzer.KeptTraits} of the kinds that are kept), {fuzzer.Traits - atFirst} of them new; at most {fuzzer.MostAllocated} bytes for one call");
        output.WriteLine(summary);
        if (Given(KeepVariable) is { } keep)
        {
            File.WriteAllLines(keep, [$"# Found by {summary}.", .. fuzzer.Found().Select(input => input.ToString())]);
        }

        fuzzer.MostAllocated.Should().BePositive("else nothing was measured");
    }

    [Fact]
    public void An_input_alone_whole_or_cut_does_what_it_did_the_first_time()
    {
        var inputs = Given(InputVariable) is { } hex ? [Convert.FromHexString(hex)] : Corpus.Read().Select(input => input.Bytes).ToArray();
        foreach (var input in inputs)
        {
            var target = new FuzzTarget();
            var (first, again) = (new List<Trait>(), new List<Trait>());

            target.Examine(input, input.Length, [], isThorough: true, first);
            target.IsWarm();
            target.Examine(input, input.Length, [], isThorough: true, again);
            FuzzTarget.ExamineEveryCut(input, input.Length);

            again.Should().Equal(first).And.NotBeEmpty(Convert.ToHexString(input));
            if (inputs.Length == 1)
            {
                first.Distinct().Select(target.Describe).ToList().ForEach(output.WriteLine);
            }
        }
    }

    [Fact]
    public void The_corpus_holds_every_message_of_both_lines()
    {
        var corpus = Corpus.Read().Select(input => input.ToString()).ToHashSet();

        var missing = Corpus.RealMessages().Select(input => input.ToString()).Where(line => !corpus.Contains(line));

        string.Join('\n', missing).Should().BeEmpty("these lines belong into Fuzzing/corpus.txt");
    }

    [Fact]
    public void A_run_is_the_same_again_from_its_seed()
    {
        var (one, again, other) = (Run(1), Run(1), Run(2));

        again.Should().Equal(one).And.NotEqual(other);

        static IEnumerable<string> Run(int seed)
        {
            var fuzzer = new Fuzzer(seed, [.. Corpus.RealMessages()]);
            fuzzer.Run(1_000);
            return fuzzer.New.Select(Convert.ToHexString);
        }
    }

    [Fact]
    public void What_is_kept_of_a_run_shows_what_its_corpus_did_not_and_is_short()
    {
        CorpusInput[] corpus = [.. Corpus.RealMessages().Take(1)];
        var fuzzer = new Fuzzer(1, corpus);
        fuzzer.Run(300);

        var found = fuzzer.Found();

        found.Should().NotBeEmpty().And.OnlyHaveUniqueItems(input => input.Name);
        new Fuzzer(1, [.. corpus, .. found]).KeptTraits.Should().Be(fuzzer.KeptTraits);
        found.Sum(input => input.Bytes.Length).Should().BeLessThan(fuzzer.New.Sum(input => input.Length));
    }

    private static string? Given(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null;
}
