using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;

namespace Lakala.Wire.Bank;

/// <summary>0220, or 0221 for a repeat: gives money of the original back to its card, which it does not have.</summary>
/// <param name="Rrn">The refund's own: its name for ever.</param>
/// <param name="Stan">The refund's own.</param>
/// <param name="Time">Of the refund, the same in every repeat.</param>
/// <param name="Amount">Minor units: the part of the original that goes back.</param>
/// <param name="Terminal">Of the original, and so is <paramref name="Store"/>.</param>
public sealed record BankRefundRequest(
    bool IsRepeat,
    string Rrn,
    int Stan,
    DateTimeOffset Time,
    long Amount,
    int Currency,
    string Institution,
    string Terminal,
    string Store,
    string OriginalRrn,
    int OriginalStan,
    DateTimeOffset OriginalTime)
{
    public Iso8583Message ToIso() => new Iso8583Message(Iso8583Spec.Lakala, IsRepeat ? Mti.RefundRepeat : Mti.Refund)
        .Set(3, ProcessingCode.Refund).Set(4, Amount).Set(7, Field.TransmissionTime(Time)).Set(11, Stan).Set(32, Institution).Set(37, Rrn)
        .Set(41, Terminal).Set(42, Store)
        .Set(48, new PrivateData().Add(Tags.OriginalRrn, OriginalRrn).ToBytes())
        .Set(49, Currency)
        .Set(90, OriginalData.Compose(OriginalStan, OriginalTime, Institution));

    /// <exception cref="Iso8583Exception">A field is missing or wrong, or it is an advice of another kind.</exception>
    public static BankRefundRequest FromIso(Iso8583Message message, TimeProvider time)
    {
        Field.RequireRefund(message);
        var now = time.GetUtcNow();
        var original = message.Require(90);
        return new BankRefundRequest(
            message.Mti == Mti.RefundRepeat,
            message.Require(37),
            (int)message.RequireNumber(11),
            Field.TryTransmissionTime(message.Require(7), now, out var sent) ? sent : throw new Iso8583Exception(7, "holds no time"),
            message.RequireNumber(4),
            (int)message.RequireNumber(49),
            message.Require(32),
            message.Require(41),
            message.Require(42),
            PrivateData.ReadFrom(message).Require(Tags.OriginalRrn),
            OriginalData.StanOf(original),
            OriginalData.TimeOf(original, now));
    }

    public override string ToString() => $"{(IsRepeat ? Mti.RefundRepeat : Mti.Refund)} RRN {Rrn} of RRN {OriginalRrn}";
}

/// <summary>0230 from the bank: repeats amount, currency, RRN and terminal of the request.</summary>
public sealed record BankRefundAnswer(string Rrn, int Stan, long Amount, int Currency, string Terminal, string ResponseCode)
{
    public Iso8583Message ToIso() => new Iso8583Message(Iso8583Spec.Lakala, Mti.RefundAnswer)
        .Set(3, ProcessingCode.Refund).Set(4, Amount).Set(11, Stan).Set(37, Rrn).Set(39, ResponseCode).Set(41, Terminal).Set(49, Currency);

    public static BankRefundAnswer FromIso(Iso8583Message message) => new(
        message.Require(37),
        (int)message.RequireNumber(11),
        message.RequireNumber(4),
        (int)message.RequireNumber(49),
        message.Require(41),
        message.Require(39));
}
