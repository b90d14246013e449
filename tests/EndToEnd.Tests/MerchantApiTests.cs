using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Lakala.Testing;

namespace Lakala.EndToEnd.Tests;

/// <summary>The merchant API over HTTP, used as its guide says.</summary>
public sealed partial class MerchantApiTests(Network network) : IAsyncLifetime
{
    private static readonly string[] BillMembers =
        ["number", "status", "amount", "currency", "order_id", "description", "metadata", "pay_url", "expires_at", "created_at", "settlement", "fee_on_refund"];

    private static readonly string[] EscrowMembers = ["delivery", "ship_within_seconds", "confirm_within_seconds", "ship_by", "confirm_by", "trade"];

    private Shop _shop = null!;

    public async ValueTask InitializeAsync() => _shop = await Shop.Open(network.Local);

    public ValueTask DisposeAsync()
    {
        _shop.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_bill_with_every_member_is_created_and_shown_as_it_was_asked_for()
    {
        var order = Shop.NewOrder();
        var created = await _shop.Post(
            "/v1/bills",
            $$$"""
            {"order_id":"{{{order}}}","amount":999999999999,"currency":"CNY","description":"茶壶 & <cup>",
             "shopper":{"name":"Any Shopper","email":"shopper@example.com"},"metadata":{"cart":"77","a.b c":"ü"},
             "expires_at":"2027-01-02T03:04:05.678+08:00"}
            """);

        created.Status.Should().Be(201, created.Text);
        created.ContentType.Should().Be("application/json");
        var bill = created.Json;
        bill.EnumerateObject().Select(member => member.Name).Should().Equal(BillMembers);
        bill.GetProperty("number").GetString().Should().MatchRegex("^[0-9]{14}$");
        bill.GetProperty("status").GetString().Should().Be("OPEN");
        bill.GetProperty("amount").GetInt64().Should().Be(999_999_999_999);
        bill.GetProperty("currency").GetString().Should().Be("CNY");
        bill.GetProperty("order_id").GetString().Should().Be(order);
        bill.GetProperty("description").GetString().Should().Be("茶壶 & <cup>");
        bill.GetProperty("metadata").GetRawText().Should().Be("""{"cart":"77","a.b c":"ü"}""");
        bill.GetProperty("expires_at").GetString().Should().Be("2027-01-01T19:04:05.678Z");
        bill.GetProperty("pay_url").GetString().Should().MatchRegex($"^{Regex.Escape(network.Local.Http.ToString())}b/[A-Za-z0-9_-]{{30}}$");
        created.Headers.Location!.ToString().Should().Be($"/v1/bills/{created.String("number")}");
        (await _shop.Get($"/v1/bills/{created.String("number")}")).Text.Should().Be(created.Text);
    }

    [Fact]
    public async Task A_bill_lives_for_72_hours_unless_told_otherwise()
    {
        var usual = await _shop.NewBill();
        var short_ = await _shop.NewBill(""","expires_in_seconds":60""");

        Life(usual).Should().Be(TimeSpan.FromHours(72));
        Life(short_).Should().Be(TimeSpan.FromSeconds(60));
        usual.GetProperty("metadata").GetRawText().Should().Be("{}");
    }

    [Fact]
    public async Task A_repeat_under_an_idempotency_key_gets_the_first_answer_and_another_body_a_conflict()
    {
        var (order, key) = (Shop.NewOrder(), Guid.NewGuid().ToString());

        var first = await _shop.Post("/v1/bills", Shop.BillOf(order), key);
        var second = await _shop.Post("/v1/bills", Shop.BillOf(order), key);
        var other = await _shop.Post("/v1/bills", Shop.BillOf(order, amount: "1"), key);

        first.Status.Should().Be(201, first.Text);
        (second.Status, second.Text).Should().Be((201, first.Text));
        second.Headers.GetValues("Idempotent-Replayed").Should().Equal("true");
        other.ShouldBeProblem(409, "idempotency-key-reused", "Idempotency-Key");
        (await Bills(order)).Should().ContainSingle();
    }

    [Fact]
    public async Task Many_at_once_under_one_idempotency_key_make_one_bill()
    {
        var (order, key) = (Shop.NewOrder(), Guid.NewGuid().ToString());

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _shop.Post("/v1/bills", Shop.BillOf(order), key)));

        answers.Select(answer => answer.Text).Distinct().Should().ContainSingle();
        answers.Should().OnlyContain(answer => answer.Status == 201);
    }

    [Fact]
    public async Task An_idempotency_key_that_is_no_name_is_refused() =>
        (await _shop.Post("/v1/bills", Shop.BillOf(Shop.NewOrder()), new string('k', 256))).ShouldBeProblem(400, "invalid-request", "Idempotency-Key");

    [Fact]
    public async Task An_order_has_one_bill_until_that_is_cancelled()
    {
        var order = Shop.NewOrder();
        var first = await _shop.Post("/v1/bills", Shop.BillOf(order));

        var second = await _shop.Post("/v1/bills", Shop.BillOf(order));
        var cancelled = await _shop.Post($"/v1/bills/{first.String("number")}/cancel");
        var again = await _shop.Post($"/v1/bills/{first.String("number")}/cancel");
        var third = await _shop.Post("/v1/bills", Shop.BillOf(order));

        second.ShouldBeProblem(409, "order-has-bill").GetProperty("bill").GetString().Should().Be(first.String("number"));
        cancelled.String("status").Should().Be("CANCELLED");
        again.Text.Should().Be(cancelled.Text);
        third.Status.Should().Be(201, third.Text);
    }

    [Fact]
    public async Task Many_cancels_of_a_bill_at_once_all_hear_that_it_is_cancelled()
    {
        for (var round = 0; round < 5; round++)
        {
            var number = (await _shop.NewBill()).GetProperty("number").GetString();

            var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => _shop.Post($"/v1/bills/{number}/cancel")));

            answers.Select(answer => (answer.Status, answer.Text)).Distinct().Should().ContainSingle().Which.Status.Should().Be(200);
        }
    }

    [Fact]
    public async Task A_cancel_that_meets_another_end_of_the_bill_hears_of_it()
    {
        var number = (await _shop.NewBill()).GetProperty("number").GetString();
        await using var database = Npgsql.NpgsqlDataSource.Create(network.Local.ConnectionString);
        await using var other = await database.OpenConnectionAsync(Shop.Stop);
        await using var begun = await other.BeginTransactionAsync(Shop.Stop);
        await using var end = new Npgsql.NpgsqlCommand(
            $"update bills set state = 'EXPIRED', closed_at = now(), live = false, watched = false where number = {number}", other, begun);
        await end.ExecuteNonQueryAsync(Shop.Stop);

        var cancel = _shop.Post($"/v1/bills/{number}/cancel");
        await using var waits = database.CreateCommand("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%from bills b where b.number = any%'");
        await Eventually.Is(async () => (long)(await waits.ExecuteScalarAsync(Shop.Stop))!, count => count > 0, "the cancel waits for the other's lock");
        await begun.CommitAsync(Shop.Stop);

        (await cancel).ShouldBeProblem(409, "bill-expired");
    }

    [Fact]
    public async Task A_bill_expires_by_itself_with_an_event_and_cannot_be_cancelled_then()
    {
        var order = Shop.NewOrder();
        var number = (await _shop.Post("/v1/bills", Shop.BillOf(order, ""","expires_in_seconds":1"""))).String("number");

        var expired = await _shop.GetUntil($"/v1/bills/{number}", bill => bill.GetProperty("status").GetString() == "EXPIRED");

        var events = (await _shop.Get("/v1/events")).Json.GetProperty("data");
        events.GetArrayLength().Should().Be(1);
        events[0].GetProperty("type").GetString().Should().Be("bill.expired");
        events[0].GetProperty("data").GetRawText().Should().Be(expired.Text);
        (await _shop.Post($"/v1/bills/{number}/cancel")).ShouldBeProblem(409, "bill-expired");
        (await _shop.Post("/v1/bills", Shop.BillOf(order))).Status.Should().Be(201);
    }

    [Fact]
    public async Task A_bill_that_stands_at_a_counter_is_paid_or_is_not_cancelled()
    {
        var number = (await _shop.NewBill()).GetProperty("number").GetString();
        await _shop.Sql($"update bills set held_until = now() + interval '3 minutes', holds = 1 where number = {number}");

        (await _shop.Post($"/v1/bills/{number}/cancel")).ShouldBeProblem(409, "bill-held");
    }

    [Fact]
    public async Task The_bills_of_an_order_are_listed_newest_first_a_page_at_a_time()
    {
        var order = Shop.NewOrder();
        var numbers = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            numbers.Add((await _shop.Post("/v1/bills", Shop.BillOf(order))).String("number"));
            await _shop.Post($"/v1/bills/{numbers[i]}/cancel");
        }

        await _shop.NewBill();
        var listed = await Bills(order, "&limit=2");

        numbers.Reverse();
        listed.Should().Equal(numbers);
    }

    [Theory]
    [InlineData("/v1/bills", "order_id")]
    [InlineData("/v1/bills?order_id=", "order_id")]
    [InlineData("/v1/bills?order_id=a%00b", "order_id")]
    [InlineData("/v1/bills?order_id=a&limit=0", "limit")]
    [InlineData("/v1/bills?order_id=a&limit=101", "limit")]
    [InlineData("/v1/bills?order_id=a&cursor=!", "cursor")]
    [InlineData("/v1/bills?order_id=a&cursor=AAAA", "cursor")]
    [InlineData("/v1/balance/entries?limit=101", "limit")]
    [InlineData("/v1/balance/entries?cursor=AAAA", "cursor")]
    [InlineData("/v1/balance/entries?cursor=MS4yLg", "cursor")]
    [InlineData("/v1/events?limit=-1", "limit")]
    [InlineData("/v1/events?cursor=evt_1", "cursor")]
    [InlineData("/v1/events?delivery=LOST", "delivery")]
    public async Task A_list_that_cannot_be_is_refused(string path, string field) =>
        (await _shop.Get(path)).ShouldBeProblem(400, "invalid-request", field);

    [Fact]
    public async Task A_limit_that_is_no_number_is_refused() =>
        (await _shop.Get("/v1/events?limit=many")).ShouldBeProblem(400, "invalid-request").GetProperty("detail").GetString().Should().Contain("limit");

    [Theory]
    [InlineData("GET", "/v1/bills/{0}")]
    [InlineData("POST", "/v1/bills/{0}/cancel")]
    public async Task Another_merchants_bill_does_not_exist(string method, string path)
    {
        var number = (await _shop.NewBill()).GetProperty("number").GetString();
        using var other = await Shop.Open(network.Local);
        var there = string.Format(null, path, number);

        var answer = method == "GET" ? await other.Get(there) : await other.Post(there);

        answer.ShouldBeProblem(404, "not-found");
        (await _shop.Get($"/v1/bills/{number}")).String("status").Should().Be("OPEN");
        (await other.Get($"/v1/bills?order_id={(await _shop.Get($"/v1/bills/{number}")).String("order_id")}")).Json
            .GetProperty("data").GetArrayLength().Should().Be(0);
    }

    [Theory]
    [InlineData("12345678901234")]
    [InlineData("00000000000098")]
    [InlineData("1")]
    [InlineData("x'; drop table bills; --")]
    public async Task An_unknown_or_mistyped_number_is_not_found(string number) =>
        (await _shop.Get($"/v1/bills/{Uri.EscapeDataString(number)}")).ShouldBeProblem(404, "not-found");

    [Theory]
    [InlineData(null)]
    [InlineData("lk_0123456789abcdef_n2bVdq3yq0Ck7sYtZ5uTn1xwGmJ8hQvR4eLpXaKcBDE")]
    [InlineData("nonsense")]
    public async Task Without_a_right_key_nothing_is_told(string? key)
    {
        using var stranger = new Shop(network.Local, key);

        foreach (var answer in new[]
        {
            await stranger.Get("/v1/events"), await stranger.Post("/v1/bills", Shop.BillOf(Shop.NewOrder())), await stranger.Get("/v1/bills/1"),
        })
        {
            answer.ShouldBeProblem(401, "not-authenticated");
            answer.Headers.WwwAuthenticate.ToString().Should().Be("Bearer");
        }
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("0")]
    [InlineData("1.5")]
    [InlineData("1e2")]
    [InlineData("1000000000000")]
    [InlineData("9223372036854775808")]
    [InlineData("\"100\"")]
    [InlineData("null")]
    [InlineData("[1]")]
    public async Task An_amount_that_cannot_be_owed_is_refused(string amount) => await Refused(Shop.BillOf("{0}", amount: amount), "amount");

    [Theory]
    [InlineData("""{"amount":1,"currency":"CNY","description":"A teapot"}""", "order_id")]
    [InlineData("""{"order_id":"{0}","currency":"CNY","description":"A teapot"}""", "amount")]
    [InlineData("""{"order_id":"{0}","amount":1,"currency":"CNY"}""", "description")]
    [InlineData("""{"order_id":"","amount":1,"currency":"CNY","description":"A teapot"}""", "order_id")]
    [InlineData("""{"order_id":"{0}","amount":1,"currency":"USD","description":"A teapot"}""", "currency")]
    [InlineData("""{"order_id":"{0}","amount":1,"currency":"cny","description":"A teapot"}""", "currency")]
    [InlineData("""{"order_id":"{0}","amount":1,"currency":"CNY","description":""}""", "description")]
    [InlineData("""{"order_id":"{0}","amount":1,"currency":"CNY","description":"a\u0000b"}""", "description")]
    [InlineData("""{"order_id":"{0}","amount":1,"currency":"CNY","description":"\ud800"}""", "description")]
    [InlineData("""{"order_id":"{0}","amount":1,"amount":2,"currency":"CNY","description":"A teapot"}""", "amount")]
    [InlineData("""{"order_id":"{0}","amount":1,"currency":"CNY","description":"A teapot","colour":"red"}""", "colour")]
    [InlineData("""{"order_id":"{0}","amount":1,"currency":"CNY","description":"A teapot","shopper":{"phone":"1"}}""", "shopper.phone")]
    [InlineData("""{"order_id":"{0}","amount":1,"currency":"CNY","description":"A teapot","shopper":{"email":"nobody"}}""", "shopper.email")]
    [InlineData("""{"order_id":"{0}","amount":1,"currency":"CNY","description":"A teapot","metadata":{"a":1}}""", "metadata.a")]
    [InlineData("""{"order_id":"{0}","amount":1,"currency":"CNY","description":"A teapot","expires_at":"2020-01-01T00:00:00Z"}""", "expires_at")]
    [InlineData("""{"order_id":"{0}","amount":1,"currency":"CNY","description":"A teapot","expires_at":"2030-01-01T00:00:00"}""", "expires_at")]
    [InlineData("""{"order_id":"{0}","amount":1,"currency":"CNY","description":"A teapot","expires_at":"tomorrow"}""", "expires_at")]
    [InlineData("""{"order_id":"{0}","amount":1,"currency":"CNY","description":"A teapot","expires_in_seconds":0}""", "expires_in_seconds")]
    [InlineData("""{"order_id":"{0}","amount":1,"currency":"CNY","description":"A teapot","expires_in_seconds":9223372036854775807}""", "expires_in_seconds")]
    public async Task A_bill_that_cannot_be_is_refused_by_the_name_of_what_is_wrong(string json, string field) => await Refused(json, field);

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("{\"order_id\":\"a\",}")]
    [InlineData("""{"a.b":1}""")]
    [InlineData("""{"a]['":{"b":1}}""")]
    public async Task A_body_that_is_no_bill_is_refused(string json) =>
        (await _shop.Post("/v1/bills", json)).ShouldBeProblem(400, "invalid-request");

    [Fact]
    public async Task A_body_nested_without_end_is_refused() =>
        (await _shop.Post("/v1/bills", string.Concat(Enumerable.Repeat("{\"metadata\":", 1_000)))).ShouldBeProblem(400, "invalid-request");

    [Fact]
    public async Task A_body_in_another_encoding_is_refused()
    {
        byte[] latin = [.. Encoding.ASCII.GetBytes("""{"order_id":"caf"""), 0xE9, .. Encoding.ASCII.GetBytes("\"}")];

        var answer = await _shop.Post("/v1/bills", latin, "application/json");

        answer.ShouldBeProblem(400, "invalid-request").GetProperty("detail").GetString().Should().Contain("UTF-8");
    }

    [Fact]
    public async Task An_oversized_body_is_refused()
    {
        var order = Shop.NewOrder();

        (await _shop.Post("/v1/bills", Shop.BillOf(order) + new string(' ', 64 * 1024))).ShouldBeProblem(413, "body-too-large");

        (await Bills(order)).Should().BeEmpty();
    }

    [Fact]
    public async Task A_body_that_says_it_is_something_else_is_refused()
    {
        var answer = await _shop.Post("/v1/bills", Encoding.ASCII.GetBytes("order_id=1"), "application/x-www-form-urlencoded");

        (answer.Status, answer.ContentType).Should().Be((415, "application/problem+json"));
        answer.String("detail").Should().Contain("application/json");
    }

    [Theory]
    [InlineData("GET", "/v1/nothing", 404)]
    [InlineData("DELETE", "/v1/bills", 405)]
    public async Task What_is_not_there_is_told_as_a_problem_too(string method, string path, int status)
    {
        var answer = method == "GET" ? await _shop.Get(path) : await _shop.Delete(path);

        (answer.Status, answer.ContentType).Should().Be((status, "application/problem+json"));
    }

    [Fact]
    public async Task A_rotated_api_key_works_at_once_and_the_one_before_for_a_day()
    {
        var rotated = await _shop.Post("/v1/api_keys/rotate");

        rotated.Status.Should().Be(201, rotated.Text);
        using var renewed = new Shop(network.Local, rotated.String("api_key"));
        (await renewed.Get("/v1/events")).Status.Should().Be(200);
        (await _shop.Get("/v1/events")).Status.Should().Be(200);
        (rotated.Json.GetProperty("others_work_until").GetDateTimeOffset() - TimeProvider.System.GetUtcNow())
            .Should().BeCloseTo(TimeSpan.FromDays(1), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task An_api_key_past_its_day_is_refused()
    {
        var rotated = await _shop.Post("/v1/api_keys/rotate");
        var prefix = rotated.String("api_key").Split('_')[1];
        await _shop.Sql($"update api_keys set expires_at = now() - interval '1 second' where prefix = '{prefix}'");
        using var late = new Shop(network.Local, rotated.String("api_key"));

        (await late.Get("/v1/events")).ShouldBeProblem(401, "not-authenticated");
    }

    [Fact]
    public async Task A_key_is_made_listed_and_revoked_and_a_key_that_does_not_end_remains()
    {
        var made = await _shop.Post("/v1/api_keys", """{"name":"warehouse"}""");

        (made.Status, made.Headers.CacheControl!.NoStore).Should().Be((201, true), made.Text);
        made.String("api_key").Should().StartWith(made.String("prefix") + "_");
        using var warehouse = new Shop(network.Local, made.String("api_key"));
        var listed = await warehouse.Get("/v1/api_keys");
        listed.Text.Should().NotContain("api_key");
        var keys = listed.Json.GetProperty("data").EnumerateArray().ToList();
        keys.Select(key => key.GetProperty("current").GetBoolean()).Should().Equal(false, true);
        keys[1].GetProperty("name").GetString().Should().Be("warehouse");
        keys[1].GetProperty("last_used_at").GetDateTimeOffset().Should().BeCloseTo(TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(1));
        keys[0].TryGetProperty("name", out _).Should().BeFalse();

        (await _shop.Delete($"/v1/api_keys/{made.String("id")}")).Status.Should().Be(204);

        (await warehouse.Get("/v1/api_keys")).ShouldBeProblem(401, "not-authenticated");
        (await _shop.Delete($"/v1/api_keys/{made.String("id")}")).ShouldBeProblem(404, "not-found");
        (await _shop.Delete($"/v1/api_keys/{made.String("api_key")}")).Text.Should().NotContain(made.String("api_key"), "whoever reads our logs of answers");
        (await _shop.Delete($"/v1/api_keys/{keys[0].GetProperty("id").GetString()}")).ShouldBeProblem(409, "last-api-key");
    }

    [Fact]
    public async Task The_sixth_key_is_refused_whichever_way_it_is_asked_for()
    {
        for (var i = 0; i < 4; i++)
        {
            (await _shop.Post("/v1/api_keys/rotate")).Status.Should().Be(201);
        }

        (await _shop.Post("/v1/api_keys/rotate")).ShouldBeProblem(409, "too-many-api-keys");
        (await _shop.Post("/v1/api_keys", """{"name":"one more"}""")).ShouldBeProblem(409, "too-many-api-keys");
        (await _shop.Post("/v1/api_keys", """{"name":"alone","others_work_for_seconds":0}""")).Status.Should().Be(201);
        (await _shop.Get("/v1/api_keys")).ShouldBeProblem(401, "not-authenticated");
    }

    [Theory]
    [InlineData("""{"name":""}""", "name")]
    [InlineData("""{"name":"a\u202eb"}""", "name")]
    [InlineData("""{"name":"a","others_work_for_seconds":-1}""", "others_work_for_seconds")]
    [InlineData("""{"name":"a","others_work_for_seconds":2592001}""", "others_work_for_seconds")]
    [InlineData("""{"name":"a","others_work_for_seconds":9223372036854775807}""", "others_work_for_seconds")]
    public async Task A_key_that_is_asked_for_wrongly_is_refused(string body, string field)
    {
        (await _shop.Post("/v1/api_keys", body)).ShouldBeProblem(400, "invalid-request", field);

        (await _shop.Get("/v1/api_keys")).Json.GetProperty("data").GetArrayLength().Should().Be(1);
    }

    [Fact]
    public async Task The_document_describes_every_route_and_its_examples_have_the_shape_of_the_answers()
    {
        var document = (await _shop.Get("/openapi/v1.json")).Json;

        document.GetProperty("openapi").GetString().Should().StartWith("3.");
        document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(operation => $"{operation.Name} {path.Name}"))
            .Should().BeEquivalentTo(
                "post /v1/bills", "get /v1/bills", "get /v1/bills/{number}", "post /v1/bills/{number}/cancel",
                "post /v1/bills/{number}/ship", "post /v1/bills/{number}/extend", "get /v1/balance", "get /v1/balance/entries",
                "post /v1/bills/{number}/refunds", "get /v1/bills/{number}/refunds", "get /v1/refunds/{id}", "post /v1/refunds/{id}/withdraw",
                "get /v1/claims", "get /v1/claims/{id}", "post /v1/claims/{id}/agree", "post /v1/claims/{id}/offer", "post /v1/claims/{id}/return", "post /v1/claims/{id}/refuse",
                "post /v1/claims/{id}/received",
                "post /v1/webhook_endpoints", "get /v1/webhook_endpoints", "delete /v1/webhook_endpoints/{id}",
                "post /v1/webhook_endpoints/{id}/rotate_secret", "post /v1/webhook_endpoints/{id}/enable", "post /v1/webhook_endpoints/{id}/test",
                "get /v1/events", "get /v1/events/{id}", "post /v1/events/{id}/resend", "get /v1/api_keys", "post /v1/api_keys", "delete /v1/api_keys/{id}", "post /v1/api_keys/rotate", "post /v1/invitations",
                "get /v1/stores", "get /v1/stores/areas");
        var schemas = document.GetProperty("components").GetProperty("schemas");
        var example = Example(schemas, "Bill");
        example.EnumerateObject().Select(member => member.Name).Should().Equal([.. BillMembers, "payment", "refunded"]);
        schemas.GetProperty("Bill").GetProperty("properties").EnumerateObject().Select(member => member.Name)
            .Should().Equal([.. BillMembers, "payment", .. EscrowMembers, "refunded"]);
        (await _shop.Post("/v1/bills", Example(schemas, "CreateBill").GetRawText())).Status.Should().Be(201);
        document.GetProperty("servers")[0].GetProperty("url").GetString().Should().Be(network.Local.Http.GetLeftPart(UriPartial.Authority));
        document.GetRawText().Should().NotContain("the tests").And.NotContain("BillView");
        References().Matches(document.GetRawText()).Select(reference => reference.Groups[1].Value)
            .Should().BeSubsetOf(schemas.EnumerateObject().Select(schema => schema.Name));
    }

    [Fact]
    public async Task The_document_knows_its_address_whatever_host_it_is_asked_by()
    {
        using var http = new HttpClient { BaseAddress = network.Local.Http, DefaultRequestHeaders = { Host = "elsewhere.example" } };

        var document = await http.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative), Shop.Stop);

        document.Should().Contain(network.Local.Http.GetLeftPart(UriPartial.Authority)).And.NotContain("elsewhere");
    }

    private static JsonElement Example(JsonElement schemas, string name) => schemas.GetProperty(name).GetProperty("examples")[0];

    private static TimeSpan Life(JsonElement bill) =>
        bill.GetProperty("expires_at").GetDateTimeOffset() - bill.GetProperty("created_at").GetDateTimeOffset();

    private async Task Refused(string json, string field)
    {
        var order = Shop.NewOrder();

        (await _shop.Post("/v1/bills", json.Replace("{0}", order, StringComparison.Ordinal))).ShouldBeProblem(400, "invalid-request", field);

        (await Bills(order)).Should().BeEmpty();
    }

    private async Task<List<string>> Bills(string order, string more = "")
    {
        var numbers = new List<string>();
        string? cursor = null;
        do
        {
            var page = (await _shop.Get($"/v1/bills?order_id={order}{more}{(cursor is null ? "" : $"&cursor={cursor}")}")).Json;
            numbers.AddRange(page.GetProperty("data").EnumerateArray().Select(bill => bill.GetProperty("number").GetString()!));
            cursor = page.TryGetProperty("next_cursor", out var next) ? next.GetString() : null;
        }
        while (cursor is not null);
        return numbers;
    }

    [GeneratedRegex("\"#/components/schemas/([^\"]+)\"")]
    private static partial Regex References();
}
