using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;

namespace Lakala.Local;

/// <summary>
/// <c>./lakala demo</c>: one order from bill to notice, step by step; a second one whose money is held until the shopper has confirmed the goods;
/// a third one about which she has a claim, and a part of the money goes back to the card. All books are compared.
/// </summary>
public sealed class Demo : IAsyncDisposable
{
    private const long Amount = 12_800, Back = 2_800;

    // Days in the life of a shop.
    private const int SecondsToShip = 3600, SecondsToCheck = 3600;

    private static readonly TimeSpan NoticeBound = TimeSpan.FromMinutes(3), Pause = TimeSpan.FromMilliseconds(250);

    private readonly LocalNetwork _network;
    private readonly MerchantClient _shop;
    private readonly WebhookReceiver _shopServer;
    private readonly HttpClient _browser = new();
    private int _step;

    private Demo(LocalNetwork network, WebhookReceiver shopServer) =>
        (_network, _shopServer, _shop) = (network, shopServer, new MerchantClient(network.Http, network.Seed.ApiKey));

    public static async Task<int> Run(CancellationToken stop)
    {
        Console.WriteLine("Shop online, pay by swiping a card in a store.\n");
        Console.WriteLine("Everything starts on this machine, each part as its own process:");
        await using var network = await LocalNetwork.Start(
            await StateFolder.OpenEmpty(Path.Combine(Repository.Home, "demo")),
            new LocalNetworkOptions
            {
                ThrowawayDatabase = true,
                Shop = true,
                Silo = new Dictionary<string, string> { ["Trades__ShortestShipTime"] = "00:00:01", ["Trades__ShortestConfirmTime"] = "00:00:01" },
                Progress = step => Console.WriteLine($"  {step}"),
            },
            stop);
        await using var demo = new Demo(network, await WebhookReceiver.Start());
        return await demo.TellStory(stop) & await demo.TellTrade(stop) ? 0 : 1;
    }

    public async ValueTask DisposeAsync()
    {
        _browser.Dispose();
        _shop.Dispose();
        await _shopServer.DisposeAsync();
    }

    private async Task<bool> TellStory(CancellationToken stop)
    {
        Step("The web shop says where it wants to be told of payments.");
        var endpoint = await _shop.CreateWebhookEndpoint(_shopServer.Address, stop);
        _shopServer.Trust(endpoint.GetProperty("secret").GetString()!);

        Step("A shopper orders a teapot and two cups. The shop asks for a bill.");
        var bill = await _shop.CreateBill("WEB-1001", Amount, "A teapot and two cups", stop);
        var number = bill.GetProperty("number").GetString()!;
        var page = new Uri(bill.GetProperty("pay_url").GetString()!);
        Say($"bill {Grouped(number)}, CNY {Amount / 100m:0.00}, {await PageState(page, stop)}");
        Say($"the shopper's page is {page}");

        Step("In a store the clerk keys the number in, with one wrong digit.");
        await Terminal(["lookup", "--bill", Mistyped(number)], stop);

        Step("The clerk keys it in again, without a mistake.");
        await Terminal(["lookup", "--bill", number], stop);

        var card = _network.Cards.First(card => card.Expected == "approved");
        Step("The shopper swipes a bank card and enters a wrong PIN.");
        await Terminal(["pay", "--bill", number, "--card", "-", "--pin", "-"], stop, $"{card.Track2}\n{WrongPin(card.Pin)}\n");

        Step("The shopper swipes again, with the right PIN.");
        await Terminal(["pay", "--bill", number, "--card", "-", "--pin", "-"], stop, $"{card.Track2}\n{card.Pin}\n");

        Step("The shop's server gets a notice, and checks the signature.");
        var notice = await _shopServer.Next(stop).AsTask().WaitAsync(NoticeBound, TimeProvider.System, stop);
        Say($"{notice.Id}: {notice.Type}, order {notice.Data.GetProperty("order_id").GetString()} is {notice.Data.GetProperty("status").GetString()}");

        Step("The trial balance.");
        var books = await _network.Books(stop);
        Console.WriteLine(Indented(books.Output));

        Step("All books agree:");
        return await Check(number, page, notice, books, stop);
    }

    private async Task<bool> TellTrade(CancellationToken stop)
    {
        Console.WriteLine("\n\nGuaranteed trade: the money is held until the goods have come.");
        Step("A shopper does not know the shop. It asks for a bill whose money is held.");
        var kettle = await _shop.CreateBill("WEB-1002", Amount, "A kettle", "WEB-1002", Address("WEB-1002"), (SecondsToShip, SecondsToCheck), cancel: stop);

        Step("She pays in a store.");
        var paid = await PayHeld(kettle, stop);

        Step("The shop has delivered the goods, and says so.");
        Say($"the trade is {TradeOf(await _shop.ShipBill(NumberOf(kettle), stop))}");

        Step("She gets a code by mail, enters it on the bill's page, and confirms that she has the goods.");
        using (var shopper = await SignIn(kettle, stop))
        {
            Say($"the page says: {await shopper.Take("confirm", [], stop)}");
        }

        var finished = await _shop.GetBill(NumberOf(kettle), stop);
        Say($"the trade is {TradeOf(finished)}");

        Step("She orders again. This time the lid is broken: she claims a part of the money.");
        var pot = await _shop.CreateBill("WEB-1003", Amount, "A pot", "WEB-1003", Address("WEB-1003"), (SecondsToShip, SecondsToCheck), cancel: stop);
        var again = await PayHeld(pot, stop);
        await _shop.ShipBill(NumberOf(pot), stop);
        using (var shopper = await SignIn(pot, stop))
        {
            await shopper.Take("claim", [], stop);
            var claim = new Dictionary<string, string> { ["kind"] = "not_as_described", ["amount"] = $"{Back / 100m:0.00}", ["reason"] = "The lid is broken." };
            Say($"the page says: {await shopper.Take("open-claim", claim, stop)}");
        }

        Say($"the trade is {TradeOf(await _shop.GetBill(NumberOf(pot), stop))}");

        Step("The shop agrees. The part goes back to the card, the rest stays held.");
        var asked = (await _shop.ListClaims(cancel: stop)).GetProperty("data")[0];
        var agreed = await _shop.AgreeToClaim(asked.GetProperty("id").GetString()!, stop);
        var id = agreed.GetProperty("refund").GetString()!;
        var done = await Until(() => _shop.GetRefund(id, stop), one => one.GetProperty("status").GetString() is "DONE" or "DECLINED", stop);
        Say($"refund {id} of CNY {Back / 100m:0.00} is {done.GetProperty("status").GetString()}");
        var partly = await _shop.GetBill(NumberOf(pot), stop);
        Say($"the trade is {TradeOf(partly)}");

        Step("All books agree:");
        var (rrn, credits) = (again.GetProperty("payment").GetProperty("rrn").GetString(), await Credits(stop));
        var books = await _network.Books(stop);
        bool[] checks =
        [
            Verdict("the money was held, and is released", TradeOf(paid) == $"HELD, {Amount} held, 0 released" && TradeOf(finished) == $"FINISHED, 0 held, {Amount} released"),
            Verdict(
                $"the bank's book has exactly that credit, of RRN {rrn}",
                credits is [var credit] && credit.GetProperty("rrn").GetString() == id && credit.GetProperty("original_rrn").GetString() == rrn
                    && credit.GetProperty("amount").GetInt64() == Back),
            Verdict("the bill counts it", partly.GetProperty("refunded").GetInt64() == Back && TradeOf(partly) == $"SHIPPED, {Amount - Back} held, 0 released"),
            Verdict("the postings balance", books.ExitCode == 0),
            Verdict("the shopper's page says that it is on the card", (await _browser.GetStringAsync(PageOf(pot), stop)).Contains("data-refund=\"DONE\"", StringComparison.Ordinal)),
        ];
        var isRight = checks.All(check => check);
        Console.WriteLine(isRight ? "\nHeld, confirmed and released; claimed, and a part back on the card: all books agree." : "\nA check has failed.");
        return isRight;
    }

    private async Task<JsonElement> PayHeld(JsonElement bill, CancellationToken stop)
    {
        var card = _network.Cards.First(card => card.Expected == "approved");
        await Terminal(["pay", "--bill", NumberOf(bill), "--card", "-", "--pin", "-"], stop, $"{card.Track2}\n{card.Pin}\n");
        var paid = await _shop.GetBill(NumberOf(bill), stop);
        Say($"the trade is {TradeOf(paid)}");
        return paid;
    }

    private async Task<ShopperClient> SignIn(JsonElement bill, CancellationToken stop)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(stop);
        bound.CancelAfter(NoticeBound);
        var shopper = new ShopperClient(PageOf(bill), Address(bill.GetProperty("order_id").GetString()!), _network.Mails);
        await shopper.SignIn(bound.Token);
        return shopper;
    }

    // One for each order, so that the code of one is not taken for that of another.
    private static string Address(string order) => $"{order}@home.test";

    private static string NumberOf(JsonElement bill) => bill.GetProperty("number").GetString()!;

    private static Uri PageOf(JsonElement bill) => new(bill.GetProperty("pay_url").GetString()!);

    private static string TradeOf(JsonElement bill)
    {
        var trade = bill.GetProperty("trade");
        return $"{trade.GetProperty("status").GetString()}, {trade.GetProperty("held").GetInt64()} held, {trade.GetProperty("released").GetInt64()} released";
    }

    private static async Task<JsonElement> Until(Func<Task<JsonElement>> ask, Func<JsonElement, bool> isWanted, CancellationToken stop)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(stop);
        bound.CancelAfter(NoticeBound);
        while (true)
        {
            if (await ask() is var answer && isWanted(answer))
            {
                return answer;
            }

            await Task.Delay(Pause, TimeProvider.System, bound.Token);
        }
    }

    private async Task<IReadOnlyList<JsonElement>> Credits(CancellationToken stop)
    {
        var book = await _browser.GetFromJsonAsync<JsonElement>(new Uri(_network.BankHttp, "/book"), stop);
        return [.. book.GetProperty("refunds").EnumerateArray().Where(refund => refund.GetProperty("response_code").GetString() == "00")];
    }

    private async Task<bool> Check(string number, Uri page, ReceivedNotice notice, ToolResult books, CancellationToken stop)
    {
        var row = await ReadRow(number, stop);
        var debits = await Debits(stop);
        var debit = debits is [var only] ? only : default;
        bool[] checks =
        [
            Verdict("our database has the bill PAID by one approved attempt", row is ("PAID", 1, _)),
            Verdict(
                $"the bank's book has exactly that debit, RRN {row.Rrn}",
                debit.ValueKind == JsonValueKind.Object && debit.GetProperty("rrn").GetString() == row.Rrn && debit.GetProperty("amount").GetInt64() == Amount),
            Verdict("the postings balance", books.ExitCode == 0 && await PostingsSum(row.Rrn, stop) == (0, Amount)),
            Verdict(
                "the shop's server has verified the notice's signature",
                notice.Type == "bill.paid" && _shopServer.Accepted.ContainsKey(notice.Id) && _shopServer.Strays == 0
                    && notice.Data.GetProperty("number").GetString() == number),
            Verdict("the shopper's page says PAID", await PageState(page, stop) == "PAID"),
        ];
        var isRight = checks.All(check => check);
        Console.WriteLine(isRight ? "\nPaid once, and all books agree." : "\nA check has failed.");
        return isRight;
    }

    private async Task<(string State, long Approved, string Rrn)> ReadRow(string number, CancellationToken stop)
    {
        await using var database = NpgsqlDataSource.Create(_network.ConnectionString);
        await using var command = database.CreateCommand(
            """
            select b.state, count(a.rrn), coalesce(lpad(max(a.rrn)::text, 12, '0'), '')
            from bills b left join attempts a on a.bill = b.number and a.state = 'APPROVED' and a.rrn = b.paid_rrn
            where b.number = $1 group by b.state
            """);
        command.Parameters.Add(new() { Value = long.Parse(number, null) });
        await using var row = await command.ExecuteReaderAsync(stop);
        return await row.ReadAsync(stop) ? (row.GetString(0), row.GetInt64(1), row.GetString(2)) : ("NONE", 0, "");
    }

    private async Task<(decimal Sum, decimal Debit)> PostingsSum(string rrn, CancellationToken stop)
    {
        await using var database = NpgsqlDataSource.Create(_network.ConnectionString);
        await using var command = database.CreateCommand(
            "select coalesce(sum(amount), 0), coalesce(sum(amount) filter (where amount > 0), 0) from postings where lpad(rrn::text, 12, '0') = $1");
        command.Parameters.Add(new() { Value = rrn });
        await using var row = await command.ExecuteReaderAsync(stop);
        await row.ReadAsync(stop);
        return (row.GetDecimal(0), row.GetDecimal(1));
    }

    private async Task<IReadOnlyList<JsonElement>> Debits(CancellationToken stop)
    {
        var book = await _browser.GetFromJsonAsync<JsonElement>(new Uri(_network.BankHttp, "/book"), stop);
        return [.. book.GetProperty("entries").EnumerateArray().Where(entry => entry.GetProperty("state").GetString() == "DEBITED")];
    }

    private async Task<string> PageState(Uri page, CancellationToken stop)
    {
        const string Mark = "data-state=\"";
        var html = await _browser.GetStringAsync(page, stop);
        var at = html.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length;
        return at < Mark.Length ? "a page without a state" : html[at..html.IndexOf('"', at)];
    }

    private async Task Terminal(IReadOnlyList<string> arguments, CancellationToken stop, string? input = null)
    {
        var result = await _network.RunTerminal(arguments, input, stop);
        Console.WriteLine(Indented(result.Output + result.Error));
    }

    private void Step(string text) => Console.WriteLine($"\n{++_step}. {text}");

    private static void Say(string text) => Console.WriteLine($"   {text}");

    private static bool Verdict(string what, bool isSo)
    {
        Say($"{(isSo ? "yes" : "NO ")}  {what}");
        return isSo;
    }

    private static string Grouped(string number) => $"{number[..4]} {number[4..8]} {number[8..12]} {number[12..]}";

    private static string Mistyped(string number) => number[..^1] + (number[^1] == '9' ? '0' : (char)(number[^1] + 1));

    private static string WrongPin(string pin) => pin[..^1] + (pin[^1] == '9' ? '0' : (char)(pin[^1] + 1));

    private static string Indented(string text) =>
        string.Join('\n', text.TrimEnd().Split('\n').Select(line => line.Length == 0 ? line : "   | " + line));
}
