using Lakala.Grains.Terminals;
using Lakala.Grains.Tests;
using Lakala.Storage.Stores;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;
using Lakala.Wire.Terminal;

namespace Lakala.Silo.Tests.Gateway;

/// <summary>Authentic requests with a value that the protocol does not have.</summary>
public sealed class RefusedRequestTests(SwipeCluster cluster) : SignedOnTerminal(cluster)
{
    private const int UsDollar = 840;

    [Fact]
    public async Task An_unknown_currency_is_refused_under_its_key_and_not_stored_as_an_amount()
    {
        var bill = await Cluster.Books.PutBill();
        var swipe = Device.Swipe(bill, TestTerminal.Amount) with { Currency = UsDollar };

        await Expect(swipe);
        await Expect(swipe with { IsRepeat = true });
        await Expect(swipe with { IsRepeat = true, Track2 = null, PinBlock = null });

        (await Cluster.Books.Scalar<string>($"select concat_ws(' ', state, currency, amount, bill) from attempts where terminal_id = '{Device.Terminal}'")).Should().Be("REFUSED");
        (await Cluster.Books.Scalar<string>($"select state from bills where number = {bill}")).Should().Be("OPEN");
        (await Device.Pay(swipe with { Currency = CurrencyCode.Cny })).Reason.Should().Be((int)Refusal.CurrencyWrong, "the refusal is final under its key");
    }

    [Fact]
    public async Task An_unknown_currency_does_not_change_a_key_that_is_known()
    {
        var swipe = Device.Swipe(await Cluster.Books.PutBill(), TestTerminal.Amount);
        (await Device.Pay(swipe)).Code.Should().Be(ResponseCodes.Approved);

        (await Device.Pay(swipe with { IsRepeat = true, Currency = UsDollar })).Reason.Should().Be((int)Refusal.KeyReused);

        (await Device.Pay(swipe with { IsRepeat = true })).Code.Should().Be(ResponseCodes.Approved);
    }

    [Fact]
    public async Task An_unknown_network_function_is_refused_as_a_format_error()
    {
        var answer = await Device.AskFunction(999);

        answer.Code.Should().Be(999);
        (answer.Verdict.Code, answer.Verdict.Reason).Should().Be((ResponseCodes.FormatError, (int)Refusal.FormatError));
        (await Device.Echo()).Should().Be(ResponseCodes.Approved);
    }

    [Fact]
    public async Task An_unknown_network_function_under_keys_that_have_ended_is_told_to_sign_on()
    {
        (await Device.Echo()).Should().Be(ResponseCodes.Approved);
        await new ProvisioningRows(Cluster.Books.Database).ReplaceMasterKey(Device.Terminal, MasterKey.NewKey(), "test", TestContext.Current.CancellationToken);
        await Cluster.Silos.Grains.GetGrain<ITerminalGrain>(Device.Terminal).Refresh();
        Time.Advance(TimeSpan.FromSeconds(1));
        var since = Time.GetTimestamp();

        (await Device.AskFunction(999)).Verdict.Code.Should().Be(ResponseCodes.SignOnFirst);
        Watch.HeardSince(since).Should().NotContainKey(Device.Terminal);
    }

    private async Task Expect(PayRequest swipe)
    {
        var verdict = await Device.Pay(swipe);
        (verdict.Code, verdict.Reason).Should().Be((ResponseCodes.WrongAmount, (int)Refusal.CurrencyWrong));
    }
}
