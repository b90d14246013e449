using System.Runtime.CompilerServices;

namespace Lakala.Model.Tests;

/// <summary>An actor that can die: its handlers are then lost, and only its stored data is left.</summary>
public sealed class Actor(string name)
{
    public string Name { get; } = name;
}

/// <summary>A statement that must hold does not hold.</summary>
public sealed class ViolationException(string what) : Exception(what);

/// <summary>
/// The scheduler of all actors. A handler runs alone until it awaits a turn; then the world draws which handler goes on, which message
/// arrives, how much time passes and what fails. All of it follows from the seed.
/// </summary>
/// <remarks>
/// One thread. A handler is an async method that awaits only <see cref="When"/> or a timer of <see cref="ModelClock"/>, so only
/// the drawn handler runs. Code that continues elsewhere, in a task of the thread pool for example, is a violation.
/// </remarks>
public sealed class World(int seed, bool isTraced)
{
    public static readonly DateTimeOffset Beginning = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly List<Parked> _parked = [];
    private readonly List<Parked> _ready = [];
    private readonly List<string> _trace = [];
    private readonly byte[] _guid = new byte[16];
    private readonly Actor _nobody = new("");
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private Actor _running = new("");
    private Exception? _fault;

    public Random Random { get; } = new(seed);

    /// <summary>The one clock of the model: the database's, and the monotonic ones of the silos.</summary>
    public DateTimeOffset Now { get; private set; } = Beginning;

    public bool IsTraced { get; } = isTraced;

    public IReadOnlyList<string> Trace => _trace;

    /// <summary>True when no handler is under way.</summary>
    public bool IsIdle => _parked.Count == 0;

    public bool Chance(int percent) => Random.Next(100) < percent;

    public T Pick<T>(IReadOnlyList<T> from) => from[Random.Next(from.Count)];

    public Guid NewGuid()
    {
        Random.NextBytes(_guid);
        return new Guid(_guid);
    }

    /// <summary>Begins a handler of an actor; it runs until its first turn.</summary>
    public void Begin(Actor actor, Func<Task> what)
    {
        var before = _running;
        _running = actor;
        _ = Run();
        _running = before;

        async Task Run()
        {
            try
            {
                await what();
            }
            catch (Exception fault)
            {
                Fail(fault);
            }
        }
    }

    /// <summary>The run ends with this fault, even if it is caught.</summary>
    public void Fail(Exception fault) => _fault ??= fault;

    /// <summary>Gives up the turn: any other handlers may run first.</summary>
    public Waiting Turn() => new(this, null, null);

    /// <summary>Waits for an event, or until a moment.</summary>
    public Waiting When(Func<bool> isReady, DateTimeOffset until) => new(this, isReady, until);

    /// <summary>Waits until a moment, or later.</summary>
    public Waiting Until(DateTimeOffset moment) => new(this, null, moment);

    /// <summary>Has the running actor do something at a time, or later, unless it is cancelled.</summary>
    /// <returns>Cancels it.</returns>
    public Action Schedule(DateTimeOffset moment, Action what)
    {
        var parked = new Parked(_running, null, moment, what);
        Park(parked);
        return () => _parked.Remove(parked);
    }

    /// <summary>Drops all handlers of the actor.</summary>
    public void Kill(Actor actor) => _parked.RemoveAll(parked => parked.Actor == actor);

    /// <returns>False when no handler can go on now.</returns>
    public bool Resume()
    {
        _ready.Clear();
        foreach (var parked in _parked)
        {
            if (parked.IsReady(Now))
            {
                _ready.Add(parked);
            }
        }

        if (_ready.Count == 0)
        {
            return false;
        }

        var next = Pick(_ready);
        _parked.Remove(next);
        _running = next.Actor;
        next.Continue();
        _running = _nobody;
        ThrowFault();
        return true;
    }

    public void Pass(TimeSpan time)
    {
        Now += time;
        Note($"{time.TotalSeconds:0} s pass");
    }

    /// <summary>Moves the time to the next moment for which a handler waits.</summary>
    /// <returns>False when no handler waits for a time.</returns>
    public bool PassToNext()
    {
        var next = _parked.Min(parked => parked.Until);
        if (next > Now)
        {
            Pass(next.Value - Now);
        }

        return next is not null;
    }

    /// <summary>One line of the trace, at most 80 columns. Without a trace it costs nothing.</summary>
    public void Note([InterpolatedStringHandlerArgument("")] ref TraceLine line)
    {
        if (IsTraced)
        {
            Note(line.Text());
        }
    }

    private void Note(string text)
    {
        var line = $"{(Now - Beginning).TotalSeconds,5:0}s {_running.Name,-5} {text}";
        _trace.Add(line.Length > 80 ? line[..80] : line);
    }

    /// <summary>An exception in a handler is a violation too: every expected fault is an outcome.</summary>
    public void ThrowFault()
    {
        if (_fault is { } fault)
        {
            throw fault as ViolationException ?? new ViolationException($"a handler threw {fault}");
        }
    }

    private void Park(Parked parked)
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            var fault = new InvalidOperationException("A handler has left the thread of its world.");
            Fail(fault);
            throw fault;
        }

        _parked.Add(parked);
    }

    private sealed class Parked(Actor actor, Func<bool>? isReady, DateTimeOffset? until, Action next)
    {
        public Actor Actor { get; } = actor;

        public DateTimeOffset? Until { get; } = until;

        public bool IsReady(DateTimeOffset now) => (isReady is null && Until is null) || Until <= now || isReady?.Invoke() == true;

        public void Continue() => next();
    }

    /// <summary>A turn that is waited for.</summary>
    public readonly struct Waiting(World world, Func<bool>? isReady, DateTimeOffset? until) : ICriticalNotifyCompletion
    {
        public bool IsCompleted => false;

        public Waiting GetAwaiter() => this;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation) =>
            world.Park(new Parked(world._running, isReady, until, continuation));
    }
}

/// <summary>A line of the trace that is only put together when there is one.</summary>
[InterpolatedStringHandler]
public ref struct TraceLine
{
    private readonly bool _isTraced;
    private DefaultInterpolatedStringHandler _text;

    public TraceLine(int literalLength, int formattedCount, World world, out bool isTraced)
    {
        _isTraced = isTraced = world.IsTraced;
        _text = isTraced ? new DefaultInterpolatedStringHandler(literalLength, formattedCount) : default;
    }

    public void AppendLiteral(string text) => _text.AppendLiteral(text);

    public void AppendFormatted<T>(T value, string? format = null) => _text.AppendFormatted(value, format);

    public string Text() => _isTraced ? _text.ToStringAndClear() : "";
}
