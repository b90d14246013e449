using Lakala.Grains.Bills;
using Lakala.Rules.Attempts;
using Lakala.Rules.Ledger;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;

namespace Lakala.Silo.Gateway.Conversations;

/// <summary>0100: the bill of a number.</summary>
internal static class Lookup
{
    public static async Task<Iso8583Message?> Answer(Iso8583Message message, SignedOnTerminal terminal, ConversationServices services)
    {
        var request = LookupRequest.FromIso(message);
        long? number = BillNumber.TryParse(request.Bill, out var bill) ? bill.Value : null;
        var key = new SwipeKey(request.From.Terminal, request.Batch, request.From.Stan);
        var found = await services.Ask(() => terminal.Grain.Lookup(terminal.KeySet, key, number), new BillFound(null, Refusal.Fault, TimeSpan.Zero));
        var verdict = Verdicts.For(found.Refusal, terminal.Language);
        var row = found.Refusal is null ? found.Row : null;
        return new LookupAnswer(
            request.From,
            verdict,
            request.Bill,
            row?.Bill.Amount.Minor,
            row is null ? null : CurrencyCode.Cny,
            row?.MerchantName,
            row?.Description,
            row?.OrderId,
            row is null ? null : found.TimeLeft,
            row?.Escrow is { } terms ? new Guarantee(terms.ShipWithin, terms.ConfirmWithin) : null,
            row?.FeeOnRefund == FeeOnRefund.Kept).ToIso();
    }
}
