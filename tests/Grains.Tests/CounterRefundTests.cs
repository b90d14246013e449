using Lakala.Grains.Refunds;
using Lakala.Grains.Terminals;
using Lakala.Storage.Stores;
using Lakala.Testing;
using Lakala.Vocabulary;

namespace Lakala.Grains.Tests;

/// <summary>Refunds at the counter of a terminal: two people, the card that paid, and one answer to a key.</summary>
public sealed class CounterRefundTests(SwipeCluster cluster) : IClassFixture<SwipeCluster>, IAsyncLifetime
{
    private const string Clerk = "2001", Supervisor = "2002", OtherClerk = "2003", Password = "83920174";

    private static int _supervisors = 3000;

    private Books Books => cluster.Books;

    public async ValueTask InitializeAsync() => await new ClerkRows(Books.Database).Put(
        Books.Store,
        [(new Clerk(Clerk, "Anna", false), Password), (new Clerk(Supervisor, "Bo", true), Password), (new Clerk(OtherClerk, "Cai", false), Password)]);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task The_payment_of_another_terminal_is_found_and_given_back_once()
    {
        var (payer, counter) = (await cluster.NewTerminal(), await cluster.NewTerminal());
        var swipe = payer.Swipe(await Books.PutBill());
        var paid = await payer.Pay(swipe);
        Rrn.TryParse(paid.Rrn!, out var rrn).Should().BeTrue();

        var found = await counter.Grain.LookupRefund(counter.Keys, counter.NextKey(), null, rrn);
        var asked = Ask(counter, swipe.Bill);
        var made = await counter.Grain.Refund(counter.Keys, asked);
        await counter.Forget();
        var again = await counter.Grain.Refund(counter.Keys, asked with { Password = new ClerkPassword("wrong") });

        found.Row!.Payment!.MaskedCard.Should().Be(TestTerminal.MaskedPan);
        made.ResponseCode.Should().Be("00");
        made.OriginalRrn.Should().Be(paid.Rrn);
        again.Should().Be(made, "a known key is answered without a look at the password");
        (await counter.Grain.EnquireRefund(counter.Keys, asked.Key, asked.Bill, asked.Amount)).Should().Be(made);
        (await Books.Scalar<long>($"select refunded from bills where number = {swipe.Bill}")).Should().Be(asked.Amount);
        (await Books.Scalar<string>($"select clerk || ' ' || supervisor from refund_keys where terminal_id = '{counter.Id}'")).Should().Be("2001 2002");
        (await Books.Scalar<string>("select data ->> 'store' from (select data::jsonb from events where type = 'refund.created' order by id desc limit 1) e")).Should().Be(Books.Store);
    }

    [Theory]
    [InlineData(Clerk, Clerk, Password, Refusal.SignedAlone)]
    [InlineData(Supervisor, Supervisor, Password, Refusal.SignedAlone)]
    [InlineData("9999", Supervisor, Password, Refusal.ClerkUnknown)]
    [InlineData(Clerk, OtherClerk, Password, Refusal.NoSupervisor)]
    [InlineData(Clerk, "9999", Password, Refusal.NotSigned)]
    public async Task Nothing_goes_back_without_two_people(string clerk, string supervisor, string password, Refusal why)
    {
        var (counter, bill) = await Paid();
        var asked = Ask(counter, bill) with { Clerk = clerk, Supervisor = supervisor, Password = new ClerkPassword(password) };

        (await counter.Grain.Refund(counter.Keys, asked)).Reason.Should().Be(why);

        (await counter.Grain.Refund(counter.Keys, Ask(counter, bill) with { Key = asked.Key })).Reason.Should().Be(why, "it stands under the key");
        (await Books.Scalar<long>($"select count(*) from refunds where bill = {bill}")).Should().Be(0);
    }

    [Fact]
    public async Task After_five_wrong_passwords_the_supervisor_waits()
    {
        var (counter, bill) = await Paid();
        var supervisor = $"{Interlocked.Increment(ref _supervisors)}";
        await new ClerkRows(Books.Database).Put(Books.Store, [(new Clerk(supervisor, "Dou", true), Password)]);
        for (var i = 0; i < ClerkRows.WrongPerWindow; i++)
        {
            (await counter.Grain.Refund(counter.Keys, Ask(counter, bill) with { Supervisor = supervisor, Password = new ClerkPassword("wrong") })).Reason.Should().Be(Refusal.NotSigned);
        }

        (await counter.Grain.Refund(counter.Keys, Ask(counter, bill) with { Supervisor = supervisor })).Reason.Should().Be(Refusal.SignerLocked);
        var other = await cluster.NewTerminal();
        (await other.Grain.Refund(other.Keys, Ask(other, bill) with { Supervisor = supervisor })).Reason.Should().Be(Refusal.SignerLocked, "at all terminals");
    }

    [Fact]
    public async Task Another_card_and_too_much_are_refused_before_the_password_is_looked_at()
    {
        var (counter, bill) = await Paid();
        var wrong = new ClerkPassword("wrong");

        (await counter.Grain.Refund(counter.Keys, Ask(counter, bill) with { MaskedCard = "621700******0002", Password = wrong })).Reason.Should().Be(Refusal.OtherCard);
        (await counter.Grain.Refund(counter.Keys, Ask(counter, bill) with { Amount = TestTerminal.Amount + 1, Password = wrong })).Reason.Should().Be(Refusal.RefundExceeds);
    }

    [Fact]
    public async Task A_key_with_other_content_is_refused_and_reaches_no_row()
    {
        var (counter, bill) = await Paid();
        var asked = Ask(counter, bill) with { Amount = 1 };
        await counter.Grain.Refund(counter.Keys, asked);

        (await counter.Grain.Refund(counter.Keys, asked with { Amount = 2 })).Reason.Should().Be(Refusal.KeyReused);
        (await counter.Grain.Refund(counter.Keys, asked with { Bill = bill + 1 })).Reason.Should().Be(Refusal.KeyReused);
        (await counter.Grain.EnquireRefund(counter.Keys, asked.Key, bill, 2)).Reason.Should().Be(Refusal.KeyReused);
    }

    [Fact]
    public async Task An_unknown_key_is_voided_by_an_enquiry_and_a_late_refund_under_it_is_refused()
    {
        var (counter, bill) = await Paid();
        var asked = Ask(counter, bill);

        (await counter.Grain.EnquireRefund(counter.Keys, asked.Key, bill, asked.Amount)).Should().Be(CounterRefundAnswer.Refused(Refusal.RefundNeverHappened));
        (await counter.Grain.Refund(counter.Keys, asked)).Reason.Should().Be(Refusal.RefundNeverHappened);
    }

    [Fact]
    public async Task What_was_given_back_whole_is_told_at_the_lookup()
    {
        var (counter, bill) = await Paid();
        await counter.Grain.Refund(counter.Keys, Ask(counter, bill));

        (await counter.Grain.LookupRefund(counter.Keys, counter.NextKey(), bill, null)).Refusal.Should().Be(Refusal.NothingLeftToRefund);
        (await counter.Grain.LookupRefund(counter.Keys, counter.NextKey(), await Books.PutBill(), null)).Refusal.Should().Be(Refusal.BillNotPaid);
        (await counter.Grain.LookupRefund(counter.Keys, counter.NextKey(), null, 999_999_999)).Refusal.Should().Be(Refusal.PaymentUnknown);
        (await counter.Grain.LookupRefund(counter.Keys, counter.NextKey(), null, null)).Refusal.Should().Be(Refusal.BillMistyped);
    }

    [Fact]
    public async Task Old_keys_refund_nothing()
    {
        var (counter, bill) = await Paid();

        (await counter.Grain.Refund(counter.Keys + 1, Ask(counter, bill))).Reason.Should().Be(Refusal.SignOnFirst);
    }

    [Fact]
    public async Task The_batch_of_a_refund_agrees_only_with_it()
    {
        var (counter, bill) = await Paid();
        await counter.Grain.Refund(counter.Keys, Ask(counter, bill) with { Amount = 300 });

        var closed = await counter.Grain.CloseBatch(counter.Keys, 1, 1, TestTerminal.Amount, null, 1, 300);

        closed.Should().BeEquivalentTo(new ClosedBatch(null, 1, TestTerminal.Amount, [], 1, 300));
    }

    private async Task<(TestTerminal Counter, long Bill)> Paid()
    {
        var counter = await cluster.NewTerminal();
        var bill = await Books.PutBill();
        (await counter.Pay(counter.Swipe(bill))).ResponseCode.Should().Be("00");
        return (counter, bill);
    }

    private static RefundAtCounter Ask(TestTerminal counter, long bill) => new(
        counter.NextKey(), Books.Store, bill, TestTerminal.Amount, TestTerminal.MaskedPan, Clerk, Supervisor, new ClerkPassword(Password));
}
