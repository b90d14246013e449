using System.Diagnostics;

namespace Lakala.Local;

/// <summary>A program that runs to its end, such as initdb, a verb of the silo or a one-shot terminal.</summary>
public static class Tool
{
    // A program that has started others needs time to end them first.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Runs a program and collects what it prints.</summary>
    /// <exception cref="SetupException">The program does not exist.</exception>
    public static async Task<ToolResult> Run(
        IReadOnlyList<string> command,
        IReadOnlyDictionary<string, string>? environment = null,
        string? input = null,
        string? workingDirectory = null,
        CancellationToken cancel = default)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory ?? "/",
        };
        foreach (var (key, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[key] = value;
        }

        using var process = Start(start);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancel);
            var error = process.StandardError.ReadToEndAsync(cancel);
            await WriteInput(process, input);
            await process.WaitForExitAsync(cancel);
            return new ToolResult(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>As <see cref="Run"/>, for a program that must succeed.</summary>
    /// <exception cref="SetupException">It exited with another code than 0; the message ends with its standard error.</exception>
    public static async Task<string> RunOrFail(
        IReadOnlyList<string> command,
        IReadOnlyDictionary<string, string>? environment = null,
        string? input = null,
        CancellationToken cancel = default)
    {
        var result = await Run(command, environment, input, cancel: cancel);
        return result.ExitCode == 0
            ? result.Output
            : throw new SetupException($"{string.Join(' ', command)} failed with exit code {result.ExitCode}:\n{result.Error.Trim()}");
    }

    /// <summary>Runs a program on this program's console.</summary>
    /// <returns>Its exit code.</returns>
    public static async Task<int> Show(
        IReadOnlyList<string> command,
        IReadOnlyDictionary<string, string>? environment = null,
        string? workingDirectory = null,
        CancellationToken cancel = default)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1)) { WorkingDirectory = workingDirectory ?? "/" };
        foreach (var (key, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[key] = value;
        }

        using var process = Start(start);
        await process.WaitForExitAsync(cancel);
        return process.ExitCode;
    }

    /// <summary>Runs a program and passes its output on, line by line. A cancel interrupts it once, and waits for its end.</summary>
    /// <returns>Its exit code.</returns>
    public static async Task<int> Follow(
        IReadOnlyList<string> command, Action<string> onLine, IReadOnlyDictionary<string, string> environment, string workingDirectory, CancellationToken cancel)
    {
        // In its own process group, without the keyboard's Ctrl+C: a test program that gets it twice ends without ending its own processes. And
        // with interrupts on, which a shell turns off for background programs.
        var start = new ProcessStartInfo("setsid", ["env", "--default-signal=INT", .. command])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory,
        };
        foreach (var (key, value) in environment)
        {
            start.Environment[key] = value;
        }

        using var process = Start(start);
        process.OutputDataReceived += (_, line) => onLine(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => onLine(line.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await process.WaitForExitAsync(cancel);
            return process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            await ProcessRecord.FromProcess(process.Id, ProcessRecord.Interrupt).End(Patience);
            throw;
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception fault)
        {
            throw new SetupException($"{start.FileName} cannot be started: {fault.Message}", fault);
        }
    }

    private static async Task WriteInput(Process process, string? input)
    {
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading its input; its exit code has the reason.
        }
    }
}

public sealed record ToolResult(int ExitCode, string Output, string Error);
