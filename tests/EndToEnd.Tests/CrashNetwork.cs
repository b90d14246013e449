using Lakala.Local;
using Lakala.Testing;
using Lakala.Wire.Bank;
using Lakala.Wire.Cards;
using Lakala.Wire.Terminal;
using Npgsql;

namespace Lakala.EndToEnd.Tests;

/// <summary>
/// A silo process that can be killed at a chosen moment: the test holds its line to PostgreSQL at a chosen place, and
/// plays its bank. The test moves the sweeper's time.
/// </summary>
public sealed class CrashNetwork : IAsyncLifetime
{
    private const int Terminals = 24;

    // The test decides when the bank answers and moves the sweeper's time, so the time-out and the deadline leave time for a restart of the silo or of
    // PostgreSQL, also on a slow machine.
    private readonly Dictionary<string, string> _settings = new()
    {
        ["Swipe__BankTimeout"] = "00:00:20",
        ["Swipe__CommitDeadline"] = "00:05:00",
        ["Swipe__SweepAfter"] = "00:05:05",
        ["Swipe__TerminalTimeout"] = "00:06:00",
        ["BankLink__ReversalTimeout"] = "00:00:01",
    };

    private int _terminals;
    private Shop _shop = null!;

    public LocalNetwork Local { get; private set; } = null!;

    public TestLine Line { get; private set; } = null!;

    internal ScriptedBank Bank { get; private set; } = null!;

    public TestCard Card => Local.Cards[0];

    /// <summary>A text that is only in C1, and in no other statement of an approved swipe.</summary>
    public string MaskedCard => Track2.TryParse(Card.Track2, out var track) ? track!.Masked : throw new InvalidOperationException("The card is none.");

    public async ValueTask InitializeAsync()
    {
        Local = await Network.StartAnother(new LocalNetworkOptions { Terminals = Terminals, Silo = _settings });
        Line = new TestLine(Local.ConnectionString);
        Bank = new ScriptedBank(Path.Combine(Local.Secrets, "zone-master.key"));
        _shop = await Shop.Open(Local);

        // Their ports are known only now.
        _settings["ConnectionStrings__Lakala"] = Line.ConnectionString;
        _settings["BankLink__Port"] = Bank.Port.ToString(null, null);
        await RestartSilo();
    }

    public async ValueTask DisposeAsync()
    {
        _shop.Dispose();
        await Local.DisposeAsync();
        await Bank.DisposeAsync();
        await Line.DisposeAsync();
    }

    /// <summary>SIGKILL, and a new process.</summary>
    public async Task RestartSilo()
    {
        await Local.Silo.Crash();
        await Local.StartSilo(TestContext.Current.CancellationToken);
    }

    /// <summary>A terminal that no other test uses, signed on.</summary>
    internal async Task<RawTerminal> NewTerminal() => await RawTerminal.SignedOn(Local, Local.Seed.Terminals[_terminals++]);

    /// <summary>A new bill, and the 0200 with which this terminal would pay it.</summary>
    internal async Task<PayRequest> NewSwipe(RawTerminal terminal, Shop? shop = null)
    {
        var bill = (await (shop ?? _shop).NewBill(amount: "1000")).GetProperty("number").GetString()!;
        return terminal.Pay(bill, 1_000, Card);
    }

    public async Task<string> BillState(string bill) => await Scalar<string>($"select state from bills where number = {bill}") ?? "NONE";

    /// <summary>The row under the swipe's key.</summary>
    internal async Task<string> State(PayRequest swipe) => await Scalar<string>($"select state from attempts where {Under(swipe)}") ?? "NONE";

    internal Task UntilState(PayRequest swipe, string state) =>
        Eventually.Is(async () => await State(swipe) == state, $"terminal {swipe.From.Terminal}: an attempt that is {state}");

    /// <summary>The bank says it until a silo has heard it: a line may be lost between its sign-on and the answer.</summary>
    internal Task UntilApproved(PayRequest swipe, BankAuthoriseRequest asked, string code) => Eventually.Is(
        async () =>
        {
            await Bank.Approve(asked, code);
            return await State(swipe) == "APPROVED";
        },
        $"terminal {swipe.From.Terminal}: the approval is taken");

    internal async Task<string> Rrn(PayRequest swipe) =>
        await Scalar<string>($"select lpad(rrn::text, 12, '0') from attempts where {Under(swipe)}") ?? "NONE";

    /// <summary>The swipe's deadline is over, and the sweeper's time too.</summary>
    internal Task PassDeadline(PayRequest swipe) =>
        Execute($"update attempts set deadline = clock_timestamp() - interval '1 minute' where {Under(swipe)}");

    public async Task<T?> Scalar<T>(string sql)
    {
        await using var database = NpgsqlDataSource.Create(Local.ConnectionString + ";Pooling=false");
        await using var command = database.CreateCommand(sql);
        return (T?)await command.ExecuteScalarAsync(TestContext.Current.CancellationToken);
    }

    public async Task Execute(string sql)
    {
        await using var database = NpgsqlDataSource.Create(Local.ConnectionString + ";Pooling=false");
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    private static string Under(PayRequest swipe) =>
        $"terminal_id = '{swipe.From.Terminal}' and batch = {swipe.Batch} and stan = {swipe.From.Stan}";
}
