using Lakala.Wire.Bank;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;
using Lakala.Wire.Terminal;

namespace Lakala.Wire.Tests;

/// <summary>One message of every kind, with all its fields. Card, PIN block, keys and the code of a receipt in them are canaries: no print may contain them.</summary>
internal static class Samples
{
    public const string CardNumber = "6222021234567894";
    public const string Track = CardNumber + "=30122010000000000";
    public const string Masked = "622202******7894";
    public const string ReceiptCode = "8675309421";

    public static readonly byte[] Block = [.. Enumerable.Repeat((byte)0xCA, PinBlock.Length)];
    public static readonly byte[] Key = [.. Enumerable.Repeat((byte)0xFE, 40)];

    /// <summary>Whole seconds, as the wire has them.</summary>
    public static readonly DateTimeOffset Time = new(2030, 11, 24, 17, 42, 10, TimeSpan.Zero);

    private static readonly TimeProvider Clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(Time);
    private static readonly Origin Terminal = new("T0000001", "STORE0000000001", 42);
    private static readonly Verdict Verdict = new("00", 403, "一二三 clerk", "customer", ProcessingRequirement.SignOn);
    private static readonly PaymentFacts Facts = new("000000000042", "A1B2", Masked, Time, "Payee 茶", "ORDER-1", ReceiptCode);
    private static readonly WrappedKey Wrapped = new(Key, [1, 2, 3]);
    private static readonly byte[] Nonce = [.. Enumerable.Repeat((byte)0xAB, SignOnRequest.NonceLength)];

    /// <summary>A health report with all values.</summary>
    public static readonly TerminalHealth Health =
        new("cover-open", "out", "bad", true, false, 7, 55, -3, "1.0.0", 1, 20_480, 12, new DateTimeOffset(2026, 11, 24, 9, 56, 10, TimeSpan.Zero));

    /// <summary>The messages of both lines, each with its writer and its reader.</summary>
    public static readonly (object Typed, Iso8583Message Iso, Func<Iso8583Message, object> Read)[] All =
    [
        Of(new SignOnRequest(Terminal, Time, Nonce, "1.0", "zh"), m => m.ToIso(), i => SignOnRequest.FromIso(i, Clock)),
        Of(new SignOnAnswer(Terminal, Verdict, Nonce, 7, Wrapped, Wrapped, Time, "Corner Store 1"), m => m.ToIso(), SignOnAnswer.FromIso),
        Of(new NetworkRequest(Terminal, NetworkCode.Echo, 7), m => m.ToIso(), NetworkRequest.FromIso),
        Of(new NetworkAnswer(Terminal, NetworkCode.SignOff, Verdict), m => m.ToIso(), NetworkAnswer.FromIso),
        Of(new LookupRequest(Terminal, 3, "12345678901234", 7), m => m.ToIso(), LookupRequest.FromIso),
        Of(new LookupAnswer(Terminal, Verdict, "12345678901234", 999_999_999_999, 156, "Payee", "茶壶", "ORDER-1", TimeSpan.FromMinutes(3)), m => m.ToIso(), LookupAnswer.FromIso),
        Of(new LookupAnswer(Terminal, new Verdict("40", 302, null, null), "1", null, null, null, null, null, null), m => m.ToIso(), LookupAnswer.FromIso),
        Of(Pay(isRepeat: false, Track, Block), m => m.ToIso(), PayRequest.FromIso),
        Of(Pay(isRepeat: true, Track, Block), m => m.ToIso(), PayRequest.FromIso),
        Of(Pay(isRepeat: true, null, null), m => m.ToIso(), PayRequest.FromIso),
        Of(new PayAnswer(Terminal, Verdict, 3, "12345678901234", 1_000, 156, Facts), m => m.ToIso(), PayAnswer.FromIso),
        Of(new PayAnswer(Terminal, Verdict, 3, "", 0, 156, PaymentFacts.None), m => m.ToIso(), PayAnswer.FromIso),
        Of(new AbandonRequest(true, Terminal, 999_999, 7), m => m.ToIso(), AbandonRequest.FromIso),
        Of(new AbandonAnswer(Terminal, Verdict, 3, "68", Facts), m => m.ToIso(), AbandonAnswer.FromIso),
        Of(new ZoneSignOnRequest(1, Time, Nonce, Wrapped, Wrapped), m => m.ToIso(), i => ZoneSignOnRequest.FromIso(i, Clock)),
        Of(new BankNetworkMessage(1, NetworkCode.SignOn, "00", Nonce), m => m.ToIso(), BankNetworkMessage.FromIso),
        Of(new BankNetworkMessage(1, NetworkCode.Echo), m => m.ToIso(), BankNetworkMessage.FromIso),
        Of(new BankAuthoriseRequest("000000000042", 1, Time, 1_000, 156, "021", "1000", "T0000001", "STORE0000000001", Track, Block), m => m.ToIso(), i => BankAuthoriseRequest.FromIso(i, Clock)),
        Of(new BankAuthoriseAnswer("000000000042", 1, 1_000, 156, "T0000001", "00", "A1B2"), m => m.ToIso(), BankAuthoriseAnswer.FromIso),
        Of(new BankReversalRequest(true, "000000000042", 1, Time, 1_000, 156, "1000", "T0000001", "STORE0000000001"), m => m.ToIso(), i => BankReversalRequest.FromIso(i, Clock)),
        Of(new BankReversalAnswer("000000000042", 1, "00"), m => m.ToIso(), BankReversalAnswer.FromIso),
        Of(new BatchCloseRequest(Terminal, 3, new BatchTotals(2, 25_600), 7), m => m.ToIso(), BatchCloseRequest.FromIso),
        Of(new BatchCloseRequest(Terminal, 3, new BatchTotals(0, 0), 7, 999_999), m => m.ToIso(), BatchCloseRequest.FromIso),
        Of(new BatchCloseAnswer(Terminal, Verdict, 3, new BatchTotals(1, 999_999_999_999), [new BatchEntry(2, 12_800), new BatchEntry(999_999, 1)]), m => m.ToIso(), BatchCloseAnswer.FromIso),
        Of(new BatchCloseAnswer(Terminal, Verdict, 3, null, []), m => m.ToIso(), BatchCloseAnswer.FromIso),
        Of(new NetworkRequest(Terminal, NetworkCode.Echo, 7, Health), m => m.ToIso(), NetworkRequest.FromIso),
        Of(new ClerkSignInRequest(Terminal, "1001", Key, 7), m => m.ToIso(), ClerkSignInRequest.FromIso),
        Of(new ClerkSignInAnswer(Terminal, Verdict, "安娜", true), m => m.ToIso(), ClerkSignInAnswer.FromIso),
        Of(new ParametersAnswer(Terminal, Verdict, 12, """{"footer_zh":"谢谢"}"""), m => m.ToIso(), ParametersAnswer.FromIso),
        Of(new ParametersAnswer(Terminal, Verdict, 0, null), m => m.ToIso(), ParametersAnswer.FromIso),
        Of(Refund(isRepeat: false), m => m.ToIso(), i => BankRefundRequest.FromIso(i, Clock)),
        Of(Refund(isRepeat: true), m => m.ToIso(), i => BankRefundRequest.FromIso(i, Clock)),
        Of(new BankRefundAnswer("000000000043", 44, 400, 156, "T0000001", "61"), m => m.ToIso(), BankRefundAnswer.FromIso),
        Of(new LookupAnswer(
            Terminal, Verdict, "12345678901234", 1, 156, "Payee", "Tea", "ORDER-2", TimeSpan.FromMinutes(3), new Guarantee(TimeSpan.FromDays(3), TimeSpan.FromDays(10))),
            m => m.ToIso(), LookupAnswer.FromIso),
        Of(new RefundLookupRequest(Terminal, 3, "12345678901234", null, 7), m => m.ToIso(), RefundLookupRequest.FromIso),
        Of(new RefundLookupRequest(Terminal, 3, null, "000000000042", 7), m => m.ToIso(), RefundLookupRequest.FromIso),
        Of(new RefundLookupAnswer(Terminal, Verdict, new RefundablePayment(
            "12345678901234", "000000000042", 1_000, 999, 156, Time, Masked, "Payee", "茶壶", "ORDER-1")), m => m.ToIso(), RefundLookupAnswer.FromIso),
        Of(new RefundLookupAnswer(Terminal, new Verdict("40", 389, null, null), null), m => m.ToIso(), RefundLookupAnswer.FromIso),
        Of(CounterRefund(isRepeat: false, Key), m => m.ToIso(), RefundRequest.FromIso),
        Of(CounterRefund(isRepeat: true, Key), m => m.ToIso(), RefundRequest.FromIso),
        Of(CounterRefund(isRepeat: true, null), m => m.ToIso(), RefundRequest.FromIso),
        Of(new RefundAnswer(Terminal, Verdict, 3, "12345678901234", 1_000, 156, Facts with { AuthorisationCode = null }, "000000000042", IsWaiting: true), m => m.ToIso(), RefundAnswer.FromIso),
        Of(new RefundAnswer(Terminal, Verdict, 3, "", 0, 156, PaymentFacts.None), m => m.ToIso(), RefundAnswer.FromIso),
        Of(new BatchCloseRequest(Terminal, 3, new BatchTotals(2, 25_600, 1, 400_000), 7), m => m.ToIso(), BatchCloseRequest.FromIso),
        Of(new BatchCloseAnswer(Terminal, Verdict, 3, new BatchTotals(1, 400, 1, 999), [new BatchEntry(2, 400), new BatchEntry(3, -999)]), m => m.ToIso(), BatchCloseAnswer.FromIso),
        Of(new LookupAnswer(Terminal, Verdict, "12345678901234", 1, 156, "Payee", "Tea", "ORDER-3", TimeSpan.FromMinutes(3), IsFeeKept: true), m => m.ToIso(), LookupAnswer.FromIso),
    ];

    /// <summary>Their bytes, without MAC.</summary>
    public static readonly byte[][] Wire = [.. All.Select(sample => Bytes(sample.Iso))];

    /// <summary>Reads the message as every possible kind; a refusal is the only allowed exception.</summary>
    public static void ReadOrRefuse(Iso8583Message message)
    {
        foreach (var (_, iso, read) in All)
        {
            try
            {
                _ = iso.Mti == message.Mti ? read(message) : message;
            }
            catch (Iso8583Exception)
            {
                // Refused.
            }
        }
    }

    public static byte[] Bytes(Iso8583Message message, MessageMac? mac = null)
    {
        var bytes = new byte[Iso8583Frame.MaxLength];
        return bytes[..Iso8583Codec.Encode(message, bytes, mac)];
    }

    private static PayRequest Pay(bool isRepeat, string? track, byte[]? block) =>
        new(isRepeat, Terminal, 3, "12345678901234", 1_000, 156, default, "021", track, block, 7, "Clerk 7");

    private static RefundRequest CounterRefund(bool isRepeat, byte[]? password) =>
        new(isRepeat, Terminal, 3, "12345678901234", 1_000, 156, default, "021", Masked, "1001", "1002", password, 7);

    private static BankRefundRequest Refund(bool isRepeat) => new(
        isRepeat, "000000000043", 44, Time, 400, 156, "1000", "T0000001", "STORE0000000001", "000000000042", 1, Time.AddDays(-300));

    private static (object, Iso8583Message, Func<Iso8583Message, object>) Of<T>(T typed, Func<T, Iso8583Message> write, Func<Iso8583Message, T> read)
        where T : notnull => (typed, write(typed), iso => read(iso));
}
