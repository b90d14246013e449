using Lakala.Storage.Merchants;
using Lakala.Testing;

namespace Lakala.Storage.Tests;

/// <summary>The people of a merchant, their invitations and sessions.</summary>
public sealed class MerchantUserTests(Books books) : IClassFixture<Books>
{
    private const string Password = "a quiet teapot";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private MerchantUserRows Users => new(books.Database);

    [Fact]
    public async Task Of_two_who_use_one_invitation_at_once_one_joins()
    {
        var code = await Invite();

        var outcomes = await Task.WhenAll(Users.Join(code, "one", Password, Stop), Users.Join(code, "other", Password, Stop));

        outcomes.Should().BeEquivalentTo([JoinOutcome.Joined, JoinOutcome.NoInvitation]);
    }

    [Fact]
    public async Task An_invitation_ends_by_its_time_and_is_not_used_up_by_a_name_that_is_taken()
    {
        var (late, code) = (await Invite(), await Invite());
        await books.Execute($"update merchant_invitations set expires_at = clock_timestamp() - interval '1 second' where code_hash = sha256('{late}')");

        (await Users.FindInvitation(late, Stop)).Should().BeNull();
        (await Users.Join(late, "late", Password, Stop)).Should().Be(JoinOutcome.NoInvitation);
        (await Users.Join(await Invite(), "taken", Password, Stop)).Should().Be(JoinOutcome.Joined);
        (await Users.Join(code, "taken", Password, Stop)).Should().Be(JoinOutcome.NameTaken);
        (await Users.Join(code, "free", Password, Stop)).Should().Be(JoinOutcome.Joined);
        (await Users.Invite("nobody", "test", Stop)).Should().BeNull();
    }

    [Fact]
    public async Task A_session_ends_by_its_time_by_idling_and_by_a_block_after_which_the_name_is_free_again()
    {
        await Users.Join(await Invite(), "ann", Password, Stop);
        var (idle, old, blocked) = (await SignIn(), await SignIn(), await SignIn());
        (await Users.Find(idle, Stop)).Should().Be(new MerchantUser(new Merchant(Books.Merchant, "Test Shop"), "ann"));
        await books.Execute($"update merchant_sessions set used_at = clock_timestamp() - interval '31 minutes' where token_hash = sha256('{idle}')");
        await books.Execute($"update merchant_sessions set expires_at = clock_timestamp() where token_hash = sha256('{old}')");

        (await Users.Find(idle, Stop)).Should().BeNull();
        (await Users.Find(old, Stop)).Should().BeNull();
        (await Users.Find(blocked, Stop)).Should().NotBeNull();
        (await Users.Block(Books.Merchant, "ann", "test", Stop)).Should().BeTrue();
        (await Users.Block(Books.Merchant, "ann", "test", Stop)).Should().BeFalse();
        (await Users.Find(blocked, Stop)).Should().BeNull();
        (await Users.SignIn(Books.Merchant, "ann", Password, Stop)).Should().BeNull();
        (await Users.Join(await Invite(), "ann", "another teapot", Stop)).Should().Be(JoinOutcome.Joined);
        (await Users.SignIn(Books.Merchant, "ann", Password, Stop)).Should().BeNull("that password is no longer hers");
        (await Users.SignIn(Books.Merchant, "ann", "another teapot", Stop)).Should().NotBeNull();
        (await Users.SignIn("another", "ann", "another teapot", Stop)).Should().BeNull();
    }

    [Fact]
    public async Task Neither_password_nor_code_nor_token_is_stored()
    {
        var code = await Invite();
        await Users.Join(code, "bea", Password, Stop);
        var token = await Users.SignIn(Books.Merchant, "bea", Password, Stop);

        var all = await books.Scalar<string>(
            """
            select (select string_agg(u::text, ' ') from merchant_users u) || (select string_agg(s::text, ' ') from merchant_sessions s)
                || coalesce((select string_agg(i::text, ' ') from merchant_invitations i), '') || (select string_agg(a::text, ' ') from audit_log a)
            """);

        all.Should().NotContain(Password).And.NotContain(code).And.NotContain(token);
    }

    [Theory]
    [InlineData("a quiet teapot", true)]
    [InlineData("茶壶与两个杯子送给李娜", true)]
    [InlineData("short", false)]
    [InlineData("aaaaaaaaaaaa", false)]
    [InlineData("my name is ANN, really", false)]
    public void A_password_is_long_not_too_simple_and_without_the_name(string password, bool isOne) => MerchantUser.IsPassword(password, "ann").Should().Be(isOne);

    private async Task<string> Invite() => (await Users.Invite(Books.Merchant, "test", Stop))!.Code;

    private async Task<string> SignIn() => (await Users.SignIn(Books.Merchant, "ann", Password, Stop))!;
}
