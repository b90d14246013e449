using System.Globalization;
using System.Text;
using Lakala.Terminal.Client.Words;
using Lakala.Vocabulary;

namespace Lakala.Terminal.Client.Readers;

/// <summary>
/// Shows what a reader, a scanner or a person has typed, how the terminal reads it, and how to set the device. Shows kinds and numbers of
/// characters; digits only of a masked card.
/// </summary>
internal sealed class ReaderDoctor(TerminalTexts texts, TextReader input, TextWriter output, TimeProvider time)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(10);

    private readonly DoctorTexts _words = DoctorTexts.ForLanguage(texts.Language);

    /// <summary>Each line of the input is one swipe, scan or typing, until the input ends.</summary>
    public async Task<int> RunOnLines(CancellationToken stop)
    {
        while (await input.ReadLineAsync(stop) is { } line)
        {
            await WriteJudgement(line, null, "\r");
        }

        return ExitCode.Done;
    }

    /// <summary>Until Escape alone is pressed. The keyboard belongs to the console.</summary>
    public async Task<int> RunOnKeyboard(CancellationToken stop)
    {
        await output.WriteLineAsync(_words.Begin);
        var (isCtrlC, keys, end) = (Console.TreatControlCAsInput, new StringBuilder(), "");
        Console.TreatControlCAsInput = true;
        try
        {
            var (first, last) = (time.GetTimestamp(), time.GetTimestamp());
            while (!stop.IsCancellationRequested)
            {
                if (Console.KeyAvailable)
                {
                    var key = Console.ReadKey(intercept: true);
                    last = time.GetTimestamp();
                    if (keys.Length == 0 && end.Length == 0)
                    {
                        first = last;
                        if (key.Key == ConsoleKey.Escape)
                        {
                            return ExitCode.Done;
                        }
                    }

                    var sign = key.Key == ConsoleKey.Enter ? '\r' : key.KeyChar;
                    (keys, end) = sign is '\r' or '\n' or '\t' ? (keys, end + sign) : (keys.Append(sign), end);
                }
                else if (keys.Length + end.Length > 0 && time.GetElapsedTime(last) >= KeyStream.Pause)
                {
                    await WriteJudgement(keys.ToString(), time.GetElapsedTime(first, last), end);
                    keys.Clear();
                    end = "";
                }
                else
                {
                    await Task.Delay(LookEvery, time, stop);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The program is stopped.
        }
        finally
        {
            Console.TreatControlCAsInput = isCtrlC;
        }

        return ExitCode.Done;
    }

    private async Task WriteJudgement(string signs, TimeSpan? took, string end)
    {
        foreach (var line in Judge(signs, took, end))
        {
            await output.WriteLineAsync(line);
        }

        await output.WriteLineAsync();
        await output.FlushAsync();
    }

    /// <param name="took">The time from the first key to the last; null when it is unknown.</param>
    private IEnumerable<string> Judge(string signs, TimeSpan? took, string end)
    {
        var reading = Reading.Read(signs);
        var isByHand = took is { } time && signs.Length > 0 && time > KeyStream.DeviceKey * signs.Length;
        yield return Format(_words.Seen, Kinds(signs), signs.Length, took is { } known ? Format(_words.Took, (int)known.TotalMilliseconds) : "", end switch
        {
            "" => _words.NoEnd,
            "\t" => "Tab",
            "\r" or "\n" => "Enter",
            _ => Format(_words.Ends, end.Length),
        });
        yield return reading switch
        {
            Reading.Card card => Format(_words.Card, card.Track.Masked),
            Reading.UnreadableCard => _words.BadCard,
            Reading.Number { Digits: var digits } when BillNumber.IsWhole(digits) => _words.Bill,
            Reading.Number { Digits.Length: BillNumber.Length } => _words.WrongBill,
            Reading.Number { Digits: var digits } => Format(_words.Number, digits.Length),
            Reading.OtherLayout => _words.OtherLayout,
            _ => _words.Other,
        };
        foreach (var advice in Advice(signs, end, reading, isByHand))
        {
            yield return "- " + advice;
        }
    }

    private IEnumerable<string> Advice(string signs, string end, Reading reading, bool isByHand)
    {
        var folded = string.Concat(signs.Select(Reading.Fold));
        if (isByHand)
        {
            yield return _words.TooSlow;
        }

        if (folded != signs)
        {
            yield return _words.FullWidth;
        }

        if (reading is Reading.OtherLayout || (reading is Reading.Card && !folded.Contains('=') && !folded.Contains('D')) || signs.Any(sign => sign is >= '\u00a1' and <= '\u052f'))
        {
            yield return _words.SetLayout;
        }

        if (folded.Contains('%') || folded.Count(sign => sign == ';') > 1 || folded.Contains('+'))
        {
            yield return _words.OnlyTrack2;
        }

        if (signs.Any(char.IsControl))
        {
            yield return _words.NoControls;
        }

        if (folded.StartsWith(']'))
        {
            yield return _words.NoPrefix;
        }

        if (reading is Reading.UnreadableCard)
        {
            yield return _words.SwipeAgain;
        }

        if (end is "" && !isByHand)
        {
            yield return _words.SetEnter;
        }
    }

    // Characters of one kind in a row are counted; the separators of a track are named.
    private string Kinds(string signs)
    {
        var kinds = new List<string>();
        for (var i = 0; i < signs.Length;)
        {
            var (kind, from) = (KindOf(signs[i]), i);
            while (i < signs.Length && KindOf(signs[i]) == kind)
            {
                i++;
            }

            kinds.Add(kind.Length == 1 ? string.Join(' ', Enumerable.Repeat($"`{kind}`", i - from)) : $"{i - from} {kind}");
        }

        return string.Join(", ", kinds);
    }

    private string KindOf(char sign) => sign switch
    {
        >= '0' and <= '9' => _words.Digits,
        _ when Reading.Fold(sign) is >= '0' and <= '9' => _words.WideDigits,
        '%' or ';' or '=' or '?' or '+' or '^' or '；' or '＝' or '？' or '％' or 'ö' or '´' or '_' or ']' => sign.ToString(),
        _ when char.IsControl(sign) => _words.Controls,
        _ when char.IsAsciiLetter(sign) => _words.Letters,
        _ => _words.Signs,
    };

    private static string Format(string text, params object[] values) => string.Format(CultureInfo.InvariantCulture, text, values);
}

/// <summary>The texts of the reader doctor in one language.</summary>
internal sealed record DoctorTexts
{
    private static readonly DoctorTexts English = new()
    {
        Begin = "Swipe a test card, scan a bill, or type: the input is described, never shown. Esc alone ends.",
        Seen = "Received: {0}; {1} characters{2}; ends with {3}.",
        Took = " in {0} ms",
        NoEnd = "nothing",
        Ends = "{0} times Enter or Tab",
        Digits = "digits",
        WideDigits = "full-width digits",
        Letters = "letters",
        Controls = "control characters",
        Signs = "other characters",
        Card = "The terminal reads track 2 of card {0}.",
        BadCard = "The terminal finds a card, but no whole track 2.",
        Bill = "The terminal reads a bill number; its check digits are right.",
        WrongBill = "The terminal reads 14 digits with wrong check digits: not a bill number.",
        Number = "The terminal reads {0} digits: not a bill number. At the PIN page they are refused.",
        OtherLayout = "The device uses another keyboard layout. The terminal cannot read it.",
        Other = "The terminal cannot use this input.",
        TooSlow = "This came as slowly as typing by hand. For a device: set the delay between its keys to at most 20 ms.",
        FullWidth = "Full-width characters: turn the input method (IME) off for this device, or set it to half width.",
        SetLayout = "Set the device's keyboard layout (country) to US, like the machine's, or use the device's ALT mode.",
        OnlyTrack2 = "More than track 2 was sent: set the reader to track 2 only, if it can.",
        NoControls = "There are control characters (such as STX and ETX) around the data: switch them off.",
        NoPrefix = "A symbology mark (AIM identifier) comes first: switch it off. The terminal ignores it.",
        SwipeAgain = "Swipe again, steadily. If this happens with every card: set the reader to track 2 with its sentinels ; and ?.",
        SetEnter = "No Enter at the end: set the device to send CR after its data, or press Enter after each scan.",
    };

    private static readonly DoctorTexts Chinese = new()
    {
        Begin = "请刷测试卡、扫描账单或按键：只描述内容，不显示内容。单独按 Esc 结束。",
        Seen = "收到：{0}；共 {1} 个字符{2}；结尾：{3}。",
        Took = "，用时 {0} 毫秒",
        NoEnd = "无",
        Ends = "{0} 次回车或 Tab",
        Digits = "个数字",
        WideDigits = "个全角数字",
        Letters = "个字母",
        Controls = "个控制字符",
        Signs = "个其他字符",
        Card = "终端读到卡 {0} 的第二磁道。",
        BadCard = "终端认出银行卡，但没有完整的第二磁道。",
        Bill = "终端读到账单号，校验位正确。",
        WrongBill = "终端读到 14 位数字，校验位错误，不是账单号。",
        Number = "终端读到 {0} 位数字，不是账单号；在密码页会被拒绝。",
        OtherLayout = "设备的键盘布局不同，终端无法识别。",
        Other = "终端读到的内容无法使用。",
        TooSlow = "速度与手工输入相同。若来自设备，请将按键间隔设为不超过 20 毫秒。",
        FullWidth = "收到全角字符：请为此设备关闭输入法，或改为半角。",
        SetLayout = "请将设备的键盘布局（国家）设为美式，与本机一致，或使用设备的 ALT 模式。",
        OnlyTrack2 = "收到第二磁道以外的内容：如可设置，请只输出第二磁道。",
        NoControls = "数据前后有控制字符（如 STX、ETX）：请关闭。",
        NoPrefix = "数据前有条码类型标识（AIM）：请关闭。终端会略过它。",
        SwipeAgain = "请匀速再刷一次。若每张卡都如此，请将读卡器设为输出第二磁道及起止符 ; 和 ?。",
        SetEnter = "结尾没有回车：请设置设备在数据后发送 CR，或每次扫描后按回车。",
    };

    public required string Begin { get; init; }

    /// <summary>{0}: kinds of characters; {1}: their number; {2}: <see cref="Took"/> or nothing; {3}: the end.</summary>
    public required string Seen { get; init; }

    public required string Took { get; init; }

    public required string NoEnd { get; init; }

    public required string Ends { get; init; }

    public required string Digits { get; init; }

    public required string WideDigits { get; init; }

    public required string Letters { get; init; }

    public required string Controls { get; init; }

    public required string Signs { get; init; }

    /// <summary>{0}: masked.</summary>
    public required string Card { get; init; }

    public required string BadCard { get; init; }

    public required string Bill { get; init; }

    public required string WrongBill { get; init; }

    public required string Number { get; init; }

    public required string OtherLayout { get; init; }

    public required string Other { get; init; }

    public required string TooSlow { get; init; }

    public required string FullWidth { get; init; }

    public required string SetLayout { get; init; }

    public required string OnlyTrack2 { get; init; }

    public required string NoControls { get; init; }

    public required string NoPrefix { get; init; }

    public required string SwipeAgain { get; init; }

    public required string SetEnter { get; init; }

    public static DoctorTexts ForLanguage(string language) => language == TerminalTexts.Chinese.Language ? Chinese : English;
}
