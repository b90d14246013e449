using System.Globalization;
using Lakala.Wire.Iso8583;

namespace Lakala.Wire.Terminal;

/// <summary>
/// 0200, or 0201 for a repeat: the key is terminal, batch and STAN. A 0201 without card fields only enquires.
/// </summary>
/// <param name="Amount">Minor units, as the lookup gave them.</param>
/// <param name="Track2">Null in an enquiry.</param>
/// <param name="PinBlock">Format 4 under the PIN key of <paramref name="KeySet"/>; null in an enquiry.</param>
public sealed record PayRequest(
    bool IsRepeat,
    Origin From,
    int Batch,
    string Bill,
    long Amount,
    int Currency,
    DateTimeOffset LocalTime,
    string EntryMode,
    string? Track2,
    byte[]? PinBlock,
    int KeySet,
    string? Clerk)
{
    public bool IsEnquiry => IsRepeat && Track2 is null && PinBlock is null;

    public Iso8583Message ToIso() => From.On(IsRepeat ? Mti.PayRepeat : Mti.PayRequest)
        .Set(3, ProcessingCode.BillPayment)
        .Set(4, Amount)
        .Set(12, LocalTime.ToString("HHmmss", CultureInfo.InvariantCulture))
        .Set(13, LocalTime.ToString("MMdd", CultureInfo.InvariantCulture))
        .Set(22, EntryMode)
        .Set(35, Track2)
        .Set(48, new PrivateData()
            .Add(Tags.Batch, Field.Batch(Batch))
            .Add(Tags.BillNumber, Bill)
            .Add(Tags.Clerk, Clerk)
            .ToBytes())
        .Set(49, Currency)
        .Set(52, PinBlock)
        .Set(53, SecurityControl.Compose(KeySet));

    /// <summary>The local time stays in the message: only the receipt, which the terminal prints, shows it.</summary>
    public static PayRequest FromIso(Iso8583Message message)
    {
        var data = PrivateData.ReadFrom(message);
        var request = new PayRequest(
            message.Mti == Mti.PayRepeat,
            Origin.ReadFrom(message),
            Field.BatchOf(data),
            Field.BillOf(data),
            message.RequireNumber(4),
            (int)message.RequireNumber(49),
            default,
            message.Require(22),
            message.Text(35),
            message.Bytes(52),
            SecurityControl.KeySetOf(message),
            data[Tags.Clerk]);
        return request.IsEnquiry ? request
            : request.Track2 is null ? throw new Iso8583Exception(35, "is missing")
            : request.PinBlock is null ? throw new Iso8583Exception(52, "is missing")
            : request.EntryMode != Iso8583.EntryMode.Swiped ? throw new Iso8583Exception(22, "is no entry mode of a payment")
            : request;
    }

    /// <summary>Reads only the key, of a message whose rest cannot be read.</summary>
    /// <exception cref="Iso8583Exception">The key cannot be read either.</exception>
    public static (Origin From, int Batch) KeyOf(Iso8583Message message) => (Origin.ReadFrom(message), Field.BatchOf(PrivateData.ReadFrom(message)));

    public override string ToString() => $"{(IsRepeat ? Mti.PayRepeat : Mti.PayRequest)} {From.Terminal}/{Batch}/{From.Stan}";
}

/// <summary>The outcome of a swipe for its receipt; a member is null if the attempt never had it.</summary>
/// <param name="Rrn">Field 37.</param>
/// <param name="AuthorisationCode">Field 38, without filling spaces.</param>
/// <param name="ReceiptCode">
/// Of a paid bill: the digits with which the customer of a guaranteed trade acts at the page of the bill. Only her copy of the receipt shows them.
/// </param>
public sealed record PaymentFacts(
    string? Rrn, string? AuthorisationCode, string? MaskedCard, DateTimeOffset? PaidAt, string? Payee, string? OrderId, string? ReceiptCode = null)
{
    private const int AuthorisationCodeLength = 6;
    private const int MaxTextBytes = 120;

    public static readonly PaymentFacts None = new(null, null, null, null, null, null);

    internal Iso8583Message AddTo(Iso8583Message message, PrivateData data)
    {
        data.Add(Tags.MaskedCard, MaskedCard).Add(Tags.PaidAt, PaidAt).AddText(Tags.Payee, Payee, MaxTextBytes).AddText(Tags.OrderId, OrderId, MaxTextBytes)
            .Add(Tags.ReceiptCode, ReceiptCode);
        return message.Set(37, Rrn).Set(38, AuthorisationCode?.PadRight(AuthorisationCodeLength)).Set(48, data.ToBytes());
    }

    internal static PaymentFacts ReadFrom(Iso8583Message message, PrivateData data) => new(
        message.Text(37),
        message.Text(38)?.TrimEnd(),
        data[Tags.MaskedCard],
        data.Time(Tags.PaidAt),
        data[Tags.Payee],
        data[Tags.OrderId],
        data[Tags.ReceiptCode]);

    // The code is a secret of the customer.
    public override string ToString() => $"facts of {Rrn}";
}

/// <summary>0210, the answer to 0200 and to 0201.</summary>
public sealed record PayAnswer(Origin To, Verdict Verdict, int Batch, string Bill, long Amount, int Currency, PaymentFacts Facts)
{
    public Iso8583Message ToIso() => Facts.AddTo(
        To.On(Mti.PayAnswer).Set(3, ProcessingCode.BillPayment).Set(4, Amount).Set(39, Verdict.Code).Set(49, Currency),
        Verdict.AddTo(new PrivateData().Add(Tags.Batch, Field.Batch(Batch)).Add(Tags.BillNumber, Bill)));

    public static PayAnswer FromIso(Iso8583Message message)
    {
        var data = PrivateData.ReadFrom(message);
        return new PayAnswer(
            Origin.ReadFrom(message),
            Verdict.ReadFrom(message, data),
            Field.BatchOf(data),
            data.Require(Tags.BillNumber),
            message.RequireNumber(4),
            (int)message.RequireNumber(49),
            PaymentFacts.ReadFrom(message, data));
    }
}
