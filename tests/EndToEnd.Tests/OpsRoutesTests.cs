using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Lakala.Silo.Tests.Ops;

namespace Lakala.EndToEnd.Tests;

/// <summary>Every route of the operators refuses everybody without the right role.</summary>
[Collection(nameof(OpsNetwork))]
public sealed partial class OpsRoutesTests(OpsNetwork network)
{
    private static readonly string[] Roles = ["watch", "act", "administer"];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static readonly (string Method, string Path)[] Dashboard =
    [
        ("GET", "/orleans/"), ("GET", "/orleans/DashboardCounters"), ("GET", "/orleans/GrainTypes"), ("GET", "/orleans/GrainState"), ("GET", "/orleans/Trace"),
        ("GET", "/orleans/ClusterStats"), ("GET", "/orleans/index.min.js"),
    ];

    [Fact]
    public async Task Pages_are_for_those_who_have_signed_in_with_the_role()
    {
        using var nobody = await network.Client(null);
        foreach (var (method, path, least) in OpsPageTable.Pages)
        {
            foreach (var (name, role) in new[] { ("watch", "watch"), ("act", "act"), ("admin", "administer") })
            {
                // One of the routes signs out, so each caller signs in again.
                using var client = await network.Client(name);
                using var answer = await Send(client, method, "/ops" + Concrete(path));
                var isAllowed = Array.IndexOf(Roles, role) >= Array.IndexOf(Roles, least);
                (answer.StatusCode != HttpStatusCode.Forbidden).Should().Be(isAllowed, "{0} may {1} {2} {3}", name, isAllowed ? "" : "not", method, path);
                if (isAllowed)
                {
                    answer.StatusCode.Should().NotBe(HttpStatusCode.InternalServerError, "{0} {1}", method, path).And.NotBe(HttpStatusCode.Unauthorized);
                }
            }

            using var refused = await Send(nobody, method, "/ops" + Concrete(path));
            if (method == "GET")
            {
                refused.StatusCode.Should().Be(HttpStatusCode.SeeOther, path);
                refused.Headers.Location!.ToString().Should().StartWith("/ops/sign-in?to=");
            }
            else
            {
                refused.StatusCode.Should().Be(HttpStatusCode.Unauthorized, path);
            }

            (await refused.Content.ReadAsStringAsync(Stop)).Should().NotContain("<");
        }
    }

    [Fact]
    public async Task The_dashboard_of_Orleans_is_for_administrators_and_shows_neither_state_nor_log()
    {
        using var nobody = await network.Client(null);
        using var act = await network.Client("act");
        using var admin = await network.Client("admin");
        foreach (var (method, path) in Dashboard)
        {
            using var refused = await Send(nobody, method, "/ops" + path);
            using var tooLittle = await Send(act, method, "/ops" + path);
            using var shown = await Send(admin, method, "/ops" + path);

            refused.StatusCode.Should().Be(HttpStatusCode.SeeOther, path);
            tooLittle.StatusCode.Should().Be(HttpStatusCode.Forbidden, path);
            shown.StatusCode.Should().Be(
                path.EndsWith("Trace", StringComparison.Ordinal) ? HttpStatusCode.Forbidden
                : path.EndsWith("State", StringComparison.Ordinal) ? HttpStatusCode.NotFound
                : HttpStatusCode.OK,
                path);
        }
    }

    [Fact]
    public async Task Every_operation_of_the_API_wants_a_key_with_its_role()
    {
        using var nobody = await network.Api(null);
        using var merchant = await Shop.Open(network.Local);
        var keys = new Dictionary<string, Shop>();
        foreach (var role in Roles)
        {
            keys[role] = await network.Api(role);
        }

        (await nobody.Get("/v1/admin/openapi/admin.json")).Status.Should().Be(401);
        (await merchant.Get("/v1/admin/openapi/admin.json")).Status.Should().Be(401);
        var document = (await keys["watch"].Get("/v1/admin/openapi/admin.json")).Json;
        var operations = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(method => (Path: path.Name, Method: method.Name.ToUpperInvariant(), Id: method.Value.GetProperty("operationId").GetString()!)))
            .ToList();

        operations.Select(operation => operation.Id).Should().BeEquivalentTo(Least.Keys, "the table is whole");
        foreach (var (path, method, id) in operations)
        {
            var address = Concrete(path);
            (await Call(nobody, method, address)).ShouldBeProblem(401, "not-authenticated");
            (await Call(merchant, method, address)).ShouldBeProblem(401, "not-authenticated");
            foreach (var (role, key) in keys)
            {
                var answer = await Call(key, method, address);
                if (Array.IndexOf(Roles, role) < Array.IndexOf(Roles, Least[id]))
                {
                    answer.ShouldBeProblem(403, "not-allowed");
                }
                else
                {
                    answer.Status.Should().NotBe(403, id).And.NotBe(401, id).And.NotBe(500, id);
                }
            }
        }

        foreach (var key in keys.Values)
        {
            key.Dispose();
        }
    }

    [Fact]
    public async Task Money_comes_into_the_guarantee_fund_by_two_administrators()
    {
        using var first = await network.Api("administer");
        using var second = await network.Api("administer");
        var before = (await first.Get("/v1/admin/guarantee")).Json.GetProperty("available").GetInt64();

        (await first.Post("/v1/admin/guarantee/payments", """{"amount":0,"reason":"none"}""")).ShouldBeProblem(400, "invalid-request", "amount");
        var payment = await first.Post("/v1/admin/guarantee/payments", """{"amount":50000,"reason":"transfer 7"}""");
        payment.Status.Should().Be(201, payment.Text);
        (await first.Post($"/v1/admin/guarantee/payments/{payment.String("id")}/approve")).ShouldBeProblem(409, "conflict");
        var approved = await second.Post($"/v1/admin/guarantee/payments/{payment.String("id")}/approve");

        approved.Status.Should().Be(200, approved.Text);
        approved.String("approved_by").Should().NotBe(payment.String("made_by"));
        (await second.Post($"/v1/admin/guarantee/payments/{payment.String("id")}/approve")).Text.Should().Be(approved.Text);
        (await first.Get("/v1/admin/guarantee")).Json.GetProperty("available").GetInt64().Should().Be(before + 50_000);
        (await first.Get($"/v1/admin/audit?subject={payment.String("id")}")).Json.GetProperty("data").EnumerateArray().Select(entry => entry.GetProperty("what").GetString())
            .Should().Equal("guarantee.approve", "guarantee.propose");
    }

    [Fact]
    public async Task The_merchants_document_says_nothing_of_operators_and_their_keys_open_nothing_there()
    {
        using var operators = await network.Api("administer");
        using var nobody = await network.Api(null);

        (await nobody.Get("/openapi/v1.json")).Text.Should().NotContain("/v1/admin");
        (await nobody.Get("/openapi/admin.json")).Status.Should().Be(404);
        (await operators.Get("/v1/events")).ShouldBeProblem(401, "not-authenticated");
    }

    [Fact]
    public async Task A_file_or_field_that_is_not_UTF8_is_refused_and_nothing_is_stored()
    {
        var file = Encoding.Latin1.GetBytes("id,name,commission_percent\nGBKSTORE0000001,\u00c8\u00cb\u00c3\u00f1,20\n");
        using var api = await network.Api("administer");
        using var admin = await network.Client("admin");
        using var form = new MultipartFormDataContent { { new ByteArrayContent(file), "file", "stores.csv" } };

        var answer = await api.Post("/v1/admin/import", file, "text/csv");
        using var page = await admin.PostAsync(new Uri("/ops/import", UriKind.Relative), form, Stop);
        using var store = new MultipartFormDataContent
        {
            { new StringContent("GBKSTORE0000001"), "id" }, { new StringContent("20"), "commission_percent" }, { new ByteArrayContent([0xC8, 0xCB, 0xC3, 0xF1]), "name" },
        };
        using var field = await admin.PostAsync(new Uri("/ops/stores", UriKind.Relative), store, Stop);

        answer.ShouldBeProblem(400, "bad-lines");
        answer.Text.Should().Contain("Line 2: ").And.Contain("UTF-8");
        page.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await page.Content.ReadAsStringAsync(Stop)).Should().Contain("Line 2: ").And.Contain("Nothing was changed");
        field.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await network.Scalar<long>("select count(*) from stores where id = 'GBKSTORE0000001'")).Should().Be(0);
    }

    [Fact]
    public async Task An_administrator_finds_a_shop_by_a_leaked_key_and_revokes_all_that_it_has()
    {
        using var admin = await network.Client("admin");
        using var api = await network.Api("administer");
        using var shop = await Shop.Open(network.Local);
        var leaked = (await shop.Get("/v1/api_keys")).Json.GetProperty("data")[0].GetProperty("prefix").GetString()!;
        var other = (await shop.Post("/v1/api_keys", """{"name":"<b>thief</b>"}""")).String("api_key");
        var (prefix, secret) = (other.Split('_', 3)[1], other.Split('_', 3)[2]); // A secret may hold '_' itself.

        var found = await admin.GetStringAsync(new Uri($"/ops/merchants?q={leaked}", UriKind.Relative), Stop);
        var page = ShopLink().Match(found).Groups[1].Value;
        var id = page.Split('/')[^1];
        var shown = await admin.GetStringAsync(new Uri(page, UriKind.Relative), Stop);
        (await api.Get($"/v1/admin/merchants/{id}/api_keys")).Json.GetProperty("data").GetArrayLength().Should().Be(2);
        using var revoked = await admin.PostAsync(new Uri(page + "/revoke_keys", UriKind.Relative), null, Stop);

        shown.Should().Contain(leaked).And.Contain(prefix).And.NotContain(secret).And.NotContain("<b>thief");
        revoked.StatusCode.Should().Be(HttpStatusCode.SeeOther);
        using var thief = new Shop(network.Local, other);
        (await shop.Get("/v1/events")).ShouldBeProblem(401, "not-authenticated");
        (await thief.Get("/v1/events")).ShouldBeProblem(401, "not-authenticated");
        (await admin.GetStringAsync(new Uri(page, UriKind.Relative), Stop)).Should().Contain("api_key.revoke_all").And.NotContain("Revoke them all");
        (await api.Post($"/v1/admin/merchants/{id}/api_keys/revoke")).Json.GetProperty("revoked").GetInt32().Should().Be(0);
        (await api.Post("/v1/admin/merchants/nobody/api_keys/revoke")).ShouldBeProblem(404, "not-found");
    }

    [Fact]
    public async Task A_password_is_guessed_five_times_and_then_not_at_all()
    {
        using var client = await network.Client(null);
        for (var i = 0; i < 5; i++)
        {
            using var wrong = await OpsNetwork.SignIn(client, "nobody-" + nameof(OpsRoutesTests), "guess");
            wrong.StatusCode.Should().Be(HttpStatusCode.Forbidden);
            (await wrong.Content.ReadAsStringAsync(Stop)).Should().Contain("do not belong together");
        }

        using var tooMany = await OpsNetwork.SignIn(client, "nobody-" + nameof(OpsRoutesTests), "guess");
        (tooMany.StatusCode, tooMany.Headers.RetryAfter!.Delta).Should().Be((HttpStatusCode.TooManyRequests, TimeSpan.FromMinutes(5)));
    }

    [Theory]
    [InlineData("/ops/open?x=1", "/ops/open?x=1")]
    [InlineData("https://elsewhere.example/ops", "/ops")]
    [InlineData("/ops//elsewhere.example", "/ops")]
    [InlineData("//elsewhere.example/ops", "/ops")]
    [InlineData(@"/ops\elsewhere", "/ops")]
    public async Task A_sign_in_leads_to_a_page_of_ours_only_and_its_cookie_is_seen_by_nobody_else(string wanted, string given)
    {
        using var client = await network.Client(null);

        using var answer = await OpsNetwork.SignIn(client, "watch", network.Password("watch"), wanted);

        answer.Headers.Location!.ToString().Should().Be(given);
        answer.Headers.GetValues("Set-Cookie").Single().Should().Contain("httponly").And.Contain("samesite=strict").And.NotContain("watch");
    }

    [Theory]
    [InlineData("https://elsewhere.example")]
    [InlineData("null")]
    [InlineData(null)]
    public async Task What_another_sites_page_or_none_sends_changes_nothing(string? origin)
    {
        using var admin = await network.Client("admin");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/ops/stores/STORE0000000002/block");
        admin.DefaultRequestHeaders.Remove("Origin");
        if (origin is not null)
        {
            request.Headers.Add("Origin", origin);
        }


        using var answer = await admin.SendAsync(request, Stop);

        answer.StatusCode.Should().Be(HttpStatusCode.Conflict);
        (await network.Scalar<bool>("select blocked from stores where id = 'STORE0000000002'")).Should().BeFalse();
    }

    [Fact]
    public async Task A_session_ends_with_a_sign_out_with_idling_and_with_its_operator()
    {
        using var admin = await network.Client("admin");
        using var made = await admin.PostAsync(new Uri("/ops/operators", UriKind.Relative), Form(("name", "temp"), ("role", "watch")), Stop);
        var password = Secret().Match(await made.Content.ReadAsStringAsync(Stop)).Groups[1].Value;
        using var temp = await network.Client(null);

        (await IsIn(temp)).Should().BeFalse();
        await SignInAgain();
        (await IsIn(temp)).Should().BeTrue();
        (await temp.PostAsync(new Uri("/ops/sign-out", UriKind.Relative), null, Stop)).Dispose();
        (await IsIn(temp)).Should().BeFalse();
        await SignInAgain();
        await network.Execute("update operator_sessions set used_at = clock_timestamp() - interval '16 minutes' where operator = 'temp'");
        (await IsIn(temp)).Should().BeFalse();
        await SignInAgain();
        (await admin.PostAsync(new Uri("/ops/operators/temp/block", UriKind.Relative), null, Stop)).Dispose();
        (await IsIn(temp)).Should().BeFalse();
        using var refused = await OpsNetwork.SignIn(temp, "temp", password);
        refused.StatusCode.Should().Be(HttpStatusCode.Forbidden);

        async Task SignInAgain()
        {
            using var signedIn = await OpsNetwork.SignIn(temp, "temp", password);
            signedIn.StatusCode.Should().Be(HttpStatusCode.SeeOther);
        }
    }

    private static readonly Dictionary<string, string> Least = new()
    {
        ["getFleet"] = "watch",
        ["listTerminals"] = "watch",
        ["getTerminal"] = "watch",
        ["addTerminals"] = "administer",
        ["replaceMasterKey"] = "administer",
        ["getStore"] = "watch",
        ["putStore"] = "administer",
        ["blockStore"] = "act",
        ["unblockStore"] = "act",
        ["retireStore"] = "administer",
        ["import"] = "administer",
        ["orderAction"] = "act",
        ["listActions"] = "watch",
        ["getAction"] = "watch",
        ["listTargets"] = "watch",
        ["cancelAction"] = "act",
        ["getSettings"] = "watch",
        ["putSettings"] = "administer",
        ["getSettingsOfPlatform"] = "watch",
        ["putSettingsOfPlatform"] = "administer",
        ["listAlarms"] = "watch",
        ["acknowledgeAlarm"] = "act",
        ["silenceAlarm"] = "act",
        ["endSilence"] = "act",
        ["listSwipes"] = "watch",
        ["getOpenItems"] = "watch",
        ["resendParked"] = "act",
        ["listSilos"] = "watch",
        ["getBooks"] = "watch",
        ["listAudit"] = "watch",
        ["listOperators"] = "administer",
        ["putOperator"] = "administer",
        ["blockOperator"] = "administer",
        ["listKeys"] = "administer",
        ["addKey"] = "administer",
        ["revokeKey"] = "administer",
        ["listMerchantKeys"] = "administer",
        ["revokeMerchantKeys"] = "administer",
        ["getGuarantee"] = "watch",
        ["addGuaranteePayment"] = "administer",
        ["approveGuaranteePayment"] = "administer",
        ["listMerchantPeople"] = "administer",
        ["inviteMerchantPerson"] = "administer",
        ["blockMerchantPerson"] = "administer",
        ["listDisputes"] = "watch",
        ["listStoppedTrades"] = "watch",
    };

    private static async Task<bool> IsIn(HttpClient client)
    {
        using var answer = await client.GetAsync(new Uri("/ops/open", UriKind.Relative), Stop);
        return answer.StatusCode == HttpStatusCode.OK;
    }

    private static FormUrlEncodedContent Form(params (string Name, string Value)[] fields) =>
        new(fields.Select(field => new KeyValuePair<string, string>(field.Name, field.Value)));

    // A thing that does not exist, so that an allowed call changes nothing.
    private static string Concrete(string path) => path
        .Replace("{section}", "the-bank-line-is-down", StringComparison.Ordinal)
        .Replace("{id:long}", "0", StringComparison.Ordinal)
        .Replace("{id}", path.Contains("/alarms/", StringComparison.Ordinal) ? "0" : "{id}", StringComparison.Ordinal)
        .Replace("{id:guid}", Guid.Empty.ToString(), StringComparison.Ordinal)
        .Replace("{id}", path.Contains("actions", StringComparison.Ordinal) ? Guid.Empty.ToString() : "NOTTHERE", StringComparison.Ordinal)
        .Replace("{name}", "not-there", StringComparison.Ordinal)
        .Replace("{number}", "00000000000000", StringComparison.Ordinal)
        .Replace("{side}", "shopper", StringComparison.Ordinal)
        .Replace("{place:int}", "1", StringComparison.Ordinal)
        .Replace("{level}", path.Contains("{subject}", StringComparison.Ordinal) ? "store" : "platform", StringComparison.Ordinal)
        .Replace("{subject}", "NOTTHERE", StringComparison.Ordinal);

    private static async Task<HttpResponseMessage> Send(HttpClient client, string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (method == "POST")
        {
            request.Content = Form(("nothing", ""));
        }

        return await client.SendAsync(request, Stop);
    }

    private static Task<Answer> Call(Shop key, string method, string path) => method switch
    {
        "GET" => key.Get(path),
        "PUT" => key.Put(path, "{}"),
        _ when path.EndsWith("/import", StringComparison.Ordinal) => key.Post(path, [], "text/csv"),
        _ => key.Post(path, "{}"),
    };

    [GeneratedRegex("""href="(/ops/merchants/[^"]+)" *>""")]
    private static partial Regex ShopLink();

    [GeneratedRegex("""<pre id="secret">([^<]+)</pre>""")]
    private static partial Regex Secret();
}
