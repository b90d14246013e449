using Lakala.Rules.Ledger;

namespace Lakala.Storage.Bills;

/// <summary>The payment of a bill, for the receipt, the merchant and the shopper.</summary>
/// <param name="Rrn">Field 37, twelve digits.</param>
/// <param name="Rates">Those at the start of its attempt: fees are taken by them, also later.</param>
[GenerateSerializer, Immutable, Alias("payment")]
public sealed record Payment(
    [property: Id(0)] DateTimeOffset PaidAt,
    [property: Id(1)] string Rrn,
    [property: Id(2)] string AuthorisationCode,
    [property: Id(3)] string MaskedCard,
    [property: Id(4)] string Store,
    [property: Id(5)] string Terminal,
    [property: Id(6)] Rates Rates);
