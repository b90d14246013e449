using Lakala.Wire.Keys;

namespace Lakala.Local;

/// <summary>What the silos of an instance must find in the database, and the terminals in their folders.</summary>
/// <param name="silo">The environment of a silo: its verbs write to the database.</param>
internal sealed class LocalProvisioning(StateFolder state, LocalNetworkOptions options, IReadOnlyDictionary<string, string> silo)
{
    private const string Merchant = "demo-shop";

    /// <summary>Provisions a database once; one that is provisioned is only migrated.</summary>
    /// <param name="database">A name of the database, by which a later run knows it again.</param>
    public async Task<Seed> Ensure(string database, CancellationToken cancel)
    {
        var seedFile = state.At("seed.json");
        if (await LocalFiles.Read<Seed>(seedFile) is { Operators: not null } kept && kept.Database == database)
        {
            await Tool.RunOrFail([Repository.Program("Silo", options.Checkout), "migrate"], silo, cancel: cancel);
            return kept;
        }

        var answer = await Tool.RunOrFail([Repository.Program("Silo", options.Checkout), "provision"], silo, LocalFiles.Serialise(ComposeRequest()), cancel);
        var seed = LocalFiles.Parse<Seed>(answer) with { Database = database };
        LocalFiles.Write(seedFile, seed);
        return seed;
    }

    /// <summary>Writes the folders of the store's terminals, but none for the spare one.</summary>
    /// <param name="others">The addresses of further gateways.</param>
    public void WriteTerminals(Seed seed, TerminalAddress gateway, IReadOnlyList<string> others) =>

        // At once: each file waits for the disk, and a bench has thousands.
        Parallel.ForEach(seed.Terminals.SkipLast(1), terminal =>
        {
            var folder = state.Folder(Path.Combine("terminals", terminal.Id));
            KeyFile.Write(Path.Combine(folder, "master.key"), Convert.FromHexString(terminal.MasterKey));
            LocalFiles.Write(
                Path.Combine(folder, "terminal.json"),
                new { gateway.Host, gateway.Port, gateway.Ca, Terminal = terminal.Id, terminal.Store, Language = "en", Others = others });
        });

    private object ComposeRequest() => new
    {
        Merchant = new { Id = Merchant, Name = "Demo Shop", FeeBasisPoints = 60 },
        Store = DemoStores.All[0],
        Stores = DemoStores.All.Skip(1),
        Terminals = Enumerable.Range(1, options.Terminals).Select(number => $"T{number:0000000}").Append("T9999999"),
        Clerks = new[]
        {
            new { Number = "1001", Name = "Clerk 1001", Supervisor = false },
            new { Number = "9001", Name = "Supervisor 9001", Supervisor = true },
        },
        Operators = new[]
        {
            new { Name = "watch", Role = "watch" },
            new { Name = "act", Role = "act" },
            new { Name = "admin", Role = "administer" },
        },
        Bills = new { Count = options.Bills, Amount = 1000 },
    };
}
