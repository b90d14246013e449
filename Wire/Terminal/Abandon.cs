using Lakala.Wire.Iso8583;

namespace Lakala.Wire.Terminal;

/// <summary>0420, or 0421 for a repeat: the terminal gives the key up.</summary>
public sealed record AbandonRequest(bool IsRepeat, Origin From, int Batch, int KeySet)
{
    public Iso8583Message ToIso() => From.On(IsRepeat ? Mti.ReversalRepeat : Mti.Reversal)
        .Set(3, ProcessingCode.BillPayment)
        .Set(48, new PrivateData().Add(Tags.Batch, Field.Batch(Batch)).ToBytes())
        .Set(53, SecurityControl.Compose(KeySet));

    public static AbandonRequest FromIso(Iso8583Message message) => new(
        message.Mti == Mti.ReversalRepeat,
        Origin.ReadFrom(message),
        Field.BatchOf(PrivateData.ReadFrom(message)),
        SecurityControl.KeySetOf(message));
}

/// <summary>0430: 00 not paid, 21 no action taken because it is paid, 25 never seen and now void.</summary>
/// <param name="StoredCode">The final answer that is stored under the key.</param>
public sealed record AbandonAnswer(Origin To, Verdict Verdict, int Batch, string? StoredCode, PaymentFacts Facts)
{
    public Iso8583Message ToIso() => Facts.AddTo(
        To.On(Mti.ReversalAnswer).Set(3, ProcessingCode.BillPayment).Set(39, Verdict.Code),
        Verdict.AddTo(new PrivateData().Add(Tags.Batch, Field.Batch(Batch)).Add(Tags.StoredCode, StoredCode)));

    public static AbandonAnswer FromIso(Iso8583Message message)
    {
        var data = PrivateData.ReadFrom(message);
        return new AbandonAnswer(
            Origin.ReadFrom(message), Verdict.ReadFrom(message, data), Field.BatchOf(data), data[Tags.StoredCode], PaymentFacts.ReadFrom(message, data));
    }
}
