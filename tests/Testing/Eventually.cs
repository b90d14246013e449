namespace Lakala.Testing;

/// <summary>Waits for the work of another process that gives no signal: asks repeatedly up to a bound, whose fault names what did not come.</summary>
public static class Eventually
{
    private static readonly TimeSpan Bound = HangGuard.Bound;
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(25), LongestPause = TimeSpan.FromMilliseconds(250);

    public static async Task<T> Is<T>(Func<Task<T>> ask, Func<T, bool> isWanted, string what, TimeSpan? bound = null)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var answer = await ask();
            if (isWanted(answer))
            {
                return answer;
            }

            var waited = TimeProvider.System.GetElapsedTime(begun);
            if (waited > (bound ?? Bound))
            {
                throw new TimeoutException($"{what}: not within {(bound ?? Bound).TotalSeconds:0} s.");
            }

            await Task.Delay(PauseAfter(waited), TestContext.Current.CancellationToken);
        }
    }

    public static Task Is(Func<Task<bool>> isSo, string what, TimeSpan? bound = null) => Is(isSo, so => so, what, bound);

    // The longer the wait, the rarer the question: each costs a process or a session of the database, and what waits for seconds may end a tenth later.
    private static TimeSpan PauseAfter(TimeSpan waited) =>
        waited / 10 is var tenth && tenth < ShortestPause ? ShortestPause : tenth < LongestPause ? tenth : LongestPause;
}
