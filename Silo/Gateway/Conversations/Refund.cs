using Lakala.Grains.Refunds;
using Lakala.Grains.Terminals;
using Lakala.Rules.Attempts;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;

namespace Lakala.Silo.Gateway.Conversations;

/// <summary>0220 and 0221: a counter gives money back to the card that paid. A 0221 without a password asks for the outcome of an earlier one.</summary>
internal static class Refund
{
    private static readonly CounterRefundAnswer Failed = CounterRefundAnswer.Refused(Refusal.Fault);

    public static async Task<Iso8583Message?> Answer(Iso8583Message message, SignedOnTerminal terminal, ConversationServices services)
    {
        RefundRequest request;
        try
        {
            request = RefundRequest.FromIso(message);
        }
        catch (Iso8583Exception fault)
        {
            services.Log.LogWarning("{Terminal}: a {Mti} is refused, {Reason}", terminal.Id, message.Mti, fault.Message);
            return await RefuseFormat(message, terminal, services);
        }

        var key = new SwipeKey(request.From.Terminal, request.Batch, request.From.Stan);
        var password = request.Password is { } enciphered ? services.Decipher(enciphered, terminal) : null;
        var answer = await services.Ask(
            () => !BillNumber.TryParse(request.Bill, out var bill) ? terminal.Grain.RefuseRefund(terminal.KeySet, key, Refusal.BillMistyped)
                : request.Currency != CurrencyCode.Cny ? terminal.Grain.RefuseRefund(terminal.KeySet, key, Refusal.CurrencyWrong)
                : request.IsEnquiry ? terminal.Grain.EnquireRefund(terminal.KeySet, key, bill.Value, request.Amount)
                : password is null ? terminal.Grain.RefuseRefund(terminal.KeySet, key, Refusal.FormatError)
                : terminal.Grain.Refund(terminal.KeySet, new RefundAtCounter(
                    key, terminal.Store, bill.Value, request.Amount, request.MaskedCard, request.Clerk, request.Supervisor, password)),
            Failed);
        return Compose(answer, request.From, request.Batch, request.Bill, request.Amount, request.Currency, terminal.Language).ToIso();
    }

    private static async Task<Iso8583Message?> RefuseFormat(Iso8583Message message, SignedOnTerminal terminal, ConversationServices services)
    {
        // Without a readable key there is no final answer: the exception closes the line.
        var (from, batch) = PayRequest.KeyOf(message);
        var key = new SwipeKey(from.Terminal, batch, from.Stan);
        var answer = await services.Ask(() => terminal.Grain.RefuseRefund(terminal.KeySet, key, Refusal.FormatError), Failed);
        return Compose(answer, from, batch, "", 0, CurrencyCode.Cny, terminal.Language).ToIso();
    }

    private static RefundAnswer Compose(CounterRefundAnswer answer, Origin from, int batch, string bill, long amount, int currency, string language) => new(
        from,
        Verdicts.For(answer, language),
        batch,
        bill,
        amount,
        currency,
        new PaymentFacts(answer.Rrn, null, answer.MaskedCard, answer.MadeAt, answer.Payee, answer.OrderId),
        answer.OriginalRrn,
        answer.IsWaiting);
}
