using System.Text.Json;
using Lakala.Storage.Fleet;
using Lakala.Storage.Merchants;
using Lakala.Storage.Operators;
using Lakala.Storage.Stores;
using Lakala.Storage.Terminals;
using Lakala.Testing;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Tests;

/// <summary>The operators' changes in the database: commands, settings, stores, and the audit log.</summary>
public sealed class OperatorRowsTests(Books books) : IClassFixture<Books>, IAsyncLifetime
{
    private readonly CommandRows _commands = new(books.Database);
    private readonly ParameterRows _settings = new(books.Database);
    private readonly ProvisioningRows _provisioning = new(books.Database);
    private readonly AuditLog _audit = new(books.Database);
    private readonly FleetQueries _fleet = new(books.Database);
    private readonly string _store = "OPS" + Guid.NewGuid().ToString("N")[..12].ToUpperInvariant();
    private string[] _terminals = [];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _provisioning.PutStores([new Store(_store, "Tea & Sons", 20, Chain: _store + "-chain", Region: "R", District: "D")], "test");
        _terminals = [.. Enumerable.Range(0, 4).Select(_ => Guid.NewGuid().ToString("N")[..8].ToUpperInvariant())];
        await _provisioning.AddTerminals([.. _terminals.Select(id => (id, _store))], [.. _terminals.Select(_ => new byte[] { 1 })], "test", Stop);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Theory]
    [InlineData("select 1", true)]
    [InlineData("update terminal_lines set heard_at = heard_at - interval '46 seconds' where terminal_id = 'TERMINAL'", false)]
    [InlineData("update terminals set blocked = true where id = 'TERMINAL'", false)]
    [InlineData("update terminals set retired_at = clock_timestamp() where id = 'TERMINAL'", false)]
    [InlineData("update stores set blocked = true where id = 'STORE'", false)]
    [InlineData("update stores set retired_at = clock_timestamp() where id = 'STORE'", null)]
    public async Task Shoppers_are_sent_to_a_store_where_a_bill_can_be_paid(string change, bool? isReady)
    {
        var stores = new StoreFinder(books.Database);
        var near = new GeoPoint(Random.Shared.NextDouble(), Random.Shared.NextDouble());
        await _provisioning.PutStores(
            [new Store(_store, "Tea", 20, Region: _store, District: "D", Latitude: near.Latitude, Longitude: near.Longitude)], "test");
        await stores.Heard(_terminals[..1], [TimeSpan.Zero], Stop);
        await books.Execute(change.Replace("STORE", _store, StringComparison.Ordinal).Replace("TERMINAL", _terminals[0], StringComparison.Ordinal));

        bool?[] seen =
        [
            (await stores.Find(new StoreQuery(null, _store, null, 1), Stop)).SingleOrDefault()?.IsReady,
            (await stores.Find(new StoreQuery(near, null, null, 1), Stop)).SingleOrDefault(store => store.Id == _store)?.IsReady,
        ];

        seen.Should().AllBeEquivalentTo(isReady);
        (await stores.Areas(Stop)).Any(area => area.Region == _store).Should().Be(isReady is not null);
        (await stores.Get(_store, Stop)).Should().NotBeNull("bills were paid there");
    }

    [Fact]
    public async Task What_provision_does_is_in_the_audit_log_with_the_fee_before_and_after()
    {
        var merchants = new MerchantRows(books.Database);
        var id = "audit-" + _store.ToLowerInvariant();
        await merchants.Provision(new Merchant(id, "Shop"), 60);
        await merchants.Provision(new Merchant(id, "Shop"), 80);
        await new ClerkRows(books.Database).Put(_store, [(new Clerk("1001", "Anna"), "secret-password")]);
        await _provisioning.PutTerminals(_store, [_terminals[0]], [[1]]);

        (await _audit.List(id, null, 5, Stop)).Select(entry => entry.What).Should().Equal("api_key.create", "merchant.put", "api_key.create", "merchant.put");
        (await _audit.List(id, null, 5, Stop)).Where(entry => entry.What == "merchant.put").Select(entry => (Fee(entry.Before), Fee(entry.After)))
            .Should().Equal((60, 80), (null, 60));
        (await _audit.List(_store + "/1001", null, 5, Stop)).Should().ContainSingle().Which.What.Should().Be("clerk.put");
        (await _audit.List(_terminals[0], null, 5, Stop))[0].What.Should().Be("terminal.master_key");
        (await books.Scalar<long>("select count(*) from audit_log a where a::text like '%secret-password%'")).Should().Be(0);

        static long? Fee(string? values) => values is null ? null : JsonElement.Parse(values).GetProperty("fee_basis_points").GetInt64();
    }

    [Fact]
    public async Task A_page_that_fetches_itself_anew_does_not_keep_a_session_from_idling_out()
    {
        var (people, name) = (new OperatorRows(books.Database), "idle-" + _store.ToLowerInvariant());
        var password = await people.Put(new Operator(name, OperatorRole.Watch), "test", Stop);
        var token = (await people.SignIn(name, password, Stop))!;
        await Idle("14 minutes");
        (await people.Find(token, isPerson: false, Stop)).Should().NotBeNull();
        await books.Execute($"update operator_sessions set used_at = used_at - interval '2 minutes' where operator = '{name}'");
        (await people.Find(token, isPerson: false, Stop)).Should().BeNull("only the page has asked for 16 minutes");

        token = (await people.SignIn(name, password, Stop))!;
        await Idle("14 minutes");
        (await people.Find(token, isPerson: true, Stop)).Should().NotBeNull();
        await books.Execute($"update operator_sessions set used_at = used_at - interval '2 minutes' where operator = '{name}'");
        (await people.Find(token, isPerson: false, Stop)).Should().NotBeNull("a person has asked 2 minutes ago");

        Task Idle(string ago) => books.Execute($"update operator_sessions set used_at = clock_timestamp() - interval '{ago}' where operator = '{name}'");
    }

    [Fact]
    public async Task A_password_that_is_stored_in_the_old_way_is_verified_and_stored_anew()
    {
        var (people, name) = (new OperatorRows(books.Database), "old-" + _store.ToLowerInvariant());
        await people.Put(new Operator(name, OperatorRole.Watch), "test", Stop);

        // PBKDF2 (HMAC-SHA-512, 210,000 iterations) of "secret" under sixteen bytes of zero.
        await books.Execute($"update operators set password = null, salt = decode(repeat('00', 16), 'hex'), password_hash = '\\x98fca067baca91fe389b30d78b1e48a4ab1a9bb90d1fb8c9fba30cf684f5f6f9' where name = '{name}'");

        (await people.SignIn(name, "wrong", Stop)).Should().BeNull();
        (await people.SignIn(name, "secret", Stop)).Should().NotBeNull();
        (await books.Scalar<string>($"select password from operators where name = '{name}' and salt = '' and password_hash = ''")).Should().StartWith($"pbkdf2-sha512${StoredPassword.Iterations}$");
        (await people.SignIn(name, "secret", Stop)).Should().NotBeNull();
    }

    [Fact]
    public async Task Failed_sign_ins_and_sign_outs_are_audited_but_not_those_of_unknown_names()
    {
        var (people, name) = (new OperatorRows(books.Database), "sign-" + _store.ToLowerInvariant());
        var password = await people.Put(new Operator(name, OperatorRole.Watch), "test", Stop);
        await people.SignIn(name, "wrong", Stop);
        await people.SignIn("no-" + name, "wrong", Stop);
        await people.SignOut((await people.SignIn(name, password, Stop))!, Stop);

        (await _audit.List(name, null, 10, Stop)).Select(entry => entry.What)
            .Should().Equal("operator.sign_out", "operator.sign_in", "operator.sign_in_failed", "operator.put");
        (await _audit.List("no-" + name, null, 10, Stop)).Should().BeEmpty();
    }

    [Fact]
    public async Task A_command_that_names_somebody_unknown_commands_nobody()
    {
        var id = Guid.NewGuid();

        (await _commands.Add(id, Command(CommandKind.Block, [_terminals[0], "NOTTHERE"]), "test", Stop)).Should().Equal("NOTTHERE");
        (await _commands.Add(id, Command(CommandKind.Move, [_terminals[0]], "NOSTORE"), "test", Stop)).Should().Equal("NOSTORE");

        (await _commands.Find(id, Stop)).Should().BeNull();
    }

    [Fact]
    public async Task What_is_due_is_done_once_each_with_its_outcome()
    {
        var (now, later) = (Guid.NewGuid(), Guid.NewGuid());
        await _commands.Add(now, Command(CommandKind.Block, _terminals[..2]), "test", Stop);
        await _commands.Add(later, Command(CommandKind.Retire, _terminals[..1]) with { DueAt = TimeProvider.System.GetUtcNow().AddHours(1) }, "test", Stop);

        (await RunDue()).Should().BeEquivalentTo(_terminals[..2].Select(id => (id, CommandKind.Block)));
        (await RunDue()).Should().BeEmpty();
        (await _commands.Cancel(later, "test", Stop)).Should().Be(1);

        (await _commands.Find(now, Stop))!.Done.Should().Be(2);
        (await _commands.Find(later, Stop))!.Cancelled.Should().Be(1);
        (await _fleet.Find(_terminals[0], Stop))!.Blocked.Should().BeTrue();
        (await _fleet.Find(_terminals[0], Stop))!.RetiredAt.Should().BeNull();
    }

    [Fact]
    public async Task Two_commands_to_one_terminal_are_done_one_after_the_other()
    {
        var (first, second) = (Guid.NewGuid(), Guid.NewGuid());
        var due = TimeProvider.System.GetUtcNow().AddMinutes(-5);
        await _commands.Add(first, Command(CommandKind.Block, _terminals) with { DueAt = due }, "test", Stop);
        await _commands.Add(second, Command(CommandKind.Unblock, _terminals) with { DueAt = due.AddMinutes(1) }, "test", Stop);

        await RunDue();
        (await _fleet.Find(_terminals[0], Stop))!.Blocked.Should().BeTrue();
        await RunDue();

        (await _fleet.Find(_terminals[0], Stop))!.Blocked.Should().BeFalse();
    }

    [Fact]
    public async Task Only_an_administrator_unblocks_a_terminal_whose_case_was_opened()
    {
        await books.Execute($"update terminals set blocked = true, tampered_at = now() where id = '{_terminals[0]}'");
        var theirs = Guid.NewGuid();
        await _commands.Add(theirs, Command(CommandKind.Unblock, _terminals[..1]), "test", Stop);
        await RunDue();
        (await _commands.Targets(theirs, null, null, 10, Stop)).Single().Should()
            .Match<CommandTarget>(target => target.State == "FAILED" && target.Outcome.Contains("administrator"));
        (await _fleet.Find(_terminals[0], Stop))!.Blocked.Should().BeTrue();

        await _commands.Add(Guid.NewGuid(), Command(CommandKind.Unblock, _terminals[..1]) with { ByAdministrator = true }, "test", Stop);
        await RunDue();

        (await _fleet.Find(_terminals[0], Stop))!.Blocked.Should().BeFalse();
        (await books.Scalar<bool>($"select tampered_at is null from terminals where id = '{_terminals[0]}'")).Should().BeTrue();
    }

    [Fact]
    public async Task A_retired_terminal_loses_its_keys_and_its_later_commands_fail_until_it_is_added_again()
    {
        await books.Execute($"update terminals set pin_key = '\\x01', mac_key = '\\x01' where id = '{_terminals[0]}'");
        await _commands.Add(Guid.NewGuid(), Command(CommandKind.Retire, _terminals[..1]), "test", Stop);
        await RunDue();
        var late = Guid.NewGuid();
        await _commands.Add(late, Command(CommandKind.SendStatus, _terminals[..1]), "test", Stop);
        await RunDue();

        (await books.Scalar<bool>($"select pin_key is null and mac_key is null from terminals where id = '{_terminals[0]}'")).Should().BeTrue();
        (await _commands.Targets(late, null, null, 10, Stop)).Single().Should().Match<CommandTarget>(target => target.State == "FAILED" && target.Outcome.Contains("retired"));
        (await _provisioning.AddTerminals([(_terminals[0], _store)], [[2]], "test", Stop)).Should().BeEmpty();
        (await _fleet.Find(_terminals[0], Stop))!.RetiredAt.Should().BeNull();
    }

    [Fact]
    public async Task What_a_terminal_does_not_do_within_a_day_has_failed()
    {
        var id = Guid.NewGuid();
        await _commands.Add(id, Command(CommandKind.RotateKeys, _terminals[..1]), "test", Stop);
        await RunDue();
        await _commands.GiveUp(100, Stop);
        (await _commands.Find(id, Stop))!.Asked.Should().Be(1);
        await books.Execute($"update action_targets set due_at = due_at - interval '25 hours', changed_at = changed_at - interval '25 hours' where action_id = '{id}'");

        await _commands.GiveUp(100, Stop);

        (await _commands.Find(id, Stop))!.Failed.Should().Be(1);
        (await books.Scalar<short>($"select asked from terminals where id = '{_terminals[0]}'")).Should().Be(0);
    }

    [Fact]
    public async Task Terminals_are_added_all_or_none()
    {
        var fresh = Guid.NewGuid().ToString("N")[..8].ToUpperInvariant();

        var bad = await _provisioning.AddTerminals(
            [(fresh, _store), (_terminals[0], _store), ("OTHER" + fresh[..3], "NOSTORE")], [[1], [1], [1]], "test", Stop);

        bad.Select(one => one.Place).Should().Equal(1, 2);
        (await _fleet.Find(fresh, Stop)).Should().BeNull();
    }

    [Fact]
    public async Task Settings_come_member_by_member_from_the_nearest_level()
    {
        var terminals = new TerminalRows(books.Database);
        await _settings.Put(SettingLevel.Platform, null, """{"copies": 1, "footer_en": "all"}""", "test", Stop);
        await _settings.Put(SettingLevel.Chain, _store + "-chain", """{"footer_en": "chain", "largest_amount": 100}""", "test", Stop);
        await _settings.Put(SettingLevel.Store, _store, """{"largest_amount": 200}""", "test", Stop);
        var version = await _settings.Put(SettingLevel.Terminal, _terminals[0], """{"footer_en": "terminal"}""", "test", Stop);

        JsonElement.Parse(await terminals.Parameters(_terminals[0])).ToString().Should().Be("""{"copies": 1, "footer_en": "terminal", "largest_amount": 200}""");
        (await terminals.Find(_terminals[0]))!.Parameters.Should().Be(version);
        JsonElement.Parse(await terminals.Parameters(_terminals[1])).ToString().Should().Be("""{"copies": 1, "footer_en": "chain", "largest_amount": 200}""");
        var effective = (await _settings.Effective(_store + "-chain", _store, _terminals[0], Stop)).ToDictionary(setting => setting.Member);
        effective["footer_en"].Should().Match<EffectiveSetting>(setting => setting.From!.Level == SettingLevel.Terminal && setting.Inherited == "\"chain\"");
        effective["copies"].From!.Level.Should().Be(SettingLevel.Platform);
        effective["gateways"].From.Should().BeNull();

        await _settings.Put(SettingLevel.Terminal, _terminals[0], "{}", "test", Stop);
        JsonElement.Parse(await terminals.Parameters(_terminals[0])).ToString().Should().Contain("chain");
        (await _settings.Put(SettingLevel.Chain, "no such chain", "{}", "test", Stop)).Should().BeNull();
        await books.Execute("delete from terminal_parameters");
    }

    [Theory]
    [InlineData("""[1]""", "JSON object")]
    [InlineData("""{"colour": 1}""", "colour is not a setting")]
    [InlineData("""{"copies": 3}""", "copies is")]
    [InlineData("""{"largest_amount": 0}""", "largest_amount is")]
    [InlineData("""{"largest_amount": "5"}""", "largest_amount is")]
    [InlineData("""{"gateways": ["nowhere"]}""", "gateways is")]
    [InlineData("""{"footer_en": "\u0007"}""", "footer_en is")]
    [InlineData("""{"copies": 1, "footer_zh": "谢谢", "largest_amount": 5000, "gateways": ["10.0.0.1:8583"]}""", null)]
    public void Settings_are_checked_member_by_member(string body, string? fault)
    {
        var found = TerminalSettings.Fault(JsonElement.Parse(body));

        (found?.Contains(fault ?? "?", StringComparison.Ordinal)).Should().Be(fault is null ? null : true, found);
    }

    [Fact]
    public void All_settings_at_their_longest_fit_into_the_message_that_carries_them()
    {
        var footer = new string('茶', 49);
        var gateways = Enumerable.Range(0, 20).Select(n => $"g{n:00}.x:8583").Take(12).ToArray();
        var body = JsonElement.Parse(
            $$"""{"copies": 2, "footer_en": "{{footer}}", "footer_zh": "{{footer}}", "largest_amount": 999999999999, "gateways": {{JsonSerializer.Serialize(gateways)}}}""");

        TerminalSettings.Fault(body).Should().BeNull();
        System.Text.Encoding.UTF8.GetByteCount(body.ToString()).Should().BeLessThanOrEqualTo(640);
    }

    [Fact]
    public async Task The_audit_log_is_only_ever_added_to()
    {
        await _provisioning.ChangeStore(_store, StoreChange.Block, "somebody", Stop);

        (await _audit.List(_store, null, 10, Stop))[0].Should().Match<AuditEntry>(entry => entry.Who == "somebody" && entry.What == "store.block");
        foreach (var tampering in new[] { "update audit_log set who = 'nobody'", "delete from audit_log", "truncate audit_log" })
        {
            await books.Invoking(all => all.Execute(tampering)).Should().ThrowAsync<PostgresException>().WithMessage("*append-only*");
        }
    }

    [Fact]
    public async Task A_stores_terminals_are_blocked_with_it()
    {
        var terminals = new TerminalRows(books.Database);

        (await _provisioning.ChangeStore(_store, StoreChange.Block, "test", Stop)).Should().BeEquivalentTo(_terminals);
        (await terminals.Find(_terminals[0]))!.Blocked.Should().BeTrue();
        await _provisioning.ChangeStore(_store, StoreChange.Unblock, "test", Stop);
        (await terminals.Find(_terminals[0]))!.Blocked.Should().BeFalse();
        await _provisioning.ChangeStore(_store, StoreChange.Retire, "test", Stop);
        (await terminals.Find(_terminals[0]))!.Blocked.Should().BeTrue();

        (await _provisioning.ChangeStore(_store, StoreChange.Unblock, "test", Stop)).Should().BeNull("it does not come back");
    }

    [Fact]
    public async Task Minutes_are_read_off_the_attempts_until_they_do_not_change_any_more()
    {
        var minuteRows = new SwipeMinuteRows(books.Database);
        await books.Execute(
            $"""
            insert into attempts (terminal_id, batch, stan, id, state, bill, amount, currency, store_id, rrn, started_at, deadline, settled_at, response_code, authorisation_code)
            select '{_terminals[0]}', 1, n, gen_random_uuid(), (array['APPROVED', 'DECLINED', 'REVERSING', 'SENT'])[1 + n % 4], n, 100, 'CNY', '{_store}', 810000000000 + n,
                   clock_timestamp() - interval '30 seconds', clock_timestamp(), clock_timestamp() - interval '30 seconds' + n * interval '1 millisecond', '00', 'A'
            from generate_series(1, 40) n
            """);

        await minuteRows.Count(SwipeMinuteRows.Unsettled, Stop);
        await minuteRows.Count(SwipeMinuteRows.Unsettled, Stop);
        var minutes = await minuteRows.List(TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(5), Stop);

        minutes.Sum(minute => minute.Approved).Should().Be(10);
        minutes.Sum(minute => minute.Unresolved).Should().Be(10);
        minutes.Max(minute => minute.P99).Should().BeInRange(30, 41);
        (await _fleet.Unresolved(100, Stop)).Should().HaveCount(10).And.OnlyContain(swipe => swipe.State == "SENT");
        await books.Execute($"delete from attempts where terminal_id = '{_terminals[0]}'");
    }

    private Task<IReadOnlyList<(string Terminal, CommandKind Kind)>> RunDue() => _commands.RunDue(100, Stop);

    private static TerminalCommand Command(CommandKind kind, string[] terminals, string? argument = null) =>
        new(kind, argument, TimeProvider.System.GetUtcNow().AddSeconds(-1), terminals);
}
