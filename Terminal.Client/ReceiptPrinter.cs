using System.Globalization;
using System.Net.Sockets;

namespace Lakala.Terminal.Client;

public enum PrinterState
{
    Ready,
    PaperLow,
    PaperOut,
    CoverOpen,

    /// <summary>It cannot be reached, does not answer, or reports an error of its own.</summary>
    Away,
}

/// <summary>The receipt is not, or not wholly, on paper.</summary>
public sealed class PrinterException(PrinterState state, Exception? inner = null) : IOException($"The printer is not ready: {state}.", inner)
{
    public PrinterState State => state;
}

/// <summary>
/// The receipt printer of a counter: <c>tcp:HOST:PORT</c> or <c>device:/dev/usb/lp0</c>, asked before and after each receipt how
/// it is; or <c>file:PATH</c>, to which the same bytes are appended and which answers nothing.
/// </summary>
public sealed class ReceiptPrinter
{
    private const string None = "none", Tcp = "tcp:", Device = "device:", File = "file:";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly Func<Stream> _open;
    private readonly bool _answers;

    private ReceiptPrinter(Func<Stream> open, bool answers) => (_open, _answers) = (open, answers);

    /// <summary>As it was found last.</summary>
    public PrinterState State { get; private set; }

    /// <returns>What is wrong with the setting; null when nothing is.</returns>
    public static string? Fault(string setting) =>
        setting == None || setting.StartsWith(Device, StringComparison.Ordinal) || setting.StartsWith(File, StringComparison.Ordinal)
            || (setting.StartsWith(Tcp, StringComparison.Ordinal) && TerminalSetup.Address(setting[Tcp.Length..]) is not null)
            ? null
            : "printer is none of none, tcp:HOST:PORT, device:PATH and file:PATH";

    /// <param name="setting">One without a <see cref="Fault"/>.</param>
    /// <param name="folder">What a file's path is relative to.</param>
    /// <returns>Null for <c>none</c>: receipts are only shown.</returns>
    public static ReceiptPrinter? Open(string setting, string folder)
    {
        if (setting.StartsWith(Tcp, StringComparison.Ordinal))
        {
            var address = TerminalSetup.Address(setting[Tcp.Length..])!;
            return new ReceiptPrinter(() => Connect(address.Host, address.Port), answers: true);
        }

        if (setting.StartsWith(Device, StringComparison.Ordinal))
        {
            var device = setting[Device.Length..];
            return new ReceiptPrinter(() => new FileStream(device, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0), answers: true);
        }

        var path = setting == None ? null : Path.Combine(folder, setting[File.Length..]);
        return path is null ? null : new ReceiptPrinter(() => PrivateFile.Open(path, FileMode.Append), answers: false);
    }

    /// <summary>Asks the printer how it is.</summary>
    public PrinterState Look()
    {
        try
        {
            using var stream = _open();
            return State = Ask(stream);
        }
        catch (Exception fault) when (IsOfLine(fault))
        {
            return State = PrinterState.Away;
        }
    }

    /// <summary>Returns once all of them are with the printer, and it says that it has paper still.</summary>
    /// <exception cref="PrinterException">It is not sure that they are on paper.</exception>
    public void Print(IEnumerable<ReceiptSlip> slips)
    {
        try
        {
            using var stream = _open();
            foreach (var slip in slips)
            {
                Require(stream);
                stream.Write(EscPos.Encode(slip));
                stream.Flush();
                Require(stream);
            }
        }
        catch (Exception fault) when (IsOfLine(fault))
        {
            State = PrinterState.Away;
            throw new PrinterException(State, fault);
        }
    }

    private void Require(Stream stream)
    {
        State = Ask(stream);
        if (State is not (PrinterState.Ready or PrinterState.PaperLow))
        {
            throw new PrinterException(State);
        }
    }

    // DLE EOT n, the real-time status: 2 why it is off line, 4 the sensors of the paper roll. Both have bits 1 and 4 set.
    private PrinterState Ask(Stream stream)
    {
        if (!_answers)
        {
            return PrinterState.Ready;
        }

        const int OffLineCause = 2, PaperSensors = 4;
        const int CoverOpen = 0x04, PaperEndStop = 0x20, Error = 0x40, NearEnd = 0x0C, End = 0x60;
        var cause = Ask(stream, OffLineCause);
        if ((cause & CoverOpen) != 0)
        {
            return PrinterState.CoverOpen;
        }

        var paper = Ask(stream, PaperSensors);
        return (paper & End) != 0 || (cause & PaperEndStop) != 0 ? PrinterState.PaperOut
            : (cause & Error) != 0 ? PrinterState.Away
            : (paper & NearEnd) != 0 ? PrinterState.PaperLow
            : PrinterState.Ready;
    }

    private static int Ask(Stream stream, byte what)
    {
        const int Fixed = 0x93, Mark = 0x12;
        stream.Write([.. EscPos.RealTimeStatus, what]);
        stream.Flush();
        var answer = new byte[1];
        using var patience = new CancellationTokenSource(Patience);
        var read = stream.ReadAsync(answer, patience.Token).AsTask().WaitAsync(Patience).GetAwaiter().GetResult();
        return read == 1 && (answer[0] & Fixed) == Mark ? answer[0] : throw new IOException("The printer gives no status that can be understood.");
    }

    private static bool IsOfLine(Exception fault) =>
        fault is SocketException or TimeoutException or OperationCanceledException or UnauthorizedAccessException or (IOException and not PrinterException);

    private static NetworkStream Connect(string host, int port)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, SendTimeout = (int)Patience.TotalMilliseconds };
        try
        {
            if (!socket.ConnectAsync(host, port).Wait(Patience))
            {
                throw new TimeoutException(string.Create(CultureInfo.InvariantCulture, $"No connection within {Patience.TotalSeconds:0} s."));
            }

            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (Exception fault)
        {
            socket.Dispose();
            throw fault is AggregateException { InnerException: { } inner } ? inner : fault;
        }
    }
}
