namespace Lakala.Model.Tests;

/// <summary>The world's time as the product reads it. A timer is one more event for which a handler waits.</summary>
public sealed class ModelClock(World world) : TimeProvider
{
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => world.Now.Ticks;

    public override DateTimeOffset GetUtcNow() => world.Now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => period == Timeout.InfiniteTimeSpan
        ? new Timer(world, () => callback(state), dueTime)
        : throw new NotSupportedException("No flow repeats a timer.");

    private sealed class Timer : ITimer
    {
        private readonly World _world;
        private readonly Action _what;
        private Action _callOff = () => { };

        public Timer(World world, Action what, TimeSpan dueTime)
        {
            (_world, _what) = (world, what);
            Change(dueTime, Timeout.InfiniteTimeSpan);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _callOff();
            _callOff = dueTime == Timeout.InfiniteTimeSpan ? () => { } : _world.Schedule(_world.Now + dueTime, _what);
            return true;
        }

        public void Dispose() => _callOff();

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
