using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Lakala.Vocabulary;
using Lakala.Wire.Bank;
using Lakala.Wire.Cards;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;
using Lakala.Wire.Terminal;

namespace Lakala.Wire.Tests.Fuzzing;

/// <summary>
/// Runs all code that reads bytes from the wire, on both ends of both lines, on one stream of bytes; and checks what must hold
/// for any bytes.
/// </summary>
internal sealed partial class FuzzTarget
{
    /// <summary>The limit of one call on one frame.</summary>
    private const int MaxAllocated = 16 * Iso8583Frame.MaxLength;

    public const string Pin = "194736";

    public static readonly byte[] Key = [.. Enumerable.Range(1, MasterKey.KeyLength).Select(number => (byte)number)];
    public static readonly MessageMac Mac = new(Key);
    public static readonly PinCipher PinKey = new(Key);

    public static readonly string[] MessageTypes =
    [
        Mti.LookupRequest, Mti.LookupAnswer, Mti.PayRequest, Mti.PayRepeat, Mti.PayAnswer, Mti.Reversal, Mti.ReversalRepeat,
        Mti.ReversalAnswer, Mti.NetworkRequest, Mti.NetworkAnswer, Mti.Refund, Mti.RefundRepeat, Mti.RefundAnswer,
    ];

    public static readonly string[] KnownTags =
        [.. typeof(Tags).GetFields().Select(field => (string)field.GetRawConstantValue()!).Order(StringComparer.Ordinal)];

    private static readonly TimeProvider Clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(Samples.Time);
    private static readonly int[] Sensitive =
        [.. PresentFields.Specs.Where(spec => spec.Sensitivity != Sensitivity.None).Select(spec => spec.Number)];

    /// <summary>Fields that readers take unchanged: not constants of a message, not times, not texts that may be cut.</summary>
    private static readonly int[] Repeated = [4, 11, 22, 32, 35, 37, 38, 39, 41, 42, 49, 52, 53];

    private static readonly string LongText = new('茶', 400);
    private static readonly Verdict LongVerdict = new(ResponseCodes.Fault, 9999, LongText, LongText, ProcessingRequirement.SignOn);
    private static readonly PaymentFacts LongFacts = new("000000000042", "A1B2C3", new string('*', 19), Samples.Time, LongText, LongText);
    private static readonly BatchEntry[] LongList = [.. Enumerable.Repeat(new BatchEntry(999_999, 999_999_999_999), BatchLimits.MostListed)];
    private static readonly WrappedKey LongKey = new(Samples.Key, [1, 2, 3]);

    private static readonly Reader[] Readers =
    [
        // The gateway.
        Of("SignOnRequest", "080", i => SignOnRequest.FromIso(i, Clock), m => m.ToIso()),
        Of("LookupRequest", "010", LookupRequest.FromIso, m => m.ToIso()),
        Of("PayRequest", "020", PayRequest.FromIso, m => m.ToIso()),
        Of("RefundLookupRequest", "010", RefundLookupRequest.FromIso, m => m.ToIso()),
        Of("RefundRequest", "022", RefundRequest.FromIso, m => m.ToIso()),
        Of("PayRequest.KeyOf", "020", i => PayRequest.KeyOf(i)),
        Of("AbandonRequest", "042", AbandonRequest.FromIso, m => m.ToIso()),
        Of("BatchCloseRequest", "050", BatchCloseRequest.FromIso, m => m.ToIso()),
        Of("ClerkSignInRequest", "080", ClerkSignInRequest.FromIso, m => m.ToIso()),
        Of("NetworkRequest", "080", NetworkRequest.FromIso, m => m.ToIso()),
        Of("Origin", "", i => Origin.ReadFrom(i)),
        Of("SecurityControl", "", i => SecurityControl.KeySetOf(i)),
        // The terminal.
        Of("SignOnAnswer", "081", SignOnAnswer.FromIso, m => m.ToIso()),
        Of("LookupAnswer", "011", LookupAnswer.FromIso, m => m.ToIso()),
        Of("RefundLookupAnswer", "011", RefundLookupAnswer.FromIso, m => m.ToIso()),
        Of("RefundAnswer", "023", RefundAnswer.FromIso, m => m.ToIso()),
        Of("PayAnswer", "021", PayAnswer.FromIso, m => m.ToIso()),
        Of("AbandonAnswer", "043", AbandonAnswer.FromIso, m => m.ToIso()),
        Of("BatchCloseAnswer", "051", BatchCloseAnswer.FromIso, m => m.ToIso()),
        Of("ClerkSignInAnswer", "081", ClerkSignInAnswer.FromIso, m => m.ToIso()),
        Of("ParametersAnswer", "081", ParametersAnswer.FromIso, m => m.ToIso()),
        Of("NetworkAnswer", "081", NetworkAnswer.FromIso, m => m.ToIso()),
        Of("Verdict", "", i => Verdict.ReadFrom(i)),
        // Bank and silo.
        Of("ZoneSignOnRequest", "080", i => ZoneSignOnRequest.FromIso(i, Clock), m => m.ToIso()),
        Of("BankNetworkMessage", "08", BankNetworkMessage.FromIso, m => m.ToIso()),
        Of("BankAuthoriseRequest", "020", i => BankAuthoriseRequest.FromIso(i, Clock), m => m.ToIso()),
        Of("BankAuthoriseAnswer", "021", BankAuthoriseAnswer.FromIso, m => m.ToIso()),
        Of("BankReversalRequest", "042", i => BankReversalRequest.FromIso(i, Clock), m => m.ToIso()),
        Of("BankReversalAnswer", "043", BankReversalAnswer.FromIso, m => m.ToIso()),
        Of("BankRefundRequest", "022", i => BankRefundRequest.FromIso(i, Clock), m => m.ToIso()),
        Of("BankRefundAnswer", "023", BankRefundAnswer.FromIso, m => m.ToIso()),
        Of("PrivateData", "", PrivateData.ReadFrom),
    ];

    private readonly Dictionary<string, int> _reasons = [];
    private readonly List<string> _reasonNames = ["read"];
    private readonly byte[] _encoded = new byte[2 * Iso8583Frame.MaxLength];

    // Before the first whole run the runtime itself allocates, because it loads code.
    private bool _isWarm;

    /// <summary>The most that one call has allocated, in bytes.</summary>
    public long MostAllocated { get; private set; }

    public void IsWarm() => _isWarm = true;

    /// <param name="cuts">The ends of the reads of a second run, ascending.</param>
    /// <param name="isThorough">True: every reader reads every message, not only its own kinds.</param>
    /// <param name="traits">Gets the observed traits.</param>
    /// <exception cref="FuzzFailure">Something does not hold.</exception>
    public void Examine(byte[] stream, int length, ReadOnlySpan<int> cuts, bool isThorough, ICollection<Trait> traits)
    {
        var (frames, left, fault) = Segments.Read(stream, length);
        traits.Add(new Trait(TraitKind.Stream, 0, Math.Min(frames.Count, 3), left > 0 ? 1 : 0));
        if (fault is not null)
        {
            traits.Add(new Trait(TraitKind.Refused, MessageTypes.Length, fault.Field, ReasonOf(fault)));
        }

        if (cuts.Length > 0)
        {
            ExamineCut(stream, length, cuts, (frames, fault));
        }

        foreach (var frame in frames)
        {
            Examine(frame, isThorough, traits);
        }
    }

    /// <summary>Every single cut there is, and each byte by itself.</summary>
    public static void ExamineEveryCut(byte[] stream, int length)
    {
        var (frames, _, fault) = Segments.Read(stream, length);
        for (var cut = 1; cut < length; cut++)
        {
            ExamineCut(stream, length, [cut], (frames, fault));
        }

        ExamineCut(stream, length, [.. Enumerable.Range(1, Math.Max(0, length - 1))], (frames, fault));
    }

    /// <summary>A fault's text with this many digits, or with unprintable characters, would contain content.</summary>
    public static bool MayHoldContent(string text) => Content().IsMatch(text);

    public string Describe(Trait trait)
    {
        var mti = trait.Mti < MessageTypes.Length ? MessageTypes[trait.Mti] : "any";
        return trait.Kind switch
        {
            TraitKind.Stream => $"{trait.What}-frames-{(trait.Detail > 0 ? "and-a-part" : "whole")}",
            TraitKind.Refused => $"{mti}-refused-{_reasonNames[trait.Detail]}",
            TraitKind.Reading or TraitKind.Foreign => $"{mti}-{Readers[trait.What].Name}-{_reasonNames[trait.Detail]}",
            TraitKind.Content => $"{mti}-content-{trait.What}-{trait.Detail}",
            _ => $"{mti}-pair-{trait.What}-{trait.Detail}",
        };
    }

    private static void ExamineCut(byte[] stream, int length, ReadOnlySpan<int> cuts, (List<byte[]> Frames, Iso8583Exception? Fault) whole)
    {
        var (frames, _, fault) = Segments.Read(stream, length, cuts);
        var isSame = frames.Count == whole.Frames.Count && fault?.Message == whole.Fault?.Message;
        for (var at = 0; isSame && at < frames.Count; at++)
        {
            isSame = frames[at].AsSpan().SequenceEqual(whole.Frames[at]);
        }

        if (!isSame)
        {
            throw new FuzzFailure($"Read in pieces that end at {string.Join(", ", cuts.ToArray())} the stream says something else.");
        }
    }

    private void Examine(byte[] frame, bool isThorough, ICollection<Trait> traits)
    {
        var (decoded, fault) = Bounded(nameof(Iso8583Codec.Decode), () => Iso8583Codec.Decode(Iso8583Spec.Lakala, frame));
        if (decoded is not Iso8583Message message)
        {
            traits.Add(new Trait(TraitKind.Refused, MessageTypes.Length, fault!.Field, ReasonOf(fault)));
            return;
        }

        var at = Array.IndexOf(MessageTypes, message.Mti);
        var mti = at < 0 ? MessageTypes.Length : at;
        ExamineEncoding(message, frame);
        ExaminePrint(message, message.ToString());
        for (var reader = 0; reader < Readers.Length; reader++)
        {
            var isOwn = message.Mti.StartsWith(Readers[reader].Mti, StringComparison.Ordinal);
            if (isThorough || isOwn)
            {
                traits.Add(new Trait(isOwn ? TraitKind.Reading : TraitKind.Foreign, mti, reader, Examine(Readers[reader], message)));
            }
        }

        ExamineContent(message, frame, mti, traits);
        var fields = PresentFields.Of(message);
        foreach (var (one, _, _) in fields)
        {
            foreach (var (other, _, _) in fields)
            {
                if (one < other)
                {
                    traits.Add(new Trait(TraitKind.Pair, mti, one, other));
                }
            }
        }
    }

    // A decoded message is encoded to the same bytes. The only other form is a second bitmap without a field in it.
    private void ExamineEncoding(Iso8583Message message, byte[] frame)
    {
        var length = Iso8583Codec.Encode(message, _encoded);
        var isCanonical = (frame[4] & 0x80) == 0 || PresentFields.Of(message) is [.., { Number: > 64 }];
        var encoded = _encoded.AsSpan(0, length);
        if (isCanonical ? encoded.SequenceEqual(frame) : IsSame(Iso8583Codec.Decode(Iso8583Spec.Lakala, encoded), message))
        {
            return;
        }

        throw new FuzzFailure("What was decoded is encoded to something else.");
    }

    private static bool IsSame(Iso8583Message one, Iso8583Message other)
    {
        var (left, right) = (PresentFields.Of(one), PresentFields.Of(other));
        var isSame = one.Mti == other.Mti && left.Count == right.Count;
        for (var at = 0; isSame && at < left.Count; at++)
        {
            isSame = left[at].Number == right[at].Number && left[at].Text == right[at].Text
                && (left[at].Bytes ?? []).AsSpan().SequenceEqual(right[at].Bytes ?? []);
        }

        return isSame;
    }

    private int Examine(Reader reader, Iso8583Message message)
    {
        var (typed, fault) = Bounded(reader.Name, () => reader.Read(message));
        if (fault is not null)
        {
            return ReasonOf(fault);
        }

        ExaminePrint(message, typed!.ToString()!);
        ExamineAnswer(typed);
        if (reader.Write is { } write)
        {
            // A message that was read can be written again with the same content, or is refused by name: a text may be too long then.
            var (said, _) = Bounded(reader.Name, () => Encoded(write(typed)));
            if (said is Iso8583Message again && Repeated.FirstOrDefault(field => !IsSame(again, message, field)) is var field and > 0)
            {
                throw new FuzzFailure($"{reader.Name} reads field {field} and says something else.");
            }
        }

        return 0;
    }

    // For any request there is room for its answer with the longest texts.
    private void ExamineAnswer(object request)
    {
        var answer = request switch
        {
            SignOnRequest signOn => new SignOnAnswer(signOn.From, LongVerdict, signOn.Nonce, 1, LongKey, LongKey, Samples.Time, LongText).ToIso(),
            LookupRequest lookup => new LookupAnswer(lookup.From, LongVerdict, lookup.Bill, 1, CurrencyCode.Cny, LongText, LongText, LongText, TimeSpan.MaxValue, new Guarantee(TimeSpan.MaxValue, TimeSpan.MaxValue), IsFeeKept: true).ToIso(),
            PayRequest pay => new PayAnswer(pay.From, LongVerdict, pay.Batch, pay.Bill, pay.Amount, pay.Currency, LongFacts).ToIso(),
            AbandonRequest abandon => new AbandonAnswer(abandon.From, LongVerdict, abandon.Batch, ResponseCodes.Approved, LongFacts).ToIso(),
            ClerkSignInRequest signIn => new ClerkSignInAnswer(signIn.From, LongVerdict, LongText, true).ToIso(),
            BatchCloseRequest close => new BatchCloseAnswer(close.From, LongVerdict, close.Batch, close.Totals, LongList).ToIso(),
            NetworkRequest { Code: NetworkCode.Parameters } parameters =>
                new ParametersAnswer(parameters.From, LongVerdict, int.MaxValue, new string('x', ParametersAnswer.MaxJson)).ToIso(),
            NetworkRequest network => new NetworkAnswer(network.From, network.Code, LongVerdict).ToIso(),
            ZoneSignOnRequest signOn => new BankNetworkMessage(signOn.Stan, NetworkCode.SignOn, ResponseCodes.Approved, signOn.Nonce).ToIso(),
            BankNetworkMessage echo => (echo with { ResponseCode = ResponseCodes.Approved }).ToIso(),
            _ => null,
        };
        if (answer is not null)
        {
            Iso8583Codec.Encode(answer, _encoded, Mac);
        }
    }

    private Iso8583Message Encoded(Iso8583Message message)
    {
        Iso8583Codec.Encode(message, _encoded, Mac);
        return message;
    }

    private static bool IsSame(Iso8583Message said, Iso8583Message read, int field) =>
        !said.Has(field) || !read.Has(field)
        || (said.Text(field) == read.Text(field) && (said.Bytes(field) ?? []).AsSpan().SequenceEqual(read.Bytes(field) ?? []));

    private void ExamineContent(Iso8583Message message, byte[] frame, int mti, ICollection<Trait> traits)
    {
        var isAuthentic = Mac.Verify(message, frame);
        traits.Add(new Trait(TraitKind.Content, mti, 0, isAuthentic ? 1 : 0));

        // A hint repeats the identification of the request, whatever it is.
        Iso8583Codec.Encode(new Verdict(ResponseCodes.Fault, 1, "clerk", "customer").ToHint(Mti.PayAnswer, message), _encoded);

        var isCard = Track2.TryParse(message.Text(35), out var track);
        traits.Add(new Trait(TraitKind.Content, mti, 1, isCard ? 1 : 0));
        if (message.Bytes(52) is { } block)
        {
            var pan = track?.PrimaryAccountNumber ?? Samples.CardNumber;
            var isPin = PinBlock.TryDecipher(block, pan, PinKey, out var pin);
            var isTranslated = PinBlock.Translate(block, pan, PinKey, PinKey) is not null;
            if (isPin != isTranslated || (isPin && pin.Length is < PinBlock.MinPin or > PinBlock.MaxPin))
            {
                throw new FuzzFailure("A PIN block opens one way and not the other.");
            }

            traits.Add(new Trait(TraitKind.Content, mti, 2, isPin ? 1 : 0));
        }

        if (message.Text(39) is { } code)
        {
            traits.Add(new Trait(TraitKind.Content, mti, 3, ResponseCodes.IsFinal(code) ? 1 : 0));
        }

        if (Bounded("PrivateData", () => PrivateData.ReadFrom(message)).Result is PrivateData data)
        {
            ExamineElements(data, traits);
        }
    }

    private void ExamineElements(PrivateData data, ICollection<Trait> traits)
    {
        // An element is read the same in every message.
        var mti = MessageTypes.Length;
        for (var tag = 0; tag < KnownTags.Length; tag++)
        {
            var name = KnownTags[tag];
            if (data[name] is not { } value)
            {
                continue;
            }

            traits.Add(new Trait(TraitKind.Content, mti, 10 + KnownTags.Length + tag, int.Log2(value.Length + 1)));
            var isNumber = Bounded("RequireNumber", () => data.RequireNumber(name)).Fault is null;
            var isHex = Bounded("RequireHex", () => data.RequireHex(name)).Fault is null;
            var isTime = Bounded("Time", () => data.Time(name)!).Fault is null;
            traits.Add(new Trait(
                TraitKind.Content, mti, 10 + tag, (isNumber ? 1 : 0) + (isHex ? 2 : 0) + (isTime ? 4 : 0) + (BillNumber.IsWhole(value) ? 8 : 0)));
        }

        if (data[Tags.PinKey] is not null && data[Tags.PinKeyCheck] is not null)
        {
            using var master = new MasterKey(Key);
            try
            {
                master.Unwrap(new WrappedKey(data.RequireHex(Tags.PinKey), data.RequireHex(Tags.PinKeyCheck)));
                traits.Add(new Trait(TraitKind.Content, mti, 4, 1));
            }
            catch (Exception fault) when (fault is CryptographicException or Iso8583Exception)
            {
                // Refused. Both callers close the line on either.
                CheckText(fault.Message);
            }
        }
    }

    private (object? Result, Iso8583Exception? Fault) Bounded(string what, Func<object> call)
    {
        for (var again = 0; ; again++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            object? result = null;
            Iso8583Exception? fault = null;
            try
            {
                result = call();
            }
            catch (Iso8583Exception refused)
            {
                fault = refused;
            }
            catch (Exception other)
            {
                throw new FuzzFailure($"{what} throws {other.GetType().Name}.", other);
            }

            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (allocated <= MaxAllocated || !_isWarm)
            {
                MostAllocated = _isWarm ? Math.Max(MostAllocated, allocated) : 0;
                return (result, fault);
            }

            // One excess may be the runtime, which loads code at the first use.
            if (again > 0)
            {
                throw new FuzzFailure($"{what} allocates {allocated} bytes for one frame.");
            }
        }
    }

    private int ReasonOf(Iso8583Exception fault)
    {
        if (!_reasons.TryGetValue(fault.Message, out var reason))
        {
            CheckText(fault.Message);
            var name = fault.Field == 0
                ? Digits().Replace(fault.Message, "N").TrimEnd('.')
                : $"{fault.Field} {Digits().Replace(fault.Message[(fault.Message.IndexOf(':', StringComparison.Ordinal) + 2)..], "N")}";
            name = name.Replace(' ', '-');
            reason = _reasonNames.IndexOf(name);
            if (reason < 0)
            {
                reason = _reasonNames.Count;
                _reasonNames.Add(name);
            }

            _reasons[fault.Message] = reason;
        }

        return reason;
    }

    private static void CheckText(string text)
    {
        if (MayHoldContent(text))
        {
            throw new FuzzFailure($"The text of a fault may hold content: {text}");
        }
    }

    private static void ExaminePrint(Iso8583Message message, string print)
    {
        foreach (var secret in SecretsOf(message))
        {
            if (print.Contains(secret, StringComparison.OrdinalIgnoreCase) && !OpenContent(message).Contains(secret, StringComparison.OrdinalIgnoreCase))
            {
                throw new FuzzFailure("A print shows the content of a sensitive field.");
            }
        }
    }

    private static IEnumerable<string> SecretsOf(Iso8583Message message)
    {
        const int LongestMask = 10, ShortestSecret = 8, FewestCharacters = 3;
        foreach (var field in Sensitive)
        {
            var secret = message.Text(field) ?? (message.Bytes(field) is { } bytes ? Convert.ToHexString(bytes) : "");
            if (secret.Length > (field == 2 ? LongestMask : ShortestSecret) && secret.Distinct().Count() >= FewestCharacters)
            {
                yield return secret;
            }
        }

        if (Track2.TryParse(message.Text(35), out var track) && track!.PrimaryAccountNumber.Distinct().Count() >= FewestCharacters)
        {
            yield return track.PrimaryAccountNumber;
        }
    }

    // A sender may put the same characters into a field that is open.
    private static string OpenContent(Iso8583Message message)
    {
        var open = new StringBuilder();
        foreach (var (number, text, bytes) in PresentFields.Of(message))
        {
            open.Append(Sensitive.Contains(number) ? "" : text ?? Encoding.UTF8.GetString(bytes!)).Append('\n');
        }

        return open.ToString();
    }

    private static Reader Of<T>(string name, string mti, Func<Iso8583Message, T> read, Func<T, Iso8583Message>? write = null)
        where T : notnull => new(name, mti, message => read(message), write is null ? null : typed => write((T)typed));

    [GeneratedRegex("(?<!UTF-)[0-9]+", RegexOptions.CultureInvariant)]
    private static partial Regex Digits();

    [GeneratedRegex("[0-9]{6}|[0-9A-Fa-f]{8}|[^ -~]", RegexOptions.CultureInvariant)]
    private static partial Regex Content();

    /// <param name="Mti">How the types of its messages begin.</param>
    private sealed record Reader(string Name, string Mti, Func<Iso8583Message, object> Read, Func<object, Iso8583Message>? Write);
}
