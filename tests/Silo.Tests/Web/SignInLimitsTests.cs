using Lakala.Silo.Web;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Silo.Tests.Web;

public sealed class SignInLimitsTests
{
    [Fact]
    public void Tries_are_counted_by_source_whatever_the_names()
    {
        var time = new FakeTimeProvider();
        var limits = new SignInLimits(time);
        for (var name = 0; name < SignInLimits.TriesPerSource; name++)
        {
            limits.Enter($"name-{name}", "198.51.100.7").Should().BeTrue();
        }

        limits.Enter("another", "198.51.100.7").Should().BeFalse();
        limits.Enter("another", "192.0.2.1").Should().BeTrue();
        time.Advance(TimeSpan.FromSeconds(11));
        limits.Enter("another", "198.51.100.7").Should().BeTrue();
    }

    [Fact]
    public void Many_who_sign_in_from_one_office_keep_nobody_out()
    {
        var limits = new SignInLimits(new FakeTimeProvider());
        for (var name = 0; name <= SignInLimits.TriesPerSource; name++)
        {
            limits.Enter($"name-{name}", "198.51.100.7").Should().BeTrue();
            limits.Succeeded($"name-{name}", "198.51.100.7");
        }
    }
}
