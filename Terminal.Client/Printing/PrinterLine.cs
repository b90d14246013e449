using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Lakala.Terminal.Client.Printing;

/// <summary>The line to a printer, open for one job. Every wait has a bound, and no thread waits for a printer.</summary>
internal abstract class PrinterLine : IDisposable
{
    protected const int AtOnce = 256;

    /// <exception cref="TimeoutException">The printer has not taken all of it in time.</exception>
    public abstract Task Send(ReadOnlyMemory<byte> bytes, TimeSpan within);

    /// <returns>The bytes that have come; none when the time is over.</returns>
    /// <exception cref="IOException">The printer has closed the line.</exception>
    public abstract Task<byte[]> Receive(TimeSpan within);

    /// <summary>Waits until the sent bytes have left this machine.</summary>
    /// <returns>False when they have not, as far as the line shows it.</returns>
    public abstract Task<bool> End(TimeSpan within);

    public abstract void Dispose();
}

/// <summary>A printer in the network.</summary>
internal sealed class NetworkLine : PrinterLine
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    private NetworkLine()
    {
    }

    /// <exception cref="OperationCanceledException">No connection within the time.</exception>
    public static async Task<PrinterLine> Connect(string host, int port, TimeSpan within, TimeProvider time)
    {
        using var patience = new CancellationTokenSource(within, time);
        var line = new NetworkLine();
        try
        {
            await line._socket.ConnectAsync(host, port, patience.Token);
            return line;
        }
        catch
        {
            line.Dispose();
            throw;
        }
    }

    public override async Task Send(ReadOnlyMemory<byte> bytes, TimeSpan within)
    {
        using var patience = new CancellationTokenSource(within);
        while (bytes.Length > 0)
        {
            bytes = bytes[await _socket.SendAsync(bytes, patience.Token)..];
        }
    }

    public override async Task<byte[]> Receive(TimeSpan within)
    {
        if (within <= TimeSpan.Zero && _socket.Available == 0)
        {
            return [];
        }

        var bytes = new byte[AtOnce];
        using var patience = new CancellationTokenSource(within > TimeSpan.Zero ? within : Timeout.InfiniteTimeSpan);
        try
        {
            var count = await _socket.ReceiveAsync(bytes, patience.Token);
            return count > 0 ? bytes[..count] : throw new IOException("The printer has closed the line.");
        }
        catch (OperationCanceledException)
        {
            return [];
        }
    }

    // To close a socket with unread bytes resets the line, and the printer drops what it has not printed yet. So the
    // printer closes first, once it has read everything.
    public override async Task<bool> End(TimeSpan within)
    {
        using var patience = new CancellationTokenSource(within);
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
            while (await _socket.ReceiveAsync(new byte[AtOnce], patience.Token) > 0)
            {
            }
        }
        catch (OperationCanceledException)
        {
            // The printer keeps its side open: it has received everything by now.
        }

        return true;
    }

    public override void Dispose() => _socket.Dispose();
}

/// <summary>A file, and outside Linux a device, is a stream. A file never answers.</summary>
internal sealed class StreamLine(Stream stream) : PrinterLine
{
    public override async Task Send(ReadOnlyMemory<byte> bytes, TimeSpan within)
    {
        using var patience = new CancellationTokenSource(within);
        await stream.WriteAsync(bytes, patience.Token);
        await stream.FlushAsync(patience.Token);
    }

    public override async Task<byte[]> Receive(TimeSpan within)
    {
        var bytes = new byte[AtOnce];
        using var patience = new CancellationTokenSource(within);
        try
        {
            return bytes[..await stream.ReadAsync(bytes, patience.Token)];
        }
        catch (OperationCanceledException)
        {
            return [];
        }
    }

    public override Task<bool> End(TimeSpan within) => Task.FromResult(true);

    public override void Dispose() => stream.Dispose();
}

/// <summary>
/// A printer at a device of Linux. A serial line is set to raw mode, or it would echo the printer's answers back as text; /dev/usb/lp0
/// is not one and is left unchanged. Never blocks: .NET's streams would leave a thread in each read without an answer.
/// </summary>
internal sealed class DeviceLine : PrinterLine
{
    private const int ReadWrite = 2, NotControlling = 0x100, NonBlocking = 0x800, CloseOnExec = 0x80000;
    private const short Readable = 1, Writable = 4;
    private const int FlushBoth = 2, TryAgain = 11, Interrupted = 4;
    private const nuint BytesWaiting = 0x5411;

    // Larger than struct termios on any platform.
    private const int TermiosLength = 256;

    private readonly SafeFileHandle _device;
    private readonly bool _isSerial;
    private readonly TimeProvider _time;

    /// <exception cref="IOException">There is no such device, or this user may not open it.</exception>
    public DeviceLine(string path, TimeProvider time)
    {
        _time = time;
        var device = open(path, ReadWrite | NotControlling | NonBlocking | CloseOnExec);
        if (device < 0)
        {
            throw Fault($"{path} cannot be opened");
        }

        _device = new SafeFileHandle(device, ownsHandle: true);
        _isSerial = isatty(device) == 1;
        if (_isSerial && !MakeRaw(device))
        {
            var fault = Fault($"{path} cannot be made raw");
            _device.Dispose();
            throw fault;
        }
    }

    public override async Task Send(ReadOnlyMemory<byte> bytes, TimeSpan within)
    {
        var begun = _time.GetTimestamp();
        while (bytes.Length > 0)
        {
            var left = within - _time.GetElapsedTime(begun);
            if (left <= TimeSpan.Zero)
            {
                throw new TimeoutException("The printer does not take what it is sent.");
            }

            if (!await Wait(Writable, left))
            {
                continue;
            }

            var count = write(Descriptor, bytes.ToArray(), (nuint)bytes.Length);
            bytes = count >= 0 ? bytes[(int)count..]
                : Marshal.GetLastPInvokeError() is TryAgain or Interrupted ? bytes
                : throw Fault("The printer cannot be written to");
        }
    }

    public override async Task<byte[]> Receive(TimeSpan within)
    {
        if (!await Wait(Readable, within))
        {
            return [];
        }

        var bytes = new byte[AtOnce];
        var count = read(Descriptor, bytes, (nuint)bytes.Length);
        return count > 0 ? bytes[..(int)count]
            : count < 0 && Marshal.GetLastPInvokeError() is TryAgain or Interrupted ? []
            : throw Fault("The printer cannot be read from");
    }

    public override async Task<bool> End(TimeSpan within)
    {
        var begun = _time.GetTimestamp();
        while (!HasGone())
        {
            if (_time.GetElapsedTime(begun) >= within)
            {
                // Without this, the close would wait for a printer that is switched off.
                _ = tcflush(Descriptor, FlushBoth);
                return false;
            }

            await Task.Delay(Step, _time);
        }

        return true;
    }

    public override void Dispose() => _device.Dispose();

    private static TimeSpan Step => TimeSpan.FromMilliseconds(20);

    private int Descriptor => (int)_device.DangerousGetHandle();

    private bool HasGone() => _isSerial
        ? ioctl(Descriptor, BytesWaiting, out var waiting) != 0 || waiting == 0
        : IsReady(Writable);

    private async Task<bool> Wait(short what, TimeSpan within)
    {
        var begun = _time.GetTimestamp();
        while (!IsReady(what))
        {
            if (_time.GetElapsedTime(begun) >= within)
            {
                return false;
            }

            await Task.Delay(Step, _time);
        }

        return true;
    }

    // A line that was hung up counts as ready: the next call fails with the reason.
    private bool IsReady(short what)
    {
        var one = new PollEntry { Descriptor = Descriptor, Events = what };
        return poll(ref one, 1, 0) > 0;
    }

    private static bool MakeRaw(int device)
    {
        var termios = new byte[TermiosLength];
        if (tcgetattr(device, termios) != 0)
        {
            return false;
        }

        cfmakeraw(termios);
        return tcsetattr(device, 0, termios) == 0;
    }

    private static IOException Fault(string what) => new($"{what}: {Marshal.GetLastPInvokeErrorMessage()}.");

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint read(int device, byte[] bytes, nuint count);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint write(int device, byte[] bytes, nuint count);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int poll(ref PollEntry entries, nuint count, int milliseconds);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ioctl(int device, nuint request, out int value);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int isatty(int device);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int tcgetattr(int device, byte[] termios);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int tcsetattr(int device, int when, byte[] termios);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int tcflush(int device, int which);

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void cfmakeraw(byte[] termios);
}
