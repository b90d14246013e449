using System.Text;
using CsCheck;
using Lakala.Wire.Iso8583;

namespace Lakala.Wire.Tests;

/// <summary>The codec by golden bytes, by round trip, and against invalid messages.</summary>
public sealed class CodecTests
{
    private const int Cases = 100_000;

    private static readonly MessageMac Mac = new(Enumerable.Range(0, 32).Select(number => (byte)number).ToArray());

    private static readonly FieldSpec[] Specs =
        [.. Enumerable.Range(2, 127).Select(Iso8583Spec.Lakala.Find).OfType<FieldSpec>().Where(spec => spec.Number is not (64 or 128))];

    private static readonly Gen<Iso8583Message> Messages =
        from mti in Gen.Char['0', '9'].Array[4]
        from present in Gen.Bool.Array[Specs.Length]
        from content in Gen.Int[0, int.MaxValue]
        select Message(new string(mti), present, content);

    [Fact]
    public void A_short_message_has_these_bytes()
    {
        var message = new Iso8583Message(Iso8583Spec.Lakala, "0800").Set(11, 1).Set(7, "1124174210").Set(41, "T0000001").Set(48, "NO002A7"u8.ToArray());

        Hex(message).Should().Be(
            "30383030" + "0220000000810000"
            + "31313234313734323130" + "303030303031" + "5430303030303031" + "303037" + "4E4F3030324137");
    }

    [Fact]
    public void A_field_above_64_brings_the_second_bitmap_and_moves_the_MAC_to_128()
    {
        var message = new Iso8583Message(Iso8583Spec.Lakala, "0800").Set(70, 301).Set(11, 1);

        Hex(message).Should().Be("30383030" + "8020000000000000" + "0400000000000000" + "303030303031" + "333031");
        Hex(message, Mac).Should().StartWith("30383030" + "8020000000000000" + "0400000000000001" + "303030303031" + "333031").And.HaveLength(2 * (4 + 16 + 6 + 3 + 8));
    }

    [Fact]
    public void The_field_table_is_the_published_one()
    {
        var table = string.Join('\n', Specs.Select(spec => $"{spec.Number} {spec.Format} {spec.LengthDigits} {spec.MaxLength} {spec.Sensitivity}"));

        table.Should().Be(
            """
            2 Numeric 2 19 Masked
            3 Numeric 0 6 None
            4 Numeric 0 12 None
            7 Numeric 0 10 None
            11 Numeric 0 6 None
            12 Numeric 0 6 None
            13 Numeric 0 4 None
            22 Numeric 0 3 None
            32 Numeric 2 11 None
            33 Numeric 2 11 None
            35 Track2 2 37 Secret
            37 Text 0 12 None
            38 Text 0 6 None
            39 Text 0 2 None
            41 Text 0 8 None
            42 Text 0 15 None
            48 Binary 3 999 None
            49 Numeric 0 3 None
            52 Binary 0 16 Secret
            53 Numeric 0 16 None
            55 Binary 3 255 Secret
            70 Numeric 0 3 None
            74 Numeric 0 10 None
            75 Numeric 0 10 None
            76 Numeric 0 10 None
            77 Numeric 0 10 None
            86 Numeric 0 16 None
            87 Numeric 0 16 None
            88 Numeric 0 16 None
            89 Numeric 0 16 None
            90 Numeric 0 42 None
            97 Text 0 17 None
            """);
    }

    [Fact]
    public void Whatever_is_encoded_decodes_to_the_same() => Messages.Sample(
        message =>
        {
            var bytes = Encode(message, Mac);
            var decoded = Iso8583Codec.Decode(Iso8583Spec.Lakala, bytes);
            return decoded.Mti == message.Mti && Mac.Verify(decoded, bytes)
                && Specs.All(spec => decoded.Text(spec.Number) == message.Text(spec.Number)
                    && (decoded.Bytes(spec.Number) ?? []).AsSpan().SequenceEqual(message.Bytes(spec.Number) ?? []));
        },
        iter: 20_000);

    [Fact]
    public void A_message_cut_off_anywhere_or_with_something_behind_it_is_refused() => Messages.Sample(
        message =>
        {
            var bytes = Encode(message, null);
            for (var length = 0; length < bytes.Length; length++)
            {
                IsRefused(bytes.AsSpan(0, length)).Should().BeTrue();
            }

            IsRefused([.. bytes, 0x30]).Should().BeTrue();
        },
        iter: 500);

    [Fact]
    public void A_flipped_bit_is_a_message_with_a_wrong_MAC_or_a_refusal_and_nothing_else()
    {
        var bytes = Encode(Message("0200", [.. Specs.Select(_ => true)], 7), Mac);
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var flipped = bytes.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                Mac.Verify(Iso8583Codec.Decode(Iso8583Spec.Lakala, flipped), flipped).Should().BeFalse();
            }
            catch (Iso8583Exception)
            {
                // A refusal is right too.
            }
        }
    }

    [Fact]
    public void Garbage_is_refused_and_never_a_fault() =>
        Gen.Byte.Array[0, 300].Sample(garbage => _ = IsRefused(garbage), iter: Cases);

    [Fact]
    public void Garbage_behind_a_message_type_and_with_few_fields_is_refused_and_never_a_fault() =>
        Gen.Select(Gen.OneOf("0100", "0200", "0420", "0800"), Gen.Int[0, Specs.Length - 1].Array[1, 6], Gen.Char[" 09=D\0\u007f"].Array[0, 120]).Sample(
            (mti, fields, content) =>
            {
                var frame = new byte[12 + content.Length];
                Encoding.ASCII.GetBytes(mti, frame);
                foreach (var field in fields.Select(at => Specs[at].Number).Where(number => number <= 64))
                {
                    frame[4 + (field - 1) / 8] |= (byte)(0x80 >> ((field - 1) % 8));
                }

                Encoding.ASCII.GetBytes(content, frame.AsSpan(12));
                _ = IsRefused(frame);
            },
            iter: Cases);

    [Fact]
    public void Changed_messages_give_typed_messages_or_refusals_and_never_a_fault() =>
        Gen.Select(Gen.Int[0, Samples.Wire.Length - 1], Gen.Int[0, 1023], Gen.Byte, Gen.Int[0, 1023], Gen.Byte).Sample(
            (which, at1, value1, at2, value2) =>
            {
                var bytes = Samples.Wire[which].ToArray();
                bytes[at1 % bytes.Length] = value1;
                bytes[at2 % bytes.Length] = value2;
                try
                {
                    Samples.ReadOrRefuse(Iso8583Codec.Decode(Iso8583Spec.Lakala, bytes));
                }
                catch (Iso8583Exception)
                {
                    // The only allowed exception.
                }
            },
            iter: Cases);

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(54)]
    [InlineData(65)]
    [InlineData(127)]
    public void A_field_that_is_not_in_use_is_refused_by_its_number(int field)
    {
        var bitmap = new byte[field > 64 ? 16 : 8];
        bitmap[0] = (byte)(field > 64 ? 0x80 : 0);
        bitmap[(field - 1) / 8] |= (byte)(0x80 >> ((field - 1) % 8));

        var decode = () => Iso8583Codec.Decode(Iso8583Spec.Lakala, [.. "0200"u8, .. bitmap, .. new byte[64]]);

        // Bit 1 is not a field: it says that there is a second bitmap.
        decode.Should().Throw<Iso8583Exception>().Which.Field.Should().Be(field == 1 ? 0 : field);
    }

    [Theory]
    [InlineData(35, "99")]
    [InlineData(35, "38")]
    [InlineData(35, "-1")]
    [InlineData(35, "1 ")]
    [InlineData(35, "\0\0")]
    [InlineData(48, "1000")]
    [InlineData(48, "99")]
    [InlineData(48, "+01")]
    [InlineData(55, "256")]
    public void An_absurd_length_is_refused(int field, string length)
    {
        var bitmap = new byte[8];
        bitmap[(field - 1) / 8] |= (byte)(0x80 >> ((field - 1) % 8));

        var decode = () => Iso8583Codec.Decode(Iso8583Spec.Lakala, [.. "0200"u8, .. bitmap, .. Encoding.ASCII.GetBytes(length)]);

        decode.Should().Throw<Iso8583Exception>().Which.Field.Should().Be(field);
    }

    [Theory]
    [InlineData(4, "00000000100 ")]
    [InlineData(4, "-00000000100")]
    [InlineData(4, "0000000001000")]
    [InlineData(4, "100")]
    [InlineData(39, "0\n")]
    [InlineData(42, "STÖRE0000000001")]
    [InlineData(41, "T000000\u0661")]
    [InlineData(35, "4111111111111111=2512X")]
    [InlineData(54, "1")]
    public void What_does_not_fit_a_field_is_not_encoded(int field, string content)
    {
        var encode = () => Encode(new Iso8583Message(Iso8583Spec.Lakala, "0200").Set(field, content), null);

        encode.Should().Throw<Iso8583Exception>().Which.Field.Should().Be(field);
    }

    [Theory]
    [InlineData(1_000_000_000_000)]
    [InlineData(-1)]
    public void A_number_that_does_not_fit_its_field_is_not_encoded(long amount)
    {
        var encode = () => Encode(new Iso8583Message(Iso8583Spec.Lakala, "0200").Set(4, amount), null);

        encode.Should().Throw<Iso8583Exception>().Which.Field.Should().Be(4);
    }

    [Fact]
    public void A_field_that_is_set_again_is_replaced_and_null_leaves_it_out()
    {
        var message = new Iso8583Message(Iso8583Spec.Lakala, "0200").Set(11, 1).Set(3, 500000).Set(11, 2).Set(35, (string?)null).Set(52, (byte[]?)null);

        message.ToString().Should().Be("0200 3=500000 11=000002");
        message.Has(35).Should().BeFalse();
    }

    [Fact]
    public void A_missing_field_is_named()
    {
        var require = () => new Iso8583Message(Iso8583Spec.Lakala, "0200").Require(37);

        require.Should().Throw<Iso8583Exception>().WithMessage("Field 37 (retrieval reference number): is missing");
    }

    private static Iso8583Message Message(string mti, bool[] present, int seed)
    {
        var random = new Random(seed);
        var message = new Iso8583Message(Iso8583Spec.Lakala, mti);
        foreach (var (spec, isPresent) in Specs.Zip(present))
        {
            if (!isPresent)
            {
                continue;
            }

            var length = spec.LengthDigits == 0 ? spec.MaxLength : random.Next(spec.MaxLength + 1);
            if (spec.Format == FieldFormat.Binary)
            {
                var bytes = new byte[length];
                random.NextBytes(bytes);
                message.Set(spec.Number, bytes);
            }
            else
            {
                var (from, to) = spec.Format == FieldFormat.Text ? (' ', '~') : ('0', '9');
                message.Set(spec.Number, string.Concat(Enumerable.Range(0, length).Select(_ => (char)random.Next(from, to + 1))));
            }
        }

        return message;
    }

    private static bool IsRefused(ReadOnlySpan<byte> bytes)
    {
        try
        {
            Iso8583Codec.Decode(Iso8583Spec.Lakala, bytes);
            return false;
        }
        catch (Iso8583Exception)
        {
            return true;
        }
    }

    private static byte[] Encode(Iso8583Message message, MessageMac? mac)
    {
        var bytes = new byte[Iso8583Frame.MaxLength];
        return bytes[..Iso8583Codec.Encode(message, bytes, mac)];
    }

    private static string Hex(Iso8583Message message, MessageMac? mac = null) => Convert.ToHexString(Encode(message, mac));
}
