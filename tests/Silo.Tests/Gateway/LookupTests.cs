using Lakala.Grains.Tests;
using Lakala.Rules.Bills;
using Lakala.Rules.Ledger;
using Lakala.Rules.Trades;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;

namespace Lakala.Silo.Tests.Gateway;

/// <summary>What a terminal reads about a bill before it is paid.</summary>
public sealed class LookupTests(SwipeCluster cluster) : SignedOnTerminal(cluster)
{
    private static readonly EscrowTerms Terms = new(DeliveryMethod.Express, TimeSpan.FromHours(72), TimeSpan.FromDays(10));

    [Theory]
    [InlineData(FeeOnRefund.Kept, false)]
    [InlineData(FeeOnRefund.Kept, true)]
    [InlineData(FeeOnRefund.Returned, false)]
    [InlineData(FeeOnRefund.Returned, true)]
    public async Task The_terms_of_a_bill_are_said_with_what_is_owed(FeeOnRefund fee, bool isHeld)
    {
        var answer = await Device.LookUp(await Cluster.Books.PutBill(escrow: isHeld ? Terms : null, fee: fee));

        var found = LookupAnswer.FromIso(answer);
        (found.Verdict.Code, found.Amount).Should().Be((ResponseCodes.Approved, 1_000L));
        found.IsFeeKept.Should().Be(fee == FeeOnRefund.Kept);
        found.Guarantee.Should().Be(isHeld ? new Guarantee(Terms.ShipWithin, Terms.ConfirmWithin) : null);
        PrivateData.ReadFrom(answer)[Tags.FeeKept].Should().Be(fee == FeeOnRefund.Kept ? "1" : null, "a bill that keeps no fee is answered as before");
    }

    [Fact]
    public async Task Nothing_is_said_about_the_fee_of_a_bill_that_cannot_be_paid()
    {
        var answer = await Device.LookUp(await Cluster.Books.PutBill(state: BillState.Cancelled, fee: FeeOnRefund.Kept));

        LookupAnswer.FromIso(answer).Should().Match<LookupAnswer>(refused => refused.Verdict.Code != ResponseCodes.Approved && refused.Amount == null && !refused.IsFeeKept);
    }
}
