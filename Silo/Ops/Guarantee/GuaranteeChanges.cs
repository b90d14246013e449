using Lakala.Storage.Claims;
using Lakala.Storage.Swipes;
using Lakala.Vocabulary;

namespace Lakala.Silo.Ops.Guarantee;

/// <summary>Own money of the platform for the guarantee fund: one administrator enters it, another one approves it.</summary>
internal sealed class GuaranteeChanges(GuaranteeRows fund, IRrnSource rrns)
{
    /// <param name="amount">Minor units; null: what was keyed is no amount.</param>
    public async Task<Result<GuaranteePayment>> Enter(long? amount, string reason, string who) =>
        amount is not { } minor ? Refused.Invalid("amount", "This is no amount. Write yuan with two decimals at most, such as 12.50.")
        : minor is < Money.MinBillAmount or > Money.MaxBillAmount
            ? Refused.Invalid("amount", $"amount must be from {Money.MinBillAmount} to {Money.MaxBillAmount} minor units (fen).")
        : string.IsNullOrWhiteSpace(reason) || reason.Length > NewGuaranteePayment.Most || !PlainText.Is(reason)
            ? Refused.Invalid("reason", $"reason must have 1 to {NewGuaranteePayment.Most} characters, none of them a control or format character.")
        : await fund.Propose(await rrns.Next(), new Money(minor, Money.Cny), reason, who);

    /// <param name="id">The payment's number, as it was shown.</param>
    public async Task<Result<GuaranteePayment>> Approve(string id, string who) =>
        !Rrn.TryParse(id, out var number) ? Refused.NotFound("payment", id)
        : await fund.Approve(number, who) switch
        {
            { Payment: { } payment, Refusal: null } => payment,
            { Payment: null } => Refused.NotFound("payment", id),
            _ => Refused.Conflict("You have entered this payment: another administrator has to approve it."),
        };
}
