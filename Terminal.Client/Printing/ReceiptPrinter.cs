using System.Net.Sockets;
using Lakala.Terminal.Client.Setup;
using Lakala.Wire.Files;

namespace Lakala.Terminal.Client.Printing;

public enum PrinterState
{
    Ready,
    PaperLow,
    PaperOut,
    CoverOpen,

    /// <summary>It cannot be reached, does not answer, or reports an error.</summary>
    Away,

    /// <summary>It is not asked, and the last bytes were sent.</summary>
    Unasked,

    /// <summary>It has not answered yet, and the wait is not over.</summary>
    Unknown,
}

/// <summary>The receipt is not, or not certainly, on paper.</summary>
public sealed class PrinterException(PrinterState state, Exception? inner = null) : IOException($"The printer is not ready: {state}.", inner)
{
    public PrinterState State => state;
}

/// <summary>The waits for a printer.</summary>
/// <param name="Reach">For its first answer; another terminal may be printing.</param>
/// <param name="Answer">For an answer, before it is asked again.</param>
/// <param name="Silence">For any byte while it prints.</param>
/// <param name="Out">For the end of a slip.</param>
/// <param name="Watch">For a fault after a slip, with a printer that does not confirm slips.</param>
/// <param name="End">For the printer to close the line.</param>
internal sealed record PrinterPatience(TimeSpan Reach, TimeSpan Answer, TimeSpan Silence, TimeSpan Out, TimeSpan Watch, TimeSpan End)
{
    public static readonly PrinterPatience Usual = new(
        TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(1));
}

/// <summary>
/// The receipt printer of a counter: <c>tcp:HOST:PORT</c> or <c>device:/dev/usb/lp0</c>, asked before each slip for its status, and after
/// it whether the slip is printed; or <c>file:PATH</c>, to which the same bytes are appended. The line is open only for a slip or a
/// question, so that other terminals can print too. One job at a time.
/// </summary>
public sealed class ReceiptPrinter
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(250);

    private readonly Func<TimeSpan, Task<PrinterLine>> _open;
    private readonly bool _answers;
    private readonly PrinterPatience _patience;
    private readonly TimeProvider _time;

    // True: it knows GS r. Null: not asked yet.
    private bool? _saysWhenOut;
    private volatile PrinterState _state;

    private ReceiptPrinter(Func<TimeSpan, Task<PrinterLine>> open, bool answers, PrinterPatience patience, TimeProvider time)
    {
        (_open, _answers, _patience, _time) = (open, answers, patience, time);
        _state = answers ? PrinterState.Unknown : PrinterState.Unasked;
    }

    /// <summary>The last known state. Any thread may read it.</summary>
    public PrinterState State => _state;

    /// <summary>True when it gives a status and is asked for it.</summary>
    internal bool IsAsked => _answers;

    /// <summary>True when it can print, by its last known state.</summary>
    public bool IsGood => State is PrinterState.Ready or PrinterState.PaperLow or PrinterState.Unasked or PrinterState.Unknown;

    /// <param name="setup">A valid setup.</param>
    /// <param name="folder">The base of a relative file path.</param>
    /// <returns>Null for <c>none</c>: receipts are only shown.</returns>
    public static ReceiptPrinter? Open(TerminalSetup setup, string folder, TimeProvider time) =>
        Open(setup.Printer, setup.PrinterStatus, folder, time, PrinterPatience.Usual);

    internal static ReceiptPrinter? Open(string setting, bool answers, string folder, TimeProvider time, PrinterPatience patience)
    {
        if (setting.StartsWith(PrinterSetting.Tcp, StringComparison.Ordinal))
        {
            var address = TerminalSetup.Address(setting[PrinterSetting.Tcp.Length..])!;
            return new ReceiptPrinter(within => NetworkLine.Connect(address.Host, address.Port, within, time), answers, patience, time);
        }

        if (setting.StartsWith(PrinterSetting.Device, StringComparison.Ordinal))
        {
            var device = setting[PrinterSetting.Device.Length..];
            return new ReceiptPrinter(_ => Task.FromResult(OpenDevice(device, time)), answers, patience, time);
        }

        var path = setting == PrinterSetting.None ? null : Path.Combine(folder, setting[PrinterSetting.File.Length..]);
        return path is null
            ? null
            : new ReceiptPrinter(_ => Task.FromResult<PrinterLine>(new StreamLine(PrivateFile.Open(path, FileMode.Append))), answers: false, patience, time);
    }

    /// <summary>Asks the printer for its status. A printer without status is only tried again after a fault.</summary>
    public async Task<PrinterState> Look()
    {
        try
        {
            if (_answers || !IsGood)
            {
                await Work([]);
            }
        }
        catch (PrinterException)
        {
            // The state has the fault.
        }

        return State;
    }

    /// <summary>Returns once all slips are printed, as far as the printer confirms it.</summary>
    /// <exception cref="PrinterException">It is not certain that they are on paper.</exception>
    public Task Print(IReadOnlyList<ReceiptSlip> slips) => slips.Count > 0 ? Work(slips) : Task.CompletedTask;

    /// <summary>For the printer doctor: the line and the printer's state, once it has answered.</summary>
    internal async Task Talk(Func<PrinterTalk, Task> work)
    {
        try
        {
            var talk = await Reach();
            using (talk.Line)
            {
                try
                {
                    await work(talk);
                }
                finally
                {
                    await End(talk);
                }
            }
        }
        catch (Exception fault) when (IsOffLine(fault))
        {
            _state = PrinterState.Away;
            throw new PrinterException(PrinterState.Away, fault);
        }
    }

    internal async Task Print(PrinterTalk talk, ReceiptSlip slip)
    {
        Require();
        if (_answers)
        {
            _saysWhenOut ??= await SaysWhenOut(talk);
        }

        await talk.Line.Send(EscPos.Encode(slip), _patience.Out);
        if (_answers)
        {
            await UntilOut(talk);
        }
        else if (!await talk.Line.End(_patience.Out))
        {
            throw new TimeoutException("The printer has not accepted all data in time.");
        }
    }

    private Task Work(IReadOnlyList<ReceiptSlip> slips) => Talk(async talk =>
    {
        foreach (var slip in slips)
        {
            await Print(talk, slip);
        }
    });

    // Another terminal may use it for some more seconds. If it accepts the connection and does not answer yet, the connection stays
    // open, to keep the place in its queue.
    private async Task<PrinterTalk> Reach()
    {
        var begun = _time.GetTimestamp();
        while (true)
        {
            PrinterLine? line = null;
            try
            {
                line = await _open(Left());
                var talk = new PrinterTalk(line, _time);
                _state = _answers ? await Status(talk, Left()) : PrinterState.Unasked;
                return talk;
            }
            catch (Exception fault) when (IsOffLine(fault))
            {
                line?.Dispose();
                if (_time.GetElapsedTime(begun) + Retry >= _patience.Reach)
                {
                    throw;
                }

                await Task.Delay(Retry, _time);
            }
        }

        // A pause may take longer than asked for.
        TimeSpan Left() => _patience.Reach - _time.GetElapsedTime(begun) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    // A printer that accepts bytes has not printed them yet, and may run out of paper in the middle of a slip.
    private async Task UntilOut(PrinterTalk talk)
    {
        var begun = _time.GetTimestamp();
        if (_saysWhenOut == true)
        {
            await talk.AskWhenOut();
        }

        while (true)
        {
            await (_saysWhenOut == true ? talk.HearWhenOut(Retry) : Task.Delay(Retry, _time));
            var isOut = _saysWhenOut == true ? talk.IsOut : _time.GetElapsedTime(begun) >= _patience.Watch;
            _state = await Status(talk, _patience.Silence);
            Require();
            if (isOut)
            {
                return;
            }

            if (_time.GetElapsedTime(begun) >= _patience.Out)
            {
                throw new TimeoutException("The printer does not confirm the slip in time.");
            }
        }
    }

    private async Task<bool> SaysWhenOut(PrinterTalk talk)
    {
        await talk.AskWhenOut();
        await talk.HearWhenOut(_patience.Answer);
        return talk.IsOut;
    }

    private void Require()
    {
        if (!IsGood)
        {
            throw new PrinterException(State);
        }
    }

    // Some printers answer one question late, so an answer may belong to either of both questions. The bits that are read here have
    // the same meaning in both answers, or none in one of them.
    private async Task<PrinterState> Status(PrinterTalk talk, TimeSpan within)
    {
        const int Lid = 0x0C, LidOpen = 0x04, NearEnd = 0x0C, NoPaper = 0x20, Trouble = 0x60, Error = 0x40;
        var begun = _time.GetTimestamp();
        byte[] answers = [await Ask(PrinterTalk.OffLineCause), await Ask(PrinterTalk.PaperSensors)];
        return answers.Any(answer => (answer & Lid) == LidOpen) ? PrinterState.CoverOpen
            : answers.Any(answer => (answer & NoPaper) != 0) ? PrinterState.PaperOut
            : answers.Any(answer => (answer & Trouble) == Error) ? PrinterState.Away
            : answers.Any(answer => (answer & Lid) == NearEnd) ? PrinterState.PaperLow
            : PrinterState.Ready;

        async Task<byte> Ask(byte what)
        {
            while (true)
            {
                var left = within - _time.GetElapsedTime(begun);
                if (left <= TimeSpan.Zero)
                {
                    throw new TimeoutException("The printer gives no valid status in time.");
                }

                if (await talk.AskStatus(what, left < _patience.Answer ? left : _patience.Answer) is { } answer)
                {
                    return answer;
                }
            }
        }
    }

    private async Task End(PrinterTalk talk)
    {
        try
        {
            await talk.Line.End(_patience.End);
        }
        catch (Exception fault) when (IsOffLine(fault))
        {
            // The slips are printed, or the caller has their fault already: an error of the close changes nothing.
        }
    }

    private static bool IsOffLine(Exception fault) =>
        fault is SocketException or TimeoutException or OperationCanceledException or UnauthorizedAccessException or (IOException and not PrinterException);

    private static PrinterLine OpenDevice(string path, TimeProvider time) => OperatingSystem.IsLinux()
        ? new DeviceLine(path, time)
        : new StreamLine(new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0, FileOptions.Asynchronous));
}
