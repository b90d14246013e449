using System.Diagnostics;
using System.Diagnostics.Metrics;
using Lakala.Grains.Swipes;
using Lakala.Rules.Attempts;
using Lakala.Storage;
using Lakala.Vocabulary;
using Lakala.Wire.Cards;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;

namespace Lakala.Silo.Gateway.Conversations;

/// <summary>0200 and 0201: a swipe pays a bill. A 0201 without a card asks for the outcome of an earlier swipe.</summary>
internal static class Pay
{
    private static readonly Meter Meter = new(Instrumentation.Name);
    private static readonly Histogram<double> SwipeTime = Meter.CreateHistogram<double>("lakala.swipe.duration", "s");

    public static async Task<Iso8583Message?> Answer(Iso8583Message message, SignedOnTerminal terminal, ConversationServices services)
    {
        var begun = services.Time.GetTimestamp();
        PayRequest request;
        try
        {
            request = PayRequest.FromIso(message);
        }
        catch (Iso8583Exception fault)
        {
            services.Log.LogWarning("{Terminal}: a {Mti} is refused, {Reason}", terminal.Id, message.Mti, fault.Message);
            return await RefuseFormat(message, terminal, services);
        }

        var key = new SwipeKey(request.From.Terminal, request.Batch, request.From.Stan);
        Money? amount = request.Currency == CurrencyCode.Cny ? new Money(request.Amount, Money.Cny) : null;
        var isWhole = BillNumber.TryParse(request.Bill, out var bill);
        var answer = await services.Ask(
            () => !isWhole ? terminal.Grain.Refuse(terminal.KeySet, key, Refusal.BillMistyped)
                : amount is not { } owed ? terminal.Grain.Refuse(terminal.KeySet, key, Refusal.CurrencyWrong)
                : request.IsEnquiry ? terminal.Grain.Enquire(terminal.KeySet, key, bill.Value, owed)
                : terminal.Grain.Pay(terminal.KeySet, new PayBill(
                    Key: key,
                    Store: terminal.Store,
                    Bill: bill.Value,
                    Amount: owed,
                    Card: Present(request, terminal),
                    EntryMode: request.EntryMode,
                    IsRepeat: request.IsRepeat)),
            Swipe.Failed);
        Activity.Current.RecordAnswer(answer);
        SwipeTime.Record(services.Time.GetElapsedTime(begun).TotalSeconds);
        return answer.ResponseCode is null
            ? null
            : new PayAnswer(
                request.From,
                Verdicts.For(answer, terminal.Language),
                request.Batch,
                request.Bill,
                request.Amount,
                request.Currency,
                Swipe.Facts(answer, services.Vault)).ToIso();
    }

    private static async Task<Iso8583Message?> RefuseFormat(Iso8583Message message, SignedOnTerminal terminal, ConversationServices services)
    {
        // Without a readable key there is no final answer: the exception closes the line.
        var (from, batch) = PayRequest.KeyOf(message);
        var key = new SwipeKey(from.Terminal, batch, from.Stan);
        var answer = Activity.Current.RecordAnswer(await services.Ask(() => terminal.Grain.Refuse(terminal.KeySet, key, Refusal.FormatError), Swipe.Failed));
        return answer.ResponseCode is null
            ? null
            : new PayAnswer(from, Verdicts.For(answer, terminal.Language), batch, "", 0, CurrencyCode.Cny, Swipe.Facts(answer, services.Vault)).ToIso();
    }

    private static PresentedCard? Present(PayRequest request, SignedOnTerminal terminal) =>
        Track2.TryParse(request.Track2, out var track)
            ? new PresentedCard(track!.Masked, track.Data, request.PinBlock!, new PinKey(terminal.Id, terminal.KeySet, terminal.WrappedPinKey))
            : null;
}
