using System.Text;
using CsCheck;
using Lakala.Terminal.Client.Printing;

namespace Lakala.Terminal.Tests;

/// <summary>The bytes for a 58 mm printer.</summary>
public sealed class EscPosTests
{
    [Fact]
    public void A_slip_is_initialised_printed_barred_and_cut()
    {
        var slip = new ReceiptSlip([new SlipLine("Lakala"), new SlipLine("已支付", IsLarge: true), new SlipLine("12.80")], "73516235791239");

        Hex(EscPos.Encode(slip)).Should().Be(Hex(
            [
                0x1B, 0x40, 0x1C, 0x26,
                0x1D, 0x21, 0x00, .. "Lakala\n"u8,
                0x1D, 0x21, 0x01, 0xD2, 0xD1, 0xD6, 0xA7, 0xB8, 0xB6, 0x0A,
                0x1D, 0x21, 0x00, .. "12.80\n"u8,
                0x1D, 0x21, 0x00,
                0x1B, 0x61, 0x01,
                0x1D, 0x68, 64, 0x1D, 0x77, 2, 0x1D, 0x48, 0x00,
                0x1D, 0x6B, 73, 9, (byte)'{', (byte)'C', 73, 51, 62, 35, 79, 12, 39, 0x0A,
                0x1B, 0x61, 0x00,
                0x1D, 0x56, 0x42, 3,
            ]));
    }

    [Fact]
    public void Where_pairs_of_digits_are_a_command_one_of_them_is_written_as_two() =>
        EscPos.Encode(new ReceiptSlip([], "73160402579123")).AsSpan()
            .IndexOf((ReadOnlySpan<byte>)[0x1D, 0x6B, 73, 14, (byte)'{', (byte)'C', 73, 16, (byte)'{', (byte)'B', (byte)'0', (byte)'4', (byte)'{', (byte)'C', 2, 57, 91, 23])
            .Should().BeGreaterThan(0);

    /// <summary>All positions of the digits of real-time commands in a bill's number, with every digit between them.</summary>
    [Fact]
    public void No_bill_number_makes_a_barcode_that_commands_the_printer()
    {
        const int Length = 14, PaperDots = 384, QuietModules = 20, ModuleDots = 2;
        string[] commands = ["1604", "1605", "1620"];
        var (count, widest) = (0, 0);
        Check("");
        count.Should().Be(556);
        ((widest + QuietModules) * ModuleDots).Should().BeLessThanOrEqualTo(PaperDots);

        void Check(string begin)
        {
            if (begin.Length == Length)
            {
                count++;
                var bytes = EscPos.Encode(new ReceiptSlip([], begin));
                for (var at = 0; at + 1 < bytes.Length; at++)
                {
                    (bytes[at] == 0x10 && bytes[at + 1] is 0x04 or 0x05 or 0x14).Should().BeFalse(begin);
                }

                PaperRoll.Read(bytes).Barcodes.Should().Equal(begin);
                widest = Math.Max(widest, Modules(bytes));
                return;
            }

            foreach (var command in commands.Where(command => begin.Length + command.Length <= Length))
            {
                Check(begin + command);
            }

            // No command ends with the beginning of another, so one digit represents all digits outside commands.
            Check(begin + '7');
        }

        // Start, characters, check character: 11 modules each; the stop has 13.
        static int Modules(byte[] bytes)
        {
            var at = bytes.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x1D, 0x6B, 73]);
            var data = bytes.AsSpan(at + 4, bytes[at + 3]);
            return (data.Length - data.Count((byte)'{') + 1) * 11 + 13;
        }
    }

    [Fact]
    public void Whatever_a_slip_says_it_holds_no_command_of_others() => Gen.Select(Gen.String[0, 40], Gen.Long[0, 99_999_999_999_999]).Sample((text, bill) =>
    {
        var slip = new ReceiptSlip([.. TextColumns.Wrap(text, Receipt.Columns, EscPos.Columns).Select(line => new SlipLine(line))], $"{bill:D14}");
        var roll = PaperRoll.Read(EscPos.Encode(slip));
        return roll.Lines.All(line => line.Columns <= Receipt.Columns) && roll.Barcodes[0] == $"{bill:D14}";
    });

    [Fact]
    public void What_no_printer_has_keeps_its_width_and_commands_nothing()
    {
        var text = Encoding.ASCII.GetString(EscPos.Encode(new ReceiptSlip([new SlipLine("🫖e\u0301A")], "")));

        text.Should().Contain("??").And.Contain("A\n");
        text.Count(sign => sign == '\u001b').Should().Be(1, "only the initialisation");
    }

    private static string Hex(byte[] bytes) => Convert.ToHexString(bytes);
}
