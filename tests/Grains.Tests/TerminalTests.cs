using System.Security.Cryptography;
using Lakala.Grains.Swipes;
using Lakala.Grains.Terminals;
using Lakala.Rules.Attempts;
using Lakala.Storage.Stores;
using Lakala.Storage.Terminals;
using Lakala.Testing;
using Lakala.Vocabulary;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Grains.Tests;

/// <summary>Sessions, and what a terminal may not do.</summary>
public sealed class TerminalTests(SwipeCluster cluster) : IClassFixture<SwipeCluster>
{
    private Books Books => cluster.Books;

    [Fact]
    public async Task New_keys_become_current_with_the_first_message_under_them()
    {
        var terminal = await cluster.NewTerminal();
        (await terminal.Grain.Beat(terminal.Keys, null)).Refusal.Should().BeNull();
        var old = terminal.Keys;

        await terminal.SignOn();
        (await terminal.Grain.Beat(old, null)).Refusal.Should().BeNull("the new keys are not proven yet");
        (await terminal.Grain.Beat(terminal.Keys, null)).Refusal.Should().BeNull();

        (await terminal.Grain.Beat(old, null)).Refusal.Should().Be(Refusal.SignOnFirst);
        (await terminal.Grain.Find())!.Next.Should().BeNull();
    }

    [Fact]
    public async Task A_replayed_sign_on_evicts_nobody()
    {
        var terminal = await cluster.NewTerminal();
        await terminal.Grain.Beat(terminal.Keys, null);

        for (var i = 0; i < 3; i++)
        {
            await terminal.Grain.SignOn([7], [7], "en");
        }

        (await terminal.Pay(terminal.Swipe(await Books.PutBill()))).ResponseCode.Should().Be("00");
        await cluster.Silos.Deactivate(terminal.Grain);
        (await terminal.Grain.Beat(terminal.Keys, null)).Refusal.Should().BeNull();
    }

    [Fact]
    public async Task Two_first_messages_at_once_under_new_keys_are_both_heard()
    {
        var terminal = await cluster.NewTerminal();

        var heard = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => terminal.Grain.Beat(terminal.Keys, null)));

        heard.Select(beat => beat.Refusal).Should().OnlyContain(no => no == null);
    }

    [Fact]
    public async Task The_last_health_is_kept_and_only_what_changes_makes_history()
    {
        var terminal = await cluster.NewTerminal();
        var well = new HealthState("""{"paper":"ok"}""", true, "paper=ok");
        var empty = new HealthState("""{"paper":"out"}""", false, "paper=out");

        (await terminal.Grain.Beat(terminal.Keys, null)).Should().Be(new Heartbeat(null, TerminalTasks.SendStatus), "nobody knows how it is");
        (await terminal.Grain.Beat(terminal.Keys, well)).Should().Be(new Heartbeat(null, TerminalTasks.None));
        await terminal.Grain.Beat(terminal.Keys, well with { Report = """{"paper":"ok","journal_bytes":9}""" });
        await terminal.Grain.Beat(terminal.Keys, empty);

        await Books.Until($"select count(*) = 2 from terminal_health_history where terminal_id = '{terminal.Id}'");
        await Books.Until($"select not in_order and report ->> 'paper' = 'out' from terminal_health where terminal_id = '{terminal.Id}'");
        (await terminal.Grain.Beat(terminal.Keys + 1, well)).Refusal.Should().Be(Refusal.SignOnFirst);
        await cluster.Silos.Deactivate(terminal.Grain);
        await terminal.Grain.Beat(terminal.Keys, empty);
        await Books.Until($"select count(*) = 3 from terminal_health_history where terminal_id = '{terminal.Id}'");
    }

    [Fact]
    public async Task A_terminal_whose_case_was_opened_blocks_itself_and_takes_no_card_any_more()
    {
        var terminal = await cluster.NewTerminal();
        var open = new HealthState("{}", false, "tamper=yes", IsTampered: true);

        (await terminal.Grain.Beat(terminal.Keys, open)).Refusal.Should().Be(Refusal.TerminalBlocked);

        (await terminal.Pay(terminal.Swipe(await Books.PutBill()))).Reason.Should().Be(Refusal.TerminalBlocked);
        (await Books.Scalar<bool>($"select blocked and tampered_at is not null and mac_key is null from terminals where id = '{terminal.Id}'")).Should().BeTrue();
        (await Books.Scalar<long>($"select count(*) from audit_log where subject = '{terminal.Id}' and who = 'by itself' and what = 'terminal.block'")).Should().Be(1);
        await Books.Until($"select count(*) = 1 from terminal_health where terminal_id = '{terminal.Id}' and not in_order");
    }

    [Fact]
    public async Task Old_working_keys_are_to_be_replaced()
    {
        var terminal = await cluster.NewTerminal();
        await terminal.Grain.Beat(terminal.Keys, null);
        await Books.Execute($"update terminals set signed_on_at = clock_timestamp() - interval '25 hours' where id = '{terminal.Id}'");
        await cluster.Silos.Deactivate(terminal.Grain);

        (await terminal.Grain.Beat(terminal.Keys, null)).Task.Should().Be(TerminalTasks.SignOn);
        await terminal.SignOn();

        (await terminal.Grain.Beat(terminal.Keys, null)).Task.Should().Be(TerminalTasks.SendStatus);
    }

    [Fact]
    public async Task Parameters_are_the_stores_own_or_those_for_all_and_fetched_when_they_are_not_the_newest()
    {
        var terminal = await cluster.NewTerminal();
        (await terminal.Grain.Parameters(terminal.Keys)).Should().Be(new ParametersGiven(null, 0, null));
        await Books.Execute("""insert into terminal_parameters (store_id, body) values (null, '{"copies": 1}')""");
        var all = await Books.Scalar<int>("select max(version) from terminal_parameters");
        await cluster.Silos.Deactivate(terminal.Grain);

        (await terminal.Grain.Beat(terminal.Keys, State(0))).Task.Should().Be(TerminalTasks.FetchParameters);
        (await terminal.Grain.Parameters(terminal.Keys)).Should().Be(new ParametersGiven(null, all, """{"copies": 1}"""));
        (await terminal.Grain.Beat(terminal.Keys, State(all))).Task.Should().Be(TerminalTasks.None);
        (await terminal.Grain.Beat(terminal.Keys, State(null))).Task.Should().Be(TerminalTasks.None, "it takes none");
        await new ParameterRows(Books.Database).Put(SettingLevel.Store, Books.Store, """{"copies": 2}""", "test", TestContext.Current.CancellationToken);
        await Books.Execute("""insert into terminal_parameters (store_id, body) values (null, '{"copies": 1}')""");
        await cluster.Silos.Deactivate(terminal.Grain);
        (await terminal.Grain.Parameters(terminal.Keys)).Should().Be(new ParametersGiven(null, all + 2, """{"copies": 2}"""));
        await Books.Execute("delete from terminal_parameters");

        static HealthState State(int? parameters) => new("{}", true, "", parameters);
    }

    [Fact]
    public async Task History_that_is_too_old_is_forgotten()
    {
        var terminal = await cluster.NewTerminal();
        await Books.Execute(
            $"insert into terminal_health_history select '{terminal.Id}', clock_timestamp() - days * interval '10 days', '{{}}' from generate_series(1, 6) as t(days)");

        await cluster.Silos.Service<HealthRows>().Forget(2, TestContext.Current.CancellationToken);
        await cluster.Silos.Service<HealthRows>().Forget(100, TestContext.Current.CancellationToken);

        (await Books.Scalar<long>($"select count(*) from terminal_health_history where terminal_id = '{terminal.Id}'")).Should().Be(2);
    }

    [Fact]
    public async Task A_clerk_signs_in_by_number_and_password_and_not_after_too_many_wrong_ones()
    {
        await cluster.Silos.Service<ClerkRows>().Put(
            Books.Store, [(new Clerk("1001", "Anna"), "right"), (new Clerk("9001", "Boss", Supervisor: true), "other"), (new Clerk("1002", "Gone"), "right")]);
        await Books.Execute("update clerks set blocked = true where number = '1002'");
        var terminal = await cluster.NewTerminal();

        (await SignIn("1001", "right")).Should().Be(new ClerkSignedIn(null, "Anna", false));
        (await SignIn("9001", "other")).Should().Be(new ClerkSignedIn(null, "Boss", true));
        (await SignIn("1001", "other")).Refusal.Should().Be(Refusal.ClerkRefused);
        (await SignIn("1002", "right")).Refusal.Should().Be(Refusal.ClerkRefused);
        (await SignIn("7777", "right")).Refusal.Should().Be(Refusal.ClerkRefused);
        (await SignIn("", "")).Refusal.Should().Be(Refusal.ClerkRefused);
        (await SignIn("1001", "wrong")).Refusal.Should().Be(Refusal.ClerkRefused);
        (await SignIn("1001", "right")).Refusal.Should().Be(Refusal.TooManySignIns);
        (await terminal.Grain.SignInClerk(terminal.Keys + 1, "1001", new ClerkPassword("right"))).Refusal.Should().Be(Refusal.SignOnFirst);
        new ClerkPassword("right").ToString().Should().NotContain("right");
        (await Books.Scalar<string>($"select string_agg(subject, ' ' order by id) from audit_log where what = 'clerk.sign_in_failed' and detail = 'at terminal {terminal.Id}'"))
            .Should().Be($"{Books.Store}/1001 {Books.Store}/1002 {Books.Store}/1001", "of a number that is nobody's there is nothing to note");
        (await Books.Scalar<long>("select count(*) from clerks c where c::text like '%right%' or encode(password_hash, 'escape') like '%right%'")).Should().Be(0);

        Task<ClerkSignedIn> SignIn(string number, string password) => terminal.Grain.SignInClerk(terminal.Keys, number, new ClerkPassword(password));
    }

    [Fact]
    public async Task Wrong_passwords_of_a_clerk_are_counted_over_all_terminals_of_the_store_and_of_no_other()
    {
        const string OtherStore = "OTHERSTORE00001";
        await new ProvisioningRows(Books.Database).PutStores([new Store(OtherStore, "Other", 0)], "test");
        await Clerks.Put(Books.Store, [(new Clerk("3001", "Anna"), "right"), (new Clerk("3002", "Bo"), "right")]);
        await Clerks.Put(OtherStore, [(new Clerk("3001", "Cleo"), "right")]);
        foreach (var terminal in await Terminals(ClerkRows.WrongPerWindow))
        {
            (await SignIn(terminal, "3001", "wrong")).Refusal.Should().Be(Refusal.ClerkRefused);
        }

        var another = await cluster.NewTerminal();
        (await SignIn(another, "3001", "right")).Refusal.Should().Be(Refusal.ClerkLocked);
        (await SignIn(another, "3002", "right")).Refusal.Should().BeNull();
        (await Clerks.Verify(OtherStore, "3001", "right", another.Id)).Clerk!.Name.Should().Be("Cleo");

        // Another silo that has just been started has only the database's state.
        await using (var silos = await Silos.Start(Books.ConnectionString, cluster.Bank))
        {
            (await SignIn(await cluster.NewTerminal(silos), "3001", "right")).Refusal.Should().Be(Refusal.ClerkLocked);
        }

        // A locked clerk gets this at every try; the terminal's own count is for wrong passwords.
        for (var again = 0; again <= Grains.Terminals.SignInThrottle.FailuresPerWindow; again++)
        {
            (await SignIn(another, "3001", "right")).Refusal.Should().Be(Refusal.ClerkLocked);
        }

        await Books.Execute($"update clerks set tries_from = tries_from - interval '{ClerkRows.Window}' where number = '3001'");
        (await SignIn(another, "3001", "right")).Refusal.Should().BeNull("five minutes are over");
    }

    [Fact]
    public async Task Tries_that_come_at_once_to_several_silos_are_no_more_than_so_many()
    {
        await Clerks.Put(Books.Store, [(new Clerk("3003", "Anna"), "right")]);
        await using var silos = await Silos.Start(Books.ConnectionString, cluster.Bank);
        var terminals = (await Terminals(8)).Concat(await Terminals(8, silos));

        var answers = await Task.WhenAll(terminals.Select(terminal => SignIn(terminal, "3003", "wrong")));

        answers.Select(answer => answer.Refusal).Should().OnlyContain(refusal => refusal == Refusal.ClerkRefused || refusal == Refusal.ClerkLocked);
        answers.Count(answer => answer.Refusal == Refusal.ClerkRefused).Should().Be(ClerkRows.WrongPerWindow);
        await Clerks.Put(Books.Store, [(new Clerk("3003", "Anna"), "fresh")]);
        (await SignIn(await cluster.NewTerminal(), "3003", "fresh")).Refusal.Should().BeNull("an operator has given another password");
    }

    [Fact]
    public async Task A_right_password_uses_up_no_try_and_gives_none_back_that_was_another_terminals()
    {
        await Clerks.Put(Books.Store, [(new Clerk("3004", "Anna"), "right")]);
        foreach (var terminal in await Terminals(ClerkRows.WrongPerWindow - 1))
        {
            (await SignIn(terminal, "3004", "wrong")).Refusal.Should().Be(Refusal.ClerkRefused);
            (await SignIn(terminal, "3004", "right")).Refusal.Should().BeNull();
            (await SignIn(terminal, "3004", "right")).Refusal.Should().BeNull();
        }

        var last = await cluster.NewTerminal();
        (await SignIn(last, "3004", "wrong")).Refusal.Should().Be(Refusal.ClerkRefused);
        (await SignIn(last, "3004", "right")).Refusal.Should().Be(Refusal.ClerkLocked);
    }

    [Fact]
    public async Task A_password_that_is_stored_in_the_old_way_is_verified_and_stored_anew()
    {
        await Clerks.Put(Books.Store, [(new Clerk("3005", "Anna"), "first")]);
        await StoreInTheOldWay("second");

        (await Verify("first")).Should().Be(Refusal.ClerkRefused, "a silo of the version before has written the row last");
        (await Verify("second")).Should().BeNull();

        (await Books.Scalar<string>("select password from clerks where number = '3005'")).Should().StartWith($"pbkdf2-sha512${StoredPassword.Iterations}$");
        (await Books.Scalar<long>("select count(*) from clerks where number = '3005' and salt = '' and password_hash = ''")).Should().Be(1, "a silo of the version before refuses whom it cannot verify");
        (await Verify("second")).Should().BeNull();

        // Such a silo may set another password after that.
        await StoreInTheOldWay("third");
        (await Verify("second")).Should().Be(Refusal.ClerkRefused);
        (await Verify("third")).Should().BeNull();

        async Task<Refusal?> Verify(string password) => (await Clerks.Verify(Books.Store, "3005", password, "T")).Why;

        Task StoreInTheOldWay(string password)
        {
            var salt = RandomNumberGenerator.GetBytes(16);
            var hash = Rfc2898DeriveBytes.Pbkdf2(password, salt, 210_000, HashAlgorithmName.SHA512, 32);
            return Books.Execute(
                $"update clerks set salt = '\\x{Convert.ToHexString(salt)}', password_hash = '\\x{Convert.ToHexString(hash)}' where number = '3005'");
        }
    }

    [Fact]
    public async Task A_batch_is_closed_once_and_its_totals_are_agreed()
    {
        var terminal = await cluster.NewTerminal();
        await terminal.Pay(terminal.Swipe(await Books.PutBill()));
        await terminal.Pay(terminal.Swipe(await Books.PutBill()));

        var differs = await terminal.Grain.CloseBatch(terminal.Keys, 1, 1, TestTerminal.Amount, 0);
        var corrected = await terminal.Grain.CloseBatch(terminal.Keys, 1, 2, 2 * TestTerminal.Amount, null);

        differs.Should().BeEquivalentTo(new ClosedBatch(Refusal.TotalsDiffer, 2, 2 * TestTerminal.Amount, [(1, TestTerminal.Amount), (2, TestTerminal.Amount)]));
        corrected.Should().BeEquivalentTo(new ClosedBatch(Refusal.TotalsDiffer, 2, 2 * TestTerminal.Amount, []), "the first close stands");
        (await Books.Scalar<int>($"select terminal_count from batches where terminal_id = '{terminal.Id}'")).Should().Be(1);
        (await terminal.Grain.CloseBatch(terminal.Keys + 1, 1, 2, 2, null)).Refusal.Should().Be(Refusal.SignOnFirst);
    }

    [Fact]
    public async Task A_repeat_of_a_close_that_agreed_hears_the_same_with_other_totals_too()
    {
        var terminal = await cluster.NewTerminal();
        await terminal.Pay(terminal.Swipe(await Books.PutBill()));

        var first = await terminal.Grain.CloseBatch(terminal.Keys, 1, 1, TestTerminal.Amount, null);
        var empty = await terminal.Grain.CloseBatch(terminal.Keys, 1, 0, 0, null);

        first.Should().BeEquivalentTo(new ClosedBatch(null, 1, TestTerminal.Amount, []));
        empty.Should().BeEquivalentTo(first);
    }

    [Fact]
    public async Task A_payment_under_a_closed_batch_is_refused_for_good_and_never_reaches_the_bank()
    {
        var terminal = await cluster.NewTerminal();
        var paid = terminal.Swipe(await Books.PutBill());
        await terminal.Pay(paid);
        await terminal.Grain.CloseBatch(terminal.Keys, 1, 1, TestTerminal.Amount, null);
        var bill = await Books.PutBill();
        var late = terminal.Swipe(bill);

        var refused = await terminal.Pay(late);

        refused.Should().Be(new SwipeAnswer("12", Refusal.BatchClosed, AttemptState.Refused));
        (await terminal.Enquire(late)).Should().Be(refused, "it stands under the key");
        (await terminal.Pay(terminal.Swipe(97))).Reason.Should().Be(Refusal.BatchClosed, "the lowest reason is told");
        (await terminal.Pay(paid)).ResponseCode.Should().Be("00", "the key is looked at before the batch");
        cluster.Bank.Asked(terminal.Id).Should().Be(1);
        (await terminal.Pay(terminal.Swipe(bill, new SwipeKey(terminal.Id, 2, 1)))).ResponseCode.Should().Be("00", "the next batch takes it");
    }

    [Fact]
    public async Task A_batch_of_which_neither_side_has_a_payment_is_not_closed()
    {
        var terminal = await cluster.NewTerminal();

        (await terminal.Grain.CloseBatch(terminal.Keys, 1, 0, 0, null)).Should().BeEquivalentTo(new ClosedBatch(null, 0, 0, []));

        (await Books.Scalar<long>($"select count(*) from batches where terminal_id = '{terminal.Id}'")).Should().Be(0);
        (await terminal.Pay(terminal.Swipe(await Books.PutBill()))).ResponseCode.Should().Be("00");
        (await terminal.Grain.CloseBatch(terminal.Keys, 2, 1, TestTerminal.Amount, null)).Refusal.Should().Be(
            Refusal.TotalsDiffer, "what the terminal says it has is kept");
        (await Books.Scalar<long>($"select count(*) from batches where terminal_id = '{terminal.Id}'")).Should().Be(1);
    }

    [Fact]
    public async Task A_payment_and_a_close_of_its_batch_at_once_never_leave_it_out_of_the_totals()
    {
        var terminal = await cluster.NewTerminal();
        await terminal.Pay(terminal.Swipe(await Books.PutBill()));
        for (var batch = 2; batch < 60; batch++)
        {
            await terminal.Pay(terminal.Swipe(await Books.PutBill(), new SwipeKey(terminal.Id, batch, 1)));
            var swipe = terminal.Swipe(await Books.PutBill(), new SwipeKey(terminal.Id, batch, 2));
            await Task.WhenAll(terminal.Pay(swipe), terminal.Grain.CloseBatch(terminal.Keys, batch, 1, TestTerminal.Amount, null));
        }

        (await Books.Scalar<long>(
            $"""
            select count(*) from batches b where terminal_id = '{terminal.Id}'
              and count <> (select count(*) from attempts a where a.terminal_id = b.terminal_id and a.batch = b.batch and a.state = 'APPROVED')
            """)).Should().Be(0);
    }

    [Fact]
    public async Task A_batch_with_a_payment_that_is_not_decided_stays_open()
    {
        var terminal = await cluster.NewTerminal();
        await Books.Commits.StartAttempts.Submit(await Books.NewAttempt(await Books.PutBill(), 77, terminal: terminal.Id));

        (await terminal.Grain.CloseBatch(terminal.Keys, 1, 0, 0, null)).Refusal.Should().Be(Refusal.InProgress);

        (await Books.Scalar<long>($"select count(*) from batches where terminal_id = '{terminal.Id}'")).Should().Be(0);
    }

    [Fact]
    public async Task The_list_of_a_batch_comes_in_pages_by_STAN()
    {
        var terminal = await cluster.NewTerminal();
        for (var i = 0; i < 32; i++)
        {
            await terminal.Pay(terminal.Swipe(await Books.PutBill()));
        }

        var first = await terminal.Grain.CloseBatch(terminal.Keys, 1, 0, 0, 0);
        var second = await terminal.Grain.CloseBatch(terminal.Keys, 1, 0, 0, first.List[^1].Stan);

        first.List.Select(entry => entry.Stan).Should().Equal(Enumerable.Range(1, 30));
        second.List.Select(entry => entry.Stan).Should().Equal(31, 32);
    }

    [Fact]
    public async Task A_session_survives_its_grain()
    {
        var terminal = await cluster.NewTerminal();
        await terminal.Grain.Beat(terminal.Keys, null);

        await cluster.Silos.Deactivate(terminal.Grain);

        (await terminal.Grain.Beat(terminal.Keys, null)).Refusal.Should().BeNull();
    }

    [Fact]
    public async Task An_old_key_set_hears_77_and_voids_nothing()
    {
        var terminal = await cluster.NewTerminal();
        var old = terminal.Keys;
        await terminal.SignOn();
        await terminal.Grain.Beat(terminal.Keys, null);
        var swipe = terminal.Swipe(await Books.PutBill());

        (await terminal.Grain.Pay(old, swipe)).ResponseCode.Should().Be("77");
        (await terminal.Grain.Enquire(old, swipe.Key, swipe.Bill, swipe.Amount)).ResponseCode.Should().Be("77");
        (await terminal.Grain.Abandon(old, swipe.Key)).ResponseCode.Should().Be("77");
        (await terminal.Grain.Refuse(old, swipe.Key, Refusal.FormatError)).ResponseCode.Should().Be("77");

        (await Books.StateUnder(swipe.Key)).Should().BeNull();
        (await terminal.Pay(swipe)).ResponseCode.Should().Be("00");
    }

    [Fact]
    public async Task A_session_ends_with_its_sign_off()
    {
        var terminal = await cluster.NewTerminal();

        (await terminal.Grain.SignOff(terminal.Keys)).Should().BeNull();

        (await terminal.Grain.Beat(terminal.Keys, null)).Refusal.Should().Be(Refusal.SignOnFirst);
        await terminal.SignOn();
        (await terminal.Grain.Beat(terminal.Keys, null)).Refusal.Should().BeNull();
    }

    [Fact]
    public async Task A_blocked_terminal_hears_58_and_an_unknown_one_too()
    {
        var terminal = await cluster.NewTerminal();
        await Books.Execute($"update terminals set blocked = true where id = '{terminal.Id}'");
        await cluster.Silos.Deactivate(terminal.Grain);
        var unknown = cluster.Silos.Grains.GetGrain<ITerminalGrain>("T9999999");

        (await terminal.Pay(terminal.Swipe(await Books.PutBill()))).Reason.Should().Be(Refusal.TerminalBlocked);
        (await terminal.Grain.Beat(terminal.Keys, null)).Refusal.Should().Be(Refusal.TerminalBlocked);
        (await unknown.Find()).Should().BeNull();
        (await unknown.Beat(1, null)).Refusal.Should().Be(Refusal.UnknownTerminal);
    }

    [Fact]
    public async Task An_operator_takes_effect_on_a_terminal_that_never_rests()
    {
        var clock = new ShiftedTime();
        await using var silos = await Silos.Start(Books.ConnectionString, cluster.Bank, time: clock);
        var terminal = await TestTerminal.Provision(Books, silos, "T8000001");
        (await terminal.Grain.Beat(terminal.Keys, null)).Refusal.Should().BeNull();
        await Books.Execute($"update terminals set blocked = true where id = '{terminal.Id}'");

        clock.Advance(TimeSpan.FromSeconds(31));

        (await terminal.Grain.Beat(terminal.Keys, null)).Refusal.Should().Be(Refusal.TerminalBlocked);
    }

    [Fact]
    public async Task Guessing_bill_numbers_is_throttled()
    {
        var terminal = await cluster.NewTerminal();
        var bill = await Books.PutBill();
        for (var i = 0; i < LookupThrottle.MissesPerWindow; i++)
        {
            var missed = await terminal.Grain.Lookup(terminal.Keys, terminal.NextKey(), BillNumber.FromRandom(900_000_000_000 + i).Value);
            missed.Refusal.Should().Be(Refusal.BillUnknown);
        }

        (await terminal.Grain.Lookup(terminal.Keys, terminal.NextKey(), bill)).Refusal.Should().Be(Refusal.TooManyRequests);
        (await terminal.Pay(terminal.Swipe(bill))).Reason.Should().Be(Refusal.TooManyRequests);
    }

    [Fact]
    public async Task A_replayed_lookup_is_refused_and_a_new_session_begins_anew()
    {
        var terminal = await cluster.NewTerminal();
        var bill = await Books.PutBill();
        var key = terminal.NextKey();
        (await terminal.Grain.Lookup(terminal.Keys, key, bill)).Refusal.Should().BeNull();

        (await terminal.Grain.Lookup(terminal.Keys, key, bill)).Refusal.Should().Be(Refusal.StanReplayed);
        await terminal.SignOn();

        (await terminal.Grain.Lookup(terminal.Keys, key, bill)).Refusal.Should().BeNull();
    }

    [Fact]
    public void A_terminals_row_names_the_terminal_alone_whoever_prints_it()
    {
        var keys = new KeySet(7, PinKey: [1, 2], MacKey: [3, 4]);
        var row = new TerminalRow(
            "T0000001", Books.Store, "Corner Store", Blocked: false, MasterKey: [5, 6], Current: keys, Next: null, "en", SignedOnAt: null, Parameters: 0);

        $"{row}".Should().Be("terminal T0000001");
        $"{keys}".Should().Be("key set 7");
    }

    [Fact]
    public void The_window_accepts_each_STAN_once_and_none_from_before_it()
    {
        var window = new StanWindow();
        static SwipeKey Key(int batch, int stan) => new("T0000001", batch, stan);

        window.Accept(Key(1, 100)).Should().BeTrue();
        window.Accept(Key(1, 37)).Should().BeTrue("it is the last one inside the window");
        window.Accept(Key(1, 37)).Should().BeFalse();
        window.Accept(Key(1, 36)).Should().BeFalse();
        window.Accept(Key(1, 101)).Should().BeTrue();
        window.Accept(Key(1, 100)).Should().BeFalse();
        window.Accept(Key(1, 165)).Should().BeTrue();
        window.Accept(Key(1, 101)).Should().BeFalse();
        window.Accept(Key(2, 1)).Should().BeTrue();
        window.Accept(Key(1, 999_999)).Should().BeTrue("it was never seen and is right before the next batch");
        window.Accept(Key(1, 200)).Should().BeFalse();
        window.Clear();
        window.Accept(Key(1, 200)).Should().BeTrue();
    }

    [Fact]
    public void The_throttle_forgets_with_its_window()
    {
        var clock = new FakeTimeProvider();
        var throttle = new LookupThrottle(clock);
        Enumerable.Range(0, LookupThrottle.LookupsPerWindow).Should().OnlyContain(_ => throttle.Accept());

        throttle.Accept().Should().BeFalse();
        clock.Advance(LookupThrottle.Window);

        throttle.Accept().Should().BeTrue();
    }

    private ClerkRows Clerks => cluster.Silos.Service<ClerkRows>();

    private static Task<ClerkSignedIn> SignIn(TestTerminal terminal, string number, string password) =>
        terminal.Grain.SignInClerk(terminal.Keys, number, new ClerkPassword(password));

    private async Task<IReadOnlyList<TestTerminal>> Terminals(int count, Silos? silos = null)
    {
        var terminals = new List<TestTerminal>();
        while (terminals.Count < count)
        {
            terminals.Add(await cluster.NewTerminal(silos));
        }

        return terminals;
    }
}
