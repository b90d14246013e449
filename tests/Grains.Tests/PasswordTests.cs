using Lakala.Silo.Ops;
using Lakala.Storage;
using Lakala.Vocabulary;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Grains.Tests;

/// <summary>Passwords are dear to check: nobody's flood keeps others waiting.</summary>
public sealed class PasswordTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_flood_of_operators_passwords_is_bounded_and_keeps_no_clerk_waiting()
    {
        var stored = StoredPassword.Of("right");
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var flood = Enumerable.Range(0, 200).Select(_ => Passwords.Matches(PasswordsOf.Operators, "guess", null, leave.Token)).ToList();

        (await Passwords.Matches(PasswordsOf.Clerks, "right", stored, Stop)).Should().BeTrue();

        flood.Count(check => check.Exception?.InnerException is SignInsBusyException).Should().BeGreaterThanOrEqualTo(200 - Passwords.MaxWaiting);

        // Those whose callers have gone are not checked any more, and leave their places.
        await leave.CancelAsync();
        await Task.WhenAll(flood.Select(check => check.ContinueWith(_ => { }, TaskScheduler.Default)));
        flood.Should().Contain(check => check.IsCanceled);
        (await Passwords.Matches(PasswordsOf.Operators, "right", stored, Stop)).Should().BeTrue();
    }

    [Fact]
    public async Task A_password_that_nobody_has_is_not_worth_the_work()
    {
        var tooLong = new string('a', Passwords.MaxLength + 1);

        (await Passwords.Matches(PasswordsOf.Operators, tooLong, StoredPassword.Of(tooLong), Stop)).Should().BeFalse();
    }

    [Fact]
    public void A_stored_password_says_how_it_was_made_and_one_made_with_less_still_verifies()
    {
        var stored = StoredPassword.Of("right");
        stored.Text.Should().MatchRegex(@"^pbkdf2-sha512\$220000\$[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=$");
        (stored.IsStrong, stored.Matches("right"), stored.Matches("wrong")).Should().Be((true, true, false));
        StoredPassword.Parse(stored.Text).Matches("right").Should().BeTrue();
        StoredPassword.Of("right").Text.Should().NotBe(stored.Text);
        $"{stored}".Should().NotContain("pbkdf2");

        // Made by openssl kdf -keylen 32 -kdfopt digest:SHA512 -kdfopt pass:right -kdfopt hexsalt:000102030405060708090a0b0c0d0e0f -kdfopt iter:1000 PBKDF2.
        var older = StoredPassword.Parse("pbkdf2-sha512$1000$AAECAwQFBgcICQoLDA0ODw==$UA8trhgjGyDN1sUkS2F9rNhOtbqFnJ5Pj8AFjD+Esog=");
        (older.IsStrong, older.Matches("right"), older.Matches("wrong")).Should().Be((false, true, false));
    }

    [Theory]
    [InlineData("")]
    [InlineData("argon2id$3$AAAA$AAAA")]
    [InlineData("pbkdf2-sha512$0$AAAA$AAAA")]
    [InlineData("pbkdf2-sha512$999999999$AAAA$AAAA")]
    [InlineData("pbkdf2-sha512$220000$AAAA$")]
    [InlineData("pbkdf2-sha512$220000$AAAA$not base 64")]
    [InlineData("pbkdf2-sha512$220000$AAAA$AAAA$AAAA")]
    public void What_is_no_stored_password_is_a_fault_and_not_a_wrong_password(string text) =>
        FluentActions.Invoking(() => StoredPassword.Parse(text)).Should().Throw<FormatException>();

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
