using System.Collections.Concurrent;
using Lakala.Chaos.Audit;
using Lakala.Silo.Bank;
using Lakala.Storage.Refunds;
using Lakala.Vocabulary;

namespace Lakala.Model.Tests.Trades;

/// <summary>The bank's book of refunds. Under one RRN it gives one credit or none, however often the refund comes.</summary>
internal sealed class RefundBank
{
    private readonly ConcurrentDictionary<long, (RefundToSend Refund, string Code)> _book = [];

    public IReadOnlyList<BankRefund> Book =>
    [
        .. _book.Values.Select(entry => new BankRefund(
            Rrn.ToText(entry.Refund.Rrn), Rrn.ToText(entry.Refund.OriginalRrn), entry.Refund.Amount.Minor, entry.Code, entry.Code == ResponseCodes.Approved ? 1 : 0)),
    ];

    /// <summary>The refund arrives.</summary>
    /// <param name="wanted">The bank's word, if it has none yet.</param>
    public string Enter(RefundToSend refund, string wanted) => _book.GetOrAdd(refund.Rrn, _ => (refund, wanted)).Code;

    /// <summary>A line to the bank, by which each refund gets the answer that the test wants.</summary>
    internal sealed class Line(Func<RefundToSend, Task<string?>> answer) : IRefundLine
    {
        public Task<string?> Refund(RefundToSend refund) => answer(refund);
    }
}
