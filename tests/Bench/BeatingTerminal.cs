using Lakala.Terminal.Client.Sessions;
using Lakala.Wire.Keys;

namespace Lakala.Bench;

/// <summary>A terminal that is signed on and only sends heartbeats. Its line can be cut.</summary>
internal sealed class BeatingTerminal : IAsyncDisposable
{
    private Stream _line = Stream.Null;
    private TaskCompletionSource _next = NewSignal();

    public BeatingTerminal(SessionOptions options, MasterKey master, Func<CancellationToken, Task<Stream>> connect, TimeProvider time) =>
        Session = new TerminalSession(
            options,
            master,
            async stop =>
            {
                _line = await connect(stop);
                _next.TrySetResult();
                return _line;
            },
            time);

    public TerminalSession Session { get; }

    /// <summary>Cuts the line, and waits until the terminal has signed on over another one.</summary>
    /// <returns>Null, or why it has not within the bound.</returns>
    public async Task<LineTrouble?> LoseLine(TimeSpan bound, CancellationToken stop)
    {
        _next = NewSignal();
        await _line.DisposeAsync();
        try
        {
            await _next.Task.WaitAsync(bound, stop);
        }
        catch (TimeoutException)
        {
            // The session has the reason.
        }

        return await Session.WaitUntilUp(bound, stop);
    }

    public ValueTask DisposeAsync() => Session.DisposeAsync();

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
