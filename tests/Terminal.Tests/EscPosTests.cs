using System.Text;
using Lakala.Terminal.Client;

namespace Lakala.Terminal.Tests;

/// <summary>Down to the bytes: what a 58 mm printer is sent.</summary>
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
    public void A_barcode_never_holds_what_the_printer_takes_for_a_question()
    {
        var bytes = EscPos.Encode(new ReceiptSlip([], "73160402579123"));

        bytes.AsSpan().IndexOf(EscPos.RealTimeStatus).Should().Be(-1);
        bytes.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x1D, 0x6B, 73, 14, (byte)'{', (byte)'B', (byte)'7', (byte)'{', (byte)'C', 31, 60, 40, 25, 79, 12, (byte)'{', (byte)'B', (byte)'3'])
            .Should().BeGreaterThan(0);
    }

    [Fact]
    public void What_no_printer_has_keeps_its_width_and_commands_nothing()
    {
        var text = Encoding.ASCII.GetString(EscPos.Encode(new ReceiptSlip([new SlipLine("🫖e\u0301A")], "")));

        text.Should().Contain("??").And.Contain("A\n");
        text.Count(sign => sign == '\u001b').Should().Be(1, "only the initialisation");
    }

    private static string Hex(byte[] bytes) => Convert.ToHexString(bytes);
}
