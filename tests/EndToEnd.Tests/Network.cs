using Lakala.EndToEnd.Tests;
using Lakala.Local;

[assembly: AssemblyFixture(typeof(Network))]

namespace Lakala.EndToEnd.Tests;

/// <summary>
/// The network that most tests share: PostgreSQL, bank and silo as separate processes. It starts empty and ends with the
/// run. Test classes run in parallel, and only one program at a time may use a terminal: each class uses its own terminals.
/// </summary>
public sealed class Network : IAsyncLifetime
{
    private LocalNetwork _local = null!;

    public LocalNetwork Local => _local;

    public MerchantClient Merchant { get; private set; } = null!;

    /// <summary>A separate network, for a test that would affect the others.</summary>
    public static async Task<LocalNetwork> StartAnother(LocalNetworkOptions? options = null) => await LocalNetwork.Start(
        await StateFolder.OpenEmpty(Path.Combine(Repository.Home, "test", "network")),
        (options ?? new LocalNetworkOptions()) with { ProgramsSwipe = true });

    public async ValueTask InitializeAsync()
    {
        _local = await StartAnother(new LocalNetworkOptions { Terminals = 17 });
        Merchant = new MerchantClient(_local.Http, _local.Seed.ApiKey);
    }

    public async ValueTask DisposeAsync()
    {
        Merchant.Dispose();
        await _local.DisposeAsync();
    }

    /// <summary>A new open bill.</summary>
    /// <returns>Its number.</returns>
    public async Task<string> NewBill(long amount = 1_000) =>
        (await Merchant.CreateBill("order-" + Guid.NewGuid().ToString("N"), amount, "A teapot")).GetProperty("number").GetString()!;

    /// <summary>The first of the bank's cards with this answer.</summary>
    public TestCard Card(string expected) => _local.Cards.First(card => card.Expected == expected);
}
