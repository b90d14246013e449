using System.Globalization;

namespace Lakala.Local;

/// <summary><c>./lakala up</c>: an instance for people and programs, until Ctrl-C.</summary>
public static class Up
{
    private const long Amount = 12_800;

    public static async Task<int> Run(CancellationToken stop)
    {
        Console.WriteLine($"Lakala starts in {Repository.Home}");
        var state = await StateFolder.Open(Repository.Home);
        var file = state.At("up.json");
        await using var network = await LocalNetwork.Start(
            state,
            new LocalNetworkOptions
            {
                HttpPort = Port("LAKALA_HTTP_PORT", 8080),
                TerminalPort = Port("LAKALA_TERMINAL_PORT", 8583),
                Progress = step => Console.WriteLine($"  {step}"),
            },
            stop);
        using var merchant = new MerchantClient(network.Http, network.Seed.ApiKey);
        var order = "WEB-" + TimeProvider.System.GetUtcNow().ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);
        var bill = await merchant.CreateBill(order, Amount, "A teapot and two cups", stop);
        var number = bill.GetProperty("number").GetString()!;
        await LocalFiles.Write(file, network.Describe(number));
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
        Console.WriteLine($"""

              merchant API  {network.Http}v1, reference at {network.Http}docs
              API key       {network.Seed.ApiKey}
              terminals     {network.Terminal.Host}:{network.Terminal.Port}, TLS under {network.Terminal.Ca}
              bank's book   {network.BankHttp}book
              all of it     {file}

              A first bill  {bill}, CNY {Amount / 100m:0.00}
              its page      {payUrl}
              pay it with   ./lakala terminal pay --bill {bill} \
                              --card '{card.Track2}' --pin {card.Pin}

            Ctrl-C ends it.
            ready
            """);
    }

    private static async Task<int> UntilSomethingEnds(LocalNetwork network, CancellationToken stop)
    {
        try
        {
            var first = await Task.WhenAny(network.Silo.Ended(stop), network.Bank.Ended(stop));
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
