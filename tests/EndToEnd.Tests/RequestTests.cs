using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Lakala.EndToEnd.Tests;

/// <summary>Rules for every request, on any route.</summary>
[Collection(nameof(OpsNetwork))]
public sealed class RequestTests(OpsNetwork network)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/v1/stores?region=%00", "region")]
    [InlineData("/v1/stores?region=a%00b&district=x", "region")]
    [InlineData("/v1/stores?district=%1b", "district")]
    [InlineData("/v1/events?delivery=%00", "delivery")]
    [InlineData("/v1/bills?order_id=%7f", "order_id")]
    [InlineData("/v1/bills?order_id=a&%00=b", "query")]
    [InlineData("/v1/bills/%01", "path")]
    [InlineData("/v1/admin/terminals?q=%00", "q")]
    [InlineData("/v1/admin/terminals?store=%00", "store")]
    [InlineData("/v1/admin/audit?subject=%00", "subject")]
    [InlineData("/b/not-there?region=%00", "region")]
    public async Task A_control_character_in_an_address_is_refused_by_the_name_of_its_parameter(string path, string field)
    {
        using var shop = new Shop(network.Local, network.Local.Seed.ApiKey);

        (await shop.Get(path)).ShouldBeProblem(400, "invalid-request", field);
    }

    [Theory]
    [InlineData("/ops/terminals?q=%00", "q has a control character")]
    [InlineData("/ops/terminals?region=%00", "region has a control character")]
    [InlineData("/ops/audit?subject=%0a", "subject has a control character")]
    public async Task An_operator_hears_of_a_control_character_on_a_page(string path, string text)
    {
        using var admin = await network.Client("admin");

        using var answer = await admin.GetAsync(new Uri(path, UriKind.Relative), Stop);

        (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType).Should().Be((HttpStatusCode.BadRequest, "text/html"));
        (await answer.Content.ReadAsStringAsync(Stop)).Should().Contain(text);
    }

    [Fact]
    public async Task A_form_with_a_control_character_is_refused_on_a_page_and_one_of_several_lines_is_not()
    {
        using var admin = await network.Client("admin");

        using var unread = await admin.PostAsync(new Uri("/ops/operators", UriKind.Relative), Form(("name", "a\0b"), ("role", "watch")), Stop);
        using var refused = await admin.PostAsync(new Uri("/ops/operators", UriKind.Relative), Form(("name", "a\u001bb"), ("role", "watch")), Stop);
        using var taken = await admin.PostAsync(
            new Uri("/ops/settings", UriKind.Relative), Form(("level", "terminal"), ("subject", network.NextTerminal().Id), ("body", "{\r\n\t\"copies\": 1\r\n}")), Stop);

        (unread.StatusCode, unread.Content.Headers.ContentType?.MediaType).Should().Be((HttpStatusCode.BadRequest, "text/html"));
        (refused.StatusCode, refused.Content.Headers.ContentType?.MediaType).Should().Be((HttpStatusCode.BadRequest, "text/html"));
        (await refused.Content.ReadAsStringAsync(Stop)).Should().Contain("name has a control character");
        taken.StatusCode.Should().Be(HttpStatusCode.SeeOther);
    }

    [Theory]
    [InlineData("/v1/webhook_endpoints", """{"url":"https://shop.example.com/\u0000"}""", "url")]
    [InlineData("/v1/bills", """{"order_id":"{0}","amount":1,"currency":"CNY","description":"A teapot","metadata":{"a":"\u0000"}}""", "metadata.a")]
    [InlineData("/v1/bills", """{"order_id":"{0}","amount":1,"currency":"CNY","description":"A teapot","metadata":{"\u0000":"a"}}""", "metadata")]
    [InlineData("/v1/bills", """{"order_id":"{0}","amount":1,"currency":"CNY","description":"A teapot","shopper":{"name":"\u001b[1m"}}""", "shopper.name")]
    public async Task A_control_character_in_a_body_is_refused_by_the_name_of_its_member(string path, string json, string field)
    {
        using var shop = await Shop.Open(network.Local);

        (await shop.Post(path, json.Replace("{0}", Shop.NewOrder(), StringComparison.Ordinal))).ShouldBeProblem(400, "invalid-request", field);
    }

    [Theory]
    [InlineData("198.51.100.7")]
    [InlineData("[::ffff:198.51.100.7]")]
    [InlineData("3325256711")]
    public async Task An_endpoint_at_an_address_of_our_own_networks_is_refused(string host)
    {
        using var shop = await Shop.Open(network.Local);

        var answer = await shop.Post("/v1/webhook_endpoints", $$"""{"url":"https://{{host}}/"}""");

        answer.ShouldBeProblem(400, "invalid-request", "url");
        answer.String("detail").Should().EndWith("198.51.100.7 is not called.");
    }

    [Fact]
    public async Task A_setting_with_a_control_character_is_refused()
    {
        using var admin = await network.Api("administer");

        (await admin.Put("/v1/admin/settings/chain/Nowhere", """{"settings":{"footer_en":"a\u0000"}}""")).ShouldBeProblem(400, "invalid-request", "settings.footer_en");
    }

    [Theory]
    [InlineData("\u202eA-1001", "order_id")]
    [InlineData("A\u200b1001", "order_id")]
    [InlineData("   ", "order_id")]
    public async Task An_order_is_not_named_by_what_nobody_sees(string order, string field)
    {
        using var shop = await Shop.Open(network.Local);

        (await shop.Post("/v1/bills", Shop.BillOf(order))).ShouldBeProblem(400, "invalid-request", field);
    }

    [Fact]
    public async Task Characters_are_counted_as_people_would_and_joined_emoji_are_taken()
    {
        using var shop = await Shop.Open(network.Local);

        (await shop.Post("/v1/bills", Shop.BillOf(new string('x', 52) + "👩‍👩‍👧‍👦👩‍❤️‍👩"))).Status.Should().Be(400);
        (await shop.Post("/v1/bills", Shop.BillOf(string.Concat(Enumerable.Repeat("茶🫖", 32))))).Status.Should().Be(201);
        (await shop.Post("/v1/bills", Shop.BillOf("order-👩‍👩‍👧‍👦-" + Guid.NewGuid().ToString("N")))).Status.Should().Be(201);
    }

    [Theory]
    [InlineData("+861380000", false)]
    [InlineData("+861380000000", false)]
    [InlineData("+8613800000000", true)]
    [InlineData("+138000000000000", true)]
    [InlineData("+138000000000000\\n", false)]
    public async Task A_phone_number_is_one_that_can_be(string phone, bool isTaken)
    {
        using var shop = await Shop.Open(network.Local);

        var answer = await shop.Post("/v1/bills", Shop.BillOf(Shop.NewOrder(), $$""","shopper":{"phone":"{{phone}}"}"""));

        answer.Status.Should().Be(isTaken ? 201 : 400, answer.Text);
    }

    [Fact]
    public async Task A_sign_in_is_no_longer_than_a_name_and_a_password()
    {
        using var nobody = await network.Client(null);
        nobody.DefaultRequestHeaders.Add("X-Forwarded-For", "192.0.2.44");

        using var taken = await OpsNetwork.SignIn(nobody, "nobody-" + nameof(RequestTests), new string('x', 4_000));
        using var refused = await OpsNetwork.SignIn(nobody, "nobody-" + nameof(RequestTests), new string('x', 4_096));

        (taken.StatusCode, refused.StatusCode).Should().Be((HttpStatusCode.Forbidden, HttpStatusCode.RequestEntityTooLarge));
        (await network.Scalar<long>("select count(*) from audit_log where subject like 'nobody-%'")).Should().Be(0);
    }

    [Theory]
    [InlineData("/v1/stores?region=Shanghai&district=Huangpu")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/ops/sign-in")]
    [InlineData("/healthz")]
    [InlineData("/livez")]
    public async Task What_is_open_to_all_looks_no_key_up(string path)
    {
        using var shop = await Shop.Open(network.Local);
        var isUsed = $"select last_used_at is not null from api_keys where prefix = '{shop.ApiKey!.Split('_')[1]}'";
        using var wrong = new Shop(network.Local, shop.ApiKey[..^4] + "AAAA");

        (await shop.Get(path)).Status.Should().Be(200);
        (await wrong.Get(path)).Status.Should().Be(200);
        (await network.Scalar<bool>(isUsed)).Should().BeFalse();

        (await shop.Get("/v1/events")).Status.Should().Be(200);
        (await network.Scalar<bool>(isUsed)).Should().BeTrue("a look is noted where a key is wanted");
    }

    [Fact]
    public async Task A_body_may_have_a_byte_order_mark_and_is_not_compressed()
    {
        using var shop = await Shop.Open(network.Local);
        byte[] marked = [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(Shop.BillOf(Shop.NewOrder()))];

        (await shop.Post("/v1/bills", marked, "application/json")).Status.Should().Be(201);
        using var http = Http(network.Local.Seed.ApiKey);
        using var body = new ByteArrayContent([0x1F, 0x8B, 8, 0]) { Headers = { ContentType = new MediaTypeHeaderValue("application/json"), ContentEncoding = { "gzip" } } };
        using var answer = await http.PostAsync(new Uri("/v1/bills", UriKind.Relative), body, Stop);
        answer.StatusCode.Should().Be(HttpStatusCode.UnsupportedMediaType);
        (await answer.Content.ReadAsStringAsync(Stop)).Should().Contain("Content-Encoding gzip");
    }

    [Fact]
    public async Task Two_idempotency_keys_are_none()
    {
        using var http = Http(network.Local.Seed.ApiKey);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/bills")
        {
            Content = new StringContent(Shop.BillOf(Shop.NewOrder()), Encoding.UTF8, "application/json"),
            Headers = { { "Idempotency-Key", ["one", "two"] } },
        };

        using var answer = await http.SendAsync(request, Stop);

        answer.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await answer.Content.ReadAsStringAsync(Stop)).Should().Contain("Idempotency-Key");
    }

    [Theory]
    [InlineData("/livez", 200)]
    [InlineData("/healthz", 200)]
    [InlineData("/v1/stores", 200)]
    [InlineData("/v1/stores/areas", 200)]
    [InlineData("/openapi/v1.json", 200)]
    [InlineData("/docs/", 200)]
    [InlineData("/b/assets/bill.css", 200)]
    [InlineData("/ops/assets/ops.css", 200)]
    [InlineData("/ops/sign-in", 200)]
    [InlineData("/ops", 303)]
    [InlineData("/v1/events", 401)]
    [InlineData("/nowhere", 404)]
    public async Task Where_there_is_a_GET_there_is_a_HEAD_without_a_body(string path, int status)
    {
        using var client = await network.Client(null);
        using var got = await client.GetAsync(new Uri(path, UriKind.Relative), Stop);

        using var answer = await Send(client, HttpMethod.Head, path);

        ((int)got.StatusCode, (int)answer.StatusCode).Should().Be((status, status));
        (await answer.Content.ReadAsByteArrayAsync(Stop)).Should().BeEmpty();
        answer.Content.Headers.ContentType.Should().Be(got.Content.Headers.ContentType);
    }

    [Theory]
    [InlineData("/livez", "GET")]
    [InlineData("/healthz", "GET")]
    [InlineData("/v1/stores", "GET")]
    [InlineData("/openapi/v1.json", "GET")]
    [InlineData("/ops/sign-in", "GET, POST")]
    [InlineData("/b/assets/bill.css", "GET")]
    [InlineData("/v1/bills", "GET, POST")]
    [InlineData("/b/whatever/events", "GET")]
    public async Task OPTIONS_tells_what_there_is(string path, string methods)
    {
        using var client = await network.Client(null);

        using var answer = await Send(client, HttpMethod.Options, path);

        answer.StatusCode.Should().Be(HttpStatusCode.NoContent);
        answer.Content.Headers.Allow.Should().BeEquivalentTo([.. methods.Split(", "), "HEAD", "OPTIONS"]);
    }

    [Fact]
    public async Task A_HEAD_of_a_bills_page_and_of_its_events_ends_and_takes_no_place()
    {
        using var client = await network.Client(null);
        using var shop = await Shop.Open(network.Local);
        var page = new Uri((await shop.NewBill()).GetProperty("pay_url").GetString()!).AbsolutePath;

        for (var i = 0; i < 12; i++)
        {
            using var events = await Send(client, HttpMethod.Head, page + "/events");
            (events.StatusCode, events.Content.Headers.ContentType?.MediaType).Should().Be((HttpStatusCode.OK, "text/event-stream"));
        }

        using var shown = await Send(client, HttpMethod.Head, page);
        shown.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Answers_of_the_API_are_kept_by_nobody()
    {
        using var http = Http(network.Local.Seed.ApiKey);

        using var answer = await http.GetAsync(new Uri("/v1/events", UriKind.Relative), Stop);

        answer.Headers.CacheControl!.NoStore.Should().BeTrue();
        answer.Headers.GetValues("X-Content-Type-Options").Should().Equal("nosniff");
    }

    private static FormUrlEncodedContent Form(params (string Name, string Value)[] fields) =>
        new(fields.Select(field => new KeyValuePair<string, string>(field.Name, field.Value)));

    private HttpClient Http(string key) =>
        new() { BaseAddress = network.Local.Http, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };

    private static async Task<HttpResponseMessage> Send(HttpClient client, HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, path);
        return await client.SendAsync(request, Stop);
    }
}
