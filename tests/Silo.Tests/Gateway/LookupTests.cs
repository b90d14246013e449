using Lakala.Grains.Tests;
using Lakala.Rules.Bills;
using Lakala.Rules.Ledger;
using Lakala.Rules.Trades;
using Lakala.Silo.Gateway;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Silo.Tests.Gateway;

/// <summary>What a terminal reads about a bill before it is paid.</summary>
public sealed class LookupTests(SwipeCluster cluster) : IClassFixture<SwipeCluster>, IAsyncLifetime
{
    private static readonly EscrowTerms Terms = new(DeliveryMethod.Express, TimeSpan.FromHours(72), TimeSpan.FromDays(10));

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

    [Theory]
    [InlineData(FeeOnRefund.Kept, false)]
    [InlineData(FeeOnRefund.Kept, true)]
    [InlineData(FeeOnRefund.Returned, false)]
    [InlineData(FeeOnRefund.Returned, true)]
    public async Task The_terms_of_a_bill_are_said_with_what_is_owed(FeeOnRefund fee, bool isHeld)
    {
        var answer = await _device.LookUp(await cluster.Books.PutBill(escrow: isHeld ? Terms : null, fee: fee));

        var found = LookupAnswer.FromIso(answer);
        (found.Verdict.Code, found.Amount).Should().Be((ResponseCodes.Approved, 1_000L));
        found.IsFeeKept.Should().Be(fee == FeeOnRefund.Kept);
        found.Guarantee.Should().Be(isHeld ? new Guarantee(Terms.ShipWithin, Terms.ConfirmWithin) : null);
        PrivateData.ReadFrom(answer)[Tags.FeeKept].Should().Be(fee == FeeOnRefund.Kept ? "1" : null, "a bill that keeps no fee is answered as before");
    }

    [Fact]
    public async Task Nothing_is_said_about_the_fee_of_a_bill_that_cannot_be_paid()
    {
        var answer = await _device.LookUp(await cluster.Books.PutBill(state: BillState.Cancelled, fee: FeeOnRefund.Kept));

        LookupAnswer.FromIso(answer).Should().Match<LookupAnswer>(refused => refused.Verdict.Code != ResponseCodes.Approved && refused.Amount == null && !refused.IsFeeKept);
    }
}
