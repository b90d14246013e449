using Lakala.Grains.Terminals;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Grains.Tests;

public sealed class SignInThrottleTests
{
    [Fact]
    public void A_right_password_gives_back_no_more_than_was_taken()
    {
        var time = new FakeTimeProvider();
        var throttle = new SignInThrottle(time);
        throttle.Failed();
        time.Advance(SignInThrottle.Window);
        throttle.Accept().Should().BeTrue();
        throttle.Succeeded();

        for (var wrong = 0; wrong < SignInThrottle.FailuresPerWindow; wrong++)
        {
            throttle.Accept().Should().BeTrue();
            throttle.Failed();
        }

        throttle.Accept().Should().BeFalse();
    }
}
