using System.Globalization;
using Lakala.Local;

namespace Lakala.Bench.Scale;

/// <summary>From <c>./lakala up</c>, with everything built and an empty state folder, until the first swipe is settled.</summary>
internal sealed class FirstSwipe : IScalePart
{
    public const string PartName = "first";

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    public string Name => PartName;

    public long DiskBytes => 1_000_000_000;

    public async Task<IReadOnlyDictionary<string, double>> Measure(CancellationToken stop)
    {
        using var state = await StateFolder.OpenEmpty(Path.Combine(Repository.Home, "bench"));
        var (home, ports) = (state.At("up"), FreePorts.Take(3));
        var environment = new Dictionary<string, string>
        {
            ["LAKALA_HOME"] = home,
            ["LAKALA_HTTP_PORT"] = Text(ports[0]),
            ["LAKALA_TERMINAL_PORT"] = Text(ports[1]),
            ["LAKALA_SHOP_PORT"] = Text(ports[2]),
        };
        ScaleBench.Say("./lakala up, and a swipe");
        var begun = TimeProvider.System.GetTimestamp();
        await using var up = ChildProcess.Start(state, "up", [Path.Combine(Repository.Root, "lakala"), "up"], environment, ProcessRecord.Interrupt);
        UpFile? running = null;
        await up.WaitUntilReady(
            async _ => (running = await LocalFiles.Read<UpFile>(Path.Combine(home, "up.json"))) is null ? "there is no up.json" : null, Bound, stop);
        var card = running!.Cards.First(card => card.Expected == "approved");
        var swipe = await Tool.Run(
            [Repository.Program("Terminal.Client"), "pay", "--bill", running.Bill, "--card", card.Track2, "--pin", card.Pin], environment, cancel: stop);
        return swipe.ExitCode == 0
            ? new Dictionary<string, double> { ["first_swipe_seconds"] = TimeProvider.System.GetElapsedTime(begun).TotalSeconds }
            : throw new SetupException($"the first swipe is not settled: {swipe.Output}{swipe.Error}");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
