using System.Globalization;
using Lakala.Vocabulary;

namespace Lakala.Wire;

/// <summary>Message types (MTI) of both lines.</summary>
public static class Mti
{
    public const string LookupRequest = "0100";
    public const string LookupAnswer = "0110";
    public const string PayRequest = "0200";
    public const string PayRepeat = "0201";
    public const string PayAnswer = "0210";
    public const string Reversal = "0420";
    public const string ReversalRepeat = "0421";
    public const string ReversalAnswer = "0430";
    public const string BatchClose = "0500";
    public const string BatchCloseAnswer = "0510";
    public const string NetworkRequest = "0800";
    public const string NetworkAnswer = "0810";
}

/// <summary>Field 70.</summary>
public static class NetworkCode
{
    public const int SignOn = 1;
    public const int SignOff = 2;
    public const int ClerkSignIn = 61;
    public const int Parameters = 62;
    public const int Echo = 301;
}

/// <summary>Field 3.</summary>
public static class ProcessingCode
{
    public const int Lookup = 300000;
    public const int BillPayment = 500000;
}

/// <summary>Field 22.</summary>
public static class EntryMode
{
    /// <summary>Magnetic stripe read; the terminal takes PINs. Payments have no other.</summary>
    public const string Swiped = "021";
}

/// <summary>What the server asks a terminal to do at its next free moment (element PR).</summary>
public static class ProcessingRequirement
{
    public const string None = "0";
    public const string SignOn = "1";

    /// <summary>The parameters of the network for this terminal have changed.</summary>
    public const string FetchParameters = "2";

    /// <summary>An echo with the terminal's health.</summary>
    public const string SendStatus = "3";
}

/// <summary>ISO 4217 in field 49.</summary>
public static class CurrencyCode
{
    public const int Cny = 156;
}

/// <summary>Who speaks: fields 41 and 42, and the trace number of this exchange, field 11.</summary>
public readonly record struct Origin(string Terminal, string Store, int Stan)
{
    internal Iso8583Message On(string mti) => new Iso8583Message(mti).Set(11, Stan).Set(41, Terminal).Set(42, Store);

    /// <exception cref="Iso8583Exception">One of the fields is absent.</exception>
    public static Origin Of(Iso8583Message message) => new(message.Require(41), message.Require(42), (int)message.RequireNumber(11));
}

/// <summary>Field 53: PIN block format (04), key scheme (01), then the number of the key set in twelve digits.</summary>
public static class SecurityControl
{
    private const string Scheme = "0401";

    internal static string Of(int keySet) => Scheme + keySet.ToString("D12", CultureInfo.InvariantCulture);

    /// <exception cref="Iso8583Exception">Absent, or of another scheme.</exception>
    public static int KeySetOf(Iso8583Message message)
    {
        var field = message.Require(53);
        return field.StartsWith(Scheme, StringComparison.Ordinal) && int.TryParse(field.AsSpan(Scheme.Length), out var keySet)
            ? keySet
            : throw new Iso8583Exception(53, "names no key set of this scheme");
    }
}

/// <summary>What every answer says beside its own content.</summary>
/// <param name="Code">Field 39.</param>
/// <param name="Reason">Our own number, finer than the code; 0 when there is nothing to explain.</param>
/// <param name="Requirement">What the server asks the terminal to do next; see <see cref="ProcessingRequirement"/>.</param>
public readonly record struct Verdict(string Code, int Reason, string? ClerkText, string? CustomerText, string? Requirement = null)
{
    private const int MaxTextBytes = 120;

    internal PrivateData AddTo(PrivateData data) => data
        .Add(Tags.Reason, Reason == 0 ? null : Reason.ToString("D4", CultureInfo.InvariantCulture))
        .AddText(Tags.ClerkText, ClerkText, MaxTextBytes)
        .AddText(Tags.CustomerText, CustomerText, MaxTextBytes)
        .Add(Tags.ProcessingRequirement, Requirement);

    /// <summary>
    /// The answer to what cannot be authenticated: without a MAC, so never final, and with nothing in it but this verdict and
    /// what the request said of itself.
    /// </summary>
    public Iso8583Message ToHint(string mti, Iso8583Message request) => new Iso8583Message(mti)
        .Set(11, request.Text(11)).Set(39, Code).Set(41, request.Text(41)).Set(42, request.Text(42)).Set(48, AddTo(new PrivateData()).ToBytes())
        .Set(70, request.Text(70));

    /// <summary>The verdict of any answer, a hint or a whole one.</summary>
    /// <exception cref="Iso8583Exception">It has none.</exception>
    public static Verdict Of(Iso8583Message message) => Of(message, PrivateData.Of(message));

    internal static Verdict Of(Iso8583Message message, PrivateData data) => new(
        message.Require(39),
        data[Tags.Reason] is null ? 0 : data.RequireNumber(Tags.Reason),
        data[Tags.ClerkText],
        data[Tags.CustomerText],
        data[Tags.ProcessingRequirement]);
}

/// <summary>0800, field 70 = 001, authenticated under the sign-on key.</summary>
/// <param name="Nonce">16 random bytes that the answer repeats.</param>
/// <param name="Language"><c>en</c> or <c>zh</c>: the language of the texts in answers.</param>
public sealed record SignOnRequest(Origin From, DateTimeOffset Time, byte[] Nonce, string SoftwareVersion, string Language)
{
    public const int NonceLength = 16;

    public Iso8583Message ToIso() => From.On(Mti.NetworkRequest).Set(7, Field.TransmissionTime(Time)).Set(70, NetworkCode.SignOn).Set(48, new PrivateData()
        .Add(Tags.Nonce, Convert.ToHexString(Nonce))
        .Add(Tags.SoftwareVersion, SoftwareVersion)
        .Add(Tags.Language, Language)
        .ToBytes());

    public static SignOnRequest FromIso(Iso8583Message message, TimeProvider time)
    {
        var data = PrivateData.Of(message);
        return new SignOnRequest(
            Origin.Of(message),
            time.GetUtcNow(),
            data.RequireHex(Tags.Nonce) is { Length: NonceLength } nonce ? nonce : throw new Iso8583Exception(48, $"holds no nonce of {NonceLength} bytes"),
            data[Tags.SoftwareVersion] ?? "",
            data[Tags.Language] ?? "en");
    }
}

/// <summary>0810 to a sign-on, authenticated under the sign-on key.</summary>
/// <param name="KeySet">Names the working keys in field 53 of everything that follows.</param>
public sealed record SignOnAnswer(
    Origin To, Verdict Verdict, byte[] Nonce, int KeySet, WrappedKey PinKey, WrappedKey MacKey, DateTimeOffset ServerTime, string StoreName)
{
    private const int MaxStoreName = 120;

    public Iso8583Message ToIso() => To.On(Mti.NetworkAnswer).Set(39, Verdict.Code).Set(53, SecurityControl.Of(KeySet)).Set(70, NetworkCode.SignOn)
        .Set(48, Verdict.AddTo(new PrivateData()
            .Add(Tags.Nonce, Convert.ToHexString(Nonce))
            .Add(Tags.PinKey, Convert.ToHexString(PinKey.Data))
            .Add(Tags.PinKeyCheck, Convert.ToHexString(PinKey.Check))
            .Add(Tags.MacKey, Convert.ToHexString(MacKey.Data))
            .Add(Tags.MacKeyCheck, Convert.ToHexString(MacKey.Check))
            .Add(Tags.ServerTime, ServerTime)
            .AddText(Tags.StoreName, StoreName, MaxStoreName)).ToBytes());

    public static SignOnAnswer FromIso(Iso8583Message message)
    {
        var data = PrivateData.Of(message);
        return new SignOnAnswer(
            Origin.Of(message),
            Verdict.Of(message, data),
            data.RequireHex(Tags.Nonce),
            SecurityControl.KeySetOf(message),
            new WrappedKey(data.RequireHex(Tags.PinKey), data.RequireHex(Tags.PinKeyCheck)),
            new WrappedKey(data.RequireHex(Tags.MacKey), data.RequireHex(Tags.MacKeyCheck)),
            data.Time(Tags.ServerTime) ?? throw new Iso8583Exception(48, $"lacks the element {Tags.ServerTime}"),
            data[Tags.StoreName] ?? "");
    }
}

/// <summary>0810 to a sign-on that is refused although its MAC is right, authenticated under the sign-on key.</summary>
public sealed record SignOnRefusal(Origin To, Verdict Verdict, byte[] Nonce)
{
    public Iso8583Message ToIso() => To.On(Mti.NetworkAnswer).Set(39, Verdict.Code).Set(70, NetworkCode.SignOn)
        .Set(48, Verdict.AddTo(new PrivateData().Add(Tags.Nonce, Convert.ToHexString(Nonce))).ToBytes());

    public static SignOnRefusal FromIso(Iso8583Message message)
    {
        var data = PrivateData.Of(message);
        return new SignOnRefusal(Origin.Of(message), Verdict.Of(message, data), data.RequireHex(Tags.Nonce));
    }
}

/// <summary>0800 within a session: echo (field 70 = 301) or sign-off (002).</summary>
/// <param name="Health">With an echo: how the terminal is.</param>
public sealed record NetworkRequest(Origin From, int Code, int KeySet, TerminalHealth? Health = null)
{
    public Iso8583Message ToIso() => From.On(Mti.NetworkRequest).Set(53, SecurityControl.Of(KeySet)).Set(70, Code)
        .Set(48, Health is null ? null : new PrivateData().Add(Tags.Health, Health.ToString()).ToBytes());

    public static NetworkRequest FromIso(Iso8583Message message) => new(
        Origin.Of(message),
        (int)message.RequireNumber(70),
        SecurityControl.KeySetOf(message),
        PrivateData.Of(message)[Tags.Health] is { } health ? TerminalHealth.Parse(health) : null);
}

/// <summary>0810 to an echo or a sign-off, and to whatever of 0800 is refused.</summary>
public sealed record NetworkAnswer(Origin To, int Code, Verdict Verdict)
{
    public Iso8583Message ToIso() =>
        To.On(Mti.NetworkAnswer).Set(39, Verdict.Code).Set(70, Code).Set(48, Verdict.AddTo(new PrivateData()).ToBytes());

    public static NetworkAnswer FromIso(Iso8583Message message) =>
        new(Origin.Of(message), (int)message.RequireNumber(70), Verdict.Of(message, PrivateData.Of(message)));
}

/// <summary>0810 to a request for parameters: 0800, field 70 = 062.</summary>
/// <param name="Version">0: there are none.</param>
/// <param name="Json">An object; null when there are none.</param>
public sealed record ParametersAnswer(Origin To, Verdict Verdict, int Version, string? Json)
{
    /// <summary>In bytes of UTF-8: what fits beside the texts.</summary>
    public const int MaxJson = 640;

    public Iso8583Message ToIso() => To.On(Mti.NetworkAnswer).Set(39, Verdict.Code).Set(70, NetworkCode.Parameters)
        .Set(48, Verdict.AddTo(new PrivateData()
            .Add(Tags.ParametersVersion, Version.ToString(CultureInfo.InvariantCulture)).Add(Tags.Parameters, Json)).ToBytes());

    public static ParametersAnswer FromIso(Iso8583Message message)
    {
        var data = PrivateData.Of(message);
        return new ParametersAnswer(Origin.Of(message), Verdict.Of(message, data), data.RequireNumber(Tags.ParametersVersion), data[Tags.Parameters]);
    }
}

/// <summary>0800, field 70 = 061: a clerk signs in at the terminal, or a supervisor approves something there.</summary>
/// <param name="Clerk">Number within the store, 4 to 8 digits.</param>
/// <param name="Password">Under the session's PIN key, see <see cref="ClerkPasswordCipher"/>.</param>
public sealed record ClerkSignInRequest(Origin From, string Clerk, byte[] Password, int KeySet)
{
    public Iso8583Message ToIso() => From.On(Mti.NetworkRequest).Set(53, SecurityControl.Of(KeySet)).Set(70, NetworkCode.ClerkSignIn)
        .Set(48, new PrivateData().Add(Tags.Clerk, Clerk).Add(Tags.ClerkPassword, Convert.ToHexString(Password)).ToBytes());

    public static ClerkSignInRequest FromIso(Iso8583Message message)
    {
        var data = PrivateData.Of(message);
        return new ClerkSignInRequest(Origin.Of(message), data.Require(Tags.Clerk), data.RequireHex(Tags.ClerkPassword), SecurityControl.KeySetOf(message));
    }
}

/// <summary>0810 to a clerk's sign-in: 00 with name and role, or 63.</summary>
public sealed record ClerkSignInAnswer(Origin To, Verdict Verdict, string? Name, bool IsSupervisor)
{
    private const string Supervisor = "S", Ordinary = "C";
    private const int MaxName = 60;

    public Iso8583Message ToIso() => To.On(Mti.NetworkAnswer).Set(39, Verdict.Code).Set(70, NetworkCode.ClerkSignIn)
        .Set(48, Verdict.AddTo(new PrivateData()
            .AddText(Tags.ClerkName, Name, MaxName)
            .Add(Tags.ClerkRole, Name is null ? null : IsSupervisor ? Supervisor : Ordinary)).ToBytes());

    public static ClerkSignInAnswer FromIso(Iso8583Message message)
    {
        var data = PrivateData.Of(message);
        return new ClerkSignInAnswer(Origin.Of(message), Verdict.Of(message, data), data[Tags.ClerkName], data[Tags.ClerkRole] == Supervisor);
    }
}

/// <summary>0100: what is to be paid under a bill number?</summary>
/// <param name="Bill">Fourteen digits as they were keyed in.</param>
public sealed record LookupRequest(Origin From, int Batch, string Bill, int KeySet)
{
    public Iso8583Message ToIso() => From.On(Mti.LookupRequest).Set(3, ProcessingCode.Lookup).Set(53, SecurityControl.Of(KeySet)).Set(48, new PrivateData()
        .Add(Tags.Batch, Field.Batch(Batch))
        .Add(Tags.BillNumber, Bill)
        .ToBytes());

    public static LookupRequest FromIso(Iso8583Message message)
    {
        var data = PrivateData.Of(message);
        return new LookupRequest(
            Origin.Of(message), Field.BatchOf(data), Field.BillOf(data), SecurityControl.KeySetOf(message));
    }
}

/// <summary>0110. Amount and what follows are there when the code is 00.</summary>
/// <param name="Amount">Minor units.</param>
/// <param name="TimeLeft">Whole seconds; past them the bill may be expired.</param>
public sealed record LookupAnswer(
    Origin To, Verdict Verdict, string Bill, long? Amount, int? Currency, string? Payee, string? Description, string? OrderId, TimeSpan? TimeLeft)
{
    private const int MaxTextBytes = 180;

    public Iso8583Message ToIso()
    {
        var message = To.On(Mti.LookupAnswer).Set(3, ProcessingCode.Lookup).Set(39, Verdict.Code).Set(48, Verdict.AddTo(new PrivateData()
            .Add(Tags.BillNumber, Bill)
            .AddText(Tags.Payee, Payee, MaxTextBytes)
            .AddText(Tags.Description, Description, MaxTextBytes)
            .AddText(Tags.OrderId, OrderId, MaxTextBytes)
            .Add(Tags.TimeLeft, TimeLeft is { } left ? ((long)left.TotalSeconds).ToString(CultureInfo.InvariantCulture) : null)).ToBytes());
        return Amount is { } amount ? message.Set(4, amount).Set(49, Currency!.Value) : message;
    }

    public static LookupAnswer FromIso(Iso8583Message message)
    {
        var data = PrivateData.Of(message);
        return new LookupAnswer(
            Origin.Of(message),
            Verdict.Of(message, data),
            data.Require(Tags.BillNumber),
            message.Has(4) ? message.RequireNumber(4) : null,
            message.Has(4) ? (int)message.RequireNumber(49) : null,
            data[Tags.Payee],
            data[Tags.Description],
            data[Tags.OrderId],
            data[Tags.TimeLeft] is null ? null : TimeSpan.FromSeconds(data.RequireNumber(Tags.TimeLeft)));
    }
}

/// <summary>
/// 0200, or 0201 for the same again: the key is terminal, batch and STAN. A 0201 without card fields only enquires.
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
        .Set(53, SecurityControl.Of(KeySet));

    /// <summary>The local time stays in the message: only the receipt, which the terminal prints, shows it.</summary>
    public static PayRequest FromIso(Iso8583Message message)
    {
        var data = PrivateData.Of(message);
        var request = new PayRequest(
            message.Mti == Mti.PayRepeat,
            Origin.Of(message),
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
            : request.EntryMode != Wire.EntryMode.Swiped ? throw new Iso8583Exception(22, "is no entry mode of a payment")
            : request;
    }

    /// <summary>The key alone, of a message whose rest cannot be read.</summary>
    /// <exception cref="Iso8583Exception">Nor can the key.</exception>
    public static (Origin From, int Batch) KeyOf(Iso8583Message message) => (Origin.Of(message), Field.BatchOf(PrivateData.Of(message)));

    public override string ToString() => $"{(IsRepeat ? Mti.PayRepeat : Mti.PayRequest)} {From.Terminal}/{Batch}/{From.Stan}";
}

/// <summary>How a swipe ended, as the receipt shows it; everything is null that the attempt never got.</summary>
/// <param name="Rrn">Field 37.</param>
/// <param name="AuthorisationCode">Field 38, without filling spaces.</param>
public sealed record PaymentFacts(
    string? Rrn, string? AuthorisationCode, string? MaskedCard, DateTimeOffset? PaidAt, string? Payee, string? OrderId)
{
    private const int AuthorisationCodeLength = 6;
    private const int MaxTextBytes = 120;

    public static readonly PaymentFacts None = new(null, null, null, null, null, null);

    internal Iso8583Message AddTo(Iso8583Message message, PrivateData data)
    {
        data.Add(Tags.MaskedCard, MaskedCard).Add(Tags.PaidAt, PaidAt).AddText(Tags.Payee, Payee, MaxTextBytes).AddText(Tags.OrderId, OrderId, MaxTextBytes);
        return message.Set(37, Rrn).Set(38, AuthorisationCode?.PadRight(AuthorisationCodeLength)).Set(48, data.ToBytes());
    }

    internal static PaymentFacts Of(Iso8583Message message, PrivateData data) => new(
        message.Text(37),
        message.Text(38)?.TrimEnd(),
        data[Tags.MaskedCard],
        data.Time(Tags.PaidAt),
        data[Tags.Payee],
        data[Tags.OrderId]);
}

/// <summary>0210, to 0200 and 0201 alike.</summary>
public sealed record PayAnswer(Origin To, Verdict Verdict, int Batch, string Bill, long Amount, int Currency, PaymentFacts Facts)
{
    public Iso8583Message ToIso() => Facts.AddTo(
        To.On(Mti.PayAnswer).Set(3, ProcessingCode.BillPayment).Set(4, Amount).Set(39, Verdict.Code).Set(49, Currency),
        Verdict.AddTo(new PrivateData().Add(Tags.Batch, Field.Batch(Batch)).Add(Tags.BillNumber, Bill)));

    public static PayAnswer FromIso(Iso8583Message message)
    {
        var data = PrivateData.Of(message);
        return new PayAnswer(
            Origin.Of(message),
            Verdict.Of(message, data),
            Field.BatchOf(data),
            data.Require(Tags.BillNumber),
            message.RequireNumber(4),
            (int)message.RequireNumber(49),
            PaymentFacts.Of(message, data));
    }
}

/// <summary>0420, or 0421 for the same again: the terminal gives the key up.</summary>
public sealed record AbandonRequest(bool IsRepeat, Origin From, int Batch, int KeySet)
{
    public Iso8583Message ToIso() => From.On(IsRepeat ? Mti.ReversalRepeat : Mti.Reversal)
        .Set(3, ProcessingCode.BillPayment)
        .Set(48, new PrivateData().Add(Tags.Batch, Field.Batch(Batch)).ToBytes())
        .Set(53, SecurityControl.Of(KeySet));

    public static AbandonRequest FromIso(Iso8583Message message) => new(
        message.Mti == Mti.ReversalRepeat,
        Origin.Of(message),
        Field.BatchOf(PrivateData.Of(message)),
        SecurityControl.KeySetOf(message));
}

/// <summary>0430: 00 not paid, 21 no action taken because it is paid, 25 never seen and now void.</summary>
/// <param name="StoredCode">The final answer that stands under the key.</param>
public sealed record AbandonAnswer(Origin To, Verdict Verdict, int Batch, string? StoredCode, PaymentFacts Facts)
{
    public Iso8583Message ToIso() => Facts.AddTo(
        To.On(Mti.ReversalAnswer).Set(3, ProcessingCode.BillPayment).Set(39, Verdict.Code),
        Verdict.AddTo(new PrivateData().Add(Tags.Batch, Field.Batch(Batch)).Add(Tags.StoredCode, StoredCode)));

    public static AbandonAnswer FromIso(Iso8583Message message)
    {
        var data = PrivateData.Of(message);
        return new AbandonAnswer(
            Origin.Of(message), Verdict.Of(message, data), Field.BatchOf(data), data[Tags.StoredCode], PaymentFacts.Of(message, data));
    }
}

/// <summary>What was approved in a batch: how many payments, and their sum in minor units.</summary>
public readonly record struct BatchTotals(int Count, long Amount)
{
    private const char Debit = 'D';

    // As many as a batch has STANs.
    private const int MostPayments = 999_999;

    // To the cardholder a payment is a debit. Credits, and what was taken back of either, do not exist yet: zeros.
    internal Iso8583Message AddTo(Iso8583Message message)
    {
        foreach (var none in (int[])[74, 75, 77, 86, 87, 89])
        {
            message.Set(none, 0);
        }

        return message.Set(76, Count).Set(88, Amount).Set(97, string.Create(CultureInfo.InvariantCulture, $"{Debit}{Amount:D16}"));
    }

    /// <exception cref="Iso8583Exception">A field is absent, 76 is more than a batch can have, or 97 is not the sum of the others.</exception>
    internal static BatchTotals Of(Iso8583Message message)
    {
        var count = message.RequireNumber(76);
        if (count > MostPayments)
        {
            throw new Iso8583Exception(76, "counts more payments than a batch can have");
        }

        var totals = new BatchTotals((int)count, message.RequireNumber(88));
        return message.Require(97) == string.Create(CultureInfo.InvariantCulture, $"{Debit}{totals.Amount:D16}")
            ? totals
            : throw new Iso8583Exception(97, "is not what the totals come to");
    }
}

/// <summary>An approved payment of a batch.</summary>
/// <param name="Amount">Minor units.</param>
public readonly record struct BatchEntry(int Stan, long Amount);

/// <summary>0500: the terminal closes a batch, and says what it has approved in it. It may be said again.</summary>
/// <param name="ListAfter">After totals that differ: the server's own list is wanted, of what follows this STAN. Null: only the totals.</param>
public sealed record BatchCloseRequest(Origin From, int Batch, BatchTotals Totals, int KeySet, int? ListAfter = null)
{
    public Iso8583Message ToIso() => Totals.AddTo(From.On(Mti.BatchClose))
        .Set(48, new PrivateData()
            .Add(Tags.Batch, Field.Batch(Batch))
            .Add(Tags.ListAfter, ListAfter?.ToString("D6", CultureInfo.InvariantCulture))
            .ToBytes())
        .Set(53, SecurityControl.Of(KeySet));

    public static BatchCloseRequest FromIso(Iso8583Message message)
    {
        var data = PrivateData.Of(message);
        return new BatchCloseRequest(
            Origin.Of(message),
            Field.BatchOf(data),
            BatchTotals.Of(message),
            SecurityControl.KeySetOf(message),
            data[Tags.ListAfter] is null ? null : data.RequireNumber(Tags.ListAfter));
    }
}

/// <summary>0510: 00 the totals agree, 95 they differ; either way the batch is closed. Anything else: it is not.</summary>
/// <param name="Totals">The server's; absent unless the batch is closed.</param>
/// <param name="List">The server's approved payments after the STAN that was asked for, by STAN, at most <see cref="BatchLimits.MostListed"/>.</param>
public sealed record BatchCloseAnswer(Origin To, Verdict Verdict, int Batch, BatchTotals? Totals, IReadOnlyList<BatchEntry> List)
{
    private const int StanLength = 6, EntryLength = StanLength + 12;

    public Iso8583Message ToIso()
    {
        var list = List.Count == 0 ? null : string.Concat(List.Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Stan:D6}{entry.Amount:D12}")));
        var message = To.On(Mti.BatchCloseAnswer).Set(39, Verdict.Code).Set(
            48, Verdict.AddTo(new PrivateData().Add(Tags.Batch, Field.Batch(Batch)).Add(Tags.BatchList, list)).ToBytes());
        return Totals is { } totals ? totals.AddTo(message) : message;
    }

    public static BatchCloseAnswer FromIso(Iso8583Message message)
    {
        var data = PrivateData.Of(message);
        return new BatchCloseAnswer(
            Origin.Of(message),
            Verdict.Of(message, data),
            Field.BatchOf(data),
            message.Has(76) ? BatchTotals.Of(message) : null,
            ReadList(data[Tags.BatchList] ?? ""));
    }

    private static List<BatchEntry> ReadList(string list)
    {
        if (list.Length % EntryLength != 0 || list.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            throw new Iso8583Exception(48, $"holds no list in the element {Tags.BatchList}");
        }

        return [.. list.Chunk(EntryLength).Select(entry => new BatchEntry(
            int.Parse(entry.AsSpan(0, StanLength), CultureInfo.InvariantCulture), long.Parse(entry.AsSpan(StanLength), CultureInfo.InvariantCulture)))];
    }
}

internal static class Field
{
    private const int MaxBatch = 999_999;
    private const int MaxBill = 32;

    public static string TransmissionTime(DateTimeOffset time) => time.UtcDateTime.ToString("MMddHHmmss", CultureInfo.InvariantCulture);

    public static string Batch(int batch) => batch.ToString("D6", CultureInfo.InvariantCulture);

    /// <exception cref="Iso8583Exception">Absent, no number, or of more than six digits.</exception>
    public static int BatchOf(PrivateData data) => data.RequireNumber(Tags.Batch) is var batch and <= MaxBatch
        ? batch
        : throw new Iso8583Exception(48, $"holds more than six digits in the element {Tags.Batch}");

    /// <summary>As it was keyed in, right or wrong. The answer repeats it beside texts of its own, and must not fail at the length.</summary>
    /// <exception cref="Iso8583Exception">Absent, or longer than anybody keys in.</exception>
    public static string BillOf(PrivateData data) => data.Require(Tags.BillNumber) is { Length: <= MaxBill } bill
        ? bill
        : throw new Iso8583Exception(48, $"holds more than {MaxBill} characters in the element {Tags.BillNumber}");
}
