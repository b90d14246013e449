using System.Globalization;
using Lakala.Wire.Cards;
using Lakala.Wire.Iso8583;

namespace Lakala.Wire.Terminal;

/// <summary>0100 with the processing code of a refund: asks what of a payment can be given back.</summary>
/// <param name="Bill">The bill number as it was keyed in; null when the payment is named by its RRN.</param>
/// <param name="Rrn">From the receipt of the payment; null when it is named by its bill.</param>
public sealed record RefundLookupRequest(Origin From, int Batch, string? Bill, string? Rrn, int KeySet)
{
    public Iso8583Message ToIso() => From.On(Mti.LookupRequest).Set(3, ProcessingCode.Refund).Set(53, SecurityControl.Compose(KeySet)).Set(48, new PrivateData()
        .Add(Tags.Batch, Field.Batch(Batch))
        .Add(Tags.BillNumber, Bill)
        .Add(Tags.OriginalRrn, Rrn)
        .ToBytes());

    /// <exception cref="Iso8583Exception">It names no payment, or two.</exception>
    public static RefundLookupRequest FromIso(Iso8583Message message)
    {
        Field.RequireRefund(message);
        var data = PrivateData.ReadFrom(message);
        var rrn = data[Tags.OriginalRrn];
        return new RefundLookupRequest(
            Origin.ReadFrom(message),
            Field.BatchOf(data),
            rrn is null ? Field.BillOf(data)
                : data[Tags.BillNumber] is null ? null
                : throw new Iso8583Exception(48, $"holds both {Tags.BillNumber} and {Tags.OriginalRrn}"),
            rrn,
            SecurityControl.KeySetOf(message));
    }
}

/// <summary>A payment of which money can be given back.</summary>
/// <param name="Paid">Minor units, like <paramref name="Left"/>.</param>
/// <param name="Left">What no refund has taken.</param>
public sealed record RefundablePayment(
    string Bill, string Rrn, long Paid, long Left, int Currency, DateTimeOffset PaidAt, string MaskedCard, string? Payee, string? Description, string? OrderId);

/// <summary>0110 to it.</summary>
/// <param name="Payment">There is one when the code is 00.</param>
public sealed record RefundLookupAnswer(Origin To, Verdict Verdict, RefundablePayment? Payment)
{
    private const int MaxTextBytes = 180;

    public Iso8583Message ToIso()
    {
        var message = To.On(Mti.LookupAnswer).Set(3, ProcessingCode.Refund).Set(39, Verdict.Code);
        var data = new PrivateData();
        if (Payment is { } payment)
        {
            message.Set(4, payment.Left).Set(37, payment.Rrn).Set(49, payment.Currency);
            data.Add(Tags.BillNumber, payment.Bill)
                .Add(Tags.PaidAmount, payment.Paid.ToString("D12", CultureInfo.InvariantCulture))
                .Add(Tags.PaidAt, payment.PaidAt)
                .Add(Tags.MaskedCard, payment.MaskedCard)
                .AddText(Tags.Payee, payment.Payee, MaxTextBytes)
                .AddText(Tags.Description, payment.Description, MaxTextBytes)
                .AddText(Tags.OrderId, payment.OrderId, MaxTextBytes);
        }

        return message.Set(48, Verdict.AddTo(data).ToBytes());
    }

    /// <exception cref="Iso8583Exception">It is the answer of a server that gives no refunds, or it lacks something.</exception>
    public static RefundLookupAnswer FromIso(Iso8583Message message)
    {
        Field.RequireRefund(message);
        var data = PrivateData.ReadFrom(message);
        return new RefundLookupAnswer(Origin.ReadFrom(message), Verdict.ReadFrom(message, data), !message.Has(4) ? null : new RefundablePayment(
            data.Require(Tags.BillNumber),
            message.Require(37),
            Field.AmountOf(data, Tags.PaidAmount),
            message.RequireNumber(4),
            (int)message.RequireNumber(49),
            data.Time(Tags.PaidAt) ?? throw new Iso8583Exception(48, $"lacks the element {Tags.PaidAt}"),
            data.Require(Tags.MaskedCard),
            data[Tags.Payee],
            data[Tags.Description],
            data[Tags.OrderId]));
    }
}

/// <summary>
/// 0220, or 0221 for a repeat: a counter gives money of a payment back to its card. The key is terminal, batch and STAN. A 0221 without
/// a supervisor's password only enquires.
/// </summary>
/// <param name="Amount">Minor units.</param>
/// <param name="MaskedCard">The card that the customer has shown; its whole number is not sent.</param>
/// <param name="Clerk">Who is signed in at the terminal.</param>
/// <param name="Supervisor">Who signs: another person.</param>
/// <param name="Password">The supervisor's, under the session's PIN key, see <see cref="Keys.ClerkPasswordCipher"/>; null in an enquiry.</param>
public sealed record RefundRequest(
    bool IsRepeat,
    Origin From,
    int Batch,
    string Bill,
    long Amount,
    int Currency,
    DateTimeOffset LocalTime,
    string EntryMode,
    string MaskedCard,
    string Clerk,
    string Supervisor,
    byte[]? Password,
    int KeySet)
{
    public bool IsEnquiry => IsRepeat && Password is null;

    public Iso8583Message ToIso() => From.On(IsRepeat ? Mti.RefundRepeat : Mti.Refund)
        .Set(3, ProcessingCode.Refund)
        .Set(4, Amount)
        .Set(12, LocalTime.ToString("HHmmss", CultureInfo.InvariantCulture))
        .Set(13, LocalTime.ToString("MMdd", CultureInfo.InvariantCulture))
        .Set(22, EntryMode)
        .Set(48, new PrivateData()
            .Add(Tags.Batch, Field.Batch(Batch))
            .Add(Tags.BillNumber, Bill)
            .Add(Tags.MaskedCard, MaskedCard)
            .Add(Tags.Clerk, Clerk)
            .Add(Tags.Supervisor, Supervisor)
            .Add(Tags.ClerkPassword, Password is null ? null : Convert.ToHexString(Password))
            .ToBytes())
        .Set(49, Currency)
        .Set(53, SecurityControl.Compose(KeySet));

    /// <summary>The local time stays in the message, as in a payment.</summary>
    /// <exception cref="Iso8583Exception">It is no refund of an amount to a masked card, signed by somebody.</exception>
    public static RefundRequest FromIso(Iso8583Message message)
    {
        Field.RequireRefund(message);
        var data = PrivateData.ReadFrom(message);
        var request = new RefundRequest(
            message.Mti == Mti.RefundRepeat,
            Origin.ReadFrom(message),
            Field.BatchOf(data),
            Field.BillOf(data),
            message.RequireNumber(4) is var amount and > 0 ? amount : throw new Iso8583Exception(4, "is no amount of a refund"),
            (int)message.RequireNumber(49),
            default,
            message.Require(22),
            data.Require(Tags.MaskedCard) is var card && Pan.IsMasked(card) ? card : throw new Iso8583Exception(48, $"holds no masked card in the element {Tags.MaskedCard}"),
            Field.ClerkOf(data, Tags.Clerk),
            Field.ClerkOf(data, Tags.Supervisor),
            data[Tags.ClerkPassword] is null ? null : data.RequireHex(Tags.ClerkPassword),
            SecurityControl.KeySetOf(message));
        return request.IsEnquiry ? request
            : request.Password is null ? throw new Iso8583Exception(48, $"lacks the element {Tags.ClerkPassword}")
            : request.EntryMode != Iso8583.EntryMode.Swiped ? throw new Iso8583Exception(22, "is no entry mode of a refund")
            : request;
    }

    public override string ToString() => $"{(IsRepeat ? Mti.RefundRepeat : Mti.Refund)} {From.Terminal}/{Batch}/{From.Stan}";
}

/// <summary>0230, the answer to 0220 and to 0221: 00 when the refund is ordered. Whether the card has the money is told by nobody at a counter.</summary>
/// <param name="Facts">The RRN is the refund's own: its number.</param>
/// <param name="OriginalRrn">Of the payment.</param>
/// <param name="IsWaiting">The merchant's money does not cover it yet.</param>
public sealed record RefundAnswer(
    Origin To, Verdict Verdict, int Batch, string Bill, long Amount, int Currency, PaymentFacts Facts, string? OriginalRrn = null, bool IsWaiting = false)
{
    private const string OnItsWay = "O", Waiting = "Q";

    public Iso8583Message ToIso() => Facts.AddTo(
        To.On(Mti.RefundAnswer).Set(3, ProcessingCode.Refund).Set(4, Amount).Set(39, Verdict.Code).Set(49, Currency),
        Verdict.AddTo(new PrivateData()
            .Add(Tags.Batch, Field.Batch(Batch))
            .Add(Tags.BillNumber, Bill)
            .Add(Tags.OriginalRrn, OriginalRrn)
            .Add(Tags.RefundState, OriginalRrn is null ? null : IsWaiting ? Waiting : OnItsWay)));

    public static RefundAnswer FromIso(Iso8583Message message)
    {
        var data = PrivateData.ReadFrom(message);
        return new RefundAnswer(
            Origin.ReadFrom(message),
            Verdict.ReadFrom(message, data),
            Field.BatchOf(data),
            data.Require(Tags.BillNumber),
            message.RequireNumber(4),
            (int)message.RequireNumber(49),
            PaymentFacts.ReadFrom(message, data),
            data[Tags.OriginalRrn],
            data[Tags.RefundState] == Waiting);
    }
}
