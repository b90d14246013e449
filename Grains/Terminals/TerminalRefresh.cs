namespace Lakala.Grains.Terminals;

public static class TerminalRefresh
{
    /// <summary>Has the grains read their rows at once. One that cannot be reached reads its row by itself, within half a minute.</summary>
    public static Task RefreshTerminals(this IGrainFactory grains, IEnumerable<string> terminals) => Task.WhenAll(terminals.Select(async id =>
    {
        try
        {
            await grains.GetGrain<ITerminalGrain>(id).Refresh();
        }
        catch (Exception fault) when (fault is OrleansException or TimeoutException)
        {
        }
    }));
}
