using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lakala.Local;
using Lakala.Testing;
using Lakala.Wire.Keys;

namespace Lakala.Silo.Tests.Bank;

/// <summary>The stand-in bank in its own process, with an empty book.</summary>
public sealed class RunningBank : IAsyncLifetime
{
    private static readonly TimeSpan StartBound = HangGuard.Bound;

    private readonly HttpClient _http = new();
    private readonly int[] _ports = FreePorts.Take(2);
    private StateFolder _state = null!;
    private ChildProcess _process = null!;

    public int Port => _ports[0];

    public string ZoneMasterKeyFile => _state.At("zone-master.key");

    /// <summary>Pays, and takes refunds.</summary>
    public TestCard Card => Cards.First(card => card is { Expected: "approved", RefundAnswers: null });

    /// <summary>Pays, and is closed when a refund comes.</summary>
    public TestCard ClosedCard => Cards.Single(card => card.RefundAnswers == "14");

    public IReadOnlyList<TestCard> Cards { get; private set; } = [];

    private string BookFile => Path.Combine(_state.Folder("bank"), "book.tsv");

    private string CardFile => Path.Combine(_state.Folder("bank"), "cards.json");

    public async ValueTask InitializeAsync()
    {
        _state = await StateFolder.OpenEmpty(Path.Combine(Repository.Home, "test", "bank"));
        KeyFile.Write(ZoneMasterKeyFile, MasterKey.NewKey());
        await Start();
        Cards = await LocalFiles.ReadCards(CardFile);
    }

    public async Task Start()
    {
        _process = ChildProcess.Start(_state, "bank", [Repository.Program("BankHost")], new Dictionary<string, string>
        {
            ["Bank__Port"] = _ports[0].ToString(CultureInfo.InvariantCulture),
            ["Bank__HttpPort"] = _ports[1].ToString(CultureInfo.InvariantCulture),
            ["Bank__Folder"] = _state.Folder("bank"),
            ["Bank__ZoneMasterKeyFile"] = ZoneMasterKeyFile,
        });
        await _process.WaitUntilHealthy(_http, At("/healthz"), StartBound, TestContext.Current.CancellationToken);
    }

    public async Task Crash()
    {
        await _process.Crash();
        await _process.DisposeAsync();
    }

    /// <summary>A further card, which the bank knows after its next start.</summary>
    public async Task<TestCard> Issue(string pan, long balance)
    {
        var cards = JsonNode.Parse(await File.ReadAllTextAsync(CardFile))!.AsArray();
        cards.Add(new JsonObject { ["pan"] = pan, ["expiry"] = "4912", ["pin"] = "4711", ["expected"] = "approved", ["balance"] = balance });
        await File.WriteAllTextAsync(CardFile, cards.ToJsonString());
        return new TestCard($"{pan}=49122010000000000", "4711", "approved");
    }

    public Task<JsonElement> Book() => _http.GetFromJsonAsync<JsonElement>(At("/book"), TestContext.Current.CancellationToken);

    /// <returns>Amount and response code of each refund of the original, in the order of the book.</returns>
    public async Task<IReadOnlyList<(long Amount, string Code)>> RefundsOf(string originalRrn) =>
    [
        .. from refund in (await Book()).GetProperty("refunds").EnumerateArray()
           where refund.GetProperty("original_rrn").GetString() == originalRrn
           select (refund.GetProperty("amount").GetInt64(), refund.GetProperty("response_code").GetString()!),
    ];

    /// <returns>How often the book's file credits this refund.</returns>
    public async Task<int> CountCredits(string refundRrn)
    {
        await using var stream = new FileStream(BookFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        return (await reader.ReadToEndAsync()).Split('\n').Count(line => line.Split('\t') is ["C", var rrn, _, _, "00", _] && rrn == refundRrn);
    }

    /// <summary>The next refunds are answered with a fault; 0 ends it.</summary>
    public async Task Plan(string kind, int count = 1)
    {
        using var answer = await _http.PostAsJsonAsync(At("/faults"), new { kind, count, of = "refunds" });
        answer.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _http.Dispose();
        _state.Dispose();
    }

    private Uri At(string path) => new($"http://127.0.0.1:{_ports[1]}{path}");
}
