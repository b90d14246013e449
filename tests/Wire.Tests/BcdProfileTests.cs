using CsCheck;
using Lakala.Wire.Iso8583;

namespace Lakala.Wire.Tests;

/// <summary>A second profile: packed digits and lengths, after a TPDU. It shows that a profile is only data, and as strict as the first.</summary>
public sealed class BcdProfileTests
{
    private const int TpduLength = 5;

    private static readonly byte[] Tpdu = Convert.FromHexString("6000030000");
    private static readonly MessageMac Mac = new(Enumerable.Range(0, 32).Select(number => (byte)number).ToArray());

    private static readonly FieldSpec[] Fields =
    [
        new(2, "primary account number", FieldFormat.Numeric, 2, 19, Sensitivity.Masked),
        new(3, "processing code", FieldFormat.Numeric, 0, 6, Sensitivity.None),
        new(22, "entry mode", FieldFormat.Numeric, 0, 3, Sensitivity.None),
        new(35, "track 2", FieldFormat.Track2, 2, 37, Sensitivity.Secret),
        new(39, "response code", FieldFormat.Text, 0, 2, Sensitivity.None),
        new(44, "response text", FieldFormat.Text, 2, 25, Sensitivity.None),
        new(52, "PIN block", FieldFormat.Binary, 0, 8, Sensitivity.Secret),
        new(55, "chip data", FieldFormat.Binary, 3, 255, Sensitivity.Secret),
        new(60, "reserved", FieldFormat.Numeric, 3, 13, Sensitivity.None),
        new(64, "MAC", FieldFormat.Binary, 0, 8, Sensitivity.None),
        new(70, "network management code", FieldFormat.Numeric, 0, 3, Sensitivity.None),
        new(128, "MAC", FieldFormat.Binary, 0, 8, Sensitivity.None),
    ];

    private static readonly Iso8583Spec Packed =
        new(Fields) { HeaderLength = TpduLength, Digits = DigitEncoding.Packed, Lengths = LengthEncoding.Packed };

    private static readonly Iso8583Spec Mixed =
        new(Fields) { Digits = DigitEncoding.Packed, Lengths = LengthEncoding.Binary, Bitmap = BitmapEncoding.Hex };

    private static readonly Gen<(bool[] Present, int Seed, bool IsMixed)> Contents =
        Gen.Select(Gen.Bool.Array[Fields.Length], Gen.Int[0, int.MaxValue], Gen.Bool);

    [Fact]
    public void A_packed_message_has_these_bytes()
    {
        var message = New().Set(2, "123456789").Set(3, 3000).Set(22, 21).Set(35, "4111=25").Set(39, "00").Set(60, "12345");

        Hex(message).Should().Be(
            "6000030000" + "0200" + "6000040022000010"
            + "09" + "1234567890" + "003000" + "0210" + "07" + "4111D250" + "3030" + "0005" + "123450");
    }

    [Fact]
    public void A_message_with_binary_lengths_and_a_bitmap_in_hex_has_these_bytes()
    {
        var message = new Iso8583Message(Mixed, "0800").Set(44, "TEN LETTER").Set(55, new byte[3]).Set(70, 301);

        Hex(message).Should().Be(
            "0800" + Convert.ToHexString("8000000000100200"u8) + Convert.ToHexString("0400000000000000"u8)
            + "0A" + Convert.ToHexString("TEN LETTER"u8) + "0003000000" + "3010");
    }

    [Fact]
    public void Every_kind_of_field_round_trips_with_its_header_and_its_MAC() => Contents.Sample(
        content =>
        {
            var message = Message(content.Present, content.Seed, content.IsMixed ? Mixed : Packed);
            var bytes = Bytes(message, Mac);
            var again = Iso8583Codec.Decode(message.Spec, bytes);
            return again.Mti == message.Mti && Mac.Verify(again, bytes)
                && (again.Bytes(Iso8583Spec.Header) ?? []).AsSpan().SequenceEqual(message.Bytes(Iso8583Spec.Header) ?? [])
                && Fields.Where(field => field.Number is not (64 or 128)).All(field => again.Text(field.Number) == message.Text(field.Number)
                    && (again.Bytes(field.Number) ?? []).AsSpan().SequenceEqual(message.Bytes(field.Number) ?? []));
        },
        iter: 5_000);

    [Fact]
    public void A_message_cut_off_anywhere_or_with_something_behind_it_is_refused() => Contents.Sample(
        content =>
        {
            var message = Message(content.Present, content.Seed, content.IsMixed ? Mixed : Packed);
            var bytes = Bytes(message);
            for (var length = 0; length < bytes.Length; length++)
            {
                IsRefused(message.Spec, bytes.AsSpan(0, length)).Should().BeTrue();
            }

            IsRefused(message.Spec, [.. bytes, 0]).Should().BeTrue();
        },
        iter: 200);

    [Fact]
    public void Garbage_is_refused_and_never_a_fault() => Gen.Select(Gen.Byte.Array[0, 200], Gen.Bool).Sample(
        (garbage, isMixed) =>
        {
            _ = IsRefused(isMixed ? Mixed : Packed, garbage);
        },
        iter: 20_000);

    [Fact]
    public void What_is_decoded_is_encoded_to_the_same_bytes() => Gen.Select(Contents, Gen.Int[0, 1023], Gen.Byte).Sample(
        (content, at, value) =>
        {
            var bytes = Bytes(Message(content.Present, content.Seed, Packed));
            bytes[at % bytes.Length] = value;
            try
            {
                return Bytes(Iso8583Codec.Decode(Packed, bytes)).AsSpan().SequenceEqual(bytes);
            }
            catch (Iso8583Exception)
            {
                return true;
            }
        },
        iter: 5_000);

    [Theory]
    [InlineData("2000000000000000", "A03000", 3)]
    [InlineData("2000000000000000", "00300F", 3)]
    [InlineData("0000040000000000", "021F", 22)]
    [InlineData("0000040000000000", "0211", 22)]
    [InlineData("0000040000000000", "0D10", 22)]
    [InlineData("4000000000000000", "0A12345678901234", 2)]
    [InlineData("4000000000000000", "2012345678901234567890", 2)]
    [InlineData("4000000000000000", "19123456789012345678", 2)]
    [InlineData("0000000020000000", "074111E250", 35)]
    [InlineData("0000000020000000", "074111D25F", 35)]
    [InlineData("0000000020000000", "3841", 35)]
    [InlineData("0000000002000000", "300A", 39)]
    [InlineData("0000000000000200", "0256", 55)]
    [InlineData("0000000000000200", "1001", 55)]
    [InlineData("0000000000000200", "00F1", 55)]
    [InlineData("1000000000000000", "000000000100", 4)]
    public void Bad_digits_fill_lengths_and_fields_are_refused_by_the_field(string bitmap, string content, int field)
    {
        var decode = () => Iso8583Codec.Decode(Packed, Convert.FromHexString("6000030000" + "0200" + bitmap + content));

        decode.Should().Throw<Iso8583Exception>().Which.Field.Should().Be(field);
    }

    [Theory]
    [InlineData("60000300000A000000000000000000")]
    [InlineData("600003000002")]
    [InlineData("")]
    public void What_has_no_message_type_is_no_message(string bytes) => IsRefused(Packed, Convert.FromHexString(bytes)).Should().BeTrue();

    [Fact]
    public void A_bitmap_in_hex_has_the_digits_of_hex_alone()
    {
        IsRefused(Mixed, [0x08, 0x00, .. "000000000000000G"u8]).Should().BeTrue();
        IsRefused(Mixed, [0x08, 0x00, .. "00000000000000a0"u8]).Should().BeTrue();
        IsRefused(Mixed, [0x08, 0x00, .. "0000000000000000"u8]).Should().BeFalse();
    }

    [Theory]
    [InlineData(3, "00300X")]
    [InlineData(3, "0030=0")]
    [InlineData(3, "00300")]
    [InlineData(2, "12345678901234567890")]
    [InlineData(35, "4111?25")]
    [InlineData(39, "0\n")]
    [InlineData(41, "T0000001")]
    public void What_does_not_fit_a_field_is_not_encoded(int field, string content)
    {
        var encode = () => Bytes(New().Set(field, content));

        encode.Should().Throw<Iso8583Exception>().Which.Field.Should().Be(field);
    }

    [Fact]
    public void A_fault_names_the_field_as_its_own_profile_does()
    {
        var require = () => New().Require(60);

        require.Should().Throw<Iso8583Exception>().WithMessage("Field 60 (reserved): is missing");
    }

    [Fact]
    public void A_message_without_its_header_is_not_encoded()
    {
        var encode = () => Bytes(new Iso8583Message(Packed, "0200").Set(3, 1));

        encode.Should().Throw<Iso8583Exception>().WithMessage("The header has 5 bytes.");
    }

    [Fact]
    public void The_header_is_no_part_of_the_MAC()
    {
        var bytes = Bytes(New().Set(3, 1), Mac);
        bytes[1] ^= 0xFF;
        Mac.Verify(Iso8583Codec.Decode(Packed, bytes), bytes).Should().BeTrue();

        bytes[^9] ^= 0x01;
        Mac.Verify(Iso8583Codec.Decode(Packed, bytes), bytes).Should().BeFalse();
    }

    [Fact]
    public void A_print_masks_by_its_own_profile() =>
        $"{New().Set(2, Samples.CardNumber).Set(35, Samples.Track)}".Should().EndWith($" 2={Samples.Masked} 35=[{Samples.Track.Length} hidden]");

    private static Iso8583Message New() => new Iso8583Message(Packed, "0200").Set(Iso8583Spec.Header, Tpdu);

    private static Iso8583Message Message(bool[] present, int seed, Iso8583Spec spec)
    {
        var random = new Random(seed);
        var message = spec.HeaderLength > 0 ? New() : new Iso8583Message(spec, "0200");
        foreach (var (field, isPresent) in Fields.Zip(present))
        {
            if (!isPresent || field.Number is 64 or 128)
            {
                continue;
            }

            var length = field.LengthDigits == 0 ? field.MaxLength : random.Next(field.MaxLength + 1);
            if (field.Format == FieldFormat.Binary)
            {
                var bytes = new byte[length];
                random.NextBytes(bytes);
                message.Set(field.Number, bytes);
            }
            else
            {
                var characters = field.Format switch { FieldFormat.Numeric => "0123456789", FieldFormat.Track2 => "0123456789=", _ => "Az 09~" };
                message.Set(field.Number, new string(random.GetItems<char>(characters, length)));
            }
        }

        return message;
    }

    private static bool IsRefused(Iso8583Spec spec, ReadOnlySpan<byte> bytes)
    {
        try
        {
            Iso8583Codec.Decode(spec, bytes);
            return false;
        }
        catch (Iso8583Exception)
        {
            return true;
        }
    }

    private static byte[] Bytes(Iso8583Message message, MessageMac? mac = null)
    {
        var bytes = new byte[Iso8583Frame.MaxLength];
        return bytes[..Iso8583Codec.Encode(message, bytes, mac)];
    }

    private static string Hex(Iso8583Message message) => Convert.ToHexString(Bytes(message));
}
