using Lakala.Local;

namespace Lakala.Bench;

/// <summary>Terminals in a process of their own, signed on, that only send heartbeats.</summary>
internal sealed class BeatingSwarm : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(6), LongestLife = TimeSpan.FromHours(1);

    private readonly ChildProcess _process;
    private readonly DirectoryInfo _folder;

    private BeatingSwarm(ChildProcess process, DirectoryInfo folder) => (_process, _folder) = (process, folder);

    /// <summary>Starts them; returns when all are signed on.</summary>
    /// <param name="name">Of the process and its log.</param>
    /// <exception cref="SetupException">Not all have signed on.</exception>
    public static async Task<BeatingSwarm> Start(
        LocalNetwork network, string name, IReadOnlyList<SeededTerminal> terminals, TimeSpan heartbeat, CancellationToken stop)
    {
        var folder = Directory.CreateTempSubdirectory("lakala-swarm-");
        var plan = Path.Combine(folder.FullName, "plan.json");
        LocalFiles.Write(plan, new
        {
            network.Terminal.Host,
            Ports = network.Gateways,
            network.Terminal.Ca,
            Terminals = terminals,
            Bills = Array.Empty<string>(),
            Amount = 0,
            network.Cards,
            JournalFolder = folder.FullName,
            WarmupSeconds = 0,
            Seconds = LongestLife.TotalSeconds,
            HeartbeatSeconds = heartbeat.TotalSeconds,
        });
        var process = network.StartProgram(
            name,
            [Repository.Program("Bench"), "swarm", "--plan", plan, "--result", ResultIn(folder)],
            new Dictionary<string, string>([LocalNetwork.RoomyYoungGeneration]));
        var swarm = new BeatingSwarm(process, folder);
        try
        {
            await swarm.UntilResult("not all terminals have signed on", static _ => true, stop);
            return swarm;
        }
        catch
        {
            await swarm.DisposeAsync();
            throw;
        }
    }

    /// <summary>Cuts all lines at once; returns when every terminal has signed on again.</summary>
    public async Task<TimeSpan> LoseLines(CancellationToken stop)
    {
        _process.Signal(ProcessRecord.HangUp);
        var result = await UntilResult("not all terminals have signed on again", static result => result.StormSeconds is not null, stop);
        return TimeSpan.FromSeconds(result.StormSeconds!.Value);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static string ResultIn(DirectoryInfo folder) => Path.Combine(folder.FullName, "result.json");

    private async Task<BeatingResult> UntilResult(string missing, Func<BeatingResult, bool> isDone, CancellationToken stop)
    {
        BeatingResult? result = null;
        await _process.WaitUntilReady(
            async _ =>
            {
                result = await LocalFiles.Read<BeatingResult>(ResultIn(_folder));
                return result is not null && isDone(result) ? null : missing;
            },
            Bound,
            stop);
        return result!;
    }
}
