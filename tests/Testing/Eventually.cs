namespace Lakala.Testing;

/// <summary>Waits for the work of another process that gives no signal: asks repeatedly up to a bound, whose fault names what did not come.</summary>
public static class Eventually
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(25);

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

            if (TimeProvider.System.GetElapsedTime(begun) > (bound ?? Bound))
            {
                throw new TimeoutException($"{what}: not within {(bound ?? Bound).TotalSeconds:0} s.");
            }

            await Task.Delay(Poll, TestContext.Current.CancellationToken);
        }
    }

    public static Task Is(Func<Task<bool>> isSo, string what, TimeSpan? bound = null) => Is(isSo, so => so, what, bound);
}
