using System.Globalization;
using System.Text;
using Lakala.Vocabulary;

namespace Lakala.Wire.Iso8583;

/// <summary>
/// Field 48: elements of a two-character tag, three digits of length in bytes, and the value in UTF-8. A reader ignores
/// tags that it does not know.
/// </summary>
public sealed class PrivateData
{
    public const int MaxLength = 999;
    private const int TagLength = 2;
    private const int LengthDigits = 3;

    // Reading is strict. Writing replaces half a surrogate by U+FFFD: a text for people must not cause a fault.
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly List<(string Tag, string Value)> _elements = [];

    public string? this[string tag] => _elements.Find(element => element.Tag == tag).Value;

    /// <exception cref="Iso8583Exception">The element is absent.</exception>
    public string Require(string tag) => this[tag] ?? throw new Iso8583Exception(48, $"lacks the element {tag}");

    /// <exception cref="Iso8583Exception">The element is absent or not a number.</exception>
    public int RequireNumber(string tag) => Require(tag) is var digits && IsDigits(digits) && int.TryParse(digits, CultureInfo.InvariantCulture, out var number)
        ? number
        : throw new Iso8583Exception(48, $"holds no number in the element {tag}");

    /// <exception cref="Iso8583Exception">The element is absent or not hexadecimal.</exception>
    public byte[] RequireHex(string tag)
    {
        try
        {
            return Convert.FromHexString(Require(tag));
        }
        catch (FormatException)
        {
            throw new Iso8583Exception(48, $"holds no hexadecimal digits in the element {tag}");
        }
    }

    public DateTimeOffset? Time(string tag) => this[tag] is { } text
        ? DateTimeOffset.TryParseExact(text, Rfc3339.Seconds, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : throw new Iso8583Exception(48, $"holds no time in the element {tag}")
        : null;

    /// <summary>Null leaves the element out.</summary>
    public PrivateData Add(string tag, string? value)
    {
        if (value is not null)
        {
            _elements.Add((tag, value));
        }

        return this;
    }

    public PrivateData Add(string tag, DateTimeOffset? value) =>
        Add(tag, value is { } time ? Rfc3339.ToSeconds(time) : null);

    /// <summary>A text for people, cut at a character to at most <paramref name="maxBytes"/> of UTF-8.</summary>
    public PrivateData AddText(string tag, string? text, int maxBytes)
    {
        if (text is null || Encoding.UTF8.GetByteCount(text) <= maxBytes)
        {
            return Add(tag, text);
        }

        var cut = new StringBuilder();
        var bytes = 0;
        foreach (var rune in text.EnumerateRunes().TakeWhile(rune => (bytes += rune.Utf8SequenceLength) <= maxBytes))
        {
            cut.Append(rune);
        }

        return Add(tag, cut.ToString());
    }

    /// <exception cref="Iso8583Exception">Longer than field 48 may be.</exception>
    public byte[] ToBytes()
    {
        Span<byte> data = stackalloc byte[MaxLength];
        var at = 0;
        foreach (var (tag, value) in _elements)
        {
            const int Head = TagLength + LengthDigits;
            if (at + Head > data.Length || !Encoding.UTF8.TryGetBytes(value, data[(at + Head)..], out var length))
            {
                throw new Iso8583Exception(48, $"is longer than {MaxLength} bytes");
            }

            Encoding.ASCII.GetBytes(tag, data[at..]);
            length.TryFormat(data[(at + TagLength)..], out _, "D3", CultureInfo.InvariantCulture);
            at += Head + length;
        }

        return data[..at].ToArray();
    }

    /// <exception cref="Iso8583Exception">The field has an incomplete element, or is not UTF-8.</exception>
    public static PrivateData Parse(ReadOnlySpan<byte> data)
    {
        var parsed = new PrivateData();
        while (!data.IsEmpty)
        {
            if (data.Length < TagLength + LengthDigits
                || data.Slice(TagLength, LengthDigits).ContainsAnyExceptInRange((byte)'0', (byte)'9')
                || !int.TryParse(data.Slice(TagLength, LengthDigits), CultureInfo.InvariantCulture, out var length)
                || data.Length < TagLength + LengthDigits + length)
            {
                throw new Iso8583Exception(48, "is not made of whole elements");
            }

            try
            {
                var tag = TagOf(data[..TagLength]);
                parsed._elements.Add((tag, Utf8.GetString(data.Slice(TagLength + LengthDigits, length))));
            }
            catch (DecoderFallbackException)
            {
                throw new Iso8583Exception(48, "is not UTF-8");
            }

            data = data[(TagLength + LengthDigits + length)..];
        }

        return parsed;
    }

    /// <summary>Field 48 of the message; empty when it has none.</summary>
    public static PrivateData ReadFrom(Iso8583Message message) => Parse(message.Bytes(48) ?? []);

    // The parser itself would ignore zero bytes at the end.
    private static bool IsDigits(string text) => !text.AsSpan().ContainsAnyExceptInRange('0', '9');

    private static string TagOf(ReadOnlySpan<byte> tag) =>
        Ascii.IsValid(tag) ? Encoding.ASCII.GetString(tag) : throw new Iso8583Exception(48, "holds a tag that is not ASCII");
}

/// <summary>The tags of field 48.</summary>
public static class Tags
{
    public const string Batch = "BA";
    public const string BatchList = "BL";
    public const string BillNumber = "BN";
    public const string Clerk = "CL";
    public const string ClerkName = "CN";
    public const string ClerkPassword = "CP";
    public const string ClerkRole = "CR";
    public const string CustomerText = "TC";
    public const string ClerkText = "TX";
    public const string Description = "DS";
    public const string FeeKept = "FK";
    public const string Guarantee = "GT";
    public const string Health = "HL";
    public const string Language = "LG";
    public const string ListAfter = "LA";
    public const string MacKey = "MK";
    public const string MacKeyCheck = "MC";
    public const string MaskedCard = "CA";
    public const string Nonce = "NO";
    public const string OrderId = "OR";
    public const string OriginalRrn = "RR";
    public const string PaidAmount = "AP";
    public const string PaidAt = "PA";
    public const string Parameters = "PM";
    public const string ParametersVersion = "PV";
    public const string Payee = "PY";
    public const string PinKey = "PK";
    public const string PinKeyCheck = "PC";
    public const string ProcessingRequirement = "PR";
    public const string Reason = "RN";
    public const string ReceiptCode = "RC";
    public const string RefundList = "RL";
    public const string RefundState = "RS";
    public const string ServerTime = "TM";
    public const string SoftwareVersion = "SV";
    public const string StoreName = "SN";
    public const string StoredCode = "SR";
    public const string Supervisor = "SU";
    public const string TimeLeft = "TL";
}
