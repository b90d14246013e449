using Lakala.Grains.Terminals;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;

namespace Lakala.Silo.Gateway.Conversations;

/// <summary>0500: compares the terminal's totals of a batch with the books.</summary>
internal static class BatchClose
{
    public static async Task<Iso8583Message?> Answer(Iso8583Message message, SignedOnTerminal terminal, ConversationServices services)
    {
        var request = BatchCloseRequest.FromIso(message);
        var closed = await services.Ask(
            () => terminal.Grain.CloseBatch(terminal.KeySet, request.Batch, request.Totals.Count, request.Totals.Amount, request.ListAfter, request.Totals.Refunds, request.Totals.Refunded),
            new ClosedBatch(Refusal.Fault, 0, 0, []));
        var isClosed = closed.Refusal is null or Refusal.TotalsDiffer;
        return new BatchCloseAnswer(
            request.From,
            Verdicts.For(closed.Refusal, terminal.Language),
            request.Batch,
            isClosed ? new BatchTotals(closed.Count, closed.Amount, closed.Refunds, closed.Refunded) : null,
            [.. closed.List.Select(entry => new BatchEntry(entry.Stan, entry.Amount))]).ToIso();
    }
}
