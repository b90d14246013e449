using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Lakala.Rules.Attempts;
using Lakala.Silo.Hosting;
using Lakala.Silo.Ledger;
using Lakala.Storage.Due;
using Lakala.Storage.Ledger;
using Lakala.Storage.Swipes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Books = Lakala.Testing.Books;

namespace Lakala.Silo.Tests.Ledger;

/// <summary>The delay from a payment to its balance, as the metrics show it.</summary>
public sealed class LedgerWorkTests(Books books) : IClassFixture<Books>, IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<double> _delays = [];
    private double _oldestAge;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _listener.Dispose();
        _services.Dispose();
    }

    [Fact]
    public async Task The_delay_of_each_credit_and_the_age_of_the_oldest_that_waits_are_measured()
    {
        using var due = new DueWatch(new DueRows(books.Connections), Options.Create(new SwipeOptions()), _clock, NullLogger<DueWatch>.Instance);
        await due.StartAsync(Stop);
        using var work = new LedgerWork(new LedgerRows(books.Connections), due, Meters(), _clock, NullLogger<LedgerWork>.Instance);
        await work.StartAsync(Stop);
        await using (var writer = await books.Database.OpenConnectionAsync(Stop))
        {
            await using var longOne = await writer.BeginTransactionAsync(Stop);
            await using var write = new Npgsql.NpgsqlCommand("select txid_current()", writer, longOne);
            await write.ExecuteScalarAsync(Stop);
            await Pay(paidAgo: TimeSpan.FromMinutes(5));

            await Until(() => _oldestAge >= 300);
            _delays.Should().BeEmpty("it waits for the transaction");
            (await books.Scalar<long>("select count(*) from balances")).Should().Be(0);
        }

        await Until(() => !_delays.IsEmpty && _oldestAge < 60);
        _clock.Advance(TimeSpan.FromMinutes(10));
        await Until(() => _oldestAge < 60);
        await work.StopAsync(Stop);
        await due.StopAsync(Stop);

        _delays.Should().ContainSingle().Which.Should().BeGreaterThanOrEqualTo(300);
        (await books.Scalar<long>("select count(*) from balances")).Should().Be(2);
    }

    private IMeterFactory Meters()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == _services.GetRequiredService<IMeterFactory>())
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, _, _) =>
        {
            if (instrument.Name == "lakala.credits.delay")
            {
                _delays.Enqueue(value);
            }
            else if (instrument.Name == "lakala.credits.oldest_age")
            {
                _oldestAge = value;
            }
        });
        _listener.Start();
        return _services.GetRequiredService<IMeterFactory>();
    }

    private Task Until(Func<bool> condition) => Testing.Eventually.Is(
        () =>
        {
            _clock.Advance(TimeSpan.FromMilliseconds(500));
            _listener.RecordObservableInstruments();
            return Task.FromResult(condition());
        },
        "the metrics show it");

    private async Task Pay(TimeSpan paidAgo)
    {
        var start = await books.NewAttempt(await books.PutBill(), 1);
        await books.Commits.StartAttempts.Submit(start);
        await books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, TimeProvider.System.GetUtcNow() - paidAgo));
    }
}
