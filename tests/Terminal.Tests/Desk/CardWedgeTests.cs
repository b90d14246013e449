using Lakala.Terminal.Client.Desk;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Terminal.Tests.Desk;

public sealed class CardWedgeTests
{
    private const string Track2 = ";6228480000000000008=49122010000000000?";
    private const string Track1 = "%B6228480000000000008^SHOPPER/A^49122010000000000?";

    private readonly FakeTimeProvider _time = new();
    private readonly CardWedge _wedge;

    public CardWedgeTests() => _wedge = new CardWedge(_time);

    [Theory]
    [InlineData(Track2)]
    [InlineData(Track1 + Track2)]
    public void A_burst_is_one_burst_with_and_without_its_Enter_and_the_clerks_keys_around_it_are_the_clerks(string burst)
    {
        var (bursts, keys) = Type("7351" + burst + "\r" + "62" + burst);

        bursts.Should().Equal(burst, burst);
        keys.Should().Be("735162");
    }

    [Fact]
    public void The_Enter_of_a_clerk_who_waited_is_the_clerks()
    {
        Type(Track2).Bursts.Should().ContainSingle();
        _time.Advance(TimeSpan.FromSeconds(1));

        Type("\r").Keys.Should().Be("\r");
    }

    [Fact]
    public void A_track_1_alone_ends_with_its_Enter()
    {
        var (bursts, keys) = Type(Track1 + "\r5");

        bursts.Should().Equal(Track1);
        keys.Should().Be("5");
    }

    [Fact]
    public void A_burst_that_breaks_off_is_over_after_a_pause_and_not_before()
    {
        Type(";622848000").Should().BeEquivalentTo((Array.Empty<string>(), ""));
        _wedge.Overdue().Should().BeNull();

        _time.Advance(TimeSpan.FromSeconds(1));

        _wedge.Overdue().Should().Be(";622848000");
        _wedge.Overdue().Should().BeNull();
        Type("4").Keys.Should().Be("4");
    }

    [Fact]
    public void A_burst_without_an_end_is_kept_only_as_far_as_a_card_goes()
    {
        Type(";" + new string('1', 100_000) + "\r").Bursts.Should().ContainSingle().Which.Length.Should().BeLessThan(200);
    }

    private (string[] Bursts, string Keys) Type(string signs)
    {
        var (bursts, keys) = (new List<string>(), "");
        foreach (var sign in signs)
        {
            if (!_wedge.Take(sign, out var burst))
            {
                keys += sign;
            }
            else if (burst is not null)
            {
                bursts.Add(burst);
            }
        }

        return ([.. bursts], keys);
    }
}
