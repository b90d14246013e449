using Lakala.Grains.Storage;
using Lakala.Silo.Ops;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Grains.Tests;

/// <summary>Passwords are dear to check: nobody's flood keeps others waiting.</summary>
public sealed class PasswordHashTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_flood_of_operators_passwords_is_bounded_and_keeps_no_clerk_waiting()
    {
        var salt = PasswordHash.NewSalt();
        var hash = PasswordHash.Of("right", salt);
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var flood = Enumerable.Range(0, 200).Select(_ => PasswordHash.Matches(PasswordsOf.Operators, "guess", null, null, leave.Token)).ToList();

        (await PasswordHash.Matches(PasswordsOf.Clerks, "right", salt, hash, Stop)).Should().BeTrue();

        flood.Count(check => check.Exception?.InnerException is SignInsBusyException).Should().BeGreaterThanOrEqualTo(200 - PasswordHash.MaxWaiting);

        // Those whose callers have gone are not checked any more, and leave their places.
        await leave.CancelAsync();
        await Task.WhenAll(flood.Select(check => check.ContinueWith(_ => { }, TaskScheduler.Default)));
        flood.Should().Contain(check => check.IsCanceled);
        (await PasswordHash.Matches(PasswordsOf.Operators, "right", salt, hash, Stop)).Should().BeTrue();
    }

    [Fact]
    public async Task A_password_that_nobody_has_is_not_worth_the_work()
    {
        var salt = PasswordHash.NewSalt();
        var tooLong = new string('a', PasswordHash.MaxLength + 1);

        (await PasswordHash.Matches(PasswordsOf.Operators, tooLong, salt, PasswordHash.Of(tooLong, salt), Stop)).Should().BeFalse();
    }

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

    [Fact]
    public void A_right_password_gives_back_no_more_than_was_taken()
    {
        var time = new FakeTimeProvider();
        var throttle = new Terminals.SignInThrottle(time);
        throttle.Failed();
        time.Advance(Terminals.SignInThrottle.Window);
        throttle.Accept().Should().BeTrue();
        throttle.Succeeded();

        for (var wrong = 0; wrong < Terminals.SignInThrottle.FailuresPerWindow; wrong++)
        {
            throttle.Accept().Should().BeTrue();
            throttle.Failed();
        }

        throttle.Accept().Should().BeFalse();
    }
}
