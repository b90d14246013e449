using System.Net.Sockets;
using Lakala.Terminal.Client.Setup;

namespace Lakala.Terminal.Client.Printing;

public enum PrinterState
{
    Ready,
    PaperLow,
    PaperOut,
    CoverOpen,

    /// <summary>It cannot be reached, does not answer, or reports an error of its own.</summary>
    Away,

    /// <summary>It is not asked, and has taken what it was sent.</summary>
    Unasked,

    /// <summary>It has not answered yet, nor failed to.</summary>
    Unknown,
}

/// <summary>The receipt is not, or not surely, on paper.</summary>
public sealed class PrinterException(PrinterState state, Exception? inner = null) : IOException($"The printer is not ready: {state}.", inner)
{
    public PrinterState State => state;
}

/// <summary>How long a printer is waited for.</summary>
/// <param name="Reach">Until it has answered for the first time; somebody else may be printing.</param>
/// <param name="Answer">After which it is asked again.</param>
/// <param name="Silence">While it prints, until it has said anything.</param>
/// <param name="Out">Until a slip is out.</param>
/// <param name="Watch">For how long one that does not say when a slip is out is watched.</param>
/// <param name="End">For it to close the line.</param>
internal sealed record PrinterPatience(TimeSpan Reach, TimeSpan Answer, TimeSpan Silence, TimeSpan Out, TimeSpan Watch, TimeSpan End)
{
    public static readonly PrinterPatience Usual = new(
        TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(1));
}

/// <summary>
/// The receipt printer of a counter: <c>tcp:HOST:PORT</c> or <c>device:/dev/usb/lp0</c>, asked before each slip how it is, and after it
/// whether it is out; or <c>file:PATH</c>, to which the same bytes are appended. The line is open while there is something to print or
/// to ask, so that others can print too. One job at a time.
/// </summary>
public sealed class ReceiptPrinter
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(250);

    private readonly Func<TimeSpan, Task<PrinterLine>> _open;
    private readonly bool _answers;
    private readonly PrinterPatience _patience;
    private readonly TimeProvider _time;

    // Whether it knows GS r. Null: not asked yet.
    private bool? _saysWhenOut;
    private volatile PrinterState _state;

    private ReceiptPrinter(Func<TimeSpan, Task<PrinterLine>> open, bool answers, PrinterPatience patience, TimeProvider time)
    {
        (_open, _answers, _patience, _time) = (open, answers, patience, time);
        _state = answers ? PrinterState.Unknown : PrinterState.Unasked;
    }

    /// <summary>As it was found last. Any thread may ask.</summary>
    public PrinterState State => _state;

    /// <summary>Whether it gives a status.</summary>
    internal bool IsAsked => _answers;

    /// <summary>Whether it prints, as far as is known.</summary>
    public bool IsGood => State is PrinterState.Ready or PrinterState.PaperLow or PrinterState.Unasked or PrinterState.Unknown;

    /// <param name="setup">One without a fault.</param>
    /// <param name="folder">What a file's path is relative to.</param>
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

    /// <summary>Asks the printer how it is. One that is not asked is only tried again after a fault.</summary>
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
            // The state says it.
        }

        return State;
    }

    /// <summary>Returns once all of them are out, as far as the printer says it.</summary>
    /// <exception cref="PrinterException">It is not sure that they are on paper.</exception>
    public Task Print(IReadOnlyList<ReceiptSlip> slips) => slips.Count > 0 ? Work(slips) : Task.CompletedTask;

    /// <summary>For whoever looks into it: the line, and how the printer is; once it has answered.</summary>
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
            throw new TimeoutException("The printer has not taken all of it.");
        }
    }

    private Task Work(IReadOnlyList<ReceiptSlip> slips) => Talk(async talk =>
    {
        foreach (var slip in slips)
        {
            await Print(talk, slip);
        }
    });

    // It may be serving somebody else, who holds it for some seconds more. Where it takes the line and does not answer yet, the place
    // in its queue is kept.
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

        // A pause may take longer than it was meant to.
        TimeSpan Left() => _patience.Reach - _time.GetElapsedTime(begun) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    // A printer that takes bytes does not print yet, and one that is well may run out of paper in the midst of them.
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
                throw new TimeoutException("The printer does not say that the slip is out.");
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

    // Some printers answer late, one question behind: so it does not matter which of both questions an answer belongs to. A bit that
    // has its meaning in one has none, or a like one, in the other.
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
                    throw new TimeoutException("The printer gives no status that can be understood.");
                }

                if (await talk.Ask(what, left < _patience.Answer ? left : _patience.Answer) is { } answer)
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
            // What is out is out, and of what is not the caller knows already.
        }
    }

    private static bool IsOffLine(Exception fault) =>
        fault is SocketException or TimeoutException or OperationCanceledException or UnauthorizedAccessException or (IOException and not PrinterException);

    private static PrinterLine OpenDevice(string path, TimeProvider time) => OperatingSystem.IsLinux()
        ? new DeviceLine(path, time)
        : new StreamLine(new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0, FileOptions.Asynchronous));
}
