using System.Text.RegularExpressions;
using Lakala.Rules.Attempts;
using Lakala.Rules.Bills;
using Lakala.Rules.Ledger;
using Lakala.Storage.Ledger;
using Lakala.Testing;

namespace Lakala.Storage.Tests;

/// <summary>Stored data stays readable: names, numbers and checks are frozen, and a falsified row breaks a check of the books.</summary>
public sealed partial class SchemaTests(Books books) : IClassFixture<Books>, IAsyncLifetime
{
    public async ValueTask InitializeAsync()
    {
        await books.Execute("truncate bills, attempts, postings");
        var start = await books.NewAttempt(await books.PutBill(), 1);
        await books.Commits.StartAttempts.Submit(start);
        await books.Commits.FinishAttempts.Submit(Books.Finish(start, AttemptState.Approved, TimeProvider.System.GetUtcNow()));
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
    }

    [Theory]
    [InlineData("bills")]
    [InlineData("attempts")]
    [InlineData("deliveries")]
    public async Task The_CHECK_on_the_state_mirrors_the_enum(string table)
    {
        var check = await books.Scalar<string>(
            $"select pg_get_constraintdef(oid) from pg_constraint where conname = '{table}_state_check'");
        var names = table switch
        {
            "bills" => Enum.GetValues<BillState>().Select(StateNames.Format),
            "attempts" => Enum.GetValues<AttemptState>().Select(StateNames.Format),
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
    [InlineData("insert into postings select * from postings")]
    public async Task The_database_itself_refuses_what_no_rule_allows(string sql)
    {
        await books.PutBill();

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
        { "select 1", new BookFaults(0, 0, 0) },
        { "update postings set amount = amount + 1 where line = 4", new BookFaults(1, 0, 0) },
        { "delete from postings", new BookFaults(1, 0, 0) },
        { "insert into postings select * from postings where line = 2", new BookFaults(1, 0, 0) },
        { "update postings set account = 'elsewhere' where line = 1", new BookFaults(1, 0, 0) },
        { "insert into postings select rrn + 1, line, account, amount, currency, business_date from postings", new BookFaults(1, 0, 0) },
        { "update bills set amount = amount + 1", new BookFaults(0, 1, 0) },
        { "update attempts set state = 'REVERSED'", new BookFaults(1, 1, 0) },
    };

    [Theory]
    [MemberData(nameof(Doctored))]
    public async Task Doctored_books_are_found_out(string how, BookFaults faults)
    {
        await books.Execute(how);

        (await new BookRows(books.Database).Faults(TestContext.Current.CancellationToken)).Should().Be(faults);
    }

    [Fact]
    public async Task The_trial_balance_sums_to_zero_and_names_who_is_owed_what()
    {
        var totals = await new BookRows(books.Database).Totals(null, TestContext.Current.CancellationToken);

        totals.Sum(total => total.Debit - total.Credit).Should().Be(0);
        totals.Single(total => total.Account == Postings.BankClearing).Debit.Should().Be(1000);
        totals.Single(total => total.Account == Postings.Merchant(Books.Merchant)).Credit.Should().Be(994);
    }

    [GeneratedRegex("'([A-Z_]+)'")]
    private static partial Regex Quoted();
}
