using Lakala.Terminal.Client.Printing;
using Lakala.Terminal.Client.Setup;


namespace Lakala.Terminal.Tests;

public sealed class ReceiptPrinterTests
{
    private static readonly ReceiptSlip Slip = new([new SlipLine("Lakala")], "73516235791239");

    // Times for which a test waits are short; times that must not end on a busy machine are long.
    private static readonly PrinterPatience Patience = new(
        Reach: TimeSpan.FromSeconds(30),
        Answer: TimeSpan.FromMilliseconds(200),
        Silence: TimeSpan.FromSeconds(30),
        Out: TimeSpan.FromSeconds(30),
        Watch: TimeSpan.FromMilliseconds(300),
        End: TimeSpan.FromSeconds(5));

    private static readonly PrinterPatience Short = Patience with { Reach = TimeSpan.FromMilliseconds(300), Silence = TimeSpan.FromMilliseconds(300) };

    private static byte[] TwoSlips => [.. EscPos.Encode(Slip), .. EscPos.Encode(Slip)];

    [Fact]
    public async Task A_ready_printer_prints_every_slip_whole_over_one_connection()
    {
        using var printer = new TcpPrinter();
        var ours = Open(printer);

        await ours.Print([Slip, Slip]);

        printer.Paper.Should().Equal(TwoSlips);
        printer.Connections.Should().Be(1);
        ours.State.Should().Be(PrinterState.Ready);
    }

    [Fact]
    public async Task With_nothing_to_print_it_is_left_alone()
    {
        using var printer = new TcpPrinter();

        await Open(printer).Print([]);

        printer.Connections.Should().Be(0);
    }

    [Fact]
    public async Task It_says_how_it_is()
    {
        using var printer = new TcpPrinter { IsLow = true };
        var ours = Open(printer);

        (await ours.Look()).Should().Be(PrinterState.PaperLow);
        printer.IsOpen = true;
        (await ours.Look()).Should().Be(PrinterState.CoverOpen);
        (printer.IsOpen, printer.HasPaper) = (false, false);
        (await ours.Look()).Should().Be(PrinterState.PaperOut);
    }

    [Fact]
    public async Task A_printer_without_paper_prints_nothing_and_says_so()
    {
        using var printer = new TcpPrinter { HasPaper = false };

        await Fails(Open(printer), PrinterState.PaperOut);

        printer.Paper.Should().BeEmpty();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_roll_that_ends_between_two_slips_leaves_them_unprinted(bool saysNotWhenOut)
    {
        using var printer = new TcpPrinter { PaperFor = 1, SaysNotWhenOut = saysNotWhenOut };

        await Fails(Open(printer), PrinterState.PaperOut);
    }

    /// <summary>The printer has the whole slip in memory and was ready before; the roll ends while it prints.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_roll_that_ends_in_the_midst_of_a_slip_leaves_it_unprinted(bool saysNotWhenOut)
    {
        using var printer = new TcpPrinter { PaperForBytes = 20, Pace = (16, TimeSpan.FromMilliseconds(10)), SaysNotWhenOut = saysNotWhenOut };

        await Fails(Open(printer), PrinterState.PaperOut);

        printer.Paper.Should().HaveCount(20);
    }

    [Fact]
    public async Task A_printer_that_answers_nothing_is_away_and_nothing_is_sent_to_it()
    {
        using var printer = new TcpPrinter { IsMute = true };

        await Fails(Open(printer, patience: Short), PrinterState.Away);

        printer.Paper.Should().BeEmpty();
    }

    [Fact]
    public async Task A_printer_that_is_not_there_is_away_until_it_is()
    {
        var gone = new TcpPrinter();
        gone.Dispose();

        var ours = Open(gone, patience: Short);
        ours.State.Should().Be(PrinterState.Unknown, "nothing is known of it yet");
        ours.IsGood.Should().BeTrue();
        (await ours.Look()).Should().Be(PrinterState.Away);
    }

    [Fact]
    public async Task A_printer_that_falls_silent_while_it_prints_has_not_printed()
    {
        using var printer = new TcpPrinter { SpeaksForBytes = 20 };

        await Fails(Open(printer, patience: Patience with { Silence = TimeSpan.FromMilliseconds(300) }), PrinterState.Away);
    }

    /// <summary>Automatic status back: four bytes when somebody connects, among them some that look like other answers.</summary>
    [Theory]
    [InlineData(new byte[] { 0x10, 0x00, 0x00, 0x0F })]
    [InlineData(new byte[] { 0x14, 0x00, 0x00, 0x00, 0x11, 0x13 })]
    [InlineData(new byte[] { 0x18, 0x00, 0x00 })]
    public async Task What_it_says_by_itself_is_no_answer(byte[] greeting)
    {
        using var printer = new TcpPrinter { Greeting = greeting };
        var ours = Open(printer);

        (await ours.Look()).Should().Be(PrinterState.Ready);
        await ours.Print([Slip, Slip]);

        printer.Paper.Should().Equal(TwoSlips);
    }

    /// <summary>A receipt counts when the printer has processed all of it, not when an old answer comes.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Two_answers_to_each_question_and_a_pace_of_its_own_lose_nothing(bool saysNotWhenOut)
    {
        using var printer = new TcpPrinter { Answers = 2, Pace = (64, TimeSpan.FromMilliseconds(20)), SaysNotWhenOut = saysNotWhenOut };

        await Open(printer).Print([Slip, Slip]);

        printer.Paper.Should().Equal(TwoSlips);
    }

    [Fact]
    public async Task A_printer_that_is_always_one_answer_behind_prints_and_says_when_it_has_no_paper()
    {
        using var printer = new TcpPrinter { IsOneBehind = true };
        var ours = Open(printer);

        await ours.Print([Slip, Slip]);

        printer.Paper.Should().Equal(TwoSlips);
        printer.HasPaper = false;
        await Fails(ours, PrinterState.PaperOut);
    }

    /// <summary>A printer with one connection, which it holds for some seconds after its close. Two terminals share it.</summary>
    [Fact]
    public async Task A_printer_that_somebody_else_holds_is_waited_for()
    {
        var held = new TaskCompletionSource();
        using var printer = new TcpPrinter { Hold = held.Task };
        await Open(printer).Print([Slip]);

        var second = Open(printer).Print([Slip]);
        second.IsCompleted.Should().BeFalse();
        held.SetResult();
        await second;

        printer.Paper.Should().Equal(TwoSlips);
        printer.Connections.Should().Be(2);
    }

    [Fact]
    public async Task A_printer_that_comes_back_within_some_seconds_is_not_away()
    {
        var first = new TcpPrinter();
        var ours = Open(first);
        first.Dispose();

        var look = ours.Look();
        using var second = new TcpPrinter(first.Port);

        (await look).Should().Be(PrinterState.Ready);
    }

    [Fact]
    public async Task One_that_gives_no_status_is_sent_everything_and_asked_nothing()
    {
        using var printer = new TcpPrinter { IsMute = true };
        var ours = Open(printer, answers: false);

        (await ours.Look()).Should().Be(PrinterState.Unasked);
        printer.Connections.Should().Be(0, "there is nothing to ask");
        await ours.Print([Slip]);
        ours.State.Should().Be(PrinterState.Unasked);

        printer.Paper.Should().Equal(EscPos.Encode(Slip));
        printer.Asked.Should().BeEmpty();
    }

    [Fact]
    public async Task One_that_gives_no_status_is_away_while_it_cannot_be_reached_and_tried_again()
    {
        var first = new TcpPrinter();
        var ours = Open(first, answers: false, Short);
        first.Dispose();
        await Fails(ours, PrinterState.Away);

        using var second = new TcpPrinter(first.Port);

        await UntilLooked(ours, PrinterState.Unasked);
    }

    [Fact]
    public async Task One_for_which_there_is_no_time_left_is_away()
    {
        using var printer = new TcpPrinter { IsMute = true };

        await Fails(Open(printer, answers: false, Short with { Reach = TimeSpan.FromTicks(1) }), PrinterState.Away);
    }

    [Fact]
    public async Task A_file_takes_the_same_bytes_one_after_the_other_and_is_nobody_elses()
    {
        using var folder = new TestFolder();
        var ours = ReceiptPrinter.Open("file:paper", true, folder.Root, TimeProvider.System, Patience)!;

        await ours.Print([Slip]);
        await ours.Print([Slip]);

        File.ReadAllBytes(folder.At("paper")).Should().Equal(TwoSlips);
        (await ours.Look()).Should().Be(PrinterState.Unasked);
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
    public void A_setting_is_one_of_four(string setting, bool isGood) => (PrinterSetting.Fault(setting) is null).Should().Be(isGood);

    /// <summary>A terminal line in its default mode would echo, break lines and wait for Enter.</summary>
    [Fact]
    public async Task A_device_that_is_a_terminal_line_is_made_raw()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux's devices");
        using var printer = new PtyPrinter();
        var ours = ReceiptPrinter.Open("device:" + printer.Path, true, "", TimeProvider.System, Patience)!;

        (await ours.Look()).Should().Be(PrinterState.Ready);
        await ours.Print([Slip, Slip]);

        printer.Paper.Should().Equal(TwoSlips);
    }

    [Fact]
    public async Task A_silent_device_costs_no_thread_and_no_handle_and_is_ready_once_it_answers()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux's devices");
        using var printer = new PtyPrinter { IsMute = true };
        var ours = ReceiptPrinter.Open("device:" + printer.Path, true, "", TimeProvider.System, Short with { End = TimeSpan.FromMilliseconds(50) })!;
        await ours.Look();
        var handles = Handles();

        for (var look = 0; look < 4; look++)
        {
            (await ours.Look()).Should().Be(PrinterState.Away);
        }

        Handles().Should().Be(handles);
        printer.IsMute = false;
        await UntilLooked(ours, PrinterState.Ready);

        int Handles() => Directory.GetFiles("/proc/self/fd").Count(file => new FileInfo(file).LinkTarget == printer.Path);
    }

    [Fact]
    public async Task A_device_that_is_not_there_is_away()
    {
        var ours = ReceiptPrinter.Open("device:/dev/no-such-printer", true, "", TimeProvider.System, Short)!;

        (await ours.Look()).Should().Be(PrinterState.Away);
    }

    // With this short time-out a busy machine may need more than one try.
    private static async Task UntilLooked(ReceiptPrinter ours, PrinterState state)
    {
        while (await ours.Look() != state)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }
    }

    private static async Task Fails(ReceiptPrinter ours, PrinterState state)
    {
        (await ours.Awaiting(it => it.Print([Slip, Slip])).Should().ThrowAsync<PrinterException>()).Which.State.Should().Be(state);
        ours.State.Should().Be(state);
    }

    private static ReceiptPrinter Open(TcpPrinter printer, bool answers = true, PrinterPatience? patience = null) =>
        ReceiptPrinter.Open(printer.Setting, answers, "", TimeProvider.System, patience ?? Patience)!;
}
