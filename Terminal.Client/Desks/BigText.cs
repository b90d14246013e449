namespace Lakala.Terminal.Client.Desks;

/// <summary>An outcome in large letters, readable across the counter, as lines of block characters.</summary>
internal static class BigText
{
    private const int Rows = 10, Columns = 8, GlyphSize = 16;

    // Two rows of dots make one line of text.
    private static readonly Dictionary<char, string[]> Letters = new()
    {
        ['A'] = ["..##..", ".####.", "##..##", "##..##", "##..##", "######", "##..##", "##..##", "##..##", "......"],
        ['D'] = ["####..", "##.##.", "##..##", "##..##", "##..##", "##..##", "##..##", "##.##.", "####..", "......"],
        ['E'] = ["######", "##....", "##....", "##....", "#####.", "##....", "##....", "##....", "######", "......"],
        ['F'] = ["######", "##....", "##....", "##....", "#####.", "##....", "##....", "##....", "##....", "......"],
        ['I'] = ["######", "..##..", "..##..", "..##..", "..##..", "..##..", "..##..", "..##..", "######", "......"],
        ['K'] = ["##..##", "##..##", "##.##.", "####..", "###...", "####..", "##.##.", "##..##", "##..##", "......"],
        ['L'] = ["##....", "##....", "##....", "##....", "##....", "##....", "##....", "##....", "######", "......"],
        ['N'] = ["##..##", "###.##", "###.##", "######", "######", "##.###", "##.###", "##..##", "##..##", "......"],
        ['O'] = [".####.", "##..##", "##..##", "##..##", "##..##", "##..##", "##..##", "##..##", ".####.", "......"],
        ['P'] = ["#####.", "##..##", "##..##", "##..##", "#####.", "##....", "##....", "##....", "##....", "......"],
        ['R'] = ["#####.", "##..##", "##..##", "##..##", "#####.", "####..", "##.##.", "##..##", "##..##", "......"],
        ['T'] = ["######", "..##..", "..##..", "..##..", "..##..", "..##..", "..##..", "..##..", "..##..", "......"],
        ['U'] = ["##..##", "##..##", "##..##", "##..##", "##..##", "##..##", "##..##", "##..##", ".####.", "......"],
        ['W'] = ["##..##", "##..##", "##..##", "##..##", "##..##", "######", "######", "######", "##..##", "......"],
        ['Y'] = ["##..##", "##..##", "##..##", ".####.", "..##..", "..##..", "..##..", "..##..", "..##..", "......"],
    };

    // 16 rows of 16 dots, the highest bit at the left; drawn after Noto Sans CJK (SIL Open Font License).
    private static readonly Dictionary<char, string> Glyphs = new()
    {
        ['已'] = "00007ff87ff800183018301830183ff83ff830083000300630063ffe1ffc0000",
        ['早'] = "00001ff81818181818181ff81ff8181818181ff8018001807ffe7ffe01800180",
        ['支'] = "018001807ffe7ffe018001803ff83ffc1c180c300e7007e003e03ffc7c3e7004",
        ['付'] = "0c0c1c0c180c3bff7bff780c790c598c198c18cc18cc180c180c18fc18780000",
        ['未'] = "0180018001803ffc3ffc018001807ffe7ffe03e007e01db8399c718e61860180",
        ['结'] = "1030183031fe31fe6630fc307dfe19fe30007efc79fe01860f86fffe71fe0186",
        ['退'] = "03fc73fc3b0c13fc030c03fc03fc7326733e133813f817ee3f8e7c006ffe0000",
        ['款'] = "08607f607f60087e7ffe7ffe3fde7f9e0038ff387f386b6c6b6c49c679c60000",
        ['受'] = "007c7ffc3988199c19987ffe7ffe60067ffe1ff80c7007e003c01ff87e7e0000",
        ['理'] = "00007ffe7ffe333633fe33fe7f367bfe31fe303031fe3ffe7c30703047ff0000",
        ['果'] = "3ffc3ffc3ffc3ffc318c3ffc3ffc01807ffe7ffe07f01db8799e718601800000",
        ['知'] = "3000307e7f7e7f466c464c460c467fc67fc618461c461e4633fe737e60464000",
    };

    /// <param name="text">Only letters and characters of the tables above, and spaces.</param>
    public static IReadOnlyList<string> Lines(string text)
    {
        var isLatin = text.All(sign => sign == ' ' || Letters.ContainsKey(sign));
        var (rows, columns) = isLatin ? (Rows, Columns) : (GlyphSize, GlyphSize);
        var lines = new string[rows / 2];
        for (var line = 0; line < lines.Length; line++)
        {
            lines[line] = string.Concat(text.Select(sign => string.Concat(Enumerable.Range(0, columns).Select(column =>
                (IsDot(sign, 2 * line, column), IsDot(sign, 2 * line + 1, column)) switch
                {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    _ => ' ',
                }))));
        }

        return lines;
    }

    private static bool IsDot(char sign, int row, int column) =>
        Letters.TryGetValue(sign, out var letter) ? column < letter[row].Length && letter[row][column] == '#'
        : Glyphs.TryGetValue(sign, out var glyph) && (Convert.ToInt32(glyph.Substring(4 * row, 4), 16) >> (GlyphSize - 1 - column) & 1) == 1;
}
