using System.Diagnostics;

namespace Lakala.Local;

/// <summary>
/// A program of ours that runs beside this one: its output goes to a log file, and a record in the state folder names its process.
/// It has its own session, so that Ctrl-C reaches only this program, which then ends the others in order.
/// </summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private const int TailLines = 15;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);
    // Longer than a silo needs to finish its swipes under way.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly ProcessRecord _record;
    private readonly string _pidFile;

    private ChildProcess(string name, Process process, ProcessRecord record, string log, string pidFile) =>
        (Name, _process, _record, Log, _pidFile) = (name, process, record, log, pidFile);

    public string Name { get; }

    public string Log { get; }

    public int Id => _record.Id;

    public bool IsRunning => !_process.HasExited;

    public static ChildProcess Start(
        StateFolder state,
        string name,
        IReadOnlyList<string> command,
        IReadOnlyDictionary<string, string>? environment = null,
        int stopSignal = ProcessRecord.Terminate)
    {
        var log = Path.Combine(state.Folder("logs"), name + ".log");
        // The shell opens the log file for the program, so that the program can outlive this process, and then becomes the program.
        string[] shell = ["-c", "log=$1; shift; exec setsid \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", log];
        var start = new ProcessStartInfo("/bin/sh", [.. shell, .. command]) { WorkingDirectory = "/" };
        foreach (var (key, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[key] = value;
        }

        var process = Process.Start(start)!;
        var record = ProcessRecord.FromProcess(process.Id, stopSignal);
        var pidFile = Path.Combine(state.Folder("pids"), name);
        ProcessRecord.Write(pidFile, record);
        return new ChildProcess(name, process, record, log, pidFile);
    }

    /// <summary>Asks repeatedly until <paramref name="missing"/> returns null.</summary>
    /// <exception cref="SetupException">The program ended, or is not ready in time; the message has the reason and the end of its log.</exception>
    public async Task WaitUntilReady(Func<CancellationToken, Task<string?>> missing, TimeSpan bound, CancellationToken cancel = default)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var answer = await missing(cancel);
            if (answer is null)
            {
                return;
            }

            if (!IsRunning)
            {
                throw new SetupException($"{Name} ended with exit code {_process.ExitCode}. {Tail()}");
            }

            if (TimeProvider.System.GetElapsedTime(start) > bound)
            {
                throw new SetupException($"{Name} is not ready after {bound.TotalSeconds:0} s: {answer}. {Tail()}");
            }

            await Task.Delay(Poll, cancel);
        }
    }

    /// <summary>Ready when <c>/healthz</c> answers 200.</summary>
    public Task WaitUntilHealthy(HttpClient http, Uri healthz, TimeSpan bound, CancellationToken cancel = default) => WaitUntilReady(
        async stop =>
        {
            try
            {
                using var answer = await http.GetAsync(healthz, stop);
                return answer.IsSuccessStatusCode ? null : await answer.Content.ReadAsStringAsync(stop);
            }
            catch (HttpRequestException fault)
            {
                return fault.Message;
            }
        },
        bound,
        cancel);

    /// <summary>Waits until the program ends by itself.</summary>
    /// <returns>A text about it for the operator.</returns>
    public async Task<string> Ended(CancellationToken cancel)
    {
        await HasEnded(cancel);
        return $"{Name} ended with exit code {_process.ExitCode}. {Tail()}";
    }

    public Task HasEnded(CancellationToken cancel) => _process.WaitForExitAsync(cancel);

    /// <summary>Ends the program as an operator would; kills it if it does not end.</summary>
    /// <returns>True when it ended by itself.</returns>
    public async Task<bool> Stop()
    {
        var orderly = await _record.End(Patience);
        Forget();
        return orderly;
    }

    /// <summary>Ends the program as a crash would.</summary>
    public async Task Crash()
    {
        _record.Signal(ProcessRecord.Kill);
        await _process.WaitForExitAsync();
        Forget();
    }

    public void Signal(int signal) => _record.Signal(signal);

    public async ValueTask DisposeAsync()
    {
        await Stop();
        _process.Dispose();
    }

    // The program may be running again by now.
    private void Forget()
    {
        if (File.Exists(_pidFile) && ProcessRecord.Read(_pidFile) == _record)
        {
            File.Delete(_pidFile);
        }
    }

    private string Tail() =>
        $"The end of {Log}:\n{string.Join('\n', File.Exists(Log) ? File.ReadLines(Log).TakeLast(TailLines) : [])}";
}
