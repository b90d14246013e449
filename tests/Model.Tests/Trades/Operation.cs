using System.Globalization;

namespace Lakala.Model.Tests.Trades;

/// <summary>What somebody does, while others may do something at the same time.</summary>
/// <param name="Kind">Its name in the trace.</param>
/// <param name="Place">Of the bill among those of the history, from 1; 0: of none.</param>
/// <param name="Do">Returns what came of it, for the trace. It can be done again.</param>
internal sealed record Operation(string Kind, int Place, Func<Task<string>> Do)
{
    public override string ToString() => Place == 0 ? Kind : string.Create(CultureInfo.InvariantCulture, $"{Kind} {Place}");
}
