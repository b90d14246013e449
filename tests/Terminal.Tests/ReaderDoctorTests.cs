using Lakala.Terminal.Client.Readers;
using Lakala.Terminal.Client.Words;


namespace Lakala.Terminal.Tests;

public sealed class ReaderDoctorTests
{
    private const string Track = ";4539871206453927=49122010000000000?";

    [Theory]
    [InlineData(Track, "`;`, 16 digits, `=`, 17 digits, `?`; 36 characters; ends with Enter.", "track 2 of card 453987******3927", null)]
    [InlineData("%B4539871206453927^A/B^4912201?" + Track, "`%`, 1 letters, 16 digits, `^`", "453987******3927", "track 2 only")]
    [InlineData("ö4539871206453927´49122010000000000_", "`ö`, 16 digits, `´`, 17 digits, `_`", "453987******3927", "keyboard layout (country) to US")]
    [InlineData("ş4539871206453927-49122010000000000:", "other characters", "another keyboard layout", "keyboard layout (country) to US")]
    [InlineData("；４５３９８７１２０６４５３９２７＝４９１２２０１？", "full-width digits", "453987******3927", "half width")]
    [InlineData("%E?;E?", "letters", "no whole track 2", "steadily")]
    [InlineData("73516235791239", "14 digits; 14 characters", "check digits are right", null)]
    [InlineData("73516235791238", "14 digits", "wrong check digits", null)]
    [InlineData("]C173516235791239", "`]`, 1 letters, 15 digits", "check digits are right", "AIM identifier")]
    [InlineData("\u000273516235791239\u0003", "control characters", "check digits are right", "STX and ETX")]
    [InlineData("4539871206453927", "16 digits", "16 digits: not a bill number", null)]
    [InlineData("hello", "5 letters", "cannot use this input", null)]
    public async Task What_a_device_sends_is_described_judged_and_never_shown(string line, string seen, string judged, string? advice)
    {
        var english = await Run(line, TerminalTexts.English);

        english.Should().Contain(seen).And.Contain(judged);
        if (advice is null)
        {
            english.Should().NotContain("\n- ");
        }
        else
        {
            english.Should().Contain(advice);
        }

        var chinese = await Run(line, TerminalTexts.Chinese);
        chinese.Should().Contain("收到").And.Contain("终端");
        foreach (var text in new[] { english, chinese })
        {
            text.Should().NotContain("87120645").And.NotContain("735162").And.NotContain("4912").And.NotContain("hello");
        }
    }

    private static async Task<string> Run(string line, TerminalTexts texts)
    {
        var output = new StringWriter { NewLine = "\n" };
        (await new ReaderDoctor(texts, new StringReader(line + "\n"), output, TimeProvider.System).RunOnLines(TestContext.Current.CancellationToken)).Should().Be(0);
        return output.ToString();
    }
}
