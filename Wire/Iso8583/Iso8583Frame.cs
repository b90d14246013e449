using System.Buffers;
using System.Buffers.Binary;

namespace Lakala.Wire.Iso8583;

/// <summary>Two bytes of length, big-endian, then the message.</summary>
public static class Iso8583Frame
{
    public const int MaxLength = 4096;
    public const int PrefixLength = 2;

    /// <summary>Takes one whole frame off the buffer. False when there is not enough yet.</summary>
    /// <exception cref="Iso8583Exception">The length is zero or above the maximum: the bytes after it cannot be read.</exception>
    public static bool TryRead(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> message)
    {
        message = default;
        if (buffer.Length < PrefixLength)
        {
            return false;
        }

        Span<byte> prefix = stackalloc byte[PrefixLength];
        buffer.Slice(0, PrefixLength).CopyTo(prefix);
        var length = BinaryPrimitives.ReadUInt16BigEndian(prefix);
        if (length is 0 or > MaxLength)
        {
            throw new Iso8583Exception(0, $"A frame of {length} bytes; 1 to {MaxLength} are allowed.");
        }

        if (buffer.Length < PrefixLength + length)
        {
            return false;
        }

        message = buffer.Slice(PrefixLength, length);
        buffer = buffer.Slice(PrefixLength + length);
        return true;
    }

    /// <summary>Encodes the message with its MAC straight into the writer, as one frame.</summary>
    public static void Write(IBufferWriter<byte> writer, Iso8583Message message, MessageMac? mac)
    {
        var frame = writer.GetSpan(PrefixLength + MaxLength);
        var length = Iso8583Codec.Encode(message, frame[PrefixLength..], mac);
        BinaryPrimitives.WriteUInt16BigEndian(frame, (ushort)length);
        writer.Advance(PrefixLength + length);
    }
}
