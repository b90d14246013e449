using System.Buffers.Binary;

namespace Lakala.Wire.Tls;

/// <summary>The first message of a TLS line, RFC 8446 section 4.1.2, as far as the server looks at it before the handshake.</summary>
public static class ClientHello
{
    private const int RecordHead = 5, Handshake = 22, MessageHead = 4, HelloType = 1, VersionAndRandom = 34;

    private const ushort SupportedVersions = 43, Tls13 = 0x0304;

    /// <summary>Does the client offer TLS 1.3? .NET's own hint leaves the extension that says so unread.</summary>
    /// <param name="record">The first record of the line.</param>
    /// <returns>False also when the message is not whole or is none.</returns>
    public static bool OffersTls13(ReadOnlySpan<byte> record)
    {
        if (record.Length < RecordHead + MessageHead + VersionAndRandom || record[0] != Handshake || record[RecordHead] != HelloType)
        {
            return false;
        }

        var rest = record[(RecordHead + MessageHead + VersionAndRandom)..];
        return TryTake(ref rest, 1, out _) // The session.
            && TryTake(ref rest, 2, out _) // The suites.
            && TryTake(ref rest, 1, out _) // The compressions.
            && TryTake(ref rest, 2, out var extensions)
            && Offers(extensions);
    }

    private static bool Offers(ReadOnlySpan<byte> extensions)
    {
        while (extensions.Length > 2)
        {
            var type = BinaryPrimitives.ReadUInt16BigEndian(extensions);
            extensions = extensions[2..];
            if (!TryTake(ref extensions, 2, out var value))
            {
                return false;
            }

            if (type == SupportedVersions)
            {
                return TryTake(ref value, 1, out var versions) && Lists(versions, Tls13);
            }
        }

        return false;
    }

    private static bool Lists(ReadOnlySpan<byte> versions, ushort version)
    {
        for (; versions.Length >= 2; versions = versions[2..])
        {
            if (BinaryPrimitives.ReadUInt16BigEndian(versions) == version)
            {
                return true;
            }
        }

        return false;
    }

    // A vector: its length in one or two bytes, then its value.
    private static bool TryTake(ref ReadOnlySpan<byte> from, int lengthBytes, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (from.Length < lengthBytes)
        {
            return false;
        }

        var length = lengthBytes == 1 ? from[0] : BinaryPrimitives.ReadUInt16BigEndian(from);
        from = from[lengthBytes..];
        if (from.Length < length)
        {
            return false;
        }

        value = from[..length];
        from = from[length..];
        return true;
    }
}
