using System.Globalization;

namespace Lakala.Wire;

/// <summary>
/// 0800 on the bank line, authenticated under the zone master key's sign-on key. The silo makes fresh zone keys for each
/// line and sends them wrapped; the bank only accepts them.
/// </summary>
public sealed record ZoneSignOnRequest(int Stan, DateTimeOffset Time, byte[] Nonce, WrappedKey PinKey, WrappedKey MacKey)
{
    public Iso8583Message ToIso() => new Iso8583Message(Mti.NetworkRequest).Set(7, Field.TransmissionTime(Time)).Set(11, Stan).Set(70, NetworkCode.SignOn)
        .Set(48, new PrivateData()
            .Add(Tags.Nonce, Convert.ToHexString(Nonce))
            .Add(Tags.PinKey, Convert.ToHexString(PinKey.Data))
            .Add(Tags.PinKeyCheck, Convert.ToHexString(PinKey.Check))
            .Add(Tags.MacKey, Convert.ToHexString(MacKey.Data))
            .Add(Tags.MacKeyCheck, Convert.ToHexString(MacKey.Check))
            .ToBytes());

    public static ZoneSignOnRequest FromIso(Iso8583Message message, TimeProvider time)
    {
        var data = PrivateData.Of(message);
        return new ZoneSignOnRequest(
            (int)message.RequireNumber(11),
            time.GetUtcNow(),
            data.RequireHex(Tags.Nonce),
            new WrappedKey(data.RequireHex(Tags.PinKey), data.RequireHex(Tags.PinKeyCheck)),
            new WrappedKey(data.RequireHex(Tags.MacKey), data.RequireHex(Tags.MacKeyCheck)));
    }
}

/// <summary>0800 for an echo, and 0810 to it and to the sign-on.</summary>
/// <param name="ResponseCode">Null in a request.</param>
/// <param name="Nonce">Repeated in the answer to a sign-on.</param>
public sealed record BankNetworkMessage(int Stan, int Code, string? ResponseCode = null, byte[]? Nonce = null)
{
    public Iso8583Message ToIso() => new Iso8583Message(ResponseCode is null ? Mti.NetworkRequest : Mti.NetworkAnswer)
        .Set(11, Stan).Set(39, ResponseCode).Set(70, Code)
        .Set(48, Nonce is null ? null : new PrivateData().Add(Tags.Nonce, Convert.ToHexString(Nonce)).ToBytes());

    public static BankNetworkMessage FromIso(Iso8583Message message) => new(
        (int)message.RequireNumber(11),
        (int)message.RequireNumber(70),
        message.Text(39),
        message.Has(48) ? PrivateData.Of(message).RequireHex(Tags.Nonce) : null);
}

/// <summary>0200 to the bank, under the zone MAC key. Its name is the RRN.</summary>
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
    public Iso8583Message ToIso() => new Iso8583Message(Mti.PayRequest)
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

    public Iso8583Message ToIso() => new Iso8583Message(Mti.PayAnswer)
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

/// <summary>0420, or 0421 for a repeat: the original, named without its card, never happened.</summary>
public sealed record BankReversalRequest(
    bool IsRepeat, string Rrn, int Stan, DateTimeOffset OriginalTime, long Amount, int Currency, string Institution, string Terminal, string Store)
{
    public Iso8583Message ToIso() => new Iso8583Message(IsRepeat ? Mti.ReversalRepeat : Mti.Reversal)
        .Set(3, ProcessingCode.BillPayment).Set(4, Amount).Set(11, Stan).Set(32, Institution).Set(37, Rrn)
        .Set(41, Terminal).Set(42, Store).Set(49, Currency)
        .Set(90, OriginalData());

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

    // Original MTI, STAN, transmission time, acquiring and forwarding institution: 4 + 6 + 10 + 11 + 11 digits.
    private string OriginalData() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Mti.PayRequest}{Stan:D6}{Field.TransmissionTime(OriginalTime)}{Institution.PadLeft(11, '0')}{new string('0', 11)}");
}

/// <summary>0430: the reversal stands, whether the original had been seen or not.</summary>
public sealed record BankReversalAnswer(string Rrn, int Stan, string ResponseCode)
{
    public Iso8583Message ToIso() => new Iso8583Message(Mti.ReversalAnswer)
        .Set(3, ProcessingCode.BillPayment).Set(11, Stan).Set(37, Rrn).Set(39, ResponseCode);

    public static BankReversalAnswer FromIso(Iso8583Message message) =>
        new(message.Require(37), (int)message.RequireNumber(11), message.Require(39));
}
