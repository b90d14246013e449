using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Terminal.Gui.App;
using Terminal.Gui.Drivers;

namespace Lakala.Terminal.Client.Desks;

/// <summary>
/// Reads keys when they come. Terminal.Gui's own reader polls every 20 ms, which on a terminal that is idle most of the day costs
/// more than everything else.
/// </summary>
/// <param name="arrived">Set once keys can be taken.</param>
internal sealed class KeyInput(AutoResetEvent arrived) : AnsiInput, IInput<char>
{
    /// <summary>True when the system signals keys; otherwise the screen must poll.</summary>
    public static readonly bool Tells = OperatingSystem.IsLinux();

    // After this time it checks again whether the program ends.
    private const int Patience = 250;

    private ConcurrentQueue<char> _keys = [];

    public static IApplication NewApplication(AutoResetEvent arrived) =>
        Tells ? (IApplication)NewApplication(new AnsiComponentFactory(new KeyInput(arrived))) : Application.Create();

    void IInput<char>.Initialize(ConcurrentQueue<char> inputQueue) => _keys = inputQueue;

    void IInput<char>.Run(CancellationToken runCancellationToken)
    {
        const short In = 1;
        while (!runCancellationToken.IsCancellationRequested)
        {
            var standardInput = new PollEntry { Events = In };
            if (poll(ref standardInput, 1, Patience) <= 0)
            {
                continue;
            }

            if (Peek())
            {
                foreach (var sign in Read())
                {
                    _keys.Enqueue(sign);
                }

                arrived.Set();
            }
            else
            {
                // The input is closed; the program gets its signal soon.
                runCancellationToken.WaitHandle.WaitOne(Patience);
            }
        }
    }

    // The only way to set the reader of an application; the version of the package is pinned.
    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    [return: UnsafeAccessorType("Terminal.Gui.App.ApplicationImpl, Terminal.Gui")]
    private static extern object NewApplication(IComponentFactory factory);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int poll(ref PollEntry entries, nuint count, int milliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
