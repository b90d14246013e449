using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Lakala.Terminal.Tests;

/// <summary>A receipt printer at the other end of a terminal line, which is in its default mode: it echoes, and waits for Enter.</summary>
public sealed class PtyPrinter : IDisposable
{
    private const int ReadWrite = 2, NotControlling = 0x100, NonBlocking = 0x800;

    private readonly SafeFileHandle _master;
    private readonly ConcurrentQueue<byte> _paper = new();
    private readonly CancellationTokenSource _end = new();
    private readonly Task _work;

    public PtyPrinter()
    {
        var master = posix_openpt(ReadWrite | NotControlling | NonBlocking);
        _master = new SafeFileHandle(master, ownsHandle: true);
        var name = new byte[64];
        if (grantpt(master) != 0 || unlockpt(master) != 0 || ptsname_r(master, name, (nuint)name.Length) != 0)
        {
            throw new InvalidOperationException($"No terminal line: error {Marshal.GetLastPInvokeError()}.");
        }

        Path = System.Text.Encoding.ASCII.GetString(name).TrimEnd('\0');
        _work = Task.Run(Run);
    }

    public string Path { get; }

    public bool IsMute { get; set; }

    public byte[] Paper => [.. _paper];

    public void Dispose()
    {
        _end.Cancel();
        _work.GetAwaiter().GetResult();
        _master.Dispose();
        _end.Dispose();
    }

    private async Task Run()
    {
        var bytes = new byte[256];
        var held = new List<byte>();
        while (!_end.IsCancellationRequested)
        {
            // It fails while the other end is not open; then, and while nothing comes, it is tried again.
            var count = (int)read(Master, bytes, (nuint)bytes.Length);
            if (count <= 0)
            {
                await Task.Delay(5);
                continue;
            }

            held.AddRange(bytes[..count]);
            while (held.Count > 0 && Take(held))
            {
            }
        }
    }

    // False: the rest of a command is still to come.
    private bool Take(List<byte> held)
    {
        var isAsked = held[0] == 0x10;
        var isAskedWhenOut = held is [0x1D, (byte)'r', ..];
        if ((isAsked && held.Count < 3) || (isAskedWhenOut && held.Count < 3) || held is [0x1D])
        {
            return false;
        }

        if (isAsked || isAskedWhenOut)
        {
            if (!IsMute)
            {
                _ = write(Master, [(byte)(isAsked ? 0x12 : 0)], 1);
            }

            held.RemoveRange(0, 3);
            return true;
        }

        _paper.Enqueue(held[0]);
        held.RemoveAt(0);
        return true;
    }

    private int Master => (int)_master.DangerousGetHandle();

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int posix_openpt(int flags);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int grantpt(int master);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int unlockpt(int master);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ptsname_r(int master, byte[] name, nuint length);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint read(int master, byte[] bytes, nuint count);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint write(int master, byte[] bytes, nuint count);
}
