using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Lakala.Testing;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;
using Microsoft.Playwright;

namespace Lakala.EndToEnd.Tests;

/// <summary>The operators' pages in a real browser, with terminals that really answer.</summary>
[Collection(nameof(OpsNetwork))]
public sealed partial class OpsPagesTests(OpsNetwork network, Browser browser)
{
    private static readonly TerminalHealth Well = new(
        Printer: "ready", Paper: "ok", Reader: "ok", Tamper: false, OnMains: true, ClockOffset: 0, Version: "1.0.0", OpenItems: 0, JournalBytes: 2_048, Parameters: 0);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Somebody_signs_in_and_finds_a_terminal_by_its_state()
    {
        var who = network.NextTerminal();
        await using var terminal = await network.SignedOn(who);
        await Beat(terminal, Well with { Paper = "low" });
        var page = await browser.Open(width: 1280, height: 900);

        await page.GotoAsync(new Uri(network.Local.Http, "/ops/terminals").ToString());
        await Browser.Picture(page, "ops-sign-in");
        await page.GetByLabel("Name").FillAsync("watch");
        await page.GetByLabel("Password").FillAsync("wrong");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.GetByRole(AriaRole.Alert).GetByText("do not belong together").WaitForAsync();
        await page.GetByLabel("Password").FillAsync(network.Password("watch"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.GetByLabel("State").SelectOptionAsync("attention");
        await page.GetByLabel("Part of id or name").FillAsync(who.Id);
        await page.GetByRole(AriaRole.Button, new() { Name = "Show" }).ClickAsync();

        // Silos record every ten seconds which terminals they have heard; the page refreshes its list by itself.
        await page.GetByRole(AriaRole.Row).Filter(new() { HasText = who.Id }).GetByText("paper low").WaitForAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = who.Id }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = $"Terminal {who.Id}" }).WaitForAsync();
        (await page.Locator("#health").InnerTextAsync()).Should().Contain("low").And.Contain("1.0.0");
        (await page.GetByRole(AriaRole.Button, new() { Name = "Give the command" }).CountAsync()).Should().Be(0, "who watches gives no command");
    }

    [Fact]
    public async Task Pages_change_by_themselves_when_a_terminal_is_heard_and_when_it_is_not_well()
    {
        var who = network.NextTerminal();
        var page = await network.Visit(browser, "watch", $"/ops/terminals/{who.Id}");
        await page.GetByText("never seen").WaitForAsync();

        await using var terminal = await network.SignedOn(who);
        await Beat(terminal, Well);
        await page.Locator("#state .state.ready").WaitForAsync();
        await Beat(terminal, Well with { Printer = "cover-open" });

        await page.Locator("#state .state.attention").WaitForAsync();
        (await page.Locator("#state").InnerTextAsync()).Should().Contain("printer cover open");
        (await page.Locator("#history").InnerTextAsync()).Should().Contain("printer cover-open");
    }

    [Fact]
    public async Task A_blocked_terminal_takes_no_payment_until_it_is_unblocked()
    {
        var who = network.NextTerminal();
        await using var terminal = await network.SignedOn(who);
        (await Beat(terminal, Well)).Code.Should().Be("00");
        var page = await network.Visit(browser, "act", $"/ops/terminals/{who.Id}");

        await page.GetByLabel("Command").SelectOptionAsync("block");
        await page.GetByRole(AriaRole.Button, new() { Name = "Give the command" }).ClickAsync();
        await page.Locator("td .good").GetByText("DONE").WaitForAsync();
        (await Beat(terminal, Well)).Code.Should().NotBe("00", "it hears of it at once");
        await page.GotoAsync(new Uri(network.Local.Http, $"/ops/terminals/{who.Id}").ToString());
        await page.Locator("#state").GetByText("blocked").WaitForAsync();
        (await page.Locator("#events").InnerTextAsync()).Should().Contain("terminal.block").And.Contain("act");
        await Browser.Picture(page, "ops-terminal");
        await page.GetByLabel("Command").SelectOptionAsync("unblock");
        await page.GetByRole(AriaRole.Button, new() { Name = "Give the command" }).ClickAsync();
        await page.Locator("td .good").GetByText("DONE").WaitForAsync();

        (await Beat(terminal, Well)).Code.Should().Be("00");
    }

    [Fact]
    public async Task A_command_to_many_waits_for_its_time_and_for_each_terminal_to_do_it()
    {
        var (one, other) = (network.NextTerminal(), network.NextTerminal());
        await using var terminal = await network.SignedOn(one);
        await Beat(terminal, Well);
        var page = await network.Visit(browser, "act", "/ops/terminals");
        await page.GetByRole(AriaRole.Checkbox, new() { Name = one.Id }).CheckAsync();
        await page.GetByRole(AriaRole.Checkbox, new() { Name = other.Id }).CheckAsync();
        await page.GetByLabel("Command").SelectOptionAsync("rotate_keys");
        await page.GetByLabel("When, in UTC").FillAsync(TimeProvider.System.GetUtcNow().AddHours(2).ToString("yyyy-MM-ddTHH:mm", null));

        await page.GetByRole(AriaRole.Button, new() { Name = "Give the command" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "waiting 2" }).WaitForAsync();
        await Browser.Picture(page, "ops-command");
        await network.Execute("update action_targets set due_at = clock_timestamp() where state = 'WAITING' and kind = 'rotate_keys'");
        await page.GetByRole(AriaRole.Link, new() { Name = "asked 2" }).WaitForAsync();
        await Eventually.Is(async () => (await Beat(terminal, Well)).Requirement == ProcessingRequirement.SignOn, "the terminal is told to sign on", TimeSpan.FromSeconds(90));
        await terminal.SignOn();
        (await Beat(terminal, Well)).Requirement.Should().NotBe(ProcessingRequirement.SignOn);

        var row = page.GetByRole(AriaRole.Row).Filter(new() { HasText = one.Id });
        await row.GetByText("done by the terminal").WaitForAsync();
        await page.GetByRole(AriaRole.Row).Filter(new() { HasText = other.Id }).GetByText("told at its next heartbeat").WaitForAsync();
    }

    [Fact]
    public async Task A_command_to_all_that_the_filter_shows_is_asked_back_with_their_number()
    {
        await network.Execute(
            """
            insert into stores (id, name, commission_percent, chain) values ('MANYTERMINALS01', 'Many', 0, 'Many');
            insert into terminals (id, store_id, master_key) select 'MANY' || lpad(n::text, 4, '0'), 'MANYTERMINALS01', '\x00' from generate_series(1, 60) n
            """);
        var page = await network.Visit(browser, "act", "/ops/terminals?chain=Many");
        await page.GetByLabel("Command").SelectOptionAsync("block");
        await page.GetByLabel("all terminals that the filter shows").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Give the command" }).ClickAsync();
        (await network.Scalar<long>("select count(*) from terminals where blocked and id like 'MANY%'")).Should().Be(0);

        await page.GetByRole(AriaRole.Button, new() { Name = "Command 60 terminals" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "done 60" }).WaitForAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "next" }).WaitForAsync();

        (await network.Scalar<long>("select count(*) from terminals where blocked and id like 'MANY%'")).Should().Be(60);
        await network.Execute(
            "delete from action_targets where terminal_id like 'MANY%'; delete from terminals where store_id = 'MANYTERMINALS01'; delete from stores where id = 'MANYTERMINALS01'");
    }

    [Fact]
    public async Task A_terminal_asked_for_its_status_is_told_so_and_what_it_says_then_is_the_outcome()
    {
        var who = network.NextTerminal();
        await using var terminal = await network.SignedOn(who);
        await Beat(terminal, Well);
        var page = await network.Visit(browser, "act", $"/ops/terminals/{who.Id}");
        await page.GetByLabel("Command").SelectOptionAsync("send_status");
        await page.GetByRole(AriaRole.Button, new() { Name = "Give the command" }).ClickAsync();
        await page.GetByText("told at its next heartbeat").WaitForAsync();

        await Eventually.Is(
            async () => (await Beat(terminal, null)).Requirement == ProcessingRequirement.SendStatus, "the terminal is asked how it is", TimeSpan.FromSeconds(90));
        await Beat(terminal, Well);

        await page.GetByText("done by the terminal").WaitForAsync();
    }

    [Fact]
    public async Task An_alarm_is_raised_and_cleared_on_the_page_in_the_metrics_and_by_webhook()
    {
        var who = network.NextTerminal();
        await using var terminal = await network.SignedOn(who);
        await Beat(terminal, Well);
        var page = await network.Visit(browser, "watch", "/ops/alarms");
        await page.GetByText("When they are raised and cleared").WaitForAsync();

        await Beat(terminal, Well with { Paper = "out" });
        await page.Locator("tr.raised").Filter(new() { HasText = who.Id }).WaitForAsync();
        (await page.Locator("#alarm-link").InnerTextAsync()).Should().NotBe("Alarms 0");
        var raised = await Heard("alarm.raised", who.Id);
        await Browser.Picture(page, "ops-alarms");
        await Eventually.Is(async () => (await Metrics()).Contains("lakala_alarms{", StringComparison.Ordinal)
            && (await Metrics()).Split('\n').Any(line => line.Contains("kind=\"paper_out\"", StringComparison.Ordinal) && line.Contains("} 1", StringComparison.Ordinal)), "the metric");
        await Beat(terminal, Well);
        await page.Locator("tr.cleared").Filter(new() { HasText = who.Id }).WaitForAsync();
        var cleared = await Heard("alarm.cleared", who.Id);

        raised.Data.GetProperty("kind").GetString().Should().Be("paper_out");
        raised.Data.GetProperty("what_to_do").GetString().Should().NotBeNullOrEmpty();
        cleared.Data.GetProperty("count").GetInt32().Should().Be(1);
    }

    [Fact]
    public async Task A_notice_that_was_given_up_is_sent_again()
    {
        using var shop = await Shop.Open(network.Local);
        await using var receiver = await Local.WebhookReceiver.Start(number => number <= 9 ? 500 : 204);
        var endpoint = await shop.Post("/v1/webhook_endpoints", $$"""{"url":"{{receiver.Address}}"}""");
        receiver.Trust(endpoint.String("secret"));
        await shop.Post($"/v1/webhook_endpoints/{endpoint.String("id")}/test");
        var page = await network.Visit(browser, "act", "/ops/open");
        var row = page.Locator("#parked").GetByRole(AriaRole.Row).Filter(new() { HasText = endpoint.String("id") });
        await row.GetByText("status 500").WaitForAsync();
        await Browser.Picture(page, "ops-open");

        await row.GetByRole(AriaRole.Button, new() { Name = "Send again" }).ClickAsync();

        await Eventually.Is(() => Task.FromResult(receiver.Accepted.Count == 1), "the notice is accepted");
        await row.WaitForAsync(new() { State = WaitForSelectorState.Detached });
        (await network.Scalar<long>($"select count(*) from audit_log where what = 'notice.resend' and who = 'act' and detail like '%{endpoint.String("id")}%'")).Should().Be(1);
    }

    [Fact]
    public async Task An_administrator_adds_a_terminal_that_signs_on_moves_it_and_retires_it()
    {
        var page = await network.Visit(browser, "admin", "/ops/terminals");
        await page.GetByLabel("Terminal id").FillAsync("NEW00001");
        await page.GetByLabel("Store id").FillAsync("STORE0000000001");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add" }).ClickAsync();
        var key = await page.Locator("#secret").InnerTextAsync();
        await using var terminal = await network.SignedOn(new Local.SeededTerminal("NEW00001", "STORE0000000001", key));
        (await Beat(terminal, Well)).Code.Should().Be("00");

        await page.GetByRole(AriaRole.Link, new() { Name = "Back" }).ClickAsync();
        await page.GetByLabel("Command").SelectOptionAsync("move");
        await page.GetByLabel("New store").FillAsync("STORE0000000003");
        await page.GetByRole(AriaRole.Button, new() { Name = "Give the command" }).ClickAsync();
        await page.GetByText("DONE", new() { Exact = true }).WaitForAsync();
        (await network.Scalar<string>("select store_id from terminals where id = 'NEW00001'")).Should().Be("STORE0000000003");
        (await Beat(terminal, Well)).Code.Should().NotBe("00", "its session is the old store's");
        await using var moved = await network.SignedOn(new Local.SeededTerminal("NEW00001", "STORE0000000003", key));
        (await Beat(moved, Well)).Code.Should().Be("00");
        await page.GotoAsync(new Uri(network.Local.Http, "/ops/terminals/NEW00001").ToString());
        await page.GetByLabel("Command").SelectOptionAsync("retire");
        await page.GetByRole(AriaRole.Button, new() { Name = "Give the command" }).ClickAsync();
        await page.GetByText("DONE", new() { Exact = true }).WaitForAsync();

        await page.GotoAsync(new Uri(network.Local.Http, "/ops/terminals/NEW00001").ToString());
        await page.Locator("#state .state.retired").WaitForAsync();
        (await page.GetByRole(AriaRole.Button, new() { Name = "Give the command" }).CountAsync()).Should().Be(0);
        (await Beat(moved, Well)).Code.Should().NotBe("00");
    }

    [Fact]
    public async Task An_administrator_adds_a_store_changes_it_and_blocks_it()
    {
        var page = await network.Visit(browser, "admin", "/ops/stores");
        await page.GetByLabel("Id, 15 characters").FillAsync("NEWSTORE0000001");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("Tea <b>House</b>");
        await page.GetByLabel("Chain").FillAsync("Tea");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Tea <b>House</b>" }).WaitForAsync();
        await page.GetByText("Change or move the store").ClickAsync();
        await page.GetByLabel("Chain").FillAsync("Coffee");
        await page.GetByLabel("Latitude").FillAsync("31.2");
        await page.GetByRole(AriaRole.Button, new() { Name = "Change" }).ClickAsync();
        await page.GetByText("latitude and longitude come together").WaitForAsync();
        await page.GetByText("Nothing was changed").WaitForAsync();
        await page.GotoAsync(new Uri(network.Local.Http, "/ops/stores/NEWSTORE0000001").ToString());

        await page.GetByRole(AriaRole.Button, new() { Name = "Block the store" }).ClickAsync();
        await page.Locator("#state").GetByText("Blocked").WaitForAsync();
        (await page.Locator("#events").InnerTextAsync()).Should().Contain("store.put").And.Contain("store.block");
        (await network.Scalar<string>("select chain from stores where id = 'NEWSTORE0000001'")).Should().Be("Tea");
    }

    [Fact]
    public async Task Settings_show_where_they_come_from()
    {
        var who = network.NextTerminal();
        var page = await network.Visit(browser, "admin", "/ops/settings");
        await Set("platform", "", """{"copies": 1, "footer_en": "All of us."}""");
        await Set("store", "STORE0000000001", """{"footer_en": "This store."}""");
        await Set("terminal", who.Id, """{"largest_amount": 5000}""");

        await page.GotoAsync(new Uri(network.Local.Http, $"/ops/terminals/{who.Id}").ToString());
        var settings = page.Locator("#settings");
        (await Row("copies")).Should().Contain("1").And.Contain("platform");
        (await Row("footer_en")).Should().Contain("This store.").And.Contain("store").And.Contain("All of us.");
        (await Row("largest_amount")).Should().Contain("5000").And.Contain("terminal");
        (await Row("gateways")).Should().Contain("not set");
        await page.GotoAsync(new Uri(network.Local.Http, "/ops/settings").ToString());
        await page.GetByLabel("What this level sets itself").FillAsync("""{"copies": 3}""");
        await page.GetByRole(AriaRole.Button, new() { Name = "Set" }).ClickAsync();
        (await page.GetByRole(AriaRole.Alert).InnerTextAsync()).Should().Contain("Copies is receipts of a payment").And.Contain("Nothing was changed");
        await Set("platform", "", "{}");
        await Set("store", "STORE0000000001", "{}");

        async Task Set(string level, string subject, string body)
        {
            await page.GotoAsync(new Uri(network.Local.Http, $"/ops/settings?level={level}&subject={subject}").ToString());
            var before = await page.GetByText("sets nothing (version").TextContentAsync();
            await page.GetByLabel("What this level sets itself").FillAsync(body);
            await page.GetByRole(AriaRole.Button, new() { Name = "Set" }).ClickAsync();
            await Eventually.Is(async () => await page.GetByText("sets nothing (version").TextContentAsync() != before, "another version");
            (await page.GetByRole(AriaRole.Alert).CountAsync()).Should().Be(0);
        }

        Task<string> Row(string member) => settings.GetByRole(AriaRole.Row).Filter(new() { HasText = member }).InnerTextAsync();
    }

    [Fact]
    public async Task A_file_is_taken_whole_or_not_at_all_with_every_bad_line_named()
    {
        var page = await network.Visit(browser, "admin", "/ops/import");
        await Import("id,store\nIMPORT01,STORE0000000001\nshort,STORE0000000001\nIMPORT02,NOWHERE\nIMPORT01,STORE0000000001\n");
        var faults = await page.Locator("main ul").InnerTextAsync();
        faults.Should().Contain("Line 3:").And.Contain("short").And.Contain("Line 5:");
        (await network.Scalar<long>("select count(*) from terminals where id like 'IMPORT%'")).Should().Be(0);

        await page.GotoAsync(new Uri(network.Local.Http, "/ops/import").ToString());
        await Import("id,store\nIMPORT01,STORE0000000001\nIMPORT02,STORE0000000002\n");

        (await page.Locator("#secret").InnerTextAsync()).Should().MatchRegex("(?s)id,store,master_key\nIMPORT01,STORE0000000001,[0-9a-f]{64}\nIMPORT02,STORE0000000002,[0-9a-f]{64}");
        (await network.Scalar<long>("select count(*) from audit_log where what = 'terminal.add' and subject like 'IMPORT%'")).Should().Be(2);

        async Task Import(string csv)
        {
            await page.GetByLabel("File").SetInputFilesAsync(new FilePayload { Name = "some.csv", MimeType = "text/csv", Buffer = System.Text.Encoding.UTF8.GetBytes(csv) });
            await page.GetByRole(AriaRole.Button, new() { Name = "Import" }).ClickAsync();
            await page.GetByRole(AriaRole.Link, new() { Name = "Back" }).WaitForAsync();
        }
    }

    [Fact]
    public async Task Swipes_are_drawn_and_the_books_balance()
    {
        using var shop = await Shop.Open(network.Local);
        var who = network.NextTerminal();
        await using var terminal = await network.SignedOn(who);
        await Beat(terminal, Well);
        await Pay("approved", "00");
        await Pay("51", "51");
        await network.Execute(
            """
            insert into swipe_minutes
            select date_trunc('minute', now()) - n * interval '1 minute', 40 + 25 * sin(n / 7.0), 4 + n % 3, n % 2, 0, case when n between 20 and 23 then 6 else 0 end, 0,
                   40 + n % 7, case when n between 20 and 23 then 900 else 120 + 3 * (n % 11) end
            from generate_series(4, 60) n
            on conflict (minute) do nothing -- the network of these tests may be older than four minutes
            """);
        var page = await network.Visit(browser, "watch", "/ops");
        await page.Locator("#swipes rect.approved").First.WaitForAsync();
        await page.Locator("#swipes rect.declined").First.WaitForAsync();
        await page.Locator(".tile.ready b").Filter(new() { HasTextRegex = new("^[1-9]") }).WaitForAsync();
        await Browser.Picture(page, "ops-fleet");

        await page.GetByRole(AriaRole.Link, new() { Name = "Swipes" }).ClickAsync();
        await page.Locator("#numbers td").First.WaitForAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Books" }).ClickAsync();
        await page.Locator("#books .good").GetByText("balanced").WaitForAsync();
        await page.GotoAsync(new Uri(network.Local.Http, $"/ops/terminals/{who.Id}").ToString());
        (await page.Locator("#swipes").InnerTextAsync()).Should().Contain("APPROVED").And.Contain("DECLINED").And.Contain("51");
        await page.GetByRole(AriaRole.Link, new() { Name = "Network" }).ClickAsync();
        await page.Locator("#silos").GetByText("up", new() { Exact = true }).WaitForAsync();

        async Task Pay(string card, string code)
        {
            var bill = (await shop.NewBill(amount: "1000")).GetProperty("number").GetString()!;
            var swipe = terminal.Pay(bill, 1_000, network.Local.Cards.First(one => one.Expected == card));
            (await terminal.AskWell(swipe)).Verdict.Code.Should().Be(code);
        }
    }

    [Fact]
    public async Task The_address_that_an_alert_gives_ends_at_its_section_of_the_runbook()
    {
        var rules = await File.ReadAllTextAsync(Path.Combine(Local.Repository.Root, "deploy", "prometheus", "lakala.rules.yml"), Stop);
        var names = AlertLink().Matches(rules).Select(match => match.Groups[1].Value).Distinct().ToList();
        names.Should().HaveCountGreaterThan(8);
        var page = await network.Visit(browser, "watch", "/ops/runbook");

        foreach (var name in names)
        {
            await page.GotoAsync(new Uri(network.Local.Http, $"/ops/runbook/{name}").ToString());

            page.Url.Should().EndWith($"/ops/runbook#{name}");
            (await page.Locator($"h2#{name}:target").BoundingBoxAsync())!.Y.Should().BeInRange(-1, 450, name);
        }
    }

    [Fact]
    public async Task A_page_without_script_that_loads_itself_again_keeps_nobody_signed_in()
    {
        using var person = await network.Client("watch");
        var again = new Uri(Refresh().Match(await (await Ask("/ops/terminals?q=T0&state=silent")).Content.ReadAsStringAsync(Stop)).Groups[1].Value.Replace("&amp;", "&"), UriKind.Relative);
        again.ToString().Should().StartWith("?q=T0&state=silent&");
        var address = "/ops/terminals" + again;
        await Idle(14);
        var reloaded = await Ask(address);
        reloaded.StatusCode.Should().Be(HttpStatusCode.OK);
        Refresh().Match(await reloaded.Content.ReadAsStringAsync(Stop)).Groups[1].Value.Replace("&amp;", "&").Should().Be(again.ToString(), "it goes on the same way");
        await Idle(2);

        (await Ask(address)).StatusCode.Should().Be(HttpStatusCode.SeeOther, "only the page has asked for 16 minutes");

        using var other = await network.Client("act");
        await Idle(14);
        (await other.GetAsync(new Uri("/ops/terminals?q=T0", UriKind.Relative), Stop)).StatusCode.Should().Be(HttpStatusCode.OK);
        await Idle(2);
        (await other.GetAsync(new Uri(address, UriKind.Relative), Stop)).StatusCode.Should().Be(HttpStatusCode.OK, "a person has asked 2 minutes ago");

        Task<HttpResponseMessage> Ask(string path) => person.GetAsync(new Uri(path, UriKind.Relative), Stop);

        Task Idle(int minutes) => network.Execute($"update operator_sessions set used_at = used_at - interval '{minutes} minutes' where operator in ('watch', 'act')");
    }

    [Fact]
    public async Task What_others_have_written_turns_round_nothing_that_stands_beside_it()
    {
        const string Word = "חנות";
        await network.Execute(
            $"""
            insert into merchants (id, name, fee_basis_points) values ('rtl-shop', '{Word}', 60);
            insert into api_keys (prefix, merchant_id, secret_hash, name) values ('rtl0123456789abc', 'rtl-shop', '\x00', '{Word} key');
            insert into stores (id, name, commission_percent, name_zh, chain, region, district, address, hours)
            values ('RTLSTORE0000001', '{Word} 1', 0, '{Word}', '{Word}', '{Word}', '{Word}', '{Word} 5', '{Word} 6');
            insert into terminals (id, store_id, master_key) values ('RTL00001', 'RTLSTORE0000001', '\x00');
            insert into audit_log (who, what, subject, detail, before, after) values ('test', 'store.put', 'RTLSTORE0000001', '{Word}', null, '{Json("name")}');
            insert into alarms (kind, subject, detail) values ('paper_out', 'RTL00001', '{Word}');
            insert into alarm_silences (kind, subject, who, reason, until) values ('paper_out', 'RTL00001', 'test', '{Word}', clock_timestamp() + interval '1 hour')
            """);
        using var admin = await network.Api("administer");
        (await admin.Put($"/v1/admin/settings/chain/{Uri.EscapeDataString(Word)}", $$"""{"settings":{{Json("footer_en")}}}""")).Status.Should().Be(200);
        using var person = await network.Client("admin");

        foreach (var path in new[]
        {
            "/ops", "/ops/terminals?store=RTLSTORE0000001", $"/ops/terminals?region={Word}", "/ops/terminals/RTL00001", "/ops/stores/RTLSTORE0000001", "/ops/alarms",
            "/ops/merchants?q=rtl", "/ops/merchants/rtl-shop", $"/ops/settings?level=chain&subject={Word}", "/ops/audit?subject=RTLSTORE0000001",
        })
        {
            // Counts of the fleet are some seconds old.
            var html = await Eventually.Is(
                async () => WebUtility.HtmlDecode(await person.GetStringAsync(new Uri(path, UriKind.Relative), Stop)),
                html => html.Contains(Word, StringComparison.Ordinal),
                path);
            Isolated().Replace(html, "").Should().NotContain(Word, path);
            Field().Matches(html).Select(field => field.Value)
                .Where(field => field.Contains(Word, StringComparison.Ordinal) && !field.Contains("type=\"hidden\"", StringComparison.Ordinal) && !field.Contains("dir=\"auto\"", StringComparison.Ordinal))
                .Should().BeEmpty(path);
        }

        await network.Execute(
            """
            delete from alarm_silences where subject = 'RTL00001'; delete from alarms where subject = 'RTL00001'; delete from terminals where id = 'RTL00001';
            delete from stores where id = 'RTLSTORE0000001'; delete from api_keys where merchant_id = 'rtl-shop'; delete from merchants where id = 'rtl-shop'
            """);

        static string Json(string member) => $$"""{"{{member}}":"{{Word}}"}""";
    }

    [Fact]
    public async Task Two_operators_rule_about_a_claim_and_the_first_one_alone_does_not()
    {
        var (bill, claim) = await Claimed("4");
        var page = await network.Visit(browser, "act", "/ops/disputes");
        var row = page.GetByRole(AriaRole.Row).Filter(new() { HasText = claim });
        (await row.InnerTextAsync()).Should().Contain("128.00").And.Contain("late");
        await Check(page);
        await Browser.Picture(page, "ops-disputes");
        await row.GetByRole(AriaRole.Link, new() { Name = claim }).ClickAsync();
        await page.GetByText("The handle is <b>off</b>.").First.WaitForAsync();
        await page.GetByAltText("Picture 1 of the shopper").ScrollIntoViewIfNeededAsync();
        await Eventually.Is(async () => await page.GetByAltText("Picture 1 of the shopper").EvaluateAsync<int>("picture => picture.naturalWidth") == 1, "the picture is shown");

        await Propose("100", "27.99");
        await page.GetByText("The three parts together must be CNY 128.00").WaitForAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Back" }).ClickAsync();
        await Propose("100", "28");
        await Check(page);
        await Browser.Picture(page, "ops-dispute");
        await page.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();
        await page.GetByText("Another operator has to approve it.").WaitForAsync();
        (await network.Scalar<string>($"select state from claims where bill = {bill}")).Should().Be("JUDGING");

        var other = await network.Visit(browser, "admin", $"/ops/disputes/{claim}");
        await other.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();
        await other.Locator("#state").GetByText("JUDGED").WaitForAsync();

        (await other.Locator("#rulings").InnerTextAsync()).Should().Contain("approved by admin");
        (await network.Scalar<long>($"select r.amount from refunds r join claims c on c.refund = r.rrn where c.bill = {bill}")).Should().Be(10_000);

        async Task Propose(string toShopper, string toMerchant)
        {
            await page.GetByLabel("To the shopper, of the merchant's money, CNY").FillAsync(toShopper);
            await page.GetByLabel("To the merchant, CNY").FillAsync(toMerchant);
            await page.GetByLabel("Text, which both sides get").FillAsync("The handle was off.");
            await page.GetByRole(AriaRole.Button, new() { Name = "Propose" }).ClickAsync();
        }
    }

    [Fact]
    public async Task Two_operators_enter_what_the_bank_has_said_of_a_refund_that_is_not_sent_any_more()
    {
        using var shop = await Shop.Open(network.Local);
        await using var terminal = await network.SignedOn(network.NextTerminal());
        var bill = (await shop.NewBill()).GetProperty("number").GetString()!;
        (await terminal.AskWell(terminal.Pay(bill, 12_800, network.Local.Cards.First(one => one.Expected == "approved")))).Verdict.Code.Should().Be("00");
        await BankIsSilent(count: 1_000);
        var refund = (await shop.Post($"/v1/bills/{bill}/refunds", "{}", idempotencyKey: bill)).String("id");
        await Eventually.Is(async () => await network.Scalar<string>($"select state from refunds where rrn = {refund}") == "SENT", "the bank was asked");
        await network.Execute($"update refunds set sent_at = sent_at - interval '34 days', due_at = now() where rrn = {refund}");
        await Eventually.Is(async () => await network.Scalar<bool>($"select due_at is null from refunds where rrn = {refund}"), "it is not sent any more");
        await BankIsSilent(count: 0);

        var page = await network.Visit(browser, "act", "/ops/open");
        await Check(page);
        await page.GetByRole(AriaRole.Link, new() { Name = refund }).ClickAsync();
        await page.Locator("select[name=what]").SelectOptionAsync("the bank has credited the card: the refund is done");
        await page.GetByLabel("Reason, such as the number of the bank's letter").FillAsync("The bank's letter 77.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Propose" }).ClickAsync();
        await Check(page);
        await Browser.Picture(page, "ops-refund");
        await page.SetViewportSizeAsync(390, 844);
        await page.GetByRole(AriaRole.Link, new() { Name = "中文" }).ClickAsync();
        await page.Locator("#rulings").GetByText("银行已入账：退款完成").WaitForAsync();
        await Check(page);
        await page.GetByRole(AriaRole.Link, new() { Name = "English" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();
        await page.GetByText("Another operator has to approve it.").WaitForAsync();
        (await shop.Get($"/v1/refunds/{refund}")).String("status").Should().Be("SENT", "one operator alone decides nothing");

        var other = await network.Visit(browser, "admin", $"/ops/refunds/{refund}");
        await other.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();
        await other.Locator("#state").GetByText("DONE").WaitForAsync();

        (await other.Locator("#rulings").InnerTextAsync()).Should().Contain("approved by admin");
        (await shop.Get($"/v1/refunds/{refund}")).String("status").Should().Be("DONE");
        (await network.Local.Books(Stop)).ExitCode.Should().Be(0);

        async Task BankIsSilent(int count)
        {
            using var http = new HttpClient();
            (await http.PostAsJsonAsync(new Uri(network.Local.BankHttp, "/faults"), new { kind = "silent", count, of = "refunds" }, Stop)).EnsureSuccessStatusCode();
        }
    }

    [Fact]
    public async Task An_operator_finds_a_trade_by_its_bill_stops_it_and_lets_it_go_on()
    {
        var (bill, _) = await Claimed("5");
        var page = await network.Visit(browser, "act", "/ops/disputes");
        await page.GetByLabel("The trade of a bill").FillAsync($"{bill[..4]} {bill[4..8]}-{bill[8..]}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Find" }).ClickAsync();
        await page.GetByLabel("Reason").FillAsync("The police ask.");
        await Check(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Stop", Exact = true }).ClickAsync();
        await page.Locator("#state").GetByText("stopped by act").WaitForAsync();

        await page.GotoAsync(new Uri(network.Local.Http, "/ops/disputes?show=stopped").ToString());
        await Check(page);
        await page.GetByRole(AriaRole.Link, new() { Name = bill }).ClickAsync();
        await page.GetByLabel("Reason").FillAsync("They have answered.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Let it go on" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Stop the trade" }).WaitForAsync();

        (await network.Scalar<string>($"select string_agg(what || ' ' || who || ' ' || detail, ', ' order by id) from audit_log where subject = '{bill}'"))
            .Should().Be("trade.freeze act The police ask., trade.unfreeze act They have answered.");
    }

    [Fact]
    public async Task A_file_of_a_claim_can_do_nothing_in_the_operators_browser()
    {
        var (_, claim) = await Claimed("6");
        using var person = await network.Client("watch");

        using var picture = await person.GetAsync(new Uri($"/ops/disputes/{claim}/evidence/shopper/1", UriKind.Relative), Stop);
        using var document = await person.GetAsync(new Uri($"/ops/disputes/{claim}/evidence/merchant/1", UriKind.Relative), Stop);
        using var none = await person.GetAsync(new Uri($"/ops/disputes/{claim}/evidence/merchant/2", UriKind.Relative), Stop);

        none.StatusCode.Should().Be(HttpStatusCode.NotFound);
        (picture.Content.Headers.ContentType!.MediaType, picture.Content.Headers.ContentDisposition!.DispositionType).Should().Be(("image/png", "inline"));
        (document.Content.Headers.ContentType!.MediaType, document.Content.Headers.ContentDisposition!.DispositionType).Should().Be(("application/pdf", "attachment"));
        foreach (var headers in new[] { picture.Headers, document.Headers })
        {
            headers.GetValues("Content-Security-Policy").Should().Equal("default-src 'none'; frame-ancestors 'none'; sandbox");
            headers.GetValues("X-Content-Type-Options").Should().Equal("nosniff");
            headers.CacheControl!.NoStore.Should().BeTrue();
        }
    }

    /// <summary>A paid escrow bill of CNY 128.00 whose claim has waited for a ruling for 16 days.</summary>
    private async Task<(string Bill, string Claim)> Claimed(string place)
    {
        using var shop = await Shop.Open(network.Local);
        await using var terminal = await network.SignedOn(network.NextTerminal());
        var bill = (await shop.NewBill(",\"settlement\":\"escrow\",\"delivery\":\"express\"")).GetProperty("number").GetString()!;
        (await terminal.AskWell(terminal.Pay(bill, 12_800, network.Local.Cards.First(one => one.Expected == "approved")))).Verdict.Code.Should().Be("00");
        var claim = "70000000000" + place;
        await network.Execute(
            $"""
            update trades set state = 'CLAIMED', due_at = null, time_left = '1 day', moves = moves + 1 where bill = {bill};
            insert into claims (id, bill, merchant_id, place, kind, state, amount, currency, is_after_sale, reason, answer, appeal, since, opened_at)
            select {claim}, bill, merchant_id, 1, 'not_as_described', 'JUDGING', held, 'CNY', false, 'The handle is <b>off</b>.', 'It is not.', 'Look.', now() - interval '16 days', now() - interval '20 days'
            from trades where bill = {bill};
            insert into evidence (claim, side, place, type, bytes, sha256, added_at)
            select {claim}, side, 1, type, bytes, sha256(bytes), now()
            from (values ('shopper', 'image/png', decode('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')), ('merchant', 'application/pdf', '%PDF-1.4'::bytea)) f(side, type, bytes)
            """);
        return (bill, claim);
    }

    [Theory]
    [InlineData("/ops/sign-in")]
    [InlineData("/ops")]
    [InlineData("/ops/terminals")]
    [InlineData("/ops/terminals/T0000001")]
    [InlineData("/ops/stores")]
    [InlineData("/ops/stores/STORE0000000001")]
    [InlineData("/ops/swipes")]
    [InlineData("/ops/open")]
    [InlineData("/ops/network")]
    [InlineData("/ops/alarms")]
    [InlineData("/ops/actions")]
    [InlineData("/ops/settings")]
    [InlineData("/ops/import")]
    [InlineData("/ops/books")]
    [InlineData("/ops/disputes")]
    [InlineData("/ops/guarantee")]
    [InlineData("/ops/audit")]
    [InlineData("/ops/operators")]
    [InlineData("/ops/runbook")]
    [InlineData("/ops/merchants")]
    [InlineData("/ops/merchants/demo-shop")]
    public async Task Pages_pass_the_accessibility_check_and_keep_within_their_policy(string path)
    {
        var page = path == "/ops/sign-in" ? await browser.Open(width: 1280, height: 900) : await network.Visit(browser, "admin", path);
        var complaints = new List<string>();
        page.Console += (_, message) => complaints.Add(message.Text);

        await page.GotoAsync(new Uri(network.Local.Http, path).ToString());

        await Check(page);
        complaints.Should().BeEmpty();
    }

    [Theory]
    [InlineData(390, 844, "7", "en")]
    [InlineData(1280, 900, "8", "en")]
    [InlineData(390, 844, "1", "zh-Hans")]
    [InlineData(1280, 900, "2", "zh-Hans")]
    public async Task The_page_of_a_claim_and_that_of_a_stopped_trade_pass_the_accessibility_check(int width, int height, string place, string language)
    {
        var (bill, claim) = await Claimed(place);
        using var person = await network.Client("act");
        using var proposed = await person.PostAsync(
            new Uri($"/ops/disputes/{claim}/rulings", UriKind.Relative),
            new FormUrlEncodedContent(new Dictionary<string, string> { ["to_shopper"] = "100", ["to_merchant"] = "28", ["text"] = "The handle was off." }),
            Stop);
        using var stopped = await person.PostAsync(
            new Uri($"/ops/trades/{bill}/freeze", UriKind.Relative), new FormUrlEncodedContent(new Dictionary<string, string> { ["reason"] = "The police ask." }), Stop);
        ((int)proposed.StatusCode, (int)stopped.StatusCode).Should().Be((303, 303));
        (await network.Scalar<string>($"select c.state || ' ' || (select count(*) from rulings g where g.claim = c.id) || ' ' || t.frozen_by from claims c join trades t using (bill) where c.id = {claim}"))
            .Should().Be("JUDGING 1 act");
        var isChinese = language != "en";
        var page = await network.Visit(browser, "admin", "/ops/disputes?show=stopped");
        await page.SetViewportSizeAsync(width, height);
        var complaints = new List<string>();
        page.Console += (_, message) => complaints.Add(message.Text);
        if (isChinese)
        {
            await page.GetByRole(AriaRole.Link, new() { Name = "中文" }).ClickAsync();
            await page.GetByRole(AriaRole.Heading, new() { Name = "已冻结的交易" }).WaitForAsync();
        }

        await Check(page);
        await page.GotoAsync(new Uri(network.Local.Http, $"/ops/disputes/{claim}").ToString());
        await page.GetByRole(AriaRole.Button, new() { Name = isChinese ? "批准" : "Approve" }).WaitForAsync();
        await page.GetByAltText(isChinese ? "买家的图片 1" : "Picture 1 of the shopper").WaitForAsync();
        (await page.Locator("html").GetAttributeAsync("lang")).Should().Be(language);
        await Check(page);
        await page.GotoAsync(new Uri(network.Local.Http, $"/ops/trades/{bill}").ToString());
        await page.GetByText("The police ask.").First.WaitForAsync();
        await page.Locator("#state").GetByText(isChinese ? "冻结人： act" : "stopped by act").WaitForAsync();
        await Check(page);

        complaints.Should().BeEmpty();
    }

    [Theory]
    [InlineData(390, 844, "3")]
    [InlineData(1280, 900, "9")]
    public async Task Operators_rule_in_Chinese_and_go_back_to_English(int width, int height, string place)
    {
        var (bill, claim) = await Claimed(place);
        var page = await network.Visit(browser, "act", "/ops/disputes");
        await page.SetViewportSizeAsync(width, height);
        await page.GetByRole(AriaRole.Link, new() { Name = "中文" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = claim }).ClickAsync();
        await page.GetByLabel("退给买家（由商家款项支付），CNY").FillAsync("100");
        await page.GetByLabel("留给商家，CNY").FillAsync("27");
        await page.GetByLabel("说明（双方都会收到）").FillAsync("把手已脱落。");
        await page.GetByRole(AriaRole.Button, new() { Name = "提议", Exact = true }).ClickAsync();
        await page.GetByText("三部分合计必须等于主张金额 CNY 128.00。").WaitForAsync();
        (await page.Locator("html").GetAttributeAsync("lang")).Should().Be("zh-Hans");
        await Check(page);
        await page.GetByRole(AriaRole.Link, new() { Name = "返回" }).ClickAsync();
        await page.GetByLabel("退给买家（由商家款项支付），CNY").FillAsync("100");
        await page.GetByLabel("留给商家，CNY").FillAsync("28");
        await page.GetByLabel("说明（双方都会收到）").FillAsync("把手已脱落。");
        await page.GetByRole(AriaRole.Button, new() { Name = "提议", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "批准" }).ClickAsync();
        await page.GetByText("须由另一位运营人员批准。").WaitForAsync();
        (await network.Scalar<string>($"select state from claims where bill = {bill}")).Should().Be("JUDGING");
        await page.GotoAsync(new Uri(network.Local.Http, "/ops").ToString());
        (await page.Locator("html").GetAttributeAsync("lang")).Should().Be("en", "this page is in English only");
        (await page.GetByRole(AriaRole.Link, new() { Name = "Disputes" }).CountAsync()).Should().Be(1);

        var other = await network.Visit(browser, "admin", $"/ops/disputes/{claim}");
        await other.SetViewportSizeAsync(width, height);
        await other.GetByRole(AriaRole.Link, new() { Name = "中文" }).ClickAsync();
        await other.GetByRole(AriaRole.Button, new() { Name = "批准" }).ClickAsync();
        await other.Locator("#state").GetByText("已裁决").WaitForAsync();
        await Check(other);
        await other.GetByRole(AriaRole.Link, new() { Name = "English" }).ClickAsync();
        await other.Locator("#state").GetByText("JUDGED").WaitForAsync();
        (await other.Locator("html").GetAttributeAsync("lang")).Should().Be("en");
        (await other.Locator("#rulings").InnerTextAsync()).Should().Contain("把手已脱落。", "what people wrote is not translated").And.Contain("approved by admin");
        await Check(other);
    }

    private static async Task Check(IPage page)
    {
        var result = await page.RunAxe(new AxeRunOptions { RunOnly = RunOnlyOptions.Tags("wcag2a", "wcag2aa", "wcag21a", "wcag21aa") });
        result.Violations.Select(violation => $"{violation.Id}: {string.Join(' ', violation.Nodes.Select(node => node.Html))}").Should().BeEmpty();
    }

    // What isolates its text, and tags.
    [GeneratedRegex("(?s)<bdi>[^<]*</bdi>|<title>.*?</title>|<textarea.*?</textarea>|<[^>]*>")]
    private static partial Regex Isolated();

    [GeneratedRegex("<input[^>]*>")]
    private static partial Regex Field();

    [GeneratedRegex("content=\"15; url=([^\"]*)\"")]
    private static partial Regex Refresh();

    [GeneratedRegex("runbook_url: https://[^/]+/ops/runbook/(.+)")]
    private static partial Regex AlertLink();

    private static async Task<Verdict> Beat(RawTerminal terminal, TerminalHealth? health) =>
        NetworkAnswer.FromIso(await terminal.AskWell((terminal.Network(NetworkCode.Echo) with { Health = health }).ToIso())).Verdict;

    private async Task<Local.ReceivedNotice> Heard(string type, string terminal)
    {
        var events = await Eventually.Is(
            () => Task.FromResult(network.Alarms.Accepted.Values.Where(notice => notice.Type == type
                && notice.Data.GetProperty("subjects").EnumerateArray().Any(subject => subject.GetString() == terminal)).ToList()),
            found => found.Count > 0,
            $"{type} of {terminal}");
        return events[0];
    }

    private async Task<string> Metrics()
    {
        using var http = new HttpClient();
        return await http.GetStringAsync(new Uri(network.Local.Management, "/metrics"), Stop);
    }
}
