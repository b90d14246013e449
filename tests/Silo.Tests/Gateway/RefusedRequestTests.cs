using Lakala.Grains.Terminals;
using Lakala.Grains.Tests;
using Lakala.Silo.Gateway;
using Lakala.Storage.Stores;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;
using Lakala.Wire.Terminal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Silo.Tests.Gateway;

/// <summary>Authentic requests with a value that the protocol does not have.</summary>
public sealed class RefusedRequestTests(SwipeCluster cluster) : IClassFixture<SwipeCluster>, IAsyncLifetime
{
    private const int UsDollar = 840;

    private readonly FakeTimeProvider _time = new();
    private LineWatch _watch = null!;
    private GatewayDevice _device = null!;

    public async ValueTask InitializeAsync()
    {
        _watch = new LineWatch(Options.Create(new TerminalGatewayOptions()), _time, NullLogger<LineWatch>.Instance);
        _device = await GatewayDevice.SignOn(cluster, _watch, _time);
    }

    public async ValueTask DisposeAsync()
    {
        await _device.DisposeAsync();
        _watch.Dispose();
    }

    [Fact]
    public async Task An_unknown_currency_is_refused_under_its_key_and_not_stored_as_an_amount()
    {
        var bill = await cluster.Books.PutBill();
        var swipe = _device.Swipe(bill, TestTerminal.Amount) with { Currency = UsDollar };

        await Expect(swipe);
        await Expect(swipe with { IsRepeat = true });
        await Expect(swipe with { IsRepeat = true, Track2 = null, PinBlock = null });

        (await cluster.Books.Scalar<string>($"select concat_ws(' ', state, currency, amount, bill) from attempts where terminal_id = '{_device.Terminal}'")).Should().Be("REFUSED");
        (await cluster.Books.Scalar<string>($"select state from bills where number = {bill}")).Should().Be("OPEN");
        (await _device.Pay(swipe with { Currency = CurrencyCode.Cny })).Reason.Should().Be((int)Refusal.CurrencyWrong, "the refusal is final under its key");
    }

    [Fact]
    public async Task An_unknown_currency_does_not_change_a_key_that_is_known()
    {
        var swipe = _device.Swipe(await cluster.Books.PutBill(), TestTerminal.Amount);
        (await _device.Pay(swipe)).Code.Should().Be(ResponseCodes.Approved);

        (await _device.Pay(swipe with { IsRepeat = true, Currency = UsDollar })).Reason.Should().Be((int)Refusal.KeyReused);

        (await _device.Pay(swipe with { IsRepeat = true })).Code.Should().Be(ResponseCodes.Approved);
    }

    [Fact]
    public async Task An_unknown_network_function_is_refused_as_a_format_error()
    {
        var answer = await _device.AskFunction(999);

        answer.Code.Should().Be(999);
        (answer.Verdict.Code, answer.Verdict.Reason).Should().Be((ResponseCodes.FormatError, (int)Refusal.FormatError));
        (await _device.Echo()).Should().Be(ResponseCodes.Approved);
    }

    [Fact]
    public async Task An_unknown_network_function_under_keys_that_have_ended_is_told_to_sign_on()
    {
        (await _device.Echo()).Should().Be(ResponseCodes.Approved);
        await new ProvisioningRows(cluster.Books.Database).ReplaceMasterKey(_device.Terminal, MasterKey.NewKey(), "test", TestContext.Current.CancellationToken);
        await cluster.Silos.Grains.GetGrain<ITerminalGrain>(_device.Terminal).Refresh();
        _time.Advance(TimeSpan.FromSeconds(1));
        var since = _time.GetTimestamp();

        (await _device.AskFunction(999)).Verdict.Code.Should().Be(ResponseCodes.SignOnFirst);
        _watch.HeardSince(since).Should().NotContainKey(_device.Terminal);
    }

    private async Task Expect(PayRequest swipe)
    {
        var verdict = await _device.Pay(swipe);
        (verdict.Code, verdict.Reason).Should().Be((ResponseCodes.WrongAmount, (int)Refusal.CurrencyWrong));
    }
}
