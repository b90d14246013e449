using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Lakala.Wire.Iso8583;

/// <summary>
/// ISO 8583:1987 with ASCII fields and a binary bitmap of 8 bytes, 16 when a field above 64 is present. Strict: what is not
/// exactly right is a fault that names the field.
/// </summary>
public static class Iso8583Codec
{
    private const int MtiLength = 4;
    private const int BitmapLength = 8;
    private const int LastPrimaryField = 64;

    private static readonly SearchValues<byte> Digits = SearchValues.Create("0123456789"u8);
    private static readonly SearchValues<byte> Track2Codes = SearchValues.Create("0123456789=D"u8);

    /// <summary>
    /// Writes the message. With a <paramref name="mac"/>, field 64 (or 128, when a field above 64 is present) is added and
    /// computed over everything before it.
    /// </summary>
    /// <returns>The length in bytes.</returns>
    /// <exception cref="Iso8583Exception">A field is not in the specification or its content does not fit.</exception>
    public static int Encode(Iso8583Message message, Span<byte> destination, MessageMac? mac = null)
    {
        Encoding.ASCII.GetBytes(message.Mti, destination);
        var fields = message.Fields;
        var isLong = fields.Length > 0 && fields[^1].Number > LastPrimaryField;
        var bitmap = destination.Slice(MtiLength, isLong ? 2 * BitmapLength : BitmapLength);
        bitmap.Clear();
        if (isLong)
        {
            bitmap[0] = 0x80;
        }

        var at = MtiLength + bitmap.Length;
        foreach (var (number, text, bytes) in fields)
        {
            Mark(bitmap, number);
            at += EncodeField(number, text, bytes, destination[at..]);
        }

        if (mac is null)
        {
            return at;
        }

        Mark(bitmap, isLong ? Iso8583Spec.MaxField : LastPrimaryField);
        mac.Compute(destination[..at], destination.Slice(at, MessageMac.Length));
        return at + MessageMac.Length;
    }

    /// <exception cref="Iso8583Exception">Whatever is wrong with it.</exception>
    public static Iso8583Message Decode(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < MtiLength + BitmapLength || frame[..MtiLength].ContainsAnyExcept(Digits))
        {
            throw new Iso8583Exception(0, "This is no ISO 8583 message.");
        }

        var message = new Iso8583Message(MtiText(frame));
        var bitmaps = (frame[MtiLength] & 0x80) != 0 ? 2 : 1;
        var at = MtiLength + bitmaps * BitmapLength;
        if (frame.Length < at)
        {
            throw new Iso8583Exception(0, "The message ends within its bitmap.");
        }

        for (var half = 0; half < bitmaps; half++)
        {
            var bits = BinaryPrimitives.ReadUInt64BigEndian(frame[(MtiLength + half * BitmapLength)..]);
            bits = half == 0 ? bits & ~(1UL << 63) : bits;
            while (bits != 0)
            {
                var place = System.Numerics.BitOperations.LeadingZeroCount(bits);
                bits &= ~(1UL << (63 - place));
                at += DecodeField(half * LastPrimaryField + place + 1, frame[at..], message);
            }
        }

        return at == frame.Length ? message : throw new Iso8583Exception(0, "The message is longer than its fields.");
    }

    private static string MtiText(ReadOnlySpan<byte> frame) => frame[..MtiLength] switch
    {
        [(byte)'0', (byte)'2', (byte)'0', (byte)'0'] => "0200",
        [(byte)'0', (byte)'2', (byte)'1', (byte)'0'] => "0210",
        var other => Encoding.ASCII.GetString(other),
    };

    private static void Mark(Span<byte> bitmap, int field) => bitmap[(field - 1) / 8] |= (byte)(0x80 >> ((field - 1) % 8));

    private static int EncodeField(int number, string? text, byte[]? bytes, Span<byte> to)
    {
        var spec = Iso8583Spec.Lakala.Find(number) ?? throw new Iso8583Exception(number, "is not in use");
        var length = text?.Length ?? bytes!.Length;
        if (spec.LengthDigits == 0 ? length != spec.MaxLength : length > spec.MaxLength)
        {
            throw new Iso8583Exception(number, $"has the length {length}, not {spec.MaxLength}");
        }

        length.TryFormat(to, out var prefix, spec.LengthDigits switch { 0 => "", 2 => "D2", _ => "D3" }, CultureInfo.InvariantCulture);
        prefix = spec.LengthDigits;
        var content = to.Slice(prefix, length);
        if (text is null)
        {
            bytes.CopyTo(content);
        }
        else if (Ascii.FromUtf16(text, content, out _) != OperationStatus.Done)
        {
            // The encoding would write question marks, and nobody would know.
            throw new Iso8583Exception(number, "holds characters that are not ASCII");
        }

        Check(spec, content);
        return prefix + length;
    }

    private static int DecodeField(int number, ReadOnlySpan<byte> from, Iso8583Message message)
    {
        var spec = Iso8583Spec.Lakala.Find(number) ?? throw new Iso8583Exception(number, "is not in use");
        var length = spec.MaxLength;
        if (spec.LengthDigits > 0)
        {
            if (from.Length < spec.LengthDigits || from[..spec.LengthDigits].ContainsAnyExcept(Digits))
            {
                throw new Iso8583Exception(number, "has no length");
            }

            length = int.Parse(from[..spec.LengthDigits], NumberStyles.None, CultureInfo.InvariantCulture);
            if (length > spec.MaxLength)
            {
                throw new Iso8583Exception(number, $"is longer than {spec.MaxLength}");
            }
        }

        if (from.Length < spec.LengthDigits + length)
        {
            throw new Iso8583Exception(number, "is cut off");
        }

        var content = from.Slice(spec.LengthDigits, length);
        Check(spec, content);
        if (spec.Format == FieldFormat.Binary)
        {
            message.Set(number, content.ToArray());
        }
        else
        {
            message.Set(number, Encoding.ASCII.GetString(content));
        }

        return spec.LengthDigits + length;
    }

    private static void Check(FieldSpec spec, ReadOnlySpan<byte> content)
    {
        var isRight = spec.Format switch
        {
            FieldFormat.Numeric => !content.ContainsAnyExcept(Digits),
            FieldFormat.Track2 => !content.ContainsAnyExcept(Track2Codes),
            FieldFormat.Text => !content.ContainsAnyExceptInRange((byte)' ', (byte)'~'),
            _ => true,
        };
        if (!isRight)
        {
            throw new Iso8583Exception(spec.Number, "holds characters that do not belong there");
        }
    }
}
