using Lakala.Storage.Trades;
using Lakala.Testing;

namespace Lakala.Storage.Tests;

/// <summary>A shopper's one-time code: bounded in number, time and tries, used once.</summary>
public sealed class ShopperCodeTests(Books books) : IClassFixture<Books>
{
    private readonly ShopperCodeRows _codes = new(books.Database);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_code_opens_one_session_once()
    {
        var code = (await _codes.MakeCode(1, Stop))!;

        var token = await _codes.Open(1, code, Stop);

        code.Should().MatchRegex("^[0-9]{6}$");
        (await _codes.IsOpen(1, token!, Stop)).Should().BeTrue();
        (await _codes.IsOpen(2, token!, Stop)).Should().BeFalse("it is another bill's");
        (await _codes.Open(1, code, Stop)).Should().BeNull("it is used");
        (await books.Scalar<long>("select count(*) from shopper_codes where bill = 1 and (encode(coalesce(code_hash, ''), 'escape') ~ $$" + code + "$$)")).Should().Be(0);
    }

    [Fact]
    public async Task After_five_wrong_codes_the_right_one_is_void_too()
    {
        var code = (await _codes.MakeCode(3, Stop))!;
        foreach (var _ in Enumerable.Range(0, ShopperCodeRows.MostTries))
        {
            (await _codes.Open(3, code == "000000" ? "000001" : "000000", Stop)).Should().BeNull();
        }

        (await _codes.Open(3, code, Stop)).Should().BeNull();
    }

    [Fact]
    public async Task Of_many_tries_at_once_with_the_right_code_one_opens_it()
    {
        var code = (await _codes.MakeCode(4, Stop))!;

        var opened = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _codes.Open(4, code, Stop)));

        opened.Count(token => token is not null).Should().Be(1);
    }

    [Theory]
    [InlineData("code_until")]
    [InlineData("session_until")]
    public async Task Codes_and_sessions_end_with_their_time(string what)
    {
        var bill = 5 + what.Length;
        var code = (await _codes.MakeCode(bill, Stop))!;
        var token = what == "session_until" ? await _codes.Open(bill, code, Stop) : "";

        await books.Execute($"update shopper_codes set {what} = clock_timestamp() - interval '1 second' where bill = {bill}");

        (what == "session_until" ? await _codes.IsOpen(bill, token!, Stop) : await _codes.Open(bill, code, Stop) is not null).Should().BeFalse();
    }

    [Fact]
    public async Task There_is_one_code_a_minute_and_five_a_day()
    {
        var first = await _codes.MakeCode(6, Stop);
        (await _codes.MakeCode(6, Stop)).Should().BeNull("the last one is younger than a minute");
        for (var more = 1; more < ShopperCodeRows.MostPerDay; more++)
        {
            await AMinutePasses();
            (await _codes.MakeCode(6, Stop)).Should().NotBeNull();
        }

        await AMinutePasses();
        (await _codes.MakeCode(6, Stop)).Should().BeNull("five were sent today");
        (await _codes.Open(6, first!, Stop)).Should().BeNull("a newer code has replaced it");
        await books.Execute("update shopper_codes set day_from = clock_timestamp() - interval '25 hours' where bill = 6");
        (await _codes.MakeCode(6, Stop)).Should().NotBeNull("another day has begun");

        async Task AMinutePasses() => await books.Execute("update shopper_codes set sent_at = sent_at - interval '61 seconds' where bill = 6");
    }

    [Fact]
    public async Task The_code_of_a_receipt_opens_a_session_each_time_and_leaves_a_code_that_was_sent()
    {
        var sent = (await _codes.MakeCode(20, Stop))!;

        var first = await _codes.OpenByReceipt(20, isRight: true, Stop);
        var second = await _codes.OpenByReceipt(20, isRight: true, Stop);

        (await _codes.IsOpen(20, first!, Stop)).Should().BeFalse("the later one has replaced it");
        (await _codes.IsOpen(20, second!, Stop)).Should().BeTrue();
        (await _codes.Open(20, sent, Stop)).Should().NotBeNull();
        (await _codes.OpenByReceipt(20, isRight: false, Stop)).Should().BeNull();
    }

    [Fact]
    public async Task Of_wrong_codes_of_a_receipt_five_count_at_once_then_the_right_one_waits()
    {
        await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => _codes.OpenByReceipt(21, isRight: false, Stop)));

        (await books.Scalar<short>("select wrong from shopper_codes where bill = 21")).Should().Be(ShopperCodeRows.MostTries);
        (await _codes.OpenByReceipt(21, isRight: true, Stop)).Should().BeNull();
        await books.Execute("update shopper_codes set code_until = clock_timestamp() where bill = 21");
        (await _codes.OpenByReceipt(21, isRight: true, Stop)).Should().NotBeNull("the time of the wrong ones is over");
        (await books.Scalar<short>("select wrong from shopper_codes where bill = 21")).Should().Be(0);
    }

    [Fact]
    public async Task Wrong_codes_of_a_receipt_void_a_code_that_was_sent_and_do_not_hinder_a_new_one()
    {
        (await _codes.OpenByReceipt(22, isRight: false, Stop)).Should().BeNull();
        var code = await _codes.MakeCode(22, Stop);
        code.Should().NotBeNull("a try is no code that was sent");
        foreach (var _ in Enumerable.Range(0, ShopperCodeRows.MostTries))
        {
            await _codes.OpenByReceipt(22, isRight: false, Stop);
        }

        (await _codes.Open(22, code!, Stop)).Should().BeNull();
        (await books.Scalar<short>("select sent from shopper_codes where bill = 22")).Should().Be(1);
    }

    [Fact]
    public async Task A_code_that_is_too_old_stays_so_when_a_receipt_is_tried()
    {
        var code = (await _codes.MakeCode(23, Stop))!;
        await books.Execute("update shopper_codes set code_until = clock_timestamp() - interval '1 second' where bill = 23");

        (await _codes.OpenByReceipt(23, isRight: false, Stop)).Should().BeNull();

        (await _codes.Open(23, code, Stop)).Should().BeNull();
    }

    [Fact]
    public async Task What_no_longer_counts_is_deleted()
    {
        await _codes.MakeCode(7, Stop);
        await _codes.MakeCode(8, Stop);
        await books.Execute("update shopper_codes set day_from = day_from - interval '3 days', sent_at = sent_at - interval '3 days' where bill = 7");

        await _codes.Forget(100, Stop);

        (await books.Scalar<string>("select string_agg(bill::text, ',') from shopper_codes where bill in (7, 8)")).Should().Be("8");
    }
}
