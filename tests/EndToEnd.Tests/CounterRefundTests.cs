using System.Text.Json;
using System.Text.Json.Nodes;
using Lakala.Local;
using Lakala.Testing;
using Npgsql;

namespace Lakala.EndToEnd.Tests;

/// <summary>Money goes back at a counter: from the receipt of one store to the bank's book, by the real programs.</summary>
public sealed class CounterRefundTests(Network network) : IAsyncLifetime
{
    private const string Payer = "T0000013", Counter = "T0000014", OtherStore = "STORE0000000555";

    private Shop _shop = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _shop = await Shop.Open(network.Local);
        await MoveCounter();
    }

    public ValueTask DisposeAsync()
    {
        _shop.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task What_was_paid_in_one_store_goes_back_in_another_to_the_same_card()
    {
        await using var receiver = await WebhookReceiver.Start();
        receiver.Trust((await _shop.Post("/v1/webhook_endpoints", $$"""{"url":"{{receiver.Address}}"}""")).String("secret"));
        var (card, other) = (network.Card("approved"), network.Local.Cards.Where(card => card.Expected == "approved").Skip(1).First());
        var bill = (await _shop.NewBill()).GetProperty("number").GetString()!;
        var paid = await Run(0, Payer, "pay", "--bill", bill, "--card", card.Track2, "--pin", card.Pin);
        var payment = paid.GetProperty("rrn").GetString()!;

        var wrongCard = await Refund(1, payment, other, 2_800);
        var alone = await Refund(1, payment, card, 2_800, clerk: "9001");
        var part = await Refund(0, payment, card, 2_800);
        var rest = await Refund(0, bill, card, null);
        var nothing = await Refund(1, bill, card, null);

        wrongCard.GetProperty("reason").GetInt32().Should().Be(381);
        alone.GetProperty("outcome").GetString().Should().Be("refused");
        part.GetProperty("outcome").GetString().Should().Be("ordered");
        part.GetProperty("refund_of").GetString().Should().Be(payment);
        part.GetProperty("receipts")[0].GetString()!.ToUpperInvariant().Should().Contain(part.GetProperty("rrn").GetString()).And.NotContain("REFUNDED");
        rest.GetProperty("amount").GetInt64().Should().Be(10_000);
        nothing.GetProperty("reason").GetInt32().Should().Be(380);

        foreach (var refund in new[] { part, rest })
        {
            var shown = (await _shop.GetUntil($"/v1/refunds/{refund.GetProperty("rrn").GetString()}", found => found.GetProperty("status").GetString() == "DONE")).Json;
            shown.GetProperty("store").GetString().Should().Be(OtherStore);
        }

        (await network.Local.CreditsOf(payment)).Should().BeEquivalentTo([(part.GetProperty("rrn").GetString()!, 2_800L), (rest.GetProperty("rrn").GetString()!, 10_000L)]);
        await Eventually.Is(() => Task.FromResult(receiver.Accepted.Count >= 5), "all is told");
        receiver.Accepted.Values.Where(notice => notice.Type == "refund.created").Should().HaveCount(2)
            .And.OnlyContain(notice => notice.Data.GetProperty("store").GetString() == OtherStore);
        var closed = await Run(0, Counter, "close");
        closed.GetProperty("batches")[0].GetProperty("refunded").GetInt64().Should().Be(12_800);
        (await network.Local.Books(Stop)).ExitCode.Should().Be(0);
    }

    private async Task<JsonElement> Refund(int exitCode, string payment, TestCard card, long? amount, string clerk = "1001")
    {
        var supervisor = network.Local.Seed.Clerks.Single(one => one.Number == "9001");
        return await Run(
            exitCode, Counter,
            ["refund", "--payment", payment, .. amount is { } fen ? ["--amount", $"{fen}"] : Array.Empty<string>(), "--card", card.Track2, "--clerk", clerk, "--supervisor", supervisor.Number, "--password", supervisor.Password]);
    }

    private async Task<JsonElement> Run(int exitCode, string terminal, params string[] arguments)
    {
        var run = await network.Local.RunTerminal([.. arguments, "--terminal", terminal, "--json"], cancel: Stop);
        run.ExitCode.Should().Be(exitCode, run.Output + run.Error);
        return JsonDocument.Parse(run.Output).RootElement;
    }

    // The seed has all terminals and clerks in one store. No other test looks at this one.
    private async Task MoveCounter()
    {
        await using var database = NpgsqlDataSource.Create(network.Local.ConnectionString);
        await using var command = database.CreateCommand(
            $"""
            insert into stores (id, name, commission_percent) values ('{OtherStore}', 'Counter Store', 20) on conflict do nothing;
            update terminals set store_id = '{OtherStore}' where id = '{Counter}';
            insert into clerks (store_id, number, name, supervisor, password, salt, password_hash)
            select '{OtherStore}', c.number, c.name, c.supervisor, c.password, c.salt, c.password_hash from clerks c join terminals t on t.store_id = c.store_id where t.id = '{Payer}'
            on conflict do nothing;
            """);
        await command.ExecuteNonQueryAsync(Stop);
        var file = Path.Combine(network.Local.Home, "terminals", Counter, "terminal.json");
        var setup = JsonNode.Parse(await File.ReadAllTextAsync(file, Stop))!;
        setup["store"] = OtherStore;
        await File.WriteAllTextAsync(file, setup.ToJsonString(), Stop);
    }
}
