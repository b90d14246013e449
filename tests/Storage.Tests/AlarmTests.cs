using Lakala.Storage.Fleet;
using Lakala.Storage.Postgres;
using Lakala.Testing;
using Npgsql;

namespace Lakala.Storage.Tests;

/// <summary>Each alarm on both sides of both of its thresholds.</summary>
public sealed class AlarmTests(Books books) : IClassFixture<Books>
{
    private readonly AlarmRows _alarms = new(books.Database);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Kind, subject, and four states: not enough to raise it, raises it, not enough to clear it, clears it.</summary>
    public static TheoryData<string, string, string, string, string, string> Kinds { get; } = new()
    {
        { "terminal_silent", "ALARM001", Heard("4 minutes 50 seconds"), Heard("5 minutes 1 second"), Heard("1 minute"), Heard("10 seconds") },
        { "terminal_silent", "ALARM001", Heard("6 minutes", blocked: true), Heard("6 minutes"), Heard("2 minutes"), Heard("6 minutes", blocked: true) },
        { "paper_out", "ALARM001", Report("""{"paper":"low"}"""), Report("""{"paper":"out"}"""), Report("""{"paper":"out","printer":"ready"}"""), Report("""{"paper":"low"}""") },
        { "tamper", "ALARM001", Report("""{"tamper":false}"""), Report("""{"tamper":true}"""), Report("""{"tamper":true,"paper":"ok"}"""), Report("{}") },
        { "clock_off", "ALARM001", Report("""{"clock_offset":59}"""), Report("""{"clock_offset":-60}"""), Report("""{"clock_offset":30}"""), Report("""{"clock_offset":29}""") },
        { "bank_line_down", "silo", Silo(29, 0), Silo(30, 0), Silo(1, 0), Silo(0, 0) },
        { "commit_queue_full", "silo", Silo(0, 0.49), Silo(0, 0.5), Silo(0, 0.1), Silo(0, 0.09) },
        { "reversals_ageing", "", Reversal("9 minutes 50 seconds"), Reversal("10 minutes 1 second"), Reversal("3 minutes"), Reversal("1 minute") },
        { "refunds_ageing", "", Refund("23 hours 59 minutes"), Refund("24 hours 1 minute"), Refund("12 hours 1 minute"), Refund("11 hours 59 minutes") },
        { "refund_stopped", "000000000001", Refund("1 hour"), Stopped(), Stopped(), Refund("1 hour") },
        { "refund_refused", "000000000001", Refused("now()"), Refused("null"), Refused("null"), Refused("now()") },
        { "refunds_uncovered", "", Queued("4 days 23 hours 59 minutes"), Queued("5 days 1 second"), Queued("9 days"), Queued("4 days") },
        { "refund_contradicted", "000000000001", Contradiction("now()"), Contradiction("null"), Contradiction("null", again: true), Contradiction("now()") },
        { "rulings_late", "", Ruling("14 days 23 hours"), Ruling("15 days 1 second"), Ruling("14 days 1 second"), Ruling("13 days 23 hours") },
        { "trades_stopped", "00000000000078", StoppedTrade("2 days 23 hours"), StoppedTrade("3 days 1 second"), StoppedTrade("8 days"), StoppedTrade("1 second") },
        { "trades_stopped", "00000000000078", $"{StoppedTrade("4 days", by: "refund-declined")}; {AskedAbout}", StoppedTrade("4 days"), StoppedTrade("4 days"), Trade("4 days") },
        { "trades_old", "00000000000078", Trade("179 days 23 hours"), Trade("180 days 1 second"), Trade("181 days", "CLAIMED"), Trade("181 days", "CLOSED") },
        { "declines_terminal", "ALARM001", Swipes(9, 0), Swipes(10, 2), Swipes(10, 12), Swipes(10, 20) },
        { "declines_store", "ALARM0000000001", Swipes(19, 0), Swipes(20, 5), Swipes(20, 20), Swipes(20, 40) },
        { "declines_bank", "", Swipes(49, 0), Swipes(50, 20), Swipes(50, 100), Swipes(50, 150) },
        { "notices_overdue", "we_alarm", Due("14 minutes 50 seconds"), Due("15 minutes 1 second"), Due("2 minutes"), Due("30 seconds") },
        { "notices_overdue", "we_alarm", Parked("PARKED"), Due("16 minutes"), Due("2 minutes"), Parked("ACCEPTED") },
        { "notices_parked", "we_alarm", Parked("PENDING"), Parked("PARKED"), Parked("PARKED"), Parked("ACCEPTED") },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_alarm_is_raised_at_one_threshold_and_cleared_at_another(
        string kind, string subject, string notYet, string raise, string stillRaised, string clear)
    {
        await Clean();
        await books.Execute(notYet);
        (await Look(kind)).Should().BeEmpty("it is not that bad yet");
        await books.Execute(raise);
        (await Look(kind)).Should().ContainSingle().Which.Should().Match<AlarmRow>(alarm => alarm.Subject == subject && alarm.ClearedAt == null && alarm.Detail.Length > 0);
        (await Look(kind)).Should().BeEmpty("it is raised already");
        await books.Execute(stillRaised);
        (await Look(kind)).Should().BeEmpty("it is not good enough yet");
        await books.Execute(clear);

        (await Look(kind)).Should().ContainSingle().Which.Should().Match<AlarmRow>(alarm => alarm.Subject == subject && alarm.ClearedAt != null);
        (await _alarms.Counts(Stop)).Should().BeEmpty();
        await Clean();
    }

    [Fact]
    public async Task Every_kind_is_tried()
    {
        Kinds.Select(row => row.Data.Item1).Distinct().Should().BeEquivalentTo(AlarmKind.All.Select(kind => kind.Kind));
        await Task.CompletedTask;
    }

    [Fact]
    public async Task A_terminal_that_is_retired_alarms_nobody_any_more()
    {
        await Clean();
        await books.Execute(Report("""{"tamper":true}"""));
        await Look("tamper");
        await books.Execute("update terminals set retired_at = clock_timestamp() where id = 'ALARM001'");

        (await Look("tamper")).Should().ContainSingle().Which.ClearedAt.Should().NotBeNull();
        await Clean();
    }

    [Fact]
    public async Task Many_at_once_are_one_notice_that_counts_them()
    {
        await Clean();
        await books.Execute(
            $"""
            {NewStore}
            insert into terminals (id, store_id, master_key) select 'MANY' || lpad(n::text, 4, '0'), 'ALARM0000000001', '\x00' from generate_series(1, 300) n;
            insert into terminal_health (terminal_id, at, in_order, report) select id, clock_timestamp(), false, '{Tampered}' from terminals where id like 'MANY%'
            """);

        var raised = await _alarms.Look(slowToo: false, isTold: true, "https://pay.test/ops/runbook", TimeProvider.System.GetUtcNow(), Stop);

        raised.Where(alarm => alarm.Kind == "tamper").Should().HaveCount(300);
        (await books.Scalar<long>("select count(*) from events where type = 'alarm.raised'")).Should().Be(1);
        (await books.Scalar<bool>(
            "select (data::json->>'count')::int = 300 and json_array_length(data::json->'subjects') = 20 from events where type = 'alarm.raised'")).Should().BeTrue();
        (await books.Scalar<long>("select count(*) from deliveries where receiver = 'operator' and merchant_id = ''")).Should().Be(1);
        (await books.Scalar<string>("select data::json->>'runbook_url' from events where type = 'alarm.raised'"))
            .Should().Be("https://pay.test/ops/runbook/a-terminals-case-was-opened");
        await Clean();
    }

    [Fact]
    public async Task An_alarm_is_acknowledged_once_while_it_is_raised()
    {
        await Clean();
        await books.Execute(Report(Tampered));
        var alarm = (await Look("tamper")).Single();

        (await _alarms.Acknowledge(alarm.Id, "ann", Stop)).Should().BeTrue();
        (await _alarms.Acknowledge(alarm.Id, "bo", Stop)).Should().BeTrue();
        (await _alarms.Find(alarm.Id, Stop))!.AcknowledgedBy.Should().Be("ann");
        await books.Execute(Report("{}"));
        await Look("tamper");

        (await _alarms.Acknowledge(alarm.Id, "ann", Stop)).Should().BeFalse("it is cleared");
        (await books.Scalar<long>("select count(*) from audit_log where what = 'alarm.acknowledge' and subject = 'ALARM001'")).Should().Be(1);
        await Clean();
    }

    [Fact]
    public async Task A_silenced_alarm_is_shown_as_such_and_told_to_nobody_until_the_silence_ends_by_itself()
    {
        await Clean();
        await books.Execute(Report(Tampered));
        var first = (await Tell("tamper")).Single();
        var silence = new Silence("ann", "the case is at the workshop", TimeProvider.System.GetUtcNow().AddHours(4));
        (await _alarms.Silence(first.Id, silence, Stop)).Should().BeTrue();
        (await _alarms.Find(first.Id, Stop))!.Silence!.Reason.Should().Be("the case is at the workshop");
        await books.Execute(Report("{}"));
        await Tell("tamper");
        (await Events()).Should().Be((1, 1), "the end of what was told is told");

        await books.Execute(Report(Tampered));
        var second = (await Tell("tamper")).Single();
        await Tell("tamper");
        (await Events()).Should().Be((1, 1), "it is raised again during the silence");
        (await _alarms.List(10, Stop)).First(alarm => alarm.ClearedAt is null).Silence!.Who.Should().Be("ann");
        (await _alarms.Counts(Stop)).Should().Contain(("tamper", 1));
        await books.Execute("update alarm_silences set until = clock_timestamp() - interval '1 second'");
        await Tell("tamper");
        await Tell("tamper");

        (await Events()).Should().Be((2, 1), "it is still raised when the silence ends");
        (await _alarms.Find(second.Id, Stop))!.Silence.Should().BeNull();
        (await _alarms.EndSilence(second.Id, "ann", Stop)).Should().BeFalse("it has ended");
        await Clean();
    }

    [Fact]
    public async Task What_is_raised_and_cleared_within_a_silence_is_told_to_nobody_and_a_silence_can_be_ended()
    {
        await Clean();
        await books.Execute(Report(Tampered));
        var first = (await Look("tamper")).Single();
        await _alarms.Silence(first.Id, new Silence("ann", "moved", TimeProvider.System.GetUtcNow().AddHours(1)), Stop);
        await books.Execute(Report("{}"));
        await Look("tamper");
        await books.Execute(Report(Tampered));
        var second = (await Tell("tamper")).Single();
        await books.Execute(Report("{}"));
        await Tell("tamper");
        (await Events()).Should().Be((0, 0));
        await books.Execute(Report(Tampered));
        var third = (await Tell("tamper")).Single();
        (await _alarms.EndSilence(third.Id, "bo", Stop)).Should().BeTrue();
        await Tell("tamper");

        (await Events()).Should().Be((1, 0));
        (await _alarms.Silence(second.Id, new Silence("ann", "late", TimeProvider.System.GetUtcNow().AddHours(1)), Stop)).Should().BeFalse("it is cleared");
        (await books.Scalar<string>("select string_agg(what, ' ' order by id) from audit_log where subject = 'ALARM001' and what like 'alarm.%silence'"))
            .Should().EndWith("alarm.silence alarm.end_silence");
        await Clean();
    }

    [Fact]
    public async Task A_ruling_that_is_late_is_told_again_each_day_as_it_is_then()
    {
        await Clean();
        await books.Execute(Ruling("15 days 1 hour"));
        var alarm = (await Tell("rulings_late")).Single();
        (await Events()).Should().Be((1, 0));
        await ToldBefore("23 hours 59 minutes");
        (await Tell("rulings_late")).Should().BeEmpty("the day is not over");

        await books.Execute(Ruling("16 days 2 hours"));
        await ToldBefore("24 hours 1 second");
        var again = (await Tell("rulings_late")).Should().ContainSingle().Which;
        again.Should().Match<AlarmRow>(told => told.Id == alarm.Id && told.RaisedAt == alarm.RaisedAt && told.ClearedAt == null);
        again.Detail.Should().StartWith("1 wait for a ruling, the oldest for 16 days 02:");
        (await Events()).Should().Be((2, 0));
        (await books.Scalar<string>("select string_agg(concat_ws(' ', data::json->>'count', substring(data::json->>'detail' from '1[56] days')), ', ' order by id) from events"))
            .Should().Be("1 15 days, 1 16 days");
        (await books.Scalar<long>("select count(*) from deliveries where receiver = 'operator'")).Should().Be(2);
        (await _alarms.Find(alarm.Id, Stop))!.Detail.Should().Be(again.Detail);
        (await Tell("rulings_late")).Should().BeEmpty("a new day begins");

        await ToldBefore("24 hours 1 second");
        await books.Execute(Ruling("14 days 1 hour"));
        (await Tell("rulings_late")).Should().ContainSingle("it is still raised").Which.Detail.Should().Contain("14 days 01:");
        await ToldBefore("24 hours 1 second");
        await books.Execute(Ruling("1 day"));
        (await Tell("rulings_late")).Should().ContainSingle().Which.ClearedAt.Should().NotBeNull();
        (await Events()).Should().Be((3, 1));
        await Clean();
    }

    [Fact]
    public async Task A_silence_also_holds_back_what_is_told_each_day()
    {
        await Clean();
        await books.Execute(Ruling("16 days"));
        var alarm = (await Tell("rulings_late")).Single();
        await _alarms.Silence(alarm.Id, new Silence("ann", "both sides talk", TimeProvider.System.GetUtcNow().AddDays(2)), Stop);
        await ToldBefore("24 hours 1 second");
        (await Tell("rulings_late")).Should().BeEmpty();
        (await Events()).Should().Be((1, 0));

        await _alarms.EndSilence(alarm.Id, "ann", Stop);
        (await Tell("rulings_late")).Should().ContainSingle();
        (await Tell("rulings_late")).Should().BeEmpty();
        (await Events()).Should().Be((2, 0));
        await Clean();
    }

    [Fact]
    public async Task Other_kinds_are_told_once()
    {
        await Clean();
        await books.Execute(Report(Tampered));
        await Tell("tamper");
        await ToldBefore("3 days");

        (await Tell("tamper")).Should().BeEmpty();
        (await Events()).Should().Be((1, 0));
        AlarmKind.All.Where(kind => kind.IsToldDaily).Select(kind => kind.Kind).Should()
            .Equal("refund_refused", "refunds_uncovered", "rulings_late", "trades_stopped", "trades_old");
        await Clean();
    }

    [Fact]
    public async Task A_stopped_trade_says_by_whom_since_when_what_is_held_and_that_a_claim_waits_with_it()
    {
        await Clean();
        await books.Execute(Trade("4 days", "CLAIMED"));
        await books.Execute(
            """
            update trades set bill = 79, frozen_by = 'ann'; update bills set number = 79 where number = 78;
            insert into audit_log (at, who, what, subject)
            values ('2025-01-02 03:04:05Z', 'ann', 'trade.freeze', '00000000000079'), ('2025-01-01Z', 'ann', 'trade.freeze', '00000000000079'),
                   ('2025-02-01Z', 'ann', 'trade.unfreeze', '00000000000079'), ('2025-02-01Z', 'bo', 'trade.freeze', '00000000000079'), ('2025-02-01Z', 'ann', 'trade.freeze', '00000000000080');
            insert into claims (id, bill, merchant_id, place, kind, state, amount, currency, is_after_sale, reason, since, due_at, opened_at)
            values (1, 79, 'shop', 1, 'return', 'ASKED', 100, 'CNY', false, 'too small', now(), now() + interval '1 hour', now())
            """);

        (await Tell("trades_stopped")).Should().ContainSingle().Which.Detail.Should().Be("stopped by ann since 2025-01-02 03:04 UTC, CNY 12.05 held", "the merchant can still answer the claim");
        foreach (var (claim, waits) in new[]
        {
            ("due_at = now() - interval '1 second'", true),
            ("state = 'JUDGING', due_at = null", true),
            ("state = 'REFUSED', due_at = now() - interval '1 second'", false),
            ("state = 'BACK', due_at = now() - interval '1 second', carrier = 'SF', tracking_number = '1'", true),
        })
        {
            await books.Execute($"update claims set {claim}");
            await ToldBefore("25 hours");
            (await Tell("trades_stopped")).Should().ContainSingle().Which.Detail.Should().Be(
                $"stopped by ann since 2025-01-02 03:04 UTC, CNY 12.05 held{(waits ? ", 1 claim waits with it" : "")}");
        }

        await books.Execute("update trades set frozen_by = 'cy'");
        await ToldBefore("25 hours");
        (await Tell("trades_stopped")).Should().ContainSingle().Which.Detail.Should().StartWith("stopped by cy since a time that is not known, CNY 12.05 held");
        await Clean();
    }

    [Fact]
    public async Task Those_that_were_raised_at_different_hours_are_soon_told_in_one_notice_a_day()
    {
        await Clean();
        for (var hour = 0; hour < 24; hour++)
        {
            await books.Execute(
                $"""
                {NewBill(100 + hour)}; insert into trades (bill, merchant_id, held, since, due_at, frozen_by) values ({100 + hour}, '{Books.Merchant}', 100, now(), now(), 'ann');
                insert into alarms (kind, subject, detail, told_at) values ('trades_stopped', lpad('{100 + hour}', 14, '0'), '', clock_timestamp() - interval '{hour} hours 10 minutes')
                """);
        }

        (await Tell("trades_stopped")).Should().BeEmpty();
        await Hours(1);
        (await Tell("trades_stopped")).Should().HaveCount(13, "those of the last half day wait");
        await Hours(12);
        (await Tell("trades_stopped")).Should().BeEmpty();
        await Hours(1);
        (await Tell("trades_stopped")).Should().HaveCount(24);
        await Hours(23);
        (await Tell("trades_stopped")).Should().BeEmpty();
        await Hours(1);
        (await Tell("trades_stopped")).Should().HaveCount(24);
        (await Events()).Should().Be((3, 0));
        (await books.Scalar<string>("select string_agg(data::json->>'count', ' ' order by id) from events")).Should().Be("13 24 24");
        await Clean();

        Task Hours(int hours) => books.Execute($"update alarms set told_at = told_at - interval '{hours} hours'");
    }

    [Fact]
    public async Task An_old_trade_is_found_by_an_index_that_the_silos_build()
    {
        await new LateIndexes(books.Connections).Build(Stop);
        await using var connection = await books.Database.OpenConnectionAsync(Stop);
        await using var command = new NpgsqlCommand(
            """
            set enable_seqscan = off; set enable_bitmapscan = off;
            explain select bill from trades t where t.held > 0 and t.since <= statement_timestamp() - interval '180 days'
            """,
            connection);
        await using var plan = await command.ExecuteReaderAsync(Stop);
        (await plan.ReadAsync(Stop)).Should().BeTrue();

        plan.GetString(0).Should().StartWith("Index Scan using trades_old on trades");
    }

    [Fact]
    public async Task A_silo_of_the_version_before_raises_what_is_told_again_a_day_later()
    {
        await Clean();
        await books.Execute(Ruling("16 days"));
        await books.Execute("insert into alarms (kind, subject, detail, is_told) values ('rulings_late', '', 'by the silo before', true)");
        (await Tell("rulings_late")).Should().BeEmpty();

        await books.Execute("update alarms set raised_at = clock_timestamp() - interval '24 hours 1 second'");
        (await Tell("rulings_late")).Should().ContainSingle().Which.Detail.Should().StartWith("1 wait for a ruling");
        (await Tell("rulings_late")).Should().BeEmpty();
        await Clean();
    }

    [Theory]
    [InlineData(0, "reason", false)]
    [InlineData(-1, "reason", false)]
    [InlineData(168, "reason", true)]
    [InlineData(169, "reason", false)]
    [InlineData(1, "", false)]
    [InlineData(1, "two\nlines", false)]
    public void A_silence_has_a_reason_and_an_end_within_a_week(int hours, string reason, bool isRight)
    {
        var now = TimeProvider.System.GetUtcNow();

        (new Silence("ann", reason, now.AddHours(hours)).Fault(now) is null).Should().Be(isRight);
    }

    [Fact]
    public async Task One_looks_while_the_others_pass_by()
    {
        var isInside = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var mayLeave = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var first = _alarms.Alone(
            async () =>
            {
                isInside.SetResult();
                await mayLeave.Task;
            },
            Stop);
        await isInside.Task;

        (await _alarms.Alone(() => throw new InvalidOperationException("Two at once."), Stop)).Should().BeFalse();
        mayLeave.SetResult();

        (await first).Should().BeTrue();
        (await _alarms.Alone(() => Task.CompletedTask, Stop)).Should().BeTrue();
    }

    private Task ToldBefore(string ago) => books.Execute($"update alarms set told_at = clock_timestamp() - interval '{ago}'");

    private const string Tampered = """{"tamper":true}""";

    private const string NewStore = "insert into stores (id, name, commission_percent) values ('ALARM0000000001', 'Alarmed', 0) on conflict do nothing;";

    private const string NewTerminal =
        $"{NewStore} insert into terminals (id, store_id, master_key) values ('ALARM001', 'ALARM0000000001', '\\x00') on conflict do nothing;";

    private static string Heard(string ago, bool blocked = false) =>
        $"""
        {NewTerminal} update terminals set blocked = {blocked} where id = 'ALARM001';
        insert into terminal_lines values ('ALARM001', clock_timestamp() - interval '{ago}') on conflict (terminal_id) do update set heard_at = excluded.heard_at
        """;

    private static string Report(string report) =>
        $"""
        {NewTerminal}
        insert into terminal_health (terminal_id, at, in_order, report) values ('ALARM001', clock_timestamp(), true, '{report}')
        on conflict (terminal_id) do update set report = excluded.report
        """;

    private static string Silo(int bankDown, double fill) => FormattableString.Invariant(
        $$"""
        insert into silo_states values ('silo', clock_timestamp(), '{"bank_down_seconds":{{bankDown}},"queue_fill":{{fill}},"fullest_queue":"start_attempts"}')
        on conflict (silo) do update set at = excluded.at, body = excluded.body
        """);

    private static string Reversal(string age) =>
        $"""
        delete from reversals;
        insert into reversals (rrn, terminal_id, stan, store_id, amount, currency, started_at, created_at)
        values (1, 'ALARM001', 1, 'ALARM0000000001', 100, 'CNY', clock_timestamp(), clock_timestamp() - interval '{age}')
        """;

    private static string Refund(string age) =>
        $"""
        delete from refund_contradictions; delete from refunds;
        insert into refunds (rrn, bill, merchant_id, original_rrn, amount, currency, before, state, due_at, created_at, sent_at)
        values (1, 77, 'shop', 1, 100, 'CNY', 0, 'SENT', now(), now(), clock_timestamp() - interval '{age}')
        """;

    private static string Stopped() => $"{Refund("1 hour")}; update refunds set due_at = null";

    private static string Refused(string closedAt) =>
        $"""
        {Refund("1 hour")}; update refunds set state = 'DECLINED', response_code = '14', due_at = null, finished_at = now();
        delete from refused_refunds; insert into refused_refunds (rrn, bill, is_held, frozen, since, closed_at) select rrn, bill, true, 0, now(), {closedAt} from refunds
        """;

    private static string Queued(string age) =>
        $"{Refund("1 hour")}; update refunds set state = 'QUEUED', tries = 0, sent_at = null, created_at = now() - interval '{age}'";

    private static string Contradiction(string closedAt, bool again = false) =>
        $"""
        delete from refund_contradictions; delete from refunds;
        insert into refunds (rrn, bill, merchant_id, original_rrn, amount, currency, before, state, response_code, created_at, sent_at, finished_at)
        values (1, 77, 'shop', 1, 100, 'CNY', 0, 'DONE', '00', now(), now(), now());
        insert into refund_contradictions (rrn, response_code, closed_at, closed_because)
        select 1, code, {closedAt}, case when {closedAt}::timestamptz is not null then 'asked' end from unnest(array['14'{(again ? ", '61'" : "")}]) as code
        """;

    private static string Ruling(string age) =>
        $"""
        delete from claims;
        insert into claims (id, bill, merchant_id, place, kind, state, amount, currency, is_after_sale, reason, since, opened_at)
        values (1, 77, 'shop', 1, 'return', 'JUDGING', 100, 'CNY', false, 'too small', clock_timestamp() - interval '{age}', now())
        """;

    private static string NewBill(long number) =>
        $"""
        insert into bills (number, merchant_id, order_id, amount, currency, description, state, expires_at, page_token, created_at, paid_rrn)
        values ({number}, '{Books.Merchant}', 'alarm-{number}', 1205, 'CNY', 'A thing', 'PAID', now(), 'alarm-{number}', now(), 1)
        """;

    private static string Trade(string age, string state = "HELD") =>
        $"""
        delete from trades; delete from bills where order_id like 'alarm-%'; {NewBill(78)};
        insert into trades (bill, merchant_id, state, held, since, due_at, time_left, ended_at)
        select 78, '{Books.Merchant}', state, case when state = 'CLOSED' then 0 else 1205 end, clock_timestamp() - interval '{age}', case when state = 'HELD' then now() end,
               case when state = 'CLAIMED' then interval '1 hour' end, case when state = 'CLOSED' then now() end
        from (values ('{state}')) as trade (state)
        """;

    // The audit log is never changed, so each is stopped by somebody else.
    private const string AskedAbout = "insert into refused_refunds (rrn, bill, is_held, frozen, since) values (1, 78, true, 0, now())";

    private static string StoppedTrade(string age, string? by = null) =>
        $"""
        {Trade(age)}; update trades set frozen_by = '{by ?? $"ann {age}"}';
        insert into audit_log (at, who, what, subject) select clock_timestamp() - interval '{age}', frozen_by, 'trade.freeze', '00000000000078' from trades
        """;

    private static string Swipes(int declined, int approved) =>
        $"""
        delete from attempts where terminal_id = 'ALARM001';
        insert into attempts (terminal_id, batch, stan, id, state, bill, amount, currency, store_id, rrn, deadline, settled_at, response_code, authorisation_code)
        select 'ALARM001', 1, n, gen_random_uuid(), case when n <= {declined} then 'DECLINED' else 'APPROVED' end, n, 100, 'CNY', 'ALARM0000000001', 800000000000 + n,
               clock_timestamp(), clock_timestamp(), '00', 'A'
        from generate_series(1, {declined + approved}) n
        """;

    private static string Due(string ago) =>
        $"{Parked("PENDING")}; update deliveries set due_at = clock_timestamp() - interval '{ago}' where receiver = 'we_alarm'";

    private static string Parked(string state) =>
        $"""
        delete from deliveries where receiver = 'we_alarm';
        insert into deliveries (event_id, receiver, merchant_id, state, due_at) values (gen_random_uuid(), 'we_alarm', 'm', '{state}', 'infinity')
        """;

    private async Task<List<AlarmRow>> Tell(string kind) =>
        [.. (await _alarms.Look(slowToo: false, isTold: true, "", TimeProvider.System.GetUtcNow(), Stop)).Where(alarm => alarm.Kind == kind)];

    private async Task<(long Raised, long Cleared)> Events() => (
        await books.Scalar<long>("select count(*) from events where type = 'alarm.raised'"),
        await books.Scalar<long>("select count(*) from events where type = 'alarm.cleared'"));

    private async Task<List<AlarmRow>> Look(string kind) =>
        [.. (await _alarms.Look(slowToo: true, isTold: false, "", TimeProvider.System.GetUtcNow(), Stop)).Where(alarm => alarm.Kind == kind)];

    private Task Clean() => books.Execute(
        """
        delete from alarms; delete from trades; delete from bills where order_id like 'alarm-%'; delete from alarm_silences; delete from silo_states; delete from reversals; delete from refund_contradictions; delete from refused_refunds; delete from refunds; delete from claims; delete from deliveries; delete from events; delete from terminal_lines;
        delete from terminal_health; delete from attempts where terminal_id = 'ALARM001'; delete from terminals where store_id = 'ALARM0000000001'
        """);
}
