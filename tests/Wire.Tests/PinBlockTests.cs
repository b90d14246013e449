using Lakala.Wire.Keys;

namespace Lakala.Wire.Tests;

/// <summary>ISO 9564-1 format 4. The vectors were computed with OpenSSL's AES, field by field as the standard draws them.</summary>
public sealed class PinBlockTests
{
    private static readonly PinCipher Key = new([.. Enumerable.Range(0, 32).Select(number => (byte)number)]);
    private static readonly PinCipher OtherKey = new([.. Enumerable.Range(1, 32).Select(number => (byte)number)]);

    [Theory]
    [InlineData("1234", "6222021234567894", "706993D6C58207298FC42A66E9C64F9E")]
    [InlineData("123456789012", "6222021234567890123", "05D8570EDAC885B343E78DE223123157")]
    [InlineData("123456", "123456789012", "98326227BDE7EFE05D29CF2570D86866")]
    public void A_block_with_known_random_bytes_has_these_bytes(string pin, string pan, string block)
    {
        var enciphered = PinBlock.Encipher(pin, pan, Key, Convert.FromHexString("F0F1F2F3F4F5F6F7"));

        Convert.ToHexString(enciphered).Should().Be(block);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(11)]
    [InlineData(12)]
    public void A_PIN_of_every_length_is_translated_from_key_to_key_and_read_again(int length)
    {
        var pin = "987654321098"[..length];
        var block = PinBlock.Encipher(pin, Samples.CardNumber, Key);

        var translated = PinBlock.Translate(block, Samples.CardNumber, Key, OtherKey);

        PinBlock.TryDecipher(translated, Samples.CardNumber, OtherKey, out var read).Should().BeTrue();
        read.Should().Be(pin);
    }

    [Theory]
    [InlineData("123")]
    [InlineData("1234567890123")]
    [InlineData("12a4")]
    [InlineData("12３4")]
    [InlineData("")]
    public void What_is_no_PIN_is_not_enciphered_and_not_shown(string pin) =>
        FluentActions.Invoking(() => PinBlock.Encipher(pin, Samples.CardNumber, Key))
            .Should().Throw<ArgumentException>().WithMessage("A PIN has 4 to 12 digits.*");

    [Fact]
    public void A_block_is_never_the_same_twice() =>
        PinBlock.Encipher("1234", Samples.CardNumber, Key).Should().NotEqual(PinBlock.Encipher("1234", Samples.CardNumber, Key));

    [Fact]
    public void A_block_is_good_for_one_card_and_one_key_only()
    {
        var block = PinBlock.Encipher("1234", Samples.CardNumber, Key, new byte[8]);

        PinBlock.TryDecipher(block, "6222021234567890", Key, out var pin).Should().BeFalse();
        pin.Should().BeEmpty();
        PinBlock.TryDecipher(block, Samples.CardNumber, OtherKey, out _).Should().BeFalse();
        PinBlock.Translate(block, "6222021234567890", Key, OtherKey).Should().BeNull();
        PinBlock.Translate(block, Samples.CardNumber, OtherKey, Key).Should().BeNull();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(15)]
    [InlineData(17)]
    public void A_block_of_another_length_holds_no_PIN(int length) =>
        PinBlock.TryDecipher(new byte[length], Samples.CardNumber, Key, out _).Should().BeFalse();

    [Fact]
    public void A_block_with_any_bit_flipped_holds_no_PIN()
    {
        var block = PinBlock.Encipher("1234", Samples.CardNumber, Key, new byte[8]);
        for (var bit = 0; bit < block.Length * 8; bit++)
        {
            var flipped = block.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));

            PinBlock.TryDecipher(flipped, Samples.CardNumber, Key, out _).Should().BeFalse();
        }
    }
}
