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
    public async Task Of_many_requests_by_keys_at_once_one_link_works_and_lets_one_person_in()
    {
        var (merchant, key, other) = await NewMerchant();

        var links = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Users.InviteFirst(merchant, i % 2 == 0 ? key : other)));
        var outcomes = await Task.WhenAll(links.Select((link, i) => Users.Join(link!.Code, $"person-{i}", Password, Stop)));

        outcomes.Should().ContainSingle(outcome => outcome == JoinOutcome.Joined).And.OnlyContain(outcome => outcome == JoinOutcome.Joined || outcome == JoinOutcome.NoInvitation);
        (await Users.List(merchant, Stop)).Should().ContainSingle();
        (await Users.InviteFirst(merchant, key)).Should().BeNull();
        (await Users.Invite(merchant, "test", Stop)).Should().NotBeNull("people and operators invite the others");
        (await books.Scalar<string>($"select string_agg(distinct who, ' ' order by who) from audit_log where subject = '{merchant}' and what = 'merchant_user.invite' and who like 'merchant:%'"))
            .Should().Be($"merchant:{merchant} {key} merchant:{merchant} {other}");
    }

    [Fact]
    public async Task A_join_and_a_further_request_by_key_at_once_leave_a_person_or_a_link_that_works()
    {
        for (var round = 0; round < 10; round++)
        {
            var (merchant, key, _) = await NewMerchant();
            var first = await Users.InviteFirst(merchant, key);

            var (join, request) = (Users.Join(first!.Code, "ann", Password, Stop), Users.InviteFirst(merchant, key));
            var (outcome, second) = (await join, await request);

            (outcome, second is null).Should().BeOneOf((JoinOutcome.Joined, true), (JoinOutcome.NoInvitation, false));
            (second is not null && await Users.FindInvitation(second.Code, Stop) is not null).Should().Be(outcome == JoinOutcome.NoInvitation);
        }
    }

    [Fact]
    public async Task A_link_by_key_waits_behind_an_operators_and_a_key_undoes_no_block()
    {
        var (merchant, key, _) = await NewMerchant();
        var before = (await Users.InviteFirst(merchant, key))!.Code;
        var operators = (await Users.Invite(merchant, "test", Stop))!.Code;

        (await Users.InviteFirst(merchant, key)).Should().BeNull();
        (await Users.Join(before, "thief", Password, Stop)).Should().Be(JoinOutcome.NoInvitation);
        await books.Execute($"update merchant_invitations set expires_at = clock_timestamp() where code_hash = sha256('{operators}')");
        (await Users.FindInvitation(before, Stop)).Should().NotBeNull("nobody used the operator's");
        var link = (await Users.InviteFirst(merchant, key))!.Code;
        operators = (await Users.Invite(merchant, "test", Stop))!.Code;
        (await Users.Join(operators, "ann", Password, Stop)).Should().Be(JoinOutcome.Joined);
        (await Users.Join(link, "thief", Password, Stop)).Should().Be(JoinOutcome.NoInvitation, "a key lets in the first person only");

        await Users.Block(merchant, "ann", "test", Stop);

        (await Users.InviteFirst(merchant, key)).Should().BeNull();
        (await Users.Join(link, "ann", Password, Stop)).Should().Be(JoinOutcome.NoInvitation);
    }

    [Fact]
    public async Task A_link_by_key_ends_with_its_key_by_its_time_and_by_the_next_one()
    {
        var (merchant, key, other) = await NewMerchant();
        var revoked = (await Users.InviteFirst(merchant, other))!.Code;
        (await Users.FindInvitation(revoked, Stop)).Should().NotBeNull();
        await books.Execute($"update api_keys set expires_at = clock_timestamp() where 'key_' || prefix = '{other}'");
        (await Users.FindInvitation(revoked, Stop)).Should().BeNull();
        await books.Execute($"delete from api_keys where 'key_' || prefix = '{other}'");
        (await Users.Join(revoked, "thief", Password, Stop)).Should().Be(JoinOutcome.NoInvitation);

        var late = (await Users.InviteFirst(merchant, key))!.Code;
        await books.Execute($"update merchant_invitations set expires_at = clock_timestamp() where code_hash = sha256('{late}')");
        (await Users.Join(late, "late", Password, Stop)).Should().Be(JoinOutcome.NoInvitation);
        var replaced = (await Users.InviteFirst(merchant, key))!.Code;
        var last = (await Users.InviteFirst(merchant, key))!.Code;

        (await Users.Join(replaced, "ann", Password, Stop)).Should().Be(JoinOutcome.NoInvitation);
        (await Users.Join(last, "ann", Password, Stop)).Should().Be(JoinOutcome.Joined);
        (await Users.InviteFirst("nobody", key)).Should().BeNull();
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

    /// <summary>A merchant without people, and the ids of its two API keys.</summary>
    private async Task<(string Merchant, string Key, string Other)> NewMerchant()
    {
        var id = Guid.NewGuid().ToString("N")[..12];
        await books.Execute(
            $"""
            insert into merchants (id, name, fee_basis_points) values ('{id}', 'New Shop', 60);
            insert into api_keys (prefix, merchant_id, secret_hash) values ('{id}-a', '{id}', '\x00'), ('{id}-b', '{id}', '\x00')
            """);
        return (id, $"key_{id}-a", $"key_{id}-b");
    }

    private async Task<string> Invite() => (await Users.Invite(Books.Merchant, "test", Stop))!.Code;

    private async Task<string> SignIn() => (await Users.SignIn(Books.Merchant, "ann", Password, Stop))!;
}
