using System.Text.RegularExpressions;
using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;
using Lakala.Rules.Claims;
using Lakala.Rules.Ledger;
using Lakala.Rules.Refunds;
using Lakala.Rules.Trades;
using Lakala.Storage.Ledger;
using Lakala.Testing;

namespace Lakala.Storage.Tests;

/// <summary>Stored data stays readable: names, numbers and checks are frozen, and a falsified row breaks a check of the books.</summary>
public sealed partial class SchemaTests(Books books) : IClassFixture<Books>, IAsyncLifetime
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await books.Execute("truncate bills, attempts, entries, old_postings, balances, refunds");
        var start = await books.NewAttempt(await books.PutBill(), 1);
        await books.Commits.StartAttempts.Submit(start);
        await books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, TimeProvider.System.GetUtcNow()));

        // Folded in, whatever other databases of the server do at the moment.
        await books.Execute(
            """
            update entries set xact = null;
            insert into balances select account_2, -amount_2 from entries union all select account_3, -amount_3 from entries;
            """);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public void The_persisted_names_of_the_states_are_frozen()
    {
        Enum.GetValues<BillState>().Select(StateNames.Format).Should().Equal("OPEN", "PAYING", "PAID", "EXPIRED", "CANCELLED");
        Enum.GetValues<AttemptState>().Select(StateNames.Format).Should().Equal(
            "SENT", "APPROVED", "DECLINED", "NOT_SENT", "REVERSING", "REVERSED", "VOID", "REFUSED");
        Enum.GetValues<BillState>().Should().OnlyContain(state => StateNames.ParseBill(StateNames.Format(state)) == state);
        Enum.GetValues<AttemptState>().Should().OnlyContain(state => StateNames.ParseAttempt(StateNames.Format(state)) == state);
        Enum.GetValues<DeliveryState>().Select(StateNames.Format).Should().Equal("PENDING", "ACCEPTED", "SKIPPED", "PARKED");
        Enum.GetValues<DeliveryState>().Should().OnlyContain(state => StateNames.ParseDelivery(StateNames.Format(state)) == state);
        Enum.GetValues<TradeState>().Select(StateNames.Format).Should().Equal("HELD", "SHIPPED", "CLAIMED", "FINISHED", "CLOSED");
        Enum.GetValues<TradeState>().Should().OnlyContain(state => StateNames.ParseTrade(StateNames.Format(state)) == state);
        Enum.GetValues<DeliveryMethod>().Select(StateNames.Format).Should().Equal("auto", "virtual", "pickup", "express", "surface");
        Enum.GetValues<DeliveryMethod>().Should().OnlyContain(method => StateNames.ParseDeliveryMethod(StateNames.Format(method)) == method);
        Enum.GetValues<RefundState>().Select(StateNames.Format).Should().Equal("QUEUED", "REQUESTED", "SENT", "DONE", "DECLINED", "WITHDRAWN");
        Enum.GetValues<RefundState>().Should().OnlyContain(state => StateNames.ParseRefund(StateNames.Format(state)) == state);
        Enum.GetValues<ClaimState>().Select(StateNames.Format).Should().Equal("ASKED", "AGREED", "RETURNING", "BACK", "REFUSED", "JUDGING", "JUDGED", "WITHDRAWN");
        Enum.GetValues<ClaimState>().Should().OnlyContain(state => StateNames.ParseClaim(StateNames.Format(state)) == state);
        Enum.GetValues<ClaimKind>().Select(StateNames.Format).Should().Equal("not_received", "not_as_described", "return");
        Enum.GetValues<ClaimKind>().Should().OnlyContain(kind => StateNames.ParseClaimKind(StateNames.Format(kind)) == kind);
        Enum.GetValues<Side>().Select(StateNames.Format).Should().Equal("shopper", "merchant");
        Enum.GetValues<Side>().Should().OnlyContain(side => StateNames.ParseSide(StateNames.Format(side)) == side);
        Enum.GetValues<EntryKind>().Select(StateNames.Format).Should().Equal("payment", "release", "refund", "refund_taken", "refund_back", "freeze", "unfreeze", "fund", "debt_paid");
        Enum.GetValues<AccountKind>().Select(StateNames.Format).Should().Equal("bank_clearing", "held", "merchant", "store", "platform", "refunds_out", "frozen", "guarantee", "guarantee_lent", "owed", "reserve");
        Enum.GetValues<AccountKind>().Should().OnlyContain(kind => StateNames.ParseAccount(StateNames.Format(kind)) == kind);
    }

    [Theory]
    [InlineData("bills")]
    [InlineData("trades")]
    [InlineData("attempts")]
    [InlineData("deliveries")]
    [InlineData("refunds")]
    [InlineData("claims")]
    public async Task The_CHECK_on_the_state_mirrors_the_enum(string table)
    {
        var check = await books.Scalar<string>(
            $"select pg_get_constraintdef(oid) from pg_constraint where conname = '{table}_state_check'");
        var names = table switch
        {
            "bills" => Enum.GetValues<BillState>().Select(StateNames.Format),
            "trades" => Enum.GetValues<TradeState>().Select(StateNames.Format),
            "attempts" => Enum.GetValues<AttemptState>().Select(StateNames.Format),
            "claims" => Enum.GetValues<ClaimState>().Select(StateNames.Format),
            "refunds" => Enum.GetValues<RefundState>().Select(StateNames.Format),
            _ => Enum.GetValues<DeliveryState>().Select(StateNames.Format),
        };

        Quoted().Matches(check).Select(match => match.Groups[1].Value).Should().BeEquivalentTo(names);
    }

    [Theory]
    [InlineData("update bills set state = 'PAID', live = true where state = 'OPEN'")]
    [InlineData("update bills set state = 'EXPIRED' where state = 'OPEN'")]
    [InlineData("update bills set state = 'LOST' where state = 'OPEN'")]
    [InlineData("update bills set amount = 0")]
    [InlineData("update bills set holds = 3")]
    [InlineData("update attempts set authorisation_code = null")]
    [InlineData("update attempts set response_code = null")]
    [InlineData("update attempts set state = 'SENT', rrn = null")]
    [InlineData("insert into entries select * from entries")]
    [InlineData("update entries set amount_1 = amount_1 + 1")]
    [InlineData("update entries set amount_3 = null, amount_2 = amount_2 + amount_3")]
    [InlineData("update entries set amount_1 = 0, amount_2 = amount_1 + amount_2")]
    [InlineData("update payment_entries set subject = subject + 1")]
    [InlineData("update bills set delivery = 'express'")]
    [InlineData("update trades set state = 'FINISHED', shipped_at = now(), ended_at = now(), due_at = null")]
    [InlineData("update trades set state = 'CLOSED', held = 0, ended_at = now()")]
    [InlineData("update trades set state = 'CLOSED', held = 0, due_at = null")]
    [InlineData("update trades set state = 'CLAIMED', due_at = null")]
    [InlineData("update trades set state = 'SHIPPED'")]
    [InlineData("update trades set held = 0")]
    [InlineData("update trades set due_at = null")]
    [InlineData("update trades set merchant_extended = 16")]
    [InlineData("update trades set leases = 3")]
    [InlineData("insert into balances select id, -1 from accounts where kind = 'platform'")]
    public async Task The_database_itself_refuses_what_no_rule_allows(string sql)
    {
        await books.PutBill();
        await books.Execute("insert into trades (bill, merchant_id, held, since, due_at) values (1, 'shop', 1000, now(), now()) on conflict do nothing");

        await FluentActions.Awaiting(() => books.Execute(sql)).Should().ThrowAsync<Npgsql.PostgresException>().Where(fault => fault.SqlState.StartsWith("23"));
    }

    [Fact]
    public async Task A_bill_never_has_two_attempts_that_are_SENT()
    {
        var (one, other) = (await books.NewAttempt(await books.PutBill(), 2), await books.NewAttempt(await books.PutBill(), 3));
        await books.Commits.StartAttempts.Submit(one);
        await books.Commits.StartAttempts.Submit(other);

        await FluentActions.Awaiting(() => books.Execute($"update attempts set bill = {one.Bill} where rrn = {other.Rrn}"))
            .Should().ThrowAsync<Npgsql.PostgresException>().Where(fault => fault.ConstraintName == "attempts_one_sent");
    }

    public static TheoryData<string, BookFaults> Doctored => new()
    {
        { "select 1", new BookFaults(0, 0, 0, 0) },
        { "update entries set amount_1 = amount_1 + 1, amount_2 = amount_2 - 1", new BookFaults(1, 0, 0, 1) },
        { "delete from entries", new BookFaults(1, 0, 0, 2) },
        { "update entries set account_1 = account_2", new BookFaults(1, 0, 0, 1) },
        {
            """
            insert into entries (number, subject, amount_1, amount_2, at, account_1, account_2, business_date, kind)
            select number + 1, subject + 1, amount_1, -amount_1, at, account_1, account_2, business_date, kind from entries
            """,
            new BookFaults(1, 0, 0, 1)
        },
        { "insert into postings (rrn, line, account, amount, currency, business_date) select rrn, line, account, amount, currency, business_date from postings where line = 2", new BookFaults(1, 0, 0, 0) },
        { "update entries set xact = (select upto from folded)", new BookFaults(0, 0, 0, 2) },
        { "update balances set amount = amount - 1 where account = (select account_2 from entries)", new BookFaults(0, 0, 0, 1) },
        { "delete from balances", new BookFaults(0, 0, 0, 2) },
        { "insert into balances select id, 1 from accounts where kind = 'platform'", new BookFaults(0, 0, 0, 1) },
        { "update bills set amount = amount + 1", new BookFaults(0, 1, 0, 0) },
        { "update attempts set state = 'REVERSED'", new BookFaults(1, 1, 0, 0) },
    };

    [Theory]
    [MemberData(nameof(Doctored))]
    public async Task Doctored_books_are_found_out(string how, BookFaults faults)
    {
        await books.Execute(how);

        (await new BookRows(books.Database).Read(Stop)).Faults.Should().Be(faults);
    }

    [Fact]
    public async Task The_books_name_who_is_owed_what_and_how_much_of_it_is_available()
    {
        var late = await books.NewAttempt(await books.PutBill(), 2);
        await books.Commits.StartAttempts.Submit(late);
        await books.Commits.FinishAttempts.Submit(Books.Finish(late, AttemptState.Approved, TimeProvider.System.GetUtcNow()));

        var (totals, balances, _) = await new BookRows(books.Database).Read(Stop);

        totals.Sum(total => total.Debit - total.Credit).Should().Be(0);
        totals.Single(total => total.Account == "bank_clearing").Debit.Should().Be(2000);
        totals.Single(total => total.Account == "merchant:" + Books.Merchant).Credit.Should().Be(2 * 994);
        balances.Should().Equal(
            new AccountBalance("merchant:" + Books.Merchant, "CNY", Available: 994, Waiting: 994, Lines: 2 * 994),
            new AccountBalance("store:" + Books.Store, "CNY", Available: 1, Waiting: 1, Lines: 2));
    }

    [GeneratedRegex("'([A-Z_]+)'")]
    private static partial Regex Quoted();
}
