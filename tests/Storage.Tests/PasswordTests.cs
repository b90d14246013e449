using Lakala.Vocabulary;

namespace Lakala.Storage.Tests;

/// <summary>A check of a password is expensive: a flood in one queue must not delay the other.</summary>
public sealed class PasswordTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_flood_of_operators_passwords_is_bounded_and_keeps_no_clerk_waiting()
    {
        var stored = StoredPassword.Hash("right");
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var flood = Enumerable.Range(0, 200).Select(_ => Passwords.Matches(PasswordsOf.Operators, "guess", null, leave.Token)).ToList();

        (await Passwords.Matches(PasswordsOf.Clerks, "right", stored, Stop)).Should().BeTrue();

        flood.Count(check => check.Exception?.InnerException is SignInsBusyException).Should().BeGreaterThanOrEqualTo(200 - Passwords.MaxWaiting);

        // Cancelled checks are skipped, and free their places.
        await leave.CancelAsync();
        await Task.WhenAll(flood.Select(check => check.ContinueWith(_ => { }, TaskScheduler.Default)));
        flood.Should().Contain(check => check.IsCanceled);
        (await Passwords.Matches(PasswordsOf.Operators, "right", stored, Stop)).Should().BeTrue();
    }

    [Fact]
    public async Task A_password_that_nobody_has_is_not_worth_the_work()
    {
        var tooLong = new string('a', Passwords.MaxLength + 1);

        (await Passwords.Matches(PasswordsOf.Operators, tooLong, StoredPassword.Hash(tooLong), Stop)).Should().BeFalse();
    }
}
