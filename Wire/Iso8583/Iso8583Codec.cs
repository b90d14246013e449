using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace Lakala.Wire.Iso8583;

/// <summary>
/// ISO 8583:1987 in the encodings of a <see cref="Iso8583Spec"/>, with a second bitmap when a field above 64 is present.
/// Strict: every deviation is a fault that names the field.
/// </summary>
public static class Iso8583Codec
{
    private const int MtiDigits = 4;
    private const int BitmapLength = 8;
    private const int LastPrimaryField = 64;

    // The separator of track 2; '=' in ASCII.
    private const int Separator = 0xD;

    private static readonly SearchValues<byte> Digits = SearchValues.Create("0123456789"u8);
    private static readonly SearchValues<byte> Track2Codes = SearchValues.Create("0123456789=D"u8);
    private static readonly SearchValues<byte> HexDigits = SearchValues.Create("0123456789ABCDEF"u8);

    /// <summary>
    /// Writes the message. With a <paramref name="mac"/>, field 64 (or 128, when a field above 64 is present) is added and
    /// computed over everything before it, from the message type on.
    /// </summary>
    /// <returns>The length in bytes.</returns>
    /// <exception cref="Iso8583Exception">A field is not in the specification or its content does not fit.</exception>
    public static int Encode(Iso8583Message message, Span<byte> destination, MessageMac? mac = null)
    {
        var spec = message.Spec;
        var fields = message.Fields;
        if (spec.HeaderLength > 0)
        {
            EncodeHeader(message, destination);
            fields = fields[1..];
        }

        var bitmapAt = spec.HeaderLength + EncodeMti(spec, message.Mti, destination[spec.HeaderLength..]);
        var isLong = fields.Length > 0 && fields[^1].Number > LastPrimaryField;
        Span<byte> marks = stackalloc byte[2 * BitmapLength];
        marks = marks[..(isLong ? 2 * BitmapLength : BitmapLength)];
        marks.Clear();
        if (isLong)
        {
            marks[0] = 0x80;
        }

        var at = bitmapAt + marks.Length * BytesPerMark(spec);
        foreach (var (number, text, bytes) in fields)
        {
            Mark(marks, number);
            at += EncodeField(spec, number, text, bytes, destination[at..]);
        }

        if (mac is not null)
        {
            Mark(marks, isLong ? Iso8583Spec.MaxField : LastPrimaryField);
        }

        WriteBitmap(spec, marks, destination[bitmapAt..]);
        if (mac is null)
        {
            return at;
        }

        mac.Compute(destination[spec.HeaderLength..at], destination.Slice(at, MessageMac.Length));
        return at + MessageMac.Length;
    }

    /// <exception cref="Iso8583Exception">The message is not valid; it names the field and the reason.</exception>
    public static Iso8583Message Decode(Iso8583Spec spec, ReadOnlySpan<byte> frame)
    {
        var bitmapAt = spec.HeaderLength + (spec.Digits == DigitEncoding.Packed ? MtiDigits / 2 : MtiDigits);
        var bitmapLength = BitmapLength * BytesPerMark(spec);
        if (frame.Length < bitmapAt + bitmapLength || ReadMti(spec, frame[spec.HeaderLength..bitmapAt]) is not { } mti)
        {
            throw new Iso8583Exception(0, "This is no ISO 8583 message.");
        }

        var message = new Iso8583Message(spec, mti);
        if (spec.HeaderLength > 0)
        {
            message.Set(Iso8583Spec.Header, frame[..spec.HeaderLength].ToArray());
        }

        var first = ReadBitmap(spec, frame[bitmapAt..]);
        var bitmaps = first >> 63 != 0 ? 2 : 1;
        var at = bitmapAt + bitmaps * bitmapLength;
        if (frame.Length < at)
        {
            throw new Iso8583Exception(0, "The message ends within its bitmap.");
        }

        for (var half = 0; half < bitmaps; half++)
        {
            var bits = half == 0 ? first & ~(1UL << 63) : ReadBitmap(spec, frame[(bitmapAt + bitmapLength)..]);
            while (bits != 0)
            {
                var place = BitOperations.LeadingZeroCount(bits);
                bits &= ~(1UL << (63 - place));
                at += DecodeField(spec, half * LastPrimaryField + place + 1, frame[at..], message);
            }
        }

        return at == frame.Length ? message : throw new Iso8583Exception(0, "The message is longer than its fields.");
    }

    private static void EncodeHeader(Iso8583Message message, Span<byte> to)
    {
        if (message.Bytes(Iso8583Spec.Header) is not { } header || header.Length != message.Spec.HeaderLength)
        {
            throw new Iso8583Exception(0, $"The header has {message.Spec.HeaderLength} bytes.");
        }

        header.CopyTo(to);
    }

    private static int EncodeMti(Iso8583Spec spec, string mti, Span<byte> to)
    {
        if (spec.Digits == DigitEncoding.Ascii)
        {
            Encoding.ASCII.GetBytes(mti, to);
            return MtiDigits;
        }

        return mti.Length == MtiDigits && Pack(mti, isTrack: false, to)
            ? MtiDigits / 2
            : throw new Iso8583Exception(0, "The message type is not four digits.");
    }

    private static string? ReadMti(Iso8583Spec spec, ReadOnlySpan<byte> from)
    {
        if (spec.Digits == DigitEncoding.Packed)
        {
            return Unpack(from, MtiDigits, isTrack: false);
        }

        return from.ContainsAnyExcept(Digits) ? null : from switch
        {
            [(byte)'0', (byte)'2', (byte)'0', (byte)'0'] => "0200",
            [(byte)'0', (byte)'2', (byte)'1', (byte)'0'] => "0210",
            var other => Encoding.ASCII.GetString(other),
        };
    }

    private static int BytesPerMark(Iso8583Spec spec) => spec.Bitmap == BitmapEncoding.Hex ? 2 : 1;

    private static void Mark(Span<byte> bitmap, int field) => bitmap[(field - 1) / 8] |= (byte)(0x80 >> ((field - 1) % 8));

    private static void WriteBitmap(Iso8583Spec spec, ReadOnlySpan<byte> marks, Span<byte> to)
    {
        if (spec.Bitmap == BitmapEncoding.Binary)
        {
            marks.CopyTo(to);
        }
        else
        {
            Convert.TryToHexString(marks, to, out _);
        }
    }

    private static ulong ReadBitmap(Iso8583Spec spec, ReadOnlySpan<byte> from)
    {
        if (spec.Bitmap == BitmapEncoding.Binary)
        {
            return BinaryPrimitives.ReadUInt64BigEndian(from);
        }

        var digits = from[..(2 * BitmapLength)];
        return digits.ContainsAnyExcept(HexDigits)
            ? throw new Iso8583Exception(0, "The bitmap is not hexadecimal.")
            : ulong.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }

    private static int EncodeField(Iso8583Spec spec, int number, string? text, byte[]? bytes, Span<byte> to)
    {
        var field = spec.Find(number) ?? throw new Iso8583Exception(spec, number, "is not in use");
        var length = text?.Length ?? bytes!.Length;
        if (field.LengthDigits == 0 ? length != field.MaxLength : length > field.MaxLength)
        {
            throw new Iso8583Exception(spec, number, $"has the length {length}, not {field.MaxLength}");
        }

        var prefix = spec.PrefixLength(field);
        WriteLength(spec.Lengths, length, to[..prefix]);
        var content = to.Slice(prefix, spec.ContentLength(field, length));
        if (text is null)
        {
            // A packed field has digits only, and bytes may not be digits.
            if (spec.IsPacked(field))
            {
                throw new Iso8583Exception(spec, number, "holds bytes in place of digits");
            }

            bytes.CopyTo(content);
        }
        else if (spec.IsPacked(field))
        {
            if (!Pack(text, field.Format == FieldFormat.Track2, content))
            {
                throw NotItsCharacters(spec, number);
            }

            return prefix + content.Length;
        }
        else if (Ascii.FromUtf16(text, content, out _) != OperationStatus.Done)
        {
            // The encoding would silently write question marks.
            throw new Iso8583Exception(spec, number, "holds characters that are not ASCII");
        }

        Check(spec, field, content);
        return prefix + length;
    }

    private static int DecodeField(Iso8583Spec spec, int number, ReadOnlySpan<byte> from, Iso8583Message message)
    {
        var field = spec.Find(number) ?? throw new Iso8583Exception(spec, number, "is not in use");
        var length = field.MaxLength;
        var prefix = spec.PrefixLength(field);
        if (prefix > 0)
        {
            length = from.Length >= prefix && ReadLength(spec.Lengths, from[..prefix]) is { } read
                ? read
                : throw new Iso8583Exception(spec, number, "has no length");
            if (length > field.MaxLength)
            {
                throw new Iso8583Exception(spec, number, $"is longer than {field.MaxLength}");
            }
        }

        var size = spec.ContentLength(field, length);
        if (from.Length < prefix + size)
        {
            throw new Iso8583Exception(spec, number, "is cut off");
        }

        var content = from.Slice(prefix, size);
        if (spec.IsPacked(field))
        {
            message.Set(number, Unpack(content, length, field.Format == FieldFormat.Track2) ?? throw NotItsCharacters(spec, number));
            return prefix + size;
        }

        Check(spec, field, content);
        if (field.Format == FieldFormat.Binary)
        {
            message.Set(number, content.ToArray());
        }
        else
        {
            message.Set(number, Encoding.ASCII.GetString(content));
        }

        return prefix + size;
    }

    private static void WriteLength(LengthEncoding encoding, int length, Span<byte> to)
    {
        for (var i = to.Length - 1; i >= 0; i--)
        {
            (length, to[i]) = encoding switch
            {
                LengthEncoding.Ascii => (length / 10, (byte)('0' + length % 10)),
                LengthEncoding.Packed => (length / 100, (byte)((length % 100 / 10 << 4) | length % 10)),
                _ => (length >> 8, (byte)length),
            };
        }
    }

    /// <returns>Null when it is not a number.</returns>
    private static int? ReadLength(LengthEncoding encoding, ReadOnlySpan<byte> from)
    {
        var length = 0;
        foreach (var each in from)
        {
            switch (encoding)
            {
                case LengthEncoding.Ascii when each is >= (byte)'0' and <= (byte)'9':
                    length = length * 10 + each - '0';
                    break;
                case LengthEncoding.Packed when each >> 4 <= 9 && (each & 0xF) <= 9:
                    length = length * 100 + (each >> 4) * 10 + (each & 0xF);
                    break;
                case LengthEncoding.Binary:
                    length = length << 8 | each;
                    break;
                default:
                    return null;
            }
        }

        return length;
    }

    // Two digits in a byte. With an odd number of digits the last nibble is zero.
    private static bool Pack(string text, bool isTrack, Span<byte> to)
    {
        to.Clear();
        for (var i = 0; i < text.Length; i++)
        {
            var nibble = text[i] switch
            {
                >= '0' and <= '9' and var digit => digit - '0',
                '=' or 'D' when isTrack => Separator,
                _ => -1,
            };
            if (nibble < 0)
            {
                return false;
            }

            to[i / 2] |= (byte)(i % 2 == 0 ? nibble << 4 : nibble);
        }

        return true;
    }

    /// <returns>Null when a nibble is not a digit, or the filling nibble is not zero.</returns>
    private static string? Unpack(ReadOnlySpan<byte> from, int length, bool isTrack)
    {
        Span<char> text = stackalloc char[length];
        for (var i = 0; i < 2 * from.Length; i++)
        {
            var nibble = i % 2 == 0 ? from[i / 2] >> 4 : from[i / 2] & 0xF;
            if (i == length ? nibble != 0 : nibble > 9 && !(isTrack && nibble == Separator))
            {
                return null;
            }

            if (i < length)
            {
                text[i] = nibble == Separator ? '=' : (char)('0' + nibble);
            }
        }

        return new string(text);
    }

    private static Iso8583Exception NotItsCharacters(Iso8583Spec spec, int number) => new(spec, number, "holds characters that do not belong there");

    private static void Check(Iso8583Spec spec, FieldSpec field, ReadOnlySpan<byte> content)
    {
        var isRight = field.Format switch
        {
            FieldFormat.Numeric => !content.ContainsAnyExcept(Digits),
            FieldFormat.Track2 => !content.ContainsAnyExcept(Track2Codes),
            FieldFormat.Text => !content.ContainsAnyExceptInRange((byte)' ', (byte)'~'),
            _ => true,
        };
        if (!isRight)
        {
            throw NotItsCharacters(spec, field.Number);
        }
    }
}
