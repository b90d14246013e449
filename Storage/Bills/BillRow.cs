using Lakala.Rules.Bills;
using Lakala.Rules.Ledger;
using Lakala.Rules.Trades;
using Lakala.Vocabulary;

namespace Lakala.Storage.Bills;

/// <summary>A bill's row. Metadata is the merchant's JSON text.</summary>
/// <param name="ShopperPhone">E.164, such as +8613800000000.</param>
/// <param name="ShopperLanguage">en or zh; null when the merchant gave none.</param>
/// <param name="Escrow">Null: the bill is direct.</param>
/// <param name="Trade">Of a paid escrow bill.</param>
/// <param name="Refunded">All of its refunds that were not declined, also those on their way, in minor units.</param>
[GenerateSerializer, Immutable, Alias("bill-row")]
public sealed record BillRow(
    [property: Id(0)] long Number,
    [property: Id(1)] string MerchantId,
    [property: Id(2)] string MerchantName,
    [property: Id(3)] string OrderId,
    [property: Id(4)] string Description,
    [property: Id(5)] Bill Bill,
    [property: Id(6)] string PageToken,
    [property: Id(7)] string? ShopperName,
    [property: Id(8)] string? ShopperEmail,
    [property: Id(13)] string? ShopperPhone,
    [property: Id(14)] string? ShopperLanguage,
    [property: Id(9)] string? Metadata,
    [property: Id(10)] DateTimeOffset CreatedAt,
    [property: Id(11)] Payment? Payment,
    [property: Id(12)] DateTimeOffset? ClosedAt,
    [property: Id(16)] EscrowTerms? Escrow = null,
    [property: Id(17)] Trade? Trade = null,
    [property: Id(15)] long Refunded = 0,
    [property: Id(18)] FeeOnRefund FeeOnRefund = FeeOnRefund.Returned)
{
    public BillNumber BillNumber => BillNumber.FromStored(Number);

    // The page's address and the shopper's data must not be printed.
    public override string ToString() => $"bill {BillNumber}, {Bill.State}, {Bill.Amount}";
}
