using System.Globalization;

namespace Lakala.Model.Tests;

/// <summary>
/// The seeds of a run: by default the first ones, always the same. <c>LAKALA_SEED</c> names one to repeat, with its trace;
/// <c>LAKALA_SEEDS</c> is the number to try from there on; <c>LAKALA_MODEL</c> is the only configuration to use.
/// </summary>
public static class Seeds
{
    private const int Columns = 80;
    private const string Indent = "    ";

    private static readonly int? First = Number("LAKALA_SEED");
    private static readonly int? Many = Number("LAKALA_SEEDS");
    private static readonly string? Only = Text("LAKALA_MODEL");

    /// <summary>True when one seed is repeated with its trace.</summary>
    public static bool IsOne => First is not null && Many is null;

    /// <summary>True when no seeds are named.</summary>
    public static bool AreUsual => First is null && Many is null;

    /// <param name="usual">The default number.</param>
    public static IEnumerable<int> Of(string configuration, int usual)
    {
        Assert.SkipUnless(Only is null || Only == configuration, $"LAKALA_MODEL asks for {Only}.");
        return Enumerable.Range(First ?? 1, IsOne ? 1 : Many ?? usual);
    }

    /// <summary>For tests that have no seeds to repeat.</summary>
    public static void SkipWhenRepeating() => Assert.SkipWhen(First is not null || Only is not null, "A seed is being repeated.");

    /// <summary>The failure, the command that repeats it, and the trace; 80 columns.</summary>
    public static string Report(string configuration, int seed, string violation, IEnumerable<string> trace)
    {
        string[] head =
        [
            string.Create(CultureInfo.InvariantCulture, $"seed {seed} of {configuration}: {violation}"),
            string.Create(CultureInfo.InvariantCulture, $"again: LAKALA_MODEL={configuration} LAKALA_SEED={seed} ./lakala test Model"),
        ];
        return string.Join('\n', head.Concat(trace).SelectMany(Wrapped));
    }

    private static IEnumerable<string> Wrapped(string line) => line.Split('\n')
        .SelectMany(part => part.Length <= Columns ? [part] : part.Chunk(Columns - Indent.Length).Select((piece, at) => (at == 0 ? "" : Indent) + new string(piece)));

    private static int? Number(string name) => Text(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;

    private static string? Text(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? text : null;
}
