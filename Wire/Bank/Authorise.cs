using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;

namespace Lakala.Wire.Bank;

/// <summary>0200 to the bank, under the zone MAC key, named by the RRN.</summary>
/// <param name="PinBlock">Format 4 under the zone PIN key.</param>
public sealed record BankAuthoriseRequest(
    string Rrn,
    int Stan,
    DateTimeOffset Time,
    long Amount,
    int Currency,
    string EntryMode,
    string Institution,
    string Terminal,
    string Store,
    string Track2,
    byte[] PinBlock)
{
    public Iso8583Message ToIso() => new Iso8583Message(Iso8583Spec.Lakala, Mti.PayRequest)
        .Set(3, ProcessingCode.BillPayment).Set(4, Amount).Set(7, Field.TransmissionTime(Time)).Set(11, Stan)
        .Set(22, EntryMode).Set(32, Institution).Set(35, Track2).Set(37, Rrn).Set(41, Terminal).Set(42, Store).Set(49, Currency).Set(52, PinBlock);

    public static BankAuthoriseRequest FromIso(Iso8583Message message, TimeProvider time) => new(
        message.Require(37),
        (int)message.RequireNumber(11),
        time.GetUtcNow(),
        message.RequireNumber(4),
        (int)message.RequireNumber(49),
        message.Require(22),
        message.Require(32),
        message.Require(41),
        message.Require(42),
        message.Require(35),
        message.Bytes(52) ?? throw new Iso8583Exception(52, "is missing"));

    public override string ToString() => $"{Mti.PayRequest} RRN {Rrn}";
}

/// <summary>0210 from the bank: repeats amount, currency, RRN and terminal of the request.</summary>
public sealed record BankAuthoriseAnswer(
    string Rrn, int Stan, long Amount, int Currency, string Terminal, string ResponseCode, string? AuthorisationCode)
{
    private const int AuthorisationCodeLength = 6;

    public Iso8583Message ToIso() => new Iso8583Message(Iso8583Spec.Lakala, Mti.PayAnswer)
        .Set(3, ProcessingCode.BillPayment).Set(4, Amount).Set(11, Stan).Set(37, Rrn).Set(38, AuthorisationCode?.PadRight(AuthorisationCodeLength))
        .Set(39, ResponseCode).Set(41, Terminal).Set(49, Currency);

    public static BankAuthoriseAnswer FromIso(Iso8583Message message) => new(
        message.Require(37),
        (int)message.RequireNumber(11),
        message.RequireNumber(4),
        (int)message.RequireNumber(49),
        message.Require(41),
        message.Require(39),
        message.Text(38)?.TrimEnd());
}
