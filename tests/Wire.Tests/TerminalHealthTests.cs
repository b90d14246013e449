using Lakala.Wire.Terminal;

namespace Lakala.Wire.Tests;

public sealed class TerminalHealthTests
{
    [Fact]
    public void What_is_said_is_heard_and_what_is_not_known_is_left_out()
    {
        Samples.Health.ToString().Should().Be(
            "printer=cover-open,paper=out,reader=bad,tamper=yes,power=battery,battery=7,signal=55,clock=-3,version=1.0.0,open=1,journal=20480,params=12,swipe=2026-11-24T09:56:10Z");
        TerminalHealth.Parse(Samples.Health.ToString()).Should().Be(Samples.Health);
        new TerminalHealth(Paper: "low").ToString().Should().Be("paper=low");
        TerminalHealth.Parse("").Should().Be(new TerminalHealth());
        TerminalHealth.Parse("humidity=40,paper=ok").Should().Be(new TerminalHealth(Paper: "ok"), "a terminal may be newer than its server");
    }

    [Theory]
    [InlineData("paper")]
    [InlineData("paper=")]
    [InlineData("paper=a b")]
    [InlineData("paper=<b>")]
    [InlineData("paper=a=b")]
    [InlineData("open=many")]
    [InlineData("open=99999999999")]
    [InlineData("tamper=maybe")]
    [InlineData("power=solar")]
    [InlineData("swipe=yesterday")]
    [InlineData("version=1.0_beta")]
    [InlineData("clock=1234567890")]
    [InlineData("x")]
    [InlineData("=")]
    [InlineData("")]
    public void What_is_none_is_passed_over_and_the_rest_is_heard(string text)
    {
        TerminalHealth.Parse(text).Should().Be(new TerminalHealth());
        TerminalHealth.Parse($"printer=away,{text},reader=bad").Should().Be(new TerminalHealth(Printer: "away", Reader: "bad"));
    }

    [Fact]
    public void Of_a_health_without_an_end_the_beginning_is_heard() =>
        TerminalHealth.Parse("paper=low," + string.Concat(Enumerable.Repeat("a=b,", 200)) + "reader=bad").Should().Be(new TerminalHealth(Paper: "low"));

    [Theory]
    [InlineData("", true)]
    [InlineData("printer=ready,paper=low,reader=ok,tamper=no", true)]
    [InlineData("printer=none,reader=ok", true)]
    [InlineData("printer=away", false)]
    [InlineData("printer=cover-open,paper=ok", false)]
    [InlineData("printer=ready,paper=out", false)]
    [InlineData("reader=bad", false)]
    [InlineData("tamper=yes", false)]
    public void It_is_in_order_while_it_can_take_a_payment_and_hand_out_a_receipt(string text, bool isInOrder) =>
        TerminalHealth.Parse(text).IsInOrder.Should().Be(isInOrder);
}
