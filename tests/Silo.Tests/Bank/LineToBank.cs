using System.Text;
using Lakala.Grains.Bills;
using Lakala.Grains.Swipes;
using Lakala.Grains.Tests;
using Lakala.Rules.Attempts;
using Lakala.Silo.Bank;
using Lakala.Silo.Security;
using Lakala.Storage.Refunds;
using Lakala.Storage.Swipes;
using Lakala.Testing;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using TestCard = Lakala.Local.TestCard;

namespace Lakala.Silo.Tests.Bank;

/// <summary>A payment that the bank has decided.</summary>
public sealed record Sale(long Rrn, int Stan, long Amount, DateTimeOffset StartedAt, string Code)
{
    public string RrnText => Lakala.Vocabulary.Rrn.ToText(Rrn);
}

/// <summary>A silo's line to a bank. Its time stands still unless the test moves it, so nothing times out by itself.</summary>
public sealed class LineToBank : IAsyncDisposable
{
    public const string Terminal = "T6000001";

    // Shorter than the silence after which the line sends an echo.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(4);
    private static long _numbers;

    private readonly FakeTimeProvider _clock = new(TimeProvider.System.GetUtcNow());
    private readonly LateAnswers _late;
    private readonly BankLink _link;

    private LineToBank(SwipeCluster cluster, int port, string zoneMasterKeyFile)
    {
        _late = new LateAnswers(
            cluster.Books.Attempts, cluster.Books.Reversals, cluster.Silos.Service<RefundRows>(), cluster.Silos.Service<IBillGrains>(), _clock, NullLogger<LateAnswers>.Instance);
        _link = new BankLink(
            Options.Create(new BankLinkOptions { Port = port, ZoneMasterKeyFile = zoneMasterKeyFile, ReversalTimeout = Timeout }),
            new PinsInClear(),
            _late,
            _clock,
            NullLogger<BankLink>.Instance);
    }

    public IRefundLine Refunds => _link;

    public long LateAnswers => _late.Taken;

    public static async Task<LineToBank> Open(SwipeCluster cluster, int port, string zoneMasterKeyFile)
    {
        var line = new LineToBank(cluster, port, zoneMasterKeyFile);
        await line.UntilUp();
        return line;
    }

    public static long NextRrn() => 600_000_000 + Interlocked.Increment(ref _numbers);

    public Task UntilUp() => Eventually.Is(
        () =>
        {
            if (!_link.IsUp)
            {
                _clock.Advance(TimeSpan.FromMilliseconds(250));
            }

            return Task.FromResult(_link.IsUp);
        },
        "the line to the bank is up");

    public Task UntilDown() => Eventually.Is(() => Task.FromResult(!_link.IsUp), "the line to the bank is down");

    /// <summary>Ends the wait for the answers that are outstanding.</summary>
    public void TimeOut() => _clock.Advance(Timeout);

    public async Task<Sale> Pay(TestCard card, long amount, long? rrn = null)
    {
        var number = rrn ?? NextRrn();
        var (stan, startedAt) = ((int)(number % 1_000_000), _clock.GetUtcNow());
        var outcome = await _link.Authorise(
            new Authorisation(
                new SwipeKey(Terminal, 1, stan),
                Books.Store,
                number,
                new Money(amount, Money.Cny),
                new PresentedCard("", card.Track2, Encoding.ASCII.GetBytes(card.Pin), new PinKey(Terminal, 1, [])),
                EntryMode.Swiped,
                startedAt),
            Timeout);
        return new Sale(number, stan, amount, startedAt, outcome.Should().BeOfType<BankOutcome.Answered>().Subject.Answer.ResponseCode);
    }

    public async Task Reverse(Sale sale) => (await _link.Reverse(new ReversalRow(
        sale.Rrn, Terminal, sale.Stan, Books.Store, sale.Amount, Money.Cny, sale.StartedAt, Tries: 0))).Should().BeTrue();

    public RefundToSend NewRefund(Sale sale, long amount) => new(
        Rrn: NextRrn(),
        OriginalRrn: sale.Rrn,
        Amount: new Money(amount, Money.Cny),
        Tries: 0,
        SentAt: _clock.GetUtcNow(),
        Terminal: Terminal,
        OriginalStan: sale.Stan,
        Store: Books.Store,
        OriginalTime: sale.StartedAt);

    public async ValueTask DisposeAsync()
    {
        await _link.DisposeAsync();
        _late.Dispose();
    }

    // The test's cards come with their PIN in clear.
    private sealed class PinsInClear : IPinTranslator
    {
        public byte[] Translate(PresentedCard card, PinCipher zoneKey) =>
            PinBlock.Encipher(Encoding.ASCII.GetString(card.PinBlock), card.Track2.Split('=')[0], zoneKey);
    }
}
