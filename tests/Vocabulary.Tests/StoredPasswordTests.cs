namespace Lakala.Vocabulary.Tests;

public sealed class StoredPasswordTests
{
    [Fact]
    public void A_stored_password_says_how_it_was_made_and_one_made_with_less_still_verifies()
    {
        var stored = StoredPassword.Hash("right");
        stored.Text.Should().MatchRegex(@"^pbkdf2-sha512\$220000\$[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=$");
        (stored.IsStrong, stored.Matches("right"), stored.Matches("wrong")).Should().Be((true, true, false));
        StoredPassword.Parse(stored.Text).Matches("right").Should().BeTrue();
        StoredPassword.Hash("right").Text.Should().NotBe(stored.Text);
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
}
