using System.Security.Cryptography;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;

namespace Lakala.Wire.Tests;

/// <summary>MAC, derivation and wrapping, against published vectors where there are some and OpenSSL's results where not.</summary>
public sealed class KeyTests
{
    private static readonly byte[] Master = [.. Enumerable.Range(0, 32).Select(number => (byte)number)];
    private static readonly byte[] Working = [.. Enumerable.Range(0x80, 32).Select(number => (byte)number)];

    /// <summary>The examples for AES-256 of NIST SP 800-38B.</summary>
    [Theory]
    [InlineData(0, "028962F61B7BF89E")]
    [InlineData(16, "28A7023F452E8F82")]
    [InlineData(40, "AAF3D8F1DE5640C2")]
    [InlineData(64, "E1992190549F6ED5")]
    public void The_MAC_is_the_left_half_of_AES_CMAC(int length, string expected)
    {
        var mac = new MessageMac(Convert.FromHexString("603DEB1015CA71BE2B73AEF0857D77811F352C073B6108D72D9810A30914DFF4"));
        var text = Convert.FromHexString(
            "6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E5130C81C46A35CE411E5FBC1191A0A52EFF69F2445DF4F9B17AD2B417BE66C3710");

        var computed = new byte[MessageMac.Length];
        mac.Compute(text.AsSpan(0, length), computed);

        Convert.ToHexString(computed).Should().Be(expected);
    }

    [Fact]
    public void A_clerks_password_goes_under_the_sessions_PIN_key_and_never_twice_the_same()
    {
        var key = MasterKey.NewKey();
        using var cipher = new ClerkPasswordCipher(key);
        using var other = new ClerkPasswordCipher(MasterKey.NewKey());

        var (one, two) = (cipher.Encipher("茶12345678"), cipher.Encipher("茶12345678"));

        cipher.Decipher(one).Should().Be("茶12345678");
        one.Should().NotEqual(two);
        other.Decipher(one).Should().BeNull();
        cipher.Decipher([.. one.AsSpan(1)]).Should().BeNull();
        cipher.Decipher(cipher.Encipher(new string('1', 65))).Should().BeNull("nobody has so long a password");
    }

    [Fact]
    public void The_sign_on_key_is_HKDF_SHA256_of_the_master_key()
    {
        using var master = new MasterKey(Master);
        var same = new MessageMac(Convert.FromHexString("06B2AF9C7075ABA3AD47565A3BB944009F0C79250C90F0C38D2CE83E5653AC6F"));
        var message = new Iso8583Message(Iso8583Spec.Lakala, "0800").Set(11, 1);

        Samples.Bytes(message, master.SignOnMac).Should().Equal(Samples.Bytes(message, same));
    }

    [Fact]
    public void A_working_key_is_wrapped_as_RFC_5649_says()
    {
        using var master = new MasterKey(Master);

        var wrapped = master.Wrap(Working);

        Convert.ToHexString(wrapped.Data).Should().Be("0B0607B05FD577DE7C1CEFAE2313277D0D36FCB4B3F04F1332C5023C0388E342164F8531741A21AE");
        Convert.ToHexString(wrapped.Check).Should().Be("B4CF0B");
        master.Unwrap(wrapped).Should().Equal(Working);
    }

    [Fact]
    public void A_wrapped_key_that_is_damaged_or_anothers_is_a_fault_that_shows_nothing()
    {
        using var master = new MasterKey(Master);
        using var other = new MasterKey(Working);
        var wrapped = master.Wrap(Working);
        byte[] damaged = [.. wrapped.Data];
        damaged[7] ^= 1;

        foreach (var unwrap in new Action[]
        {
            () => other.Unwrap(wrapped),
            () => master.Unwrap(wrapped with { Data = damaged }),
            () => master.Unwrap(wrapped with { Data = wrapped.Data[..16] }),
            () => master.Unwrap(wrapped with { Data = [] }),
            () => master.Unwrap(master.Wrap(Working.AsSpan(0, 24))),
            () => master.Unwrap(wrapped with { Check = [1, 2, 3] }),
            () => master.Unwrap(wrapped with { Check = [] }),
        })
        {
            unwrap.Should().Throw<CryptographicException>().Which.ToString().Should().NotContainAny(Convert.ToHexString(Working), "128, 129");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(16)]
    [InlineData(33)]
    public void A_master_key_of_another_length_is_refused(int length) =>
        FluentActions.Invoking(() => new MasterKey(new byte[length])).Should().Throw<ArgumentException>();

    [Fact]
    public void A_MAC_is_right_under_its_key_alone_and_only_as_the_last_field()
    {
        var mac = new MessageMac(Working);
        var bytes = Samples.Bytes(new Iso8583Message(Iso8583Spec.Lakala, "0200").Set(11, 1), mac);

        mac.Verify(Iso8583Codec.Decode(Iso8583Spec.Lakala, bytes), bytes).Should().BeTrue();
        new MessageMac(Master).Verify(Iso8583Codec.Decode(Iso8583Spec.Lakala, bytes), bytes).Should().BeFalse();

        // Field 64 is present, and a right MAC over everything follows it: it is not the last field, so it is not a MAC.
        var trailing = new Iso8583Message(Iso8583Spec.Lakala, "0200").Set(11, 1).Set(64, new byte[8]).Set(90, new string('0', 34) + "00000000");
        var frame = Samples.Bytes(trailing);
        mac.Compute(frame.AsSpan(0, frame.Length - MessageMac.Length), frame.AsSpan(frame.Length - MessageMac.Length));
        mac.Verify(trailing, frame).Should().BeFalse();
    }

    [Fact]
    public void A_message_without_a_MAC_is_not_verified()
    {
        var bytes = Samples.Bytes(new Iso8583Message(Iso8583Spec.Lakala, "0200").Set(11, 1));

        new MessageMac(Working).Verify(Iso8583Codec.Decode(Iso8583Spec.Lakala, bytes), bytes).Should().BeFalse();
    }

    [Fact]
    public async Task One_MAC_serves_many_threads()
    {
        var mac = new MessageMac(Working);
        var texts = Enumerable.Range(0, 64).Select(number => Enumerable.Repeat((byte)number, number).ToArray()).ToList();
        var right = texts.ConvertAll(Mac);

        var rounds = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => texts.ConvertAll(Mac))));

        rounds.Should().OnlyContain(round => round.Select(Convert.ToHexString).SequenceEqual(right.Select(Convert.ToHexString)));

        byte[] Mac(byte[] text)
        {
            var computed = new byte[MessageMac.Length];
            mac.Compute(text, computed);
            return computed;
        }
    }

    [Fact]
    public void New_keys_are_long_enough_and_new()
    {
        MasterKey.NewKey().Should().HaveCount(MasterKey.KeyLength).And.NotEqual(MasterKey.NewKey());
    }
}
