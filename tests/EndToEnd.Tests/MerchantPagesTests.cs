using System.Net;
using System.Text.RegularExpressions;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Lakala.EndToEnd.Tests;

/// <summary>The pages of a merchant's people, with a network whose terminals take money.</summary>
public sealed partial class MerchantPagesTests(HastyNetwork network, Browser browser) : IClassFixture<HastyNetwork>, IAsyncLifetime
{
    private const string Escrow = ",\"settlement\":\"escrow\",\"delivery\":\"express\"";
    private const string Password = "a quiet teapot";

    private static readonly Words English = new(
        "English", "en", "Name", "Password", "Join", "Sign in", "To ship", "Carrier", "Tracking number", "Ship", "It is shipped. The shopper is told.",
        "Correct the parcel", "It is corrected. The shopper is told.", "Give more time", "The shopper has more time, and is told.", "Amount", "Refund", "Claims", "Refunds", "Balance", "People", "Ship many");

    private static readonly Words Chinese = new(
        "中文", "zh-Hans", "用户名", "密码", "加入", "登录", "待发货", "承运方", "运单号", "发货", "已发货，并已通知买家。",
        "更正物流信息", "已更正，并已通知买家。", "延长验货时间", "买家的验货时间已延长，并已通知买家。", "金额", "退款", "争议", "退款", "余额", "成员", "批量发货");

    // One point.
    private static readonly byte[] Png = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");

    private Shop _shop = null!;
    private string _merchant = "";

    public async ValueTask InitializeAsync()
    {
        _shop = await Shop.Open(network.Local);
        _merchant = await Scalar<string>($"select merchant_id from api_keys where prefix = '{_shop.ApiKey!.Split('_')[1]}'");
    }

    public ValueTask DisposeAsync()
    {
        _shop.Dispose();
        return ValueTask.CompletedTask;
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_invitation_lets_one_person_in_once_and_a_block_ends_the_session()
    {
        var link = await Invite();
        using var client = Client();

        (await Get(client, link)).Text.Should().Contain(_merchant);
        (await Join(client, link, "ann", "short")).Status.Should().Be(400);
        (await Join(client, link, "Ann!", Password)).Status.Should().Be(400);
        (await Join(client, link, "ann", Password)).Status.Should().Be(200);
        (await Join(client, link, "bob", Password)).Status.Should().Be(409, "it is used up");
        (await Get(client, link)).Status.Should().Be(404);
        (await Join(client, await Invite(), "ann", Password)).Status.Should().Be(409, "the name is taken");
        (await Get(client, "/merchant")).Status.Should().Be(303, "who has joined signs in");
        (await SignIn(client, "ann", Password)).Status.Should().Be(303);
        (await Get(client, "/merchant")).Status.Should().Be(200);

        using var admin = await Shop.OpenAdmin(network.Local, "administer");
        (await admin.Post($"/v1/admin/merchants/{_merchant}/people/ann/block")).Status.Should().Be(204);

        (await Get(client, "/merchant")).Status.Should().Be(303);
        (await SignIn(client, "ann", Password)).Status.Should().Be(403);
        (await admin.Get($"/v1/admin/merchants/{_merchant}/people")).Json.GetProperty("data")[0].GetProperty("blocked").GetBoolean().Should().BeTrue();
        (await Scalar<string>($"select string_agg(what, ' ' order by id) from audit_log where subject = '{_merchant}' and what like 'merchant_user.%'"))
            .Should().Be("merchant_user.invite merchant_user.join merchant_user.invite merchant_user.sign_in merchant_user.block merchant_user.sign_in_failed");
    }

    [Fact]
    public async Task An_api_key_lets_in_the_first_person_and_nobody_after()
    {
        using var client = Client();
        using var other = await Shop.Open(network.Local);
        using var thief = new Shop(network.Local, (await _shop.Post("/v1/api_keys", """{"name":"leaked"}""")).String("api_key"));
        var stolen = Link(await thief.Post("/v1/invitations"));
        (await Get(client, stolen)).Status.Should().Be(200);
        (await _shop.Delete($"/v1/api_keys/key_{thief.ApiKey!.Split('_')[1]}")).Status.Should().Be(204);
        (await thief.Post("/v1/invitations")).ShouldBeProblem(401, "not-authenticated");
        (await Join(client, stolen, "thief", Password)).Status.Should().Be(409, "the link ends with its key");

        var lost = Link(await _shop.Post("/v1/invitations"));
        var made = await _shop.Post("/v1/invitations");
        var (link, foreign) = (Link(made), Link(await other.Post("/v1/invitations")));

        made.Headers.CacheControl!.NoStore.Should().BeTrue();
        made.Json.EnumerateObject().Select(member => member.Name).Should().Equal("link", "expires_at");
        made.Json.GetProperty("expires_at").GetDateTimeOffset().Should().BeCloseTo(TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(48), TimeSpan.FromMinutes(1));
        (await Get(client, lost)).Status.Should().Be(404, "it is replaced");
        (await Join(client, link, "ann", Password)).Status.Should().Be(200);
        (await SignIn(client, "ann", Password)).Status.Should().Be(303);
        (await Get(client, "/merchant")).Status.Should().Be(200);
        (await _shop.Post("/v1/invitations")).ShouldBeProblem(409, "first-person-invited").GetProperty("detail").GetString().Should().Contain("People");
        (await Get(client, foreign)).Status.Should().Be(200, "another merchant has nobody yet");
        (await other.Post("/v1/invitations")).Status.Should().Be(201);
        (await Scalar<string>($"select string_agg(distinct who, ' ') from audit_log where subject = '{_merchant}' and what = 'merchant_user.invite' and who not like '%{thief.ApiKey.Split('_')[1]}'"))
            .Should().Be($"merchant:{_merchant} key_{_shop.ApiKey!.Split('_')[1]}");
    }

    [Fact]
    public async Task Wrong_passwords_are_bounded_and_a_sign_out_ends_the_session()
    {
        using var client = await SignedIn("ann");
        (await Post(client, "/merchant/sign-out")).Status.Should().Be(303);
        (await Get(client, "/merchant/balance")).Location.Should().Be("/merchant/sign-in?to=%2Fmerchant%2Fbalance");

        for (var i = 0; i < 5; i++)
        {
            (await SignIn(client, "ann", "guess")).Status.Should().Be(403);
        }

        (await SignIn(client, "ann", Password)).Status.Should().Be(429, "also the right one has to wait");
        (await SignIn(client, "", "")).Status.Should().Be(403);
    }

    [Fact]
    public async Task Forms_of_other_sites_and_orders_of_other_merchants_do_nothing()
    {
        using var other = await Shop.Open(network.Local);
        var foreign = (await other.NewBill(Escrow)).GetProperty("number").GetString()!;
        using var client = await SignedIn("ann");

        foreach (var path in new[] { $"/merchant/orders/{foreign}", "/merchant/orders/1", $"/merchant?cursor=x", "/merchant/refunds?cursor=x", "/merchant/balance?cursor=x" })
        {
            (await Get(client, path)).Status.Should().Be(404, path);
        }

        foreach (var what in new[] { "ship", "extend", "refund" })
        {
            (await Post(client, $"/merchant/orders/{foreign}/{what}", ("method", "express"), ("days", "5"), ("amount", "1"))).Status.Should().Be(404, what);
        }

        (await Get(client, $"/merchant?q={foreign}")).Text.Should().NotContain("A teapot");
        client.DefaultRequestHeaders.Remove("Origin");
        client.DefaultRequestHeaders.Add("Origin", "https://evil.example");
        (await Post(client, "/merchant/people")).Status.Should().Be(409);
        (await Post(client, "/merchant/sign-out")).Status.Should().Be(409);
        client.DefaultRequestHeaders.Remove("Origin");
        (await Get(client, "/merchant")).Status.Should().Be(200, "nothing was done");
        (await Scalar<long>($"select count(*) from merchant_invitations where merchant_id = '{_merchant}'")).Should().Be(0);
    }

    [Fact]
    public async Task A_refund_is_one_however_often_the_form_is_sent()
    {
        var number = await Paid();
        using var client = await SignedIn("ann");
        var page = await Get(client, $"/merchant/orders/{number}");
        page.Text.Should().Contain("value=\"128.00\"");
        var key = Key().Match(page.Text).Groups[1].Value;

        (await Post(client, $"/merchant/orders/{number}/refund", ("key", key), ("amount", "1.234"))).Status.Should().Be(400);
        (await Post(client, $"/merchant/orders/{number}/refund", ("key", "mine"), ("amount", "1"))).Status.Should().Be(400);
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Post(client, $"/merchant/orders/{number}/refund", ("key", key), ("amount", "28.00"), ("reason", "茶壶坏了"))));
        var another = await Post(client, $"/merchant/orders/{number}/refund", ("key", key), ("amount", "29.00"));
        var tooMuch = await Post(client, $"/merchant/orders/{number}/refund", ("key", new string('a', 32)), ("amount", "100.01"));

        answers.Should().OnlyContain(answer => answer.Status == 200);
        answers.Count(answer => answer.Text.Contains("ordered already", StringComparison.Ordinal)).Should().Be(3);
        (another.Status, tooMuch.Status).Should().Be((409, 409));
        tooMuch.Text.Should().Contain("¥100.00 is left");
        (await _shop.Get($"/v1/bills/{number}")).Json.GetProperty("refunded").GetInt64().Should().Be(2_800);
        (await Get(client, "/merchant/refunds")).Text.Should().Contain("¥28.00").And.Contain("茶壶坏了");
    }

    [Fact]
    public async Task A_refund_that_waits_for_money_is_withdrawn_at_its_button()
    {
        var (number, other) = (await Paid(",\"fee_on_refund\":\"kept\""), (await _shop.NewBill()).GetProperty("number").GetString()!);
        using var client = await SignedIn("ann");
        var key = Key().Match((await Get(client, $"/merchant/orders/{number}")).Text).Groups[1].Value;
        (await Post(client, $"/merchant/orders/{number}/refund", ("key", key), ("amount", "128.00"))).Status.Should().Be(200);
        var refund = await Scalar<string>($"select lpad(rrn::text, 12, '0') from refunds where bill = {number}");
        var address = $"/merchant/orders/{number}/refunds/{refund}/withdraw";
        (await Post(client, $"/merchant/orders/{other}/refunds/{refund}/withdraw")).Status.Should().Be(404, "it is not of that bill");
        (await Post(client, $"/merchant/orders/{number}/refunds/1/withdraw")).Status.Should().Be(404);
        (await Scalar<string>($"select state from refunds where rrn = {refund}")).Should().Be("QUEUED", "the money without the fee does not cover it");

        var page = await browser.Open(width: 390, height: 844);
        await page.GotoAsync(new Uri(network.Local.Http, "/merchant/sign-in").ToString());
        await page.GetByLabel("Merchant").FillAsync(_merchant);
        await page.GetByLabel("Name").FillAsync("ann");
        await page.GetByLabel("Password").FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Refunds", Exact = true }).ClickAsync();
        await page.GetByText("waits until your balance covers it").WaitForAsync();
        await Check(page, javaScript: true);
        await page.GetByRole(AriaRole.Button, new() { Name = "Withdraw" }).ClickAsync();
        await page.GetByRole(AriaRole.Status).GetByText($"The refund {refund} is withdrawn. The money is where it was.").WaitForAsync();
        await Check(page, javaScript: true);

        (await Post(client, address)).Status.Should().Be(200, "the same again changes nothing");
        (await Get(client, "/merchant/refunds")).Text.Should().Contain("withdrawn by you").And.NotContain(address);
        (await _shop.Get($"/v1/bills/{number}")).Json.GetProperty("refunded").GetInt64().Should().Be(0);
        await _shop.Post($"/v1/bills/{number}/refunds", """{"amount":100}""", Guid.NewGuid().ToString());
        var sent = await Scalar<string>($"select lpad(max(rrn)::text, 12, '0') from refunds where bill = {number}");
        await _shop.GetUntil($"/v1/refunds/{sent}", one => one.GetProperty("status").GetString() == "DONE");
        (await Post(client, $"/merchant/orders/{number}/refunds/{sent}/withdraw")).Should().Match<Page>(answer => answer.Status == 409 && answer.Text.Contains("it cannot be withdrawn"));
    }

    [Fact]
    public async Task A_file_ships_its_right_lines_tells_why_of_the_others_and_can_be_sent_again()
    {
        var (one, two, direct) = (await Paid(Escrow), await Paid(Escrow), await Paid());
        var order = (await _shop.Get($"/v1/bills/{two}")).String("order_id");
        using var other = await Shop.Open(network.Local);
        var foreign = (await other.NewBill(Escrow)).GetProperty("number").GetString()!;
        using var client = await SignedIn("ann");
        var csv = $"order,method,carrier,tracking_number\n{one},,SF Express,SF1\n{order},surface,\"China, Post\",CP2\n{direct},,SF,3\n{foreign},,SF,4\n{one},,SF,5\nnone,balloon,SF,6\nnone,express,SF\n";

        var first = await Upload(client, csv);
        var again = await Upload(client, csv);
        var changed = await Upload(client, $"bill,carrier,tracking_number\n{one},SF Express,SF9\n");

        Outcomes(first).Should().Equal(
            "shipped", "shipped", "This order has no guaranteed trade, or is not paid: there is nothing to ship here.", "You have no such bill or order.",
            "It is in line 2 already.", "There is no such method.", "The line has 3 columns, not 4.");
        Outcomes(again).Take(2).Should().Equal("was shipped so before", "was shipped so before");
        Outcomes(changed).Should().Equal("It is shipped already with another parcel. Correct it on its page.");
        (await _shop.Get($"/v1/bills/{two}")).Json.GetProperty("trade").GetProperty("carrier").GetString().Should().Be("China, Post");
        (await Upload(client, "id,carrier\n1,2\n")).Status.Should().Be(400);
        (await Upload(client, "bill,carrier,tracking_number\n")).Status.Should().Be(400);
        (await Upload(client, "bill,carrier,tracking_number\n" + string.Concat(Enumerable.Range(0, 1_001).Select(i => $"{i},a,b\n")))).Status.Should().Be(400);
        (await Upload(client, new string('x', (1024 * 1024) + 1))).Status.Should().Be(400);
    }

    [Fact]
    public async Task A_claim_is_answered_with_words_and_files_and_what_others_have_sent_is_shown_safely()
    {
        var (claim, _) = await Claimed();
        await _shop.Sql($"insert into evidence (claim, side, place, type, bytes, sha256, added_at) select {claim}, 'shopper', 2, 'application/pdf', b, sha256(b), now() from (select '%PDF-1.4 %%EOF'::bytea as b) x");
        using var client = await SignedIn("ann");

        (await Get(client, "/merchant/claims")).Text.Should().Contain($"/merchant/claims/{claim}").And.Contain("¥128.00");
        (await Get(client, $"/merchant/claims/{claim}")).Text.Should().Contain("The lid is broken").And.Contain($"/merchant/claims/{claim}/files/shopper/1");
        using (var picture = await client.GetAsync(new Uri($"/merchant/claims/{claim}/files/shopper/1", UriKind.Relative), Stop))
        using (var document = await client.GetAsync(new Uri($"/merchant/claims/{claim}/files/shopper/2", UriKind.Relative), Stop))
        {
            (picture.Content.Headers.ContentType!.MediaType, document.Content.Headers.ContentDisposition!.DispositionType).Should().Be(("image/png", "attachment"));
            foreach (var file in new[] { picture, document })
            {
                file.Headers.GetValues("Content-Security-Policy").Should().ContainSingle().Which.Should().Contain("sandbox").And.Contain("default-src 'none'");
                file.Headers.GetValues("X-Content-Type-Options").Should().Equal("nosniff");
            }
        }

        (await Refuse(client, claim, "", Png)).Status.Should().Be(400, "a refusal has words");
        (await Refuse(client, claim, "It was whole", "<script>"u8.ToArray())).Status.Should().Be(409);
        (await Refuse(client, claim, "It was whole", new byte[2_200_000])).Status.Should().Be(409);
        (await _shop.Get($"/v1/claims/{claim}")).String("status").Should().Be("ASKED", "nothing was done");
        (await Refuse(client, claim, "It was whole\r\nwhen it left us", Png, "%PDF-1.4 %%EOF"u8.ToArray())).Status.Should().Be(200);

        var refused = (await _shop.Get($"/v1/claims/{claim}")).Json;
        (refused.GetProperty("status").GetString(), refused.GetProperty("answer").GetString()).Should().Be(("REFUSED", "It was whole when it left us"));
        (await Scalar<string>($"select string_agg(type, ' ' order by place) from evidence where claim = {claim} and side = 'merchant'")).Should().Be("image/png application/pdf");
        foreach (var path in new[] { "/merchant/claims/000000000001", $"/merchant/claims/{claim}/files/shopper/3", $"/merchant/claims/{claim}/files/nobody/1", "/merchant/claims?cursor=x" })
        {
            (await Get(client, path)).Status.Should().Be(404, path);
        }

        await _shop.Sql($"update claims set merchant_id = (select id from merchants where id <> '{_merchant}' limit 1) where id = {claim}");
        (await Get(client, $"/merchant/claims/{claim}")).Status.Should().Be(404, "it is another merchant's");
        (await Get(client, $"/merchant/claims/{claim}/files/shopper/1")).Status.Should().Be(404);
        (await Post(client, $"/merchant/claims/{claim}/agree")).Status.Should().Be(404);
    }

    [Fact]
    public async Task An_offer_binds_and_what_is_agreed_goes_to_the_card()
    {
        var (claim, bill) = await Claimed();
        using var client = await SignedIn("ann");

        (await Post(client, $"/merchant/claims/{claim}/offer", ("amount", "none"))).Status.Should().Be(400);
        (await Post(client, $"/merchant/claims/{claim}/offer", ("amount", "128"))).Status.Should().Be(409, "it is all that is claimed");
        (await Post(client, $"/merchant/claims/{claim}/offer", ("amount", "20"), ("text", "Keep it"))).Status.Should().Be(200);
        (await Post(client, $"/merchant/claims/{claim}/offer", ("amount", "10"))).Status.Should().Be(409);
        (await Post(client, $"/merchant/claims/{claim}/return", ("text", "Send it back"))).Text.Should().Contain("You have made an offer");
        (await Post(client, $"/merchant/claims/{claim}/agree")).Status.Should().Be(200);
        (await Post(client, $"/merchant/claims/{claim}/agree")).Status.Should().Be(200, "the same again changes nothing");

        (await _shop.Get($"/v1/claims/{claim}")).String("status").Should().Be("AGREED");
        (await _shop.Get($"/v1/bills/{bill}")).Json.GetProperty("refunded").GetInt64().Should().Be(12_800);
        (await Get(client, $"/merchant/orders/{bill}")).Text.Should().Contain("Closed: the money goes back to the shopper");
    }

    [Theory]
    [InlineData("en-US", 390, 844, false)]
    [InlineData("zh-CN", 1280, 900, true)]
    public async Task Somebody_joins_ships_corrects_extends_refunds_and_looks_at_the_money(string locale, int width, int height, bool javaScript)
    {
        var (texts, others) = locale == "zh-CN" ? (Chinese, English) : (English, Chinese);
        var (_, number) = (await Paid(), await Paid(Escrow));
        var page = await browser.Open(width, height, javaScript, locale);
        Task Picture(string name) => Browser.Picture(page, $"merchant-{name}-{locale[..2]}");
        await page.GotoAsync(new Uri(network.Local.Http, await Invite()).ToString());
        await Check(page, javaScript);
        await page.GetByLabel(texts.Name).FillAsync("ann");
        await page.GetByLabel(texts.Password).FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = texts.Join }).ClickAsync();
        await page.GetByLabel(texts.Password).FillAsync(Password);
        await Check(page, javaScript);
        await page.GetByRole(AriaRole.Button, new() { Name = texts.SignIn }).ClickAsync();

        await page.GetByRole(AriaRole.Link, new() { Name = texts.ToShip, Exact = true }).ClickAsync();
        await Check(page, javaScript);
        await Picture("orders");
        await page.Locator("#orders h2 a").ClickAsync();
        await Check(page, javaScript);
        await Picture("order");
        await page.GetByLabel(texts.Carrier).FillAsync("SF Express");
        await page.GetByLabel(texts.TrackingNumber).FillAsync("SF1234567890123");
        await page.GetByRole(AriaRole.Button, new() { Name = texts.Ship, Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Status).GetByText(texts.ShipDone).WaitForAsync();
        await page.GetByLabel(texts.TrackingNumber).FillAsync("SF2");
        await page.GetByRole(AriaRole.Button, new() { Name = texts.Correct }).ClickAsync();
        await page.GetByRole(AriaRole.Status).GetByText(texts.CorrectDone).WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = texts.Extend }).ClickAsync();
        await page.GetByRole(AriaRole.Status).GetByText(texts.ExtendDone).WaitForAsync();
        await page.GetByLabel(texts.Amount).FillAsync("28");
        await page.GetByRole(AriaRole.Button, new() { Name = texts.Refund, Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Status).WaitForAsync();
        await Check(page, javaScript);
        var (claim, _) = await Claimed();
        await page.GotoAsync(new Uri(network.Local.Http, $"/merchant/claims/{claim}").ToString());
        await page.Locator("img.evidence").WaitForAsync();
        await Check(page, javaScript);
        await Picture("claim");
        foreach (var name in new[] { texts.Claims, texts.Refunds, texts.Balance, texts.People, texts.ShipMany })
        {
            await page.GetByRole(AriaRole.Link, new() { Name = name, Exact = true }).ClickAsync();
            await page.GetByRole(AriaRole.Heading, new() { Name = name, Exact = true, Level = 1 }).WaitForAsync();
            await Check(page, javaScript);
            await (name == texts.Balance ? Picture("balance") : Task.CompletedTask);
        }

        await page.GetByRole(AriaRole.Link, new() { Name = others.Itself }).ClickAsync();
        (await page.Locator("html").GetAttributeAsync("lang")).Should().Be(others.Tag);
        await page.GetByRole(AriaRole.Link, new() { Name = others.Balance, Exact = true }).ClickAsync();
        await page.Locator("#balance").WaitForAsync();
        var bill = (await _shop.Get($"/v1/bills/{number}")).Json;
        (bill.GetProperty("trade").GetProperty("tracking_number").GetString(), bill.GetProperty("refunded").GetInt64()).Should().Be(("SF2", 2_800));
    }

    private static async Task Check(IPage page, bool javaScript)
    {
        (await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - innerWidth")).Should().BeLessThanOrEqualTo(0, "nothing is wider than the window");
        if (javaScript)
        {
            var faults = await page.RunAxe(new AxeRunOptions { RunOnly = RunOnlyOptions.Tags("wcag2a", "wcag2aa", "wcag21a", "wcag21aa") });
            faults.Violations.Should().BeEmpty(string.Join('\n', faults.Violations.Select(fault => $"{fault.Id}: {string.Join(", ", fault.Nodes.Select(node => node.Html))}")));
        }
    }

    private static IEnumerable<string> Outcomes(Page page)
    {
        page.Status.Should().Be(200, page.Text);
        return Outcome().Matches(page.Text).Select(match => WebUtility.HtmlDecode(match.Groups[1].Value));
    }

    /// <returns>Path and query of the link.</returns>
    private async Task<string> Invite()
    {
        using var admin = await Shop.OpenAdmin(network.Local, "administer");
        var invited = await admin.Post($"/v1/admin/merchants/{_merchant}/invitations");
        return Link(invited);
    }

    private static string Link(Answer invited)
    {
        invited.Status.Should().Be(201, invited.Text);
        return new Uri(invited.String("link")).PathAndQuery;
    }

    private async Task<HttpClient> SignedIn(string name)
    {
        var client = Client();
        (await Join(client, await Invite(), name, Password)).Status.Should().Be(200);
        (await SignIn(client, name, Password)).Status.Should().Be(303);
        return client;
    }

    private HttpClient Client()
    {
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = network.Local.Http };
        client.DefaultRequestHeaders.Add("Origin", network.Local.Http.GetLeftPart(UriPartial.Authority));
        client.DefaultRequestHeaders.Add("Accept-Language", "en");
        return client;
    }

    private static Task<Page> Join(HttpClient client, string link, string name, string password) =>
        Post(client, "/merchant/join", ("code", link.Split("code=")[1]), ("name", name), ("password", password));

    private Task<Page> SignIn(HttpClient client, string name, string password) =>
        Post(client, "/merchant/sign-in", ("merchant", _merchant), ("name", name), ("password", password));

    private static async Task<Page> Get(HttpClient client, string path) => await Read(await client.GetAsync(new Uri(path, UriKind.Relative), Stop));

    private static async Task<Page> Post(HttpClient client, string path, params (string Name, string Value)[] fields) => await Read(await client.PostAsync(
        new Uri(path, UriKind.Relative), new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))), Stop));

    private static async Task<Page> Upload(HttpClient client, string csv)
    {
        using var form = new MultipartFormDataContent { { new StringContent(csv), "file", "parcels.csv" } };
        return await Read(await client.PostAsync(new Uri("/merchant/ship", UriKind.Relative), form, Stop));
    }

    private static async Task<Page> Read(HttpResponseMessage answer)
    {
        using (answer)
        {
            return new Page((int)answer.StatusCode, WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync(Stop)), answer.Headers.Location?.ToString());
        }
    }

    private async Task<string> Paid(string more = "")
    {
        var number = (await _shop.NewBill(more)).GetProperty("number").GetString()!;
        var card = network.Local.Cards.First(one => one.Expected == "approved");
        var paid = await network.Local.RunTerminal(["pay", "--bill", number, "--card", card.Track2, "--pin", card.Pin, "--json"], cancel: Stop);
        paid.ExitCode.Should().Be(0, paid.Output + paid.Error);
        return number;
    }

    /// <summary>A shopper's claim about goods that were shipped, with a picture.</summary>
    private async Task<(string Claim, string Bill)> Claimed()
    {
        var bill = await Paid(Escrow);
        (await _shop.Post($"/v1/bills/{bill}/ship", """{"carrier":"SF Express","tracking_number":"SF1"}""")).Status.Should().Be(200);
        var claim = await Scalar<long>("select 10000 * next_rrn_block()");
        await _shop.Sql(
            $"""
            with opened as (
              insert into claims (id, bill, merchant_id, place, kind, state, amount, currency, is_after_sale, reason, since, due_at, opened_at)
              select {claim}, number, merchant_id, 1, 'not_as_described', 'ASKED', amount, currency, false, 'The lid is broken', now(), now() + interval '2 days', now()
              from bills where number = {bill}
            )
            update trades set state = 'CLAIMED', due_at = null, time_left = interval '1 day', moves = moves + 1 where bill = {bill};
            insert into evidence (claim, side, place, type, bytes, sha256, added_at)
            select {claim}, 'shopper', 1, 'image/png', b, sha256(b), now() from (select decode('{Convert.ToBase64String(Png)}', 'base64') as b) x
            """);
        return ($"{claim:D12}", bill);
    }

    private static async Task<Page> Refuse(HttpClient client, string claim, string text, params byte[][] files)
    {
        using var form = new MultipartFormDataContent { { new StringContent(text), "text" } };
        foreach (var file in files)
        {
            form.Add(new ByteArrayContent(file), "files", "evidence.png");
        }

        return await Read(await client.PostAsync(new Uri($"/merchant/claims/{claim}/refuse", UriKind.Relative), form, Stop));
    }

    private async Task<T> Scalar<T>(string sql)
    {
        await using var database = Npgsql.NpgsqlDataSource.Create(network.Local.ConnectionString);
        await using var command = database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(Stop))!;
    }

    [GeneratedRegex("name=\"key\" value=\"([0-9a-f]{32})\"")]
    private static partial Regex Key();

    [GeneratedRegex("</th>\\s*<td>([^<]*)</td>")]
    private static partial Regex Outcome();

    private sealed record Words(
        string Itself, string Tag, string Name, string Password, string Join, string SignIn, string ToShip, string Carrier, string TrackingNumber, string Ship, string ShipDone,
        string Correct, string CorrectDone, string Extend, string ExtendDone, string Amount, string Refund, string Claims, string Refunds, string Balance, string People, string ShipMany);

    private sealed record Page(int Status, string Text, string? Location);
}
