using System.Globalization;

namespace Lakala.Local;

/// <summary><c>./lakala up</c>: an instance for people and programs, until Ctrl-C.</summary>
public static class Up
{
    public const int MostSilos = 9;

    private const long Amount = 12_800;

    public static async Task<int> Run(int silos, CancellationToken stop)
    {
        Console.WriteLine($"Lakala starts in {Repository.Home}");
        var state = await StateFolder.Open(Repository.Home);
        var file = state.At("up.json");
        await using var network = await LocalNetwork.Start(
            state,
            new LocalNetworkOptions
            {
                Silos = silos,
                HttpPort = Port("LAKALA_HTTP_PORT", 8080),
                Shop = true,
                ShopPort = Port("LAKALA_SHOP_PORT", 8090),
                TerminalPort = Port("LAKALA_TERMINAL_PORT", 8583),
                Progress = step => Console.WriteLine($"  {step}"),
            },
            stop);
        using var merchant = new MerchantClient(network.Http, network.Seed.ApiKey);
        var order = "WEB-" + TimeProvider.System.GetUtcNow().ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);
        var bill = await merchant.CreateBill(order, Amount, "A teapot and two cups", stop);
        var number = bill.GetProperty("number").GetString()!;
        LocalFiles.Write(file, network.Describe(number));
        Present(network, number, bill.GetProperty("pay_url").GetString()!, file);
        try
        {
            return await UntilSomethingEnds(network, stop);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static void Present(LocalNetwork network, string bill, string payUrl, string file)
    {
        var card = network.Cards.First(card => card.Expected == "approved");
        var lakala = Environment.GetEnvironmentVariable("LAKALA_HOME") is { Length: > 0 } ? $"LAKALA_HOME='{Repository.Home}' ./lakala" : "./lakala";
        Console.WriteLine($"""

              merchant API  {network.Http}v1, reference at {network.Http}docs
              web shop      {network.ShopPage}
              API key       {network.Seed.ApiKey}
              terminals     {string.Join(", ", network.Gateways.Select(port => $"{network.Terminal.Host}:{port}"))}
                            TLS under {network.Terminal.Ca}
              operations    {network.Http}ops
                            {string.Join("\n                ", network.Seed.Operators.Select(person => $"sign in as {person.Name}, password {person.Password}"))}
              bank's book   {network.BankHttp}book
              mails         {network.Mails}
              all of it     {file}

              A first bill  {bill}, CNY {Amount / 100m:0.00}
              its page      {payUrl}
              be the clerk  {lakala} terminal: clerk {network.Seed.Clerks[0].Number}, password {network.Seed.Clerks[0].Password}
                            (supervisor {network.Seed.Clerks[1].Number}, password {network.Seed.Clerks[1].Password})
              pay it with   {lakala} terminal pay --bill {bill} \
                              --card '{card.Track2}' --pin {card.Pin}

            Ctrl-C ends it.
            ready
            """);
    }

    private static async Task<int> UntilSomethingEnds(LocalNetwork network, CancellationToken stop)
    {
        try
        {
            // Silos of a cluster are started again.
            var first = await Task.WhenAny(network.Silos.Count == 1 ? network.Silo.Ended(stop) : network.Bank.Ended(stop), network.Bank.Ended(stop), network.Shop!.Ended(stop));
            throw new SetupException(await first);
        }
        catch (OperationCanceledException)
        {
            Console.WriteLine("ending");
            return 0;
        }
    }

    private static int Port(string variable, int standard) =>
        Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } text ? standard
        : ushort.TryParse(text, CultureInfo.InvariantCulture, out var port) ? port
        : throw new SetupException($"{variable}={text} is not a port");
}
