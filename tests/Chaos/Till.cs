using System.Diagnostics;
using System.Text.Json;
using Lakala.Local;

namespace Lakala.Chaos;

/// <summary>The outcome of a sale for its terminal.</summary>
/// <param name="Outcome">The terminal's report, or <c>never</c>: nothing was sent, and nothing was in the journal.</param>
public sealed record Resolution(string Outcome, DateTimeOffset Begun, DateTimeOffset Resolved);

/// <summary>
/// A store's till with its terminal, whose program is its own process, driven as a cash register drives it. It is killed in
/// the middle of sales, and started again: then the open sale is settled before the next one.
/// </summary>
public sealed class Till(LocalNetwork network, SeededTerminal terminal, Shop shop, Random random) : IAsyncDisposable
{
    private const double GivenUp = 0.04, BroughtBack = 0.03;

    // A terminal may make sixty lookups a minute.
    private static readonly TimeSpan BetweenSales = TimeSpan.FromMilliseconds(1_050), SettlePause = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private readonly List<string> _paper = [];
    private readonly List<Resolution> _resolved = [];
    private readonly TimeProvider _time = TimeProvider.System;
    private Process? _process;
    private (Sale Sale, DateTimeOffset Begun)? _open;

    public string Terminal => terminal.Id;

    /// <summary>A sale is under way.</summary>
    public bool IsBusy => _open is not null;

    /// <summary>The output of its programs, line by line.</summary>
    public IReadOnlyList<string> Paper => Copy(_paper);

    public IReadOnlyList<Resolution> Resolved => Copy(_resolved);

    /// <summary>The time at which the present sale began.</summary>
    public DateTimeOffset? OpenSince => _open?.Begun;

    /// <summary>Sells until <paramref name="closing"/>, then settles open sales and ends.</summary>
    public async Task Run(CancellationToken closing, CancellationToken stop)
    {
        await Task.Delay(Draw(BetweenSales), _time, stop);
        var isSettled = false;
        while (!closing.IsCancellationRequested || !isSettled)
        {
            try
            {
                Start();
                isSettled = await Work(closing, stop);
            }
            catch (IOException)
            {
                // The program was killed. Its earlier output counts.
                isSettled = false;
            }

            await End();
            if (!isSettled)
            {
                await Task.Delay(Draw(TimeSpan.FromSeconds(2)), _time, stop);
            }
        }
    }

    /// <summary>Cuts the terminal's power.</summary>
    public void Kill()
    {
        lock (_lock)
        {
            if (_process is { HasExited: false } running)
            {
                running.Kill();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        await End();
    }

    // True when no sale is open.
    private async Task<bool> Work(CancellationToken closing, CancellationToken stop)
    {
        await Settle(stop);
        while (!closing.IsCancellationRequested)
        {
            if (shop.TryTake(out var sale))
            {
                await Sell(sale, stop);
            }

            await Task.Delay(BetweenSales + Draw(TimeSpan.FromMilliseconds(200)), _time, stop);
        }

        await Settle(stop);
        return true;
    }

    private async Task Sell(Sale sale, CancellationToken stop)
    {
        var card = network.Cards[Pick()];
        _open = (sale, _time.GetUtcNow());
        await Say(new { Do = "pay", sale.Bill, Card = card.Track2, Pin = card.Expected == "55" ? ChaosRun.CanaryPin : card.Pin }, stop);
        var heard = Hear(stop);
        if (Draw() < GivenUp)
        {
            await Task.WhenAny(heard, Task.Delay(Draw(TimeSpan.FromMilliseconds(400)), _time, stop));
            await Say(new { Do = "cancel" }, stop);
        }

        var report = await heard;
        await Take(report, stop);
        if (report.GetProperty("outcome").GetString() == "approved" && Draw() < BroughtBack)
        {
            await Task.Delay(BetweenSales, _time, stop);
            await GiveBack(sale, card, stop);
        }
    }

    // Some shoppers bring the goods back at once: all or a part of the money goes back to their card.
    private async Task GiveBack(Sale sale, TestCard card, CancellationToken stop)
    {
        var (clerk, supervisor) = (network.Seed.Clerks[0], network.Seed.Clerks[1]);
        await Say(
            new { Do = "refund", Payment = sale.Bill, Amount = Draw() < 0.5 ? (long?)null : 1 + (long)(Draw() * 300), Card = card.Track2, Clerk = clerk.Number, Supervisor = supervisor.Number, supervisor.Password },
            stop);
        if ((await Hear(stop)).GetProperty("outcome").GetString() == "unknown")
        {
            await Settle(stop);
        }
    }

    // Most shoppers have a good card; some have a bad one or a wrong PIN, and for one the bank gives no final answer.
    private int Pick()
    {
        var draw = Draw();
        var good = network.Cards.Select((card, place) => (card, place)).Where(entry => entry.card.Expected == "approved").ToArray();
        return draw < 0.85
            ? good[(int)(Draw() * good.Length)].place
            : (int)(Draw() * network.Cards.Count);
    }

    private async Task Settle(CancellationToken stop)
    {
        while (true)
        {
            await Say(new { Do = "settle" }, stop);
            var report = await Hear(stop);
            Note(report);
            if (report.GetProperty("outcome").GetString() == "settled")
            {
                // Killed before the sale was in the journal: it never happened.
                Close("never", isTried: false);
                return;
            }

            await Task.Delay(SettlePause, _time, stop);
        }
    }

    private async Task Take(JsonElement report, CancellationToken stop)
    {
        Note(report);
        if (_open is null)
        {
            return;
        }

        if (report.GetProperty("outcome").GetString() is "unknown")
        {
            await Settle(stop);
        }
        else
        {
            Close(report);
        }
    }

    // A report about an earlier sale settles that one.
    private void Note(JsonElement report)
    {
        if (report.TryGetProperty("resolved", out var earlier) && earlier.ValueKind == JsonValueKind.Object
            && _open is { } open && earlier.GetProperty("bill").GetString() == open.Sale.Bill)
        {
            Close(earlier);
        }
    }

    private void Close(JsonElement report) => Close(
        report.GetProperty("outcome").GetString()!, isTried: report.GetProperty("response_code").GetString() is not (null or "91" or "96"));

    private void Close(string outcome, bool isTried)
    {
        if (_open is not { } open)
        {
            return;
        }

        _open = null;
        lock (_lock)
        {
            _resolved.Add(new Resolution(outcome, open.Begun, _time.GetUtcNow()));
        }

        if (outcome == "approved")
        {
            shop.Deliver(open.Sale);
        }
        else
        {
            shop.GiveBack(open.Sale, isTried);
        }
    }

    private void Start()
    {
        var start = new ProcessStartInfo(Repository.Program("Terminal.Client"), ["register", "--terminal", terminal.Id])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = "/",
        };
        start.Environment["LAKALA_HOME"] = network.Home;
        lock (_lock)
        {
            _process = Process.Start(start)!;
        }
    }

    // All output before its end was read.
    private async Task End()
    {
        if (_process is not { } process)
        {
            return;
        }

        try
        {
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already.
        }

        foreach (var line in (await process.StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Keep(line);
            if (TryParse(line) is { } report && report.GetProperty("outcome").GetString() is not ("unknown" or "settled"))
            {
                Note(report);
                Close(report);
            }
        }

        await process.WaitForExitAsync();
        lock (_lock)
        {
            _process = null;
        }

        process.Dispose();
    }

    private async Task Say(object order, CancellationToken stop)
    {
        await _process!.StandardInput.WriteLineAsync(LocalFiles.Line(order).AsMemory(), stop);
        await _process.StandardInput.FlushAsync(stop);
    }

    private async Task<JsonElement> Hear(CancellationToken stop)
    {
        while (await _process!.StandardOutput.ReadLineAsync(stop) is { } line)
        {
            Keep(line);
            if (TryParse(line) is { } report)
            {
                return report;
            }
        }

        throw new IOException("The terminal's program has ended.");
    }

    private void Keep(string line)
    {
        lock (_lock)
        {
            _paper.Add(line);
        }
    }

    // The last line of a program that was killed may be half a line.
    private static JsonElement? TryParse(string line)
    {
        try
        {
            return JsonElement.Parse(line);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private double Draw()
    {
        lock (random)
        {
            return random.NextDouble();
        }
    }

    private TimeSpan Draw(TimeSpan most) => most * Draw();

    private IReadOnlyList<T> Copy<T>(List<T> list)
    {
        lock (_lock)
        {
            return [.. list];
        }
    }
}
