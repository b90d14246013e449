using Lakala.Wire.Iso8583;

namespace Lakala.Wire.Bank;

/// <summary>0420, or 0421 for a repeat: reverses the original, which it names without its card.</summary>
public sealed record BankReversalRequest(
    bool IsRepeat, string Rrn, int Stan, DateTimeOffset OriginalTime, long Amount, int Currency, string Institution, string Terminal, string Store)
{
    public Iso8583Message ToIso() => new Iso8583Message(Iso8583Spec.Lakala, IsRepeat ? Mti.ReversalRepeat : Mti.Reversal)
        .Set(3, ProcessingCode.BillPayment).Set(4, Amount).Set(11, Stan).Set(32, Institution).Set(37, Rrn)
        .Set(41, Terminal).Set(42, Store).Set(49, Currency)
        .Set(90, OriginalData.Compose(Stan, OriginalTime, Institution));

    public static BankReversalRequest FromIso(Iso8583Message message, TimeProvider time) => new(
        message.Mti == Mti.ReversalRepeat,
        message.Require(37),
        (int)message.RequireNumber(11),
        time.GetUtcNow(),
        message.RequireNumber(4),
        (int)message.RequireNumber(49),
        message.Require(32),
        message.Require(41),
        message.Require(42));
}

/// <summary>0430: the reversal is final, whether the bank had seen the original or not.</summary>
public sealed record BankReversalAnswer(string Rrn, int Stan, string ResponseCode)
{
    public Iso8583Message ToIso() => new Iso8583Message(Iso8583Spec.Lakala, Mti.ReversalAnswer)
        .Set(3, ProcessingCode.BillPayment).Set(11, Stan).Set(37, Rrn).Set(39, ResponseCode);

    public static BankReversalAnswer FromIso(Iso8583Message message) =>
        new(message.Require(37), (int)message.RequireNumber(11), message.Require(39));
}
