using Lakala.EndToEnd.Tests;
using Lakala.Grains.Tests;
using Lakala.Storage.Refunds;
using Lakala.Testing;
using Lakala.Vocabulary;
using Lakala.Wire.Bank;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;
using Repository = Lakala.Local.Repository;
using StateFolder = Lakala.Local.StateFolder;

namespace Lakala.Silo.Tests.Bank;

/// <summary>Answers to a refund that a bank should not give.</summary>
public sealed class RefundAnswerTests(SwipeCluster cluster) : IClassFixture<SwipeCluster>, IAsyncLifetime
{
    // Whole seconds, as the wire has them; the wire has no year.
    private static readonly Sale Original =
        new(42, 7, 1_000, DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().AddDays(-300).ToUnixTimeSeconds()), "00");

    private StateFolder _state = null!;
    private ScriptedBank _bank = null!;
    private LineToBank _line = null!;

    public async ValueTask InitializeAsync()
    {
        _state = await StateFolder.OpenEmpty(Path.Combine(Repository.Home, "test", "bank-answers"));
        KeyFile.Write(_state.At("zone-master.key"), MasterKey.NewKey());
        _bank = new ScriptedBank(_state.At("zone-master.key"));
        _line = await LineToBank.Open(cluster, _bank.Port, _state.At("zone-master.key"));
    }

    public async ValueTask DisposeAsync()
    {
        await _line.DisposeAsync();
        await _bank.DisposeAsync();
        _state.Dispose();
    }

    [Fact]
    public async Task The_bank_gets_what_the_database_has_about_the_refund()
    {
        var (refund, asked) = await Ask();

        (asked.IsRepeat, asked.Rrn, asked.Amount, asked.Currency).Should().Be((false, Rrn.ToText(refund.Rrn), 400, 156));
        (asked.Terminal, asked.Store, asked.OriginalRrn, asked.OriginalStan).Should().Be((LineToBank.Terminal, Books.Store, "000000000042", 7));
        asked.OriginalTime.Should().Be(Original.StartedAt);
        asked.Stan.Should().BeInRange(1, 999_999);
        await _bank.Answer(ToAnswer(asked));
        (await refund.Code).Should().Be("00");

        var again = _line.Refunds.Refund(refund.Advice with { Tries = 1 });
        var repeated = await _bank.Refunded();
        repeated.Should().Be(asked with { IsRepeat = true });
        await _bank.Answer(ToAnswer(repeated));
        (await again).Should().Be("00");
    }

    [Theory]
    [InlineData("14")]
    [InlineData("25")]
    [InlineData("91")]
    [InlineData("ZZ")]
    public async Task Every_code_is_returned_as_it_is(string code)
    {
        var (refund, asked) = await Ask();

        await _bank.Answer(ToAnswer(asked) with { ResponseCode = code });

        (await refund.Code).Should().Be(code);
    }

    [Theory]
    [InlineData("amount")]
    [InlineData("currency")]
    [InlineData("terminal")]
    public async Task An_answer_about_something_else_is_none(string differs)
    {
        var (refund, asked) = await Ask();
        var answer = ToAnswer(asked);

        await _bank.Answer(differs switch
        {
            "amount" => answer with { Amount = 401 },
            "currency" => answer with { Currency = 840 },
            _ => answer with { Terminal = "T6000002" },
        });

        (await refund.Code).Should().BeNull();
    }

    [Fact]
    public async Task An_answer_with_another_RRN_belongs_to_nobody()
    {
        var (refund, asked) = await Ask();

        await _bank.Answer(ToAnswer(asked) with { Rrn = "000000000042" });
        await Eventually.Is(() => Task.FromResult(_line.LateAnswers == 1), "the answer with another RRN");
        _line.TimeOut();

        (await refund.Code).Should().BeNull();
    }

    [Fact]
    public async Task An_answer_with_a_wrong_MAC_is_none_and_the_right_one_after_it_counts()
    {
        var (refund, asked) = await Ask();

        await _bank.Answer(ToAnswer(asked) with { ResponseCode = "14" }, new MessageMac(MasterKey.NewKey()));
        await _bank.Answer(ToAnswer(asked));

        (await refund.Code).Should().Be("00");
        _line.LateAnswers.Should().Be(0);
    }

    private async Task<((RefundToSend Advice, long Rrn, Task<string?> Code) Refund, BankRefundRequest Asked)> Ask()
    {
        var advice = _line.NewRefund(Original, 400);
        var code = _line.Refunds.Refund(advice);
        return ((advice, advice.Rrn, code), await _bank.Refunded());
    }

    private static BankRefundAnswer ToAnswer(BankRefundRequest asked) =>
        new(asked.Rrn, asked.Stan, asked.Amount, asked.Currency, asked.Terminal, "00");
}
