using Lakala.Terminal.Client.Readers;


namespace Lakala.Terminal.Tests.Desks;

/// <summary>Typing and bursts are distinguished only by the times of the keys.</summary>
public sealed class KeyStreamTests
{
    private readonly Till _till = new();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(10)]
    [InlineData(20)]
    [InlineData(30)]
    public void What_no_hand_can_type_is_one_burst(int milliseconds)
    {
        _till.Type("6901234567892\r", TimeSpan.FromMilliseconds(milliseconds));

        _till.Inputs.Should().Equal(new DeskInput.Burst("6901234567892", IsEnded: true));
    }

    [Theory]
    [InlineData(80)]
    [InlineData(90)]
    [InlineData(100)]
    [InlineData(140)]
    [InlineData(250)]
    [InlineData(1_000)]
    public void What_a_hand_types_is_typing_however_the_screen_looks(int milliseconds)
    {
        _till.Type("73516235791239\r", TimeSpan.FromMilliseconds(milliseconds));

        _till.Bursts.Should().BeEmpty();
        _till.Typed.Should().Be("73516235791239\r");
    }

    [Theory]
    [InlineData("\r")]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\r\r")]
    [InlineData("\t")]
    [InlineData("\t\r\n")]
    [InlineData("\u0003")]
    [InlineData("\u0003\r")]
    [InlineData("\r\u0003")]
    [InlineData("")]
    public void However_a_device_ends_nothing_of_its_end_is_typing(string end)
    {
        _till.Scan("\u0002" + Till.OtherBill + end);

        _till.Bursts.Should().Equal(Till.OtherBill);
        _till.Typed.Should().BeEmpty();
    }

    [Theory]
    [InlineData("7")]
    [InlineData("?")]
    [InlineData(";")]
    [InlineData("+0159=0000?")]
    public void A_burst_does_not_end_at_a_sentinel(string more)
    {
        _till.Scan(Till.Track2 + more + "\r");

        _till.Bursts.Should().Equal(Till.Track2 + more);
        _till.Typed.Should().BeEmpty();
    }

    [Fact]
    public void A_sign_behind_the_Enter_of_a_burst_is_the_bursts()
    {
        _till.Scan(Till.Track2 + "\r7\r");

        _till.Bursts.Should().Equal(Till.Track2);
        _till.Typed.Should().BeEmpty();
    }

    [Fact]
    public void A_hands_key_right_behind_a_burst_is_the_hands()
    {
        _till.Queue(Till.Track2 + "\r", Till.Device);
        _till.Queue("\u001b", TimeSpan.FromMilliseconds(100));
        _till.Pass(TimeSpan.FromSeconds(1));

        _till.Typed.Should().Be("<Escape>");
    }

    [Fact]
    public void Tracks_that_each_bring_their_Enter_are_one_swipe()
    {
        _till.Scan(Till.Track1 + "\r" + Till.Track2 + "\r+0159=0000?\r");

        _till.Inputs.Should().Equal(
            new DeskInput.Burst(Till.Track1, IsEnded: true),
            new DeskInput.Burst(Till.Track2, IsEnded: true, Follows: true),
            new DeskInput.Burst("+0159=0000?", IsEnded: true, Follows: true));
    }

    [Fact]
    public void A_reader_that_is_slow_as_a_hand_is_known_by_its_sentinel()
    {
        _till.Type(Till.Track2 + "\r", TimeSpan.FromMilliseconds(150));

        _till.Bursts.Should().Equal(Till.Track2);
    }

    [Theory]
    [InlineData('7')]
    [InlineData('\b')]
    [InlineData('\u001b')]
    public void A_key_that_is_held_down_is_a_hands(char key)
    {
        _till.Type(new string(key, 40), TimeSpan.FromMilliseconds(30));

        _till.Bursts.Should().BeEmpty();
        _till.Inputs.Should().HaveCount(40);
    }

    [Fact]
    public void An_Enter_that_is_held_down_is_one()
    {
        _till.Type(new string('\r', 40), TimeSpan.FromMilliseconds(30));
        _till.Key("\r");

        _till.Typed.Should().Be("\r\r");
    }

    [Fact]
    public void Fingers_that_roll_over_three_keys_are_a_hands()
    {
        _till.Scan("735");
        _till.Scan("1");
        _till.Scan("623");
        _till.Scan("9\r");

        _till.Typed.Should().Be("73516239\r");
    }

    [Fact]
    public void A_hand_before_and_behind_a_burst_keeps_its_keys()
    {
        _till.Key("73");
        _till.Scan(Till.Track2 + "\r");
        _till.Key("51\r");

        _till.Typed.Should().Be("7351\r");
        _till.Bursts.Should().Equal(Till.Track2);
    }

    [Fact]
    public void A_typed_sign_is_shown_within_a_moment()
    {
        _till.Queue("7", Till.Device);
        _till.Pass(TimeSpan.FromMilliseconds(160));

        _till.Typed.Should().Be("7");
    }

    [Fact]
    public void A_screen_that_is_held_up_cuts_no_burst_in_two_and_makes_no_typing_of_it()
    {
        _till.Queue(Till.Track2 + "\r", TimeSpan.FromMilliseconds(20));
        _till.Pass(TimeSpan.FromMilliseconds(80));
        _till.Pass(TimeSpan.FromSeconds(2), isHeldUp: true);
        _till.Pass(TimeSpan.FromSeconds(1));

        _till.Bursts.Should().Equal(Till.Track2);
        _till.Typed.Should().BeEmpty();
    }

    [Fact]
    public void A_burst_that_breaks_off_is_over_after_a_pause_and_not_before()
    {
        _till.Queue(";622848000", Till.Device);
        _till.Pass(TimeSpan.FromMilliseconds(200));
        _till.Inputs.Should().BeEmpty();

        _till.Pass(TimeSpan.FromSeconds(1));

        _till.Bursts.Should().Equal(";622848000");
    }

    [Fact]
    public void A_burst_without_an_end_is_kept_only_as_far_as_a_card_goes()
    {
        _till.Type(";" + new string('1', 10_000) + "\r", TimeSpan.FromMilliseconds(1));

        _till.Bursts.Should().ContainSingle().Which.Length.Should().BeLessThan(1_000);
    }

    [Fact]
    public void A_paste_is_a_burst_and_brings_its_Enter_or_not()
    {
        _till.Paste(Till.OtherBill);
        _till.Paste(Till.OtherBill + "\r\n");

        _till.Inputs.Should().Equal(new DeskInput.Burst(Till.OtherBill, IsEnded: false), new DeskInput.Burst(Till.OtherBill, IsEnded: true));
    }

    [Fact]
    public void What_was_typed_or_read_prints_itself_without_a_sign_of_it()
    {
        _till.Key("6228");
        _till.Scan(Till.Track2 + "\r");

        string.Join(" ", _till.Inputs).Should().NotContain("6").And.NotContain("4912");
    }
}
