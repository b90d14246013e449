using System.Globalization;

namespace Lakala.Silo.BillPages;

/// <summary>Code 128 in its code set C, which packs two digits into one symbol; scanners of stores read it best.</summary>
internal static class Code128
{
    /// <summary>Modules that must stay light on either side.</summary>
    private const int QuietZone = 10;

    private const int StartC = 105;
    private const int Stop = 106;
    private const int Checks = 103;

    // ISO/IEC 15417: for the values 0 to 106 the widths of bars and spaces in turn, a bar first.
    private static readonly string[] Widths =
        """
        212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222
        123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321
        232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121
        313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224
        111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111
        111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113
        114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112
        """.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);

    /// <param name="digits">ASCII digits, an even number of them.</param>
    public static Drawing Draw(string digits)
    {
        var values = new List<int> { StartC };
        for (var at = 0; at < digits.Length; at += 2)
        {
            values.Add(int.Parse(digits.AsSpan(at, 2), NumberStyles.None, CultureInfo.InvariantCulture));
        }

        var check = StartC;
        for (var place = 1; place < values.Count; place++)
        {
            check += place * values[place];
        }

        return Draw([.. values, check % Checks, Stop]);
    }

    private static Drawing Draw(IReadOnlyList<int> values)
    {
        var bars = new List<Bar>();
        var at = QuietZone;
        foreach (var value in values)
        {
            var isBar = true;
            foreach (var width in Widths[value].Select(static digit => digit - '0'))
            {
                if (isBar)
                {
                    bars.Add(new Bar(at, 0, width));
                }

                (at, isBar) = (at + width, !isBar);
            }
        }

        return new Drawing(at + QuietZone, 1, bars);
    }
}
