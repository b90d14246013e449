using Lakala.Rules.Attempts;
using Lakala.Rules.Refunds;

namespace Lakala.Storage.Refunds;

/// <summary>What a final word of the bank has changed.</summary>
public enum FinalWord
{
    /// <summary>It decides the refund.</summary>
    Posted,

    /// <summary>The refund is decided in this sense already, or was never sent: nothing is changed.</summary>
    Unneeded,

    /// <summary>The refund is decided in the other sense. That stays, no money is moved, and an operator is alarmed.</summary>
    Contradicts,
}

/// <summary>Takes the bank's answers to refunds for which no request waits.</summary>
public interface ILateRefunds
{
    /// <summary>R3 by a late answer, if it is the first final word about the refund.</summary>
    /// <param name="state">What the answer means: DONE or DECLINED.</param>
    /// <returns>Null: no refund has this RRN with the answer's amount and terminal.</returns>
    Task<FinalWord?> TakeLate(long rrn, RefundState state, BankAnswer answer);
}
