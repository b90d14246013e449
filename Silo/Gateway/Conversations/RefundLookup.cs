using Lakala.Grains.Bills;
using Lakala.Rules.Attempts;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;

namespace Lakala.Silo.Gateway.Conversations;

/// <summary>0100 for a refund: what of a payment can be given back.</summary>
internal static class RefundLookup
{
    public static async Task<Iso8583Message?> Answer(Iso8583Message message, SignedOnTerminal terminal, ConversationServices services)
    {
        var request = RefundLookupRequest.FromIso(message);
        long? bill = BillNumber.TryParse(request.Bill, out var number) ? number.Value : null;
        var key = new SwipeKey(request.From.Terminal, request.Batch, request.From.Stan);

        // What is no RRN names no payment.
        long? rrn = request.Rrn is null ? null : Rrn.TryParse(request.Rrn, out var parsed) ? parsed : 0;
        var found = await services.Ask(() => terminal.Grain.LookupRefund(terminal.KeySet, key, bill, rrn), new BillFound(null, Refusal.Fault, TimeSpan.Zero));
        var row = found.Refusal is null ? found.Row : null;
        return new RefundLookupAnswer(
            request.From,
            Verdicts.For(found.Refusal, terminal.Language),
            row?.Payment is not { } payment ? null : new RefundablePayment(
                row.BillNumber.ToString(),
                payment.Rrn,
                row.Bill.Amount.Minor,
                row.Bill.Amount.Minor - row.Refunded,
                CurrencyCode.Cny,
                payment.PaidAt,
                payment.MaskedCard,
                row.MerchantName,
                row.Description,
                row.OrderId)).ToIso();
    }
}
