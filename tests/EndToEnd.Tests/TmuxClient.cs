using System.Diagnostics;
using System.Text;
using Lakala.Local;

namespace Lakala.EndToEnd.Tests;

/// <summary>
/// A tmux server with one window, and a client in tmux's control mode: it takes a command a line, so that a look at the screen, of which a
/// test takes many in a second, needs no process of its own.
/// </summary>
internal sealed class TmuxClient : IAsyncDisposable
{
    private const string Program = "/usr/bin/tmux";

    private readonly Process _process;

    private TmuxClient(Process process) => _process = process;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <param name="shell">What the shell in the window does.</param>
    public static async Task<TmuxClient> Start(int columns, int rows, string shell)
    {
        var server = "lakala-" + Guid.NewGuid().ToString("N");
        await Tool.RunOrFail(
            [Program, "-L", server, "-f", "/dev/null", "new-session", "-d", "-x", $"{columns}", "-y", $"{rows}", shell], cancel: Stop);
        return new TmuxClient(Process.Start(new ProcessStartInfo(Program, ["-L", server, "-C", "attach-session", "-f", "ignore-size,no-output"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            StandardOutputEncoding = Encoding.UTF8,
        })!);
    }

    /// <summary>Has tmux do one command; one at a time.</summary>
    /// <returns>What it prints.</returns>
    public async Task<string> Do(params string[] command)
    {
        await _process.StandardInput.WriteLineAsync(string.Join(' ', command.Select(Quoted)).AsMemory(), Stop);
        await _process.StandardInput.FlushAsync(Stop);
        var printed = new StringBuilder();
        var isAnswer = false;
        while (await _process.StandardOutput.ReadLineAsync(Stop) is { } line)
        {
            if (isAnswer && Marks(line, "%end"))
            {
                return printed.ToString();
            }

            if (isAnswer && Marks(line, "%error"))
            {
                throw new InvalidOperationException($"tmux {string.Join(' ', command)}: {printed}");
            }

            if (isAnswer)
            {
                printed.Append(line).Append('\n');
            }

            isAnswer |= Marks(line, "%begin");
        }

        throw new InvalidOperationException($"tmux ended before it did {string.Join(' ', command)}");
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _process.StandardInput.WriteLineAsync("kill-server");
            await _process.StandardInput.FlushAsync();
        }
        catch (IOException)
        {
            // It has ended already.
        }

        await _process.StandardOutput.ReadToEndAsync();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    // The answer to a command of this client stands between two lines with a time, a number and a 1.
    private static bool Marks(string line, string mark) =>
        line.StartsWith(mark + " ", StringComparison.Ordinal) && line.EndsWith(" 1", StringComparison.Ordinal);

    private static string Quoted(string word) => "'" + word.Replace("'", @"'\''", StringComparison.Ordinal) + "'";
}
