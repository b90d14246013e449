using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Lakala.Wire.Iso8583;

namespace Lakala.Wire.Tests.Fuzzing;

/// <summary>
/// Changes inputs: bytes without regard to their meaning, and fields, elements and lengths with regard to it, so that
/// code after the first check is reached too.
/// </summary>
internal sealed class Mutation(Random random)
{
    public const int MaxLength = 4 * Iso8583Frame.MaxLength;

    private const int MtiLength = 4, BitmapEnd = 20, MostSteps = 5, LongestInsert = 16;

    private static readonly byte[] TellingBytes = [0, (byte)' ', (byte)'0', (byte)'9', (byte)'=', (byte)'D', (byte)'?', 0x7F, 0x80, 0xC0, 0xE4, 0xFF];
    private static readonly int[] TellingLengths = [0, 1, 2, 11, 12, Iso8583Frame.MaxLength - 1, Iso8583Frame.MaxLength, Iso8583Frame.MaxLength + 1, 0x7FFF, 0xFFFF];

    private static readonly string[] TellingValues =
    [
        "", "0", "1", "000000", "000001", "999999", "1000000", "2147483647", "2147483648", "9999999999999999999", "-1", " 1", "+1", "1 ", "1\0",
        "0x1", "1e3", "AB", "abc", "A", "GG", "ABABABABABABABABABABABABABABABAB", "2030-11-24T17:42:10Z", "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z", "2030-13-24T17:42:10Z", "2030-11-24T17:42:10+08:00", "zh", "茶", "\U0001F375", "٣", "00000000000097", "73516235791239",
        Samples.Track, Samples.CardNumber, "\n", "\"", "'", "%s", "\uFFFD",
        new('1', 33), new('茶', 33), new('1', 400), new('茶', 280), new('A', 900),
    ];

    private readonly byte[] _bytes = new byte[2 * MaxLength];
    private int _length;

    /// <summary>Makes a new input from the parent; parts of another one may be inserted.</summary>
    /// <returns>Valid until the next call.</returns>
    public ReadOnlySpan<byte> Change(byte[] parent, byte[] other)
    {
        parent.CopyTo(_bytes, 0);
        _length = parent.Length;
        for (var steps = random.Next(1, MostSteps); steps > 0; steps--)
        {
            Step(other);
            _length = Math.Min(_length, MaxLength);
        }

        return _bytes.AsSpan(0, _length);
    }

    private void Step(byte[] other)
    {
        if (random.Next(8) == 0)
        {
            ChangeBytes(0, other);
            return;
        }

        // The frames before this one stay; what follows it goes when there are several, or the change would never be reached.
        var begin = BeginOfAFrame();
        var body = begin + Iso8583Frame.PrefixLength;
        if (body >= _length)
        {
            ChangeBytes(0, other);
            return;
        }

        if (random.Next(3) == 0)
        {
            ChangeMessage(body);
        }
        else
        {
            ChangeBytes(body, other);
        }

        if (random.Next(8) != 0 && _length - body is > 0 and <= ushort.MaxValue)
        {
            BinaryPrimitives.WriteUInt16BigEndian(_bytes.AsSpan(begin), (ushort)(_length - body));
        }
    }

    private int BeginOfAFrame()
    {
        var begin = 0;
        while (begin + Iso8583Frame.PrefixLength < _length && random.Next(2) == 0)
        {
            var next = begin + Iso8583Frame.PrefixLength + BinaryPrimitives.ReadUInt16BigEndian(_bytes.AsSpan(begin));
            if (next + Iso8583Frame.PrefixLength >= _length)
            {
                break;
            }

            begin = next;
        }

        return begin;
    }

    private void ChangeBytes(int from, byte[] other)
    {
        var length = _length - from;
        if (length <= 0)
        {
            Insert(_length, other);
            return;
        }

        var at = from + random.Next(length);
        switch (random.Next(15))
        {
            case 0 or 1:
                _bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 2:
                _bytes[at] = (byte)random.Next(256);
                break;
            case 3:
                _bytes[at] = TellingBytes[random.Next(TellingBytes.Length)];
                break;
            case 4:
                var some = new byte[random.Next(1, LongestInsert)];
                random.NextBytes(some);
                Insert(at, some);
                break;
            case 5:
                Remove(at, Math.Min(random.Next(1, LongestInsert), _length - at));
                break;
            case 6:
                Splice(at, other);
                break;
            case 7:
                BinaryPrimitives.WriteUInt16BigEndian(_bytes.AsSpan(Math.Max(0, from - Iso8583Frame.PrefixLength)), NextLength());
                break;
            case 8:
                var bit = random.Next(8 * (BitmapEnd - MtiLength));
                _bytes[Math.Min(from + MtiLength + bit / 8, _length)] ^= (byte)(1 << (bit % 8));
                break;
            case 9 or 10:
                ChangeDigit(at);
                break;
            case 11:
                ChangeElementLength(at);
                break;
            case 12:
                _length = at;
                break;
            case 13:
                Insert(at, _bytes.AsSpan(at, random.Next(1, _length - at + 1)).ToArray());
                break;
            default:
                Insert(_length, other);
                break;
        }
    }

    private ushort NextLength() => random.Next(2) == 0
        ? (ushort)TellingLengths[random.Next(TellingLengths.Length)]
        : (ushort)(_length + random.Next(-4, 5));

    private void Insert(int at, ReadOnlySpan<byte> some)
    {
        if (_length + some.Length <= MaxLength)
        {
            _bytes.AsSpan(at, _length - at).CopyTo(_bytes.AsSpan(at + some.Length));
            some.CopyTo(_bytes.AsSpan(at));
            _length += some.Length;
        }
    }

    private void Remove(int at, int count)
    {
        _bytes.AsSpan(at + count, _length - at - count).CopyTo(_bytes.AsSpan(at));
        _length -= count;
    }

    private void Splice(int at, byte[] other)
    {
        var rest = other.AsSpan(random.Next(other.Length));
        rest = rest[..Math.Min(rest.Length, MaxLength - at)];
        rest.CopyTo(_bytes.AsSpan(at));
        _length = at + rest.Length;
    }

    private void ChangeDigit(int from)
    {
        var digits = _bytes.AsSpan(from, _length - from);
        if (digits.IndexOfAnyInRange((byte)'0', (byte)'9') is var at and >= 0)
        {
            digits[at] = (byte)('0' + random.Next(10));
        }
    }

    // Two capitals and three digits: the head of an element of field 48.
    private void ChangeElementLength(int from)
    {
        for (var at = from; at + 5 <= _length; at++)
        {
            if (_bytes[at] is >= (byte)'A' and <= (byte)'Z' && _bytes[at + 1] is >= (byte)'A' and <= (byte)'Z'
                && _bytes[at + 2] is >= (byte)'0' and <= (byte)'9')
            {
                (random.Next(2) == 0 ? random.Next(1000) : random.Next(12)).TryFormat(
                    _bytes.AsSpan(at + 2), out _, "D3", CultureInfo.InvariantCulture);
                return;
            }
        }
    }

    private void ChangeMessage(int body)
    {
        Iso8583Message message;
        try
        {
            message = Iso8583Codec.Decode(Iso8583Spec.Lakala, _bytes.AsSpan(body, _length - body));
        }
        catch (Iso8583Exception)
        {
            ChangeDigit(body);
            return;
        }

        var left = random.Next(4) == 0 ? PresentFields.Specs[random.Next(PresentFields.Specs.Length)].Number : 0;
        var isMtiKept = random.Next(6) != 0;
        var changed = new Iso8583Message(Iso8583Spec.Lakala, isMtiKept ? message.Mti : FuzzTarget.MessageTypes[random.Next(FuzzTarget.MessageTypes.Length)]);
        foreach (var (number, text, bytes) in PresentFields.Of(message))
        {
            if (number != left && number is not (64 or Iso8583Spec.MaxField))
            {
                _ = text is null ? changed.Set(number, bytes) : changed.Set(number, text);
            }
        }

        switch (random.Next(3))
        {
            case 0:
                var spec = PresentFields.Specs[random.Next(PresentFields.Specs.Length)];
                _ = spec.Format == FieldFormat.Binary ? changed.Set(spec.Number, Content(spec)) : changed.Set(spec.Number, Encoding.ASCII.GetString(Content(spec)));
                break;
            case 1:
                changed.Set(48, Elements(changed.Bytes(48) ?? []));
                break;
            default:
                break;
        }

        // 64 and 128 may come as content too; the MAC goes behind them or in their place.
        var mac = random.Next(3) != 0 && !changed.Has(64) && !changed.Has(Iso8583Spec.MaxField) ? FuzzTarget.Mac : null;
        _length = body + Iso8583Codec.Encode(changed, _bytes.AsSpan(body), mac);
    }

    private byte[] Content(FieldSpec spec)
    {
        var length = spec.LengthDigits == 0 ? spec.MaxLength : random.Next(2) == 0 ? spec.MaxLength : random.Next(spec.MaxLength + 1);
        var content = new byte[length];
        var (from, to) = spec.Format switch
        {
            FieldFormat.Binary => (0, 256),
            FieldFormat.Text => (' ', '~' + 1),
            _ => ('0', '9' + 1),
        };
        var isOneAlone = random.Next(3) == 0;
        var one = (byte)random.Next(from, to);
        for (var at = 0; at < length; at++)
        {
            content[at] = isOneAlone ? one : (byte)random.Next(from, to);
        }

        return content;
    }

    // Drops, adds, repeats or changes one element; bytes that are not an element stay unchanged.
    private byte[] Elements(byte[] data)
    {
        PrivateData read;
        try
        {
            read = PrivateData.Parse(data);
        }
        catch (Iso8583Exception)
        {
            return data;
        }

        var tag = FuzzTarget.KnownTags[random.Next(FuzzTarget.KnownTags.Length)];
        var value = TellingValues[random.Next(TellingValues.Length)];
        var isFirst = random.Next(2) == 0;
        var written = new PrivateData().Add(tag, isFirst ? value : null);
        foreach (var known in FuzzTarget.KnownTags)
        {
            written.Add(known, known == tag ? null : read[known]);
        }

        try
        {
            return (isFirst || random.Next(2) == 0 ? written : written.Add(tag, value).Add(tag, read[tag])).ToBytes();
        }
        catch (Iso8583Exception)
        {
            // Too long by now.
            return data;
        }
    }
}
