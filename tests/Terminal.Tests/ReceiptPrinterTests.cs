using Lakala.Terminal.Client;

namespace Lakala.Terminal.Tests;

public sealed class ReceiptPrinterTests
{
    private static readonly ReceiptSlip Slip = new([new SlipLine("Lakala")], "73516235791239");

    [Fact]
    public void A_ready_printer_prints_every_slip_whole()
    {
        using var printer = new TcpPrinter();
        var ours = Open(printer);

        ours.Look().Should().Be(PrinterState.Ready);
        ours.Print([Slip, Slip]);

        printer.Paper.Should().Equal([.. EscPos.Encode(Slip), .. EscPos.Encode(Slip)]);
    }

    [Fact]
    public void It_says_how_it_is()
    {
        using var printer = new TcpPrinter { IsLow = true };
        var ours = Open(printer);

        ours.Look().Should().Be(PrinterState.PaperLow);
        printer.IsOpen = true;
        ours.Look().Should().Be(PrinterState.CoverOpen);
        (printer.IsOpen, printer.HasPaper) = (false, false);
        ours.Look().Should().Be(PrinterState.PaperOut);
    }

    [Fact]
    public void A_printer_without_paper_prints_nothing_and_says_so()
    {
        using var printer = new TcpPrinter { HasPaper = false };
        var ours = Open(printer);

        ours.Invoking(it => it.Print([Slip])).Should().Throw<PrinterException>().Which.State.Should().Be(PrinterState.PaperOut);
        printer.Paper.Should().BeEmpty();
    }

    [Fact]
    public void A_roll_that_ends_between_two_slips_leaves_them_unprinted()
    {
        using var printer = new TcpPrinter { PaperFor = 1 };
        var ours = Open(printer);

        ours.Invoking(it => it.Print([Slip, Slip])).Should().Throw<PrinterException>().Which.State.Should().Be(PrinterState.PaperOut);
        ours.State.Should().Be(PrinterState.PaperOut);
    }

    [Fact]
    public void A_printer_that_is_not_there_or_says_nothing_is_away()
    {
        var printer = new TcpPrinter();
        var ours = Open(printer);
        printer.IsMute = true;
        ours.Look().Should().Be(PrinterState.Away);
        printer.Dispose();

        ours.Look().Should().Be(PrinterState.Away);
        ours.Invoking(it => it.Print([Slip])).Should().Throw<PrinterException>();
    }

    [Fact]
    public void A_file_takes_the_same_bytes_one_after_the_other()
    {
        using var folder = new TestFolder();
        var ours = ReceiptPrinter.Open("file:paper", folder.Root)!;

        ours.Print([Slip]);
        ours.Print([Slip]);

        File.ReadAllBytes(folder.At("paper")).Should().Equal([.. EscPos.Encode(Slip), .. EscPos.Encode(Slip)]);
        ours.Look().Should().Be(PrinterState.Ready);
        if (!OperatingSystem.IsWindows())
        {
            File.GetUnixFileMode(folder.At("paper")).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    [Theory]
    [InlineData("none", true)]
    [InlineData("file:paper", true)]
    [InlineData("device:/dev/usb/lp0", true)]
    [InlineData("tcp:192.0.2.7:9100", true)]
    [InlineData("tcp:192.0.2.7", false)]
    [InlineData("lp0", false)]
    public void A_setting_is_one_of_four(string setting, bool isGood) => (ReceiptPrinter.Fault(setting) is null).Should().Be(isGood);

    private static ReceiptPrinter Open(TcpPrinter printer) => ReceiptPrinter.Open(printer.Setting, "")!;
}
