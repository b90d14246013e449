namespace Lakala.Terminal.Client.Printing;

/// <summary>
/// Questions and answers on a printer's line. Fixed bits distinguish an answer from automatic status (ASB, four bytes
/// at once); bytes from before a question are never its answer.
/// </summary>
internal sealed class PrinterTalk(PrinterLine line, TimeProvider time)
{
    /// <summary>DLE EOT n: 1 the printer, 2 why it is off line, 3 errors, 4 the sensors of the roll. Answered at once.</summary>
    public const byte Printer = 1, OffLineCause = 2, Errors = 3, PaperSensors = 4;

    private static readonly TimeSpan ToSend = TimeSpan.FromSeconds(3);

    // GS r 1: the roll, answered after everything that was sent before has been printed.
    private static readonly byte[] SayWhenOut = [0x1D, (byte)'r', 1];

    private readonly List<byte> _heard = [];
    private int _ofItself;
    private byte? _status;

    public PrinterLine Line => line;

    /// <summary>All bytes since the last question, for people.</summary>
    public IReadOnlyList<byte> Heard => _heard;

    /// <summary>True when the last <see cref="AskWhenOut"/> is answered.</summary>
    public bool IsOut { get; private set; }

    /// <summary>DLE EOT.</summary>
    /// <returns>Null when it is not answered in time.</returns>
    public async Task<byte?> AskStatus(byte what, TimeSpan within)
    {
        await Discard();
        await line.Send(new byte[] { EscPos.RealTimeStatus[0], EscPos.RealTimeStatus[1], what }, ToSend);
        await Hear(() => _status is not null, within);
        return _status;
    }

    /// <summary>GS r.</summary>
    public async Task AskWhenOut()
    {
        await Discard();
        IsOut = false;
        await line.Send(SayWhenOut, ToSend);
    }

    public Task HearWhenOut(TimeSpan within) => Hear(() => IsOut, within);

    private async Task Discard()
    {
        await Hear(() => false, TimeSpan.Zero);
        _heard.Clear();
        _status = null;
    }

    private async Task Hear(Func<bool> isEnough, TimeSpan within)
    {
        var begun = time.GetTimestamp();
        while (!isEnough())
        {
            var bytes = await line.Receive(within - time.GetElapsedTime(begun));
            foreach (var one in bytes)
            {
                Take(one);
            }

            if (bytes.Length == 0 && time.GetElapsedTime(begun) >= within)
            {
                return;
            }
        }
    }

    // ASB: 0xx1xx00, then three of 0xx0xxxx. DLE EOT: 0xx1xx10. GS r: 0xx0xxxx, alone.
    private void Take(byte one)
    {
        const int Fixed = 0x93, StatusMark = 0x12, OfItselfMark = 0x10, PlainFixed = 0x90, Following = 3;
        _heard.Add(one);
        var isPlain = (one & PlainFixed) == 0;
        if ((one & Fixed) == StatusMark)
        {
            _status = one;
        }
        else if (isPlain && _ofItself > 0)
        {
            _ofItself--;
            return;
        }
        else if (isPlain)
        {
            IsOut = true;
        }

        _ofItself = (one & Fixed) == OfItselfMark ? Following : 0;
    }
}
