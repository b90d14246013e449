using System.Security.Cryptography;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Macs;
using Org.BouncyCastle.Crypto.Parameters;

namespace Lakala.Wire.Iso8583;

/// <summary>AES-CMAC (NIST SP 800-38B), its leftmost 8 bytes, under one key. Built once per key; may be used from any thread.</summary>
public sealed class MessageMac
{
    public const int Length = 8;
    private const int BlockSize = 16;

    private readonly CMac _mac = new(AesUtilities.CreateEngine());
    private readonly Lock _lock = new();

    public MessageMac(ReadOnlySpan<byte> key) => _mac.Init(new KeyParameter(key));

    public void Compute(ReadOnlySpan<byte> data, Span<byte> mac)
    {
        Span<byte> whole = stackalloc byte[BlockSize];
        lock (_lock)
        {
            _mac.BlockUpdate(data);
            _mac.DoFinal(whole);
        }

        whole[..mac.Length].CopyTo(mac);
    }

    /// <summary>True when the message ends with its MAC field and the MAC is right. Compares in constant time.</summary>
    /// <param name="frame">The message as it was received, without length prefix.</param>
    public bool Verify(Iso8583Message message, ReadOnlySpan<byte> frame)
    {
        if (message.Fields is not [.., { Number: 64 or Iso8583Spec.MaxField }])
        {
            return false;
        }

        Span<byte> right = stackalloc byte[Length];
        Compute(frame[message.Spec.HeaderLength..^Length], right);
        return CryptographicOperations.FixedTimeEquals(right, frame[^Length..]);
    }
}
