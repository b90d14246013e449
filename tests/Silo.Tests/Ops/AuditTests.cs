using Lakala.Silo.Ops.Audit;
using Lakala.Storage.Operators;
using Lakala.Storage.Stores;
using Lakala.Storage.Terminals;
using Lakala.Testing;

namespace Lakala.Silo.Tests.Ops;

/// <summary>The operators' changes on the page of the audit log.</summary>
public sealed class AuditTests(Books books) : IClassFixture<Books>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_audit_log_has_the_values_before_and_after_a_change()
    {
        var (provisioning, commands, settings) = (new ProvisioningRows(books.Database), new CommandRows(books.Database), new ParameterRows(books.Database));
        var people = new OperatorRows(books.Database);
        var (store, other, terminal, name) = ("STORE0000000081", "STORE0000000082", "T0000081", "op-81");
        await provisioning.PutStores([new Store(store, "Tea & Sons", 20, Chain: "chain", Region: "R", District: "D")], "ann");
        await provisioning.AddTerminals([(terminal, store)], [[1]], "ann", Stop);
        await provisioning.PutStores([new Store(store, "Tea & Sons", 30, Chain: "chain")], "ann");
        await provisioning.ChangeStore(store, StoreChange.Block, "ann", Stop);
        await settings.Put(SettingLevel.Store, store, """{"copies":2}""", "ann", Stop);
        await settings.Put(SettingLevel.Store, store, """{"copies":1,"largest_amount":500}""", "ann", Stop);
        await provisioning.PutStores([new Store(other, "Other", 0)], "ann");
        var move = new TerminalCommand(CommandKind.Move, other, TimeProvider.System.GetUtcNow().AddSeconds(-1), [terminal]);
        await commands.Add(Guid.NewGuid(), move, "bo", Stop);
        await commands.RunDue(100, Stop);
        await people.Put(new Operator(name, OperatorRole.Watch), "ann", Stop);
        await people.Put(new Operator(name, OperatorRole.Administer), "ann", Stop);
        await people.Block(name, "ann", Stop);

        (await Changes(store)).Should().Equal(
            "settings.put copies: 2 → 1, largest amount: – → 500",
            "settings.put copies: – → 2",
            "store.block blocked: False → True",
            "store.put commission percent: 20 → 30, district: D → –, region: R → –",
            "store.put chain: – → chain, commission percent: – → 20, district: – → D, name: – → Tea & Sons, region: – → R");
        (await Changes(terminal)).Should().Equal(
            $"terminal.moved store: {store} → {other}", "terminal.move ", $"terminal.add store: – → {store}");
        (await Changes(name)).Should().Equal(
            "operator.block blocked: False → True", "operator.put role: watch → administer", "operator.put blocked: – → False, role: – → watch");

        async Task<IEnumerable<string>> Changes(string subject) => (await new AuditLog(books.Database).List(subject, null, 20, Stop)).Select(entry =>
            $"{entry.What} {string.Join(", ", Change.Between(entry.Before, entry.After).Select(change => change.ToString()).Order(StringComparer.Ordinal))}");
    }
}
