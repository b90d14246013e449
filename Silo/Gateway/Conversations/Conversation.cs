using Lakala.Wire.Iso8583;

namespace Lakala.Silo.Gateway.Conversations;

/// <summary>The work of a conversation: takes an authentic request, returns its answer. Null is silence: nothing is certain yet.</summary>
internal delegate Task<Iso8583Message?> Answering(Iso8583Message request, SignedOnTerminal terminal, ConversationServices services);

/// <summary>
/// One kind of request. A new kind is a file beside this one and a row of the table. <see cref="SignOn"/> is not in the table:
/// it comes before the session.
/// </summary>
/// <param name="AnswerMti">Message type of the answer, and of a hint to a request that is not authentic.</param>
internal sealed record Conversation(string AnswerMti, Answering Answer)
{
    private static readonly Conversation
        OfLookup = new(Mti.LookupAnswer, Lookup.Answer),
        OfPay = new(Mti.PayAnswer, Pay.Answer),
        OfAbandon = new(Mti.ReversalAnswer, Abandon.Answer),
        OfRefundLookup = new(Mti.LookupAnswer, RefundLookup.Answer),
        OfRefund = new(Mti.RefundAnswer, Refund.Answer),
        OfBatchClose = new(Mti.BatchCloseAnswer, BatchClose.Answer),
        OfSignOff = new(Mti.NetworkAnswer, SignOff.Answer),
        OfClerkSignIn = new(Mti.NetworkAnswer, ClerkSignIn.Answer),
        OfParameters = new(Mti.NetworkAnswer, Parameters.Answer),
        OfEcho = new(Mti.NetworkAnswer, Echo.Answer),
        OfUnknownFunction = new(Mti.NetworkAnswer, UnknownFunction.Answer);

    /// <summary>Finds the conversation by message type, by network code (field 70) where there is one, and of a lookup by processing code (field 3).</summary>
    /// <exception cref="Iso8583Exception">The message type is not in use.</exception>
    public static Conversation Find(Iso8583Message request) => (request.Mti, request.Mti == Mti.NetworkRequest ? request.RequireNumber(70) : 0) switch
    {
        (Mti.LookupRequest, _) => request.Has(3) && request.RequireNumber(3) == ProcessingCode.Refund ? OfRefundLookup : OfLookup,
        (Mti.PayRequest or Mti.PayRepeat, _) => OfPay,
        (Mti.Reversal or Mti.ReversalRepeat, _) => OfAbandon,
        (Mti.Refund or Mti.RefundRepeat, _) => OfRefund,
        (Mti.BatchClose, _) => OfBatchClose,
        (Mti.NetworkRequest, NetworkCode.SignOff) => OfSignOff,
        (Mti.NetworkRequest, NetworkCode.ClerkSignIn) => OfClerkSignIn,
        (Mti.NetworkRequest, NetworkCode.Parameters) => OfParameters,
        (Mti.NetworkRequest, NetworkCode.Echo) => OfEcho,
        (Mti.NetworkRequest, _) => OfUnknownFunction,
        _ => throw new Iso8583Exception(0, "The message type is not in use."),
    };
}
