using System.Threading.Channels;
using Lakala.Silo.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace Lakala.Silo.Tests.Hosting;

/// <summary>Periodic work survives any fault of one round, and logs it.</summary>
public sealed class PeriodicWorkTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _clock = new();

    public static TheoryData<Exception, LogLevel> Faults => new()
    {
        { new NpgsqlException("the server is gone"), LogLevel.Warning },
        { new TimeoutException("no answer"), LogLevel.Warning },
        { new InvalidOperationException("a mistake of ours"), LogLevel.Error },
        { new OperationCanceledException("somebody else has given up"), LogLevel.Error },
    };

    [Theory]
    [MemberData(nameof(Faults), DisableDiscoveryEnumeration = true)]
    public async Task A_round_that_fails_is_logged_with_its_reason_and_the_next_one_comes(Exception fault, LogLevel level)
    {
        using var work = new Work(_clock, fault);
        await work.StartAsync(TestContext.Current.CancellationToken);

        (await Next(work.Rounds)).Should().Be(1, "the first round waits for nothing");
        (await Next(work.Log.Lines)).Should().Be((level, $"The work failed, the next round will do it: {fault.Message}"));
        _clock.Advance(Interval);
        (await Next(work.Rounds)).Should().Be(2);

        await work.StopAsync(TestContext.Current.CancellationToken);
        work.ExecuteTask!.IsFaulted.Should().BeFalse();
        work.Log.Lines.TryRead(out _).Should().BeFalse("the end of the work is no fault");
    }

    private static async Task<T> Next<T>(ChannelReader<T> from) => await from.ReadAsync(TestContext.Current.CancellationToken);

    private sealed class Work : PeriodicWork
    {
        private readonly Channel<int> _rounds = Channel.CreateUnbounded<int>();
        private readonly Exception _fault;
        private int _round;

        public Work(TimeProvider time, Exception fault)
            : this(time, fault, new TestLog())
        {
        }

        private Work(TimeProvider time, Exception fault, TestLog log)
            : base(time, log) => (_fault, Log) = (fault, log);

        public TestLog Log { get; }

        public ChannelReader<int> Rounds => _rounds.Reader;

        protected override string FailureText => "The work failed, the next round will do it";

        protected override Task ExecuteAsync(CancellationToken stoppingToken) => Repeat(Interval, Round, stoppingToken, atOnce: true);

        private async Task Round(CancellationToken stop)
        {
            _rounds.Writer.TryWrite(++_round);
            if (_round == 1)
            {
                throw _fault;
            }

            await Task.Delay(Timeout.Infinite, stop);
        }
    }

    private sealed class TestLog : ILogger
    {
        private readonly Channel<(LogLevel Level, string Text)> _lines = Channel.CreateUnbounded<(LogLevel, string)>();

        public ChannelReader<(LogLevel Level, string Text)> Lines => _lines.Reader;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Writer.TryWrite((logLevel, formatter(state, exception)));
    }
}
