using System.Globalization;
using Lakala.Terminal.Client.Setup;
using Lakala.Terminal.Client.Words;

namespace Lakala.Terminal.Client.Printing;

/// <summary>Shows the printer's answer to each question, in words and bytes, and prints a test slip. Shows no real receipt.</summary>
internal sealed class PrinterDoctor(TerminalSetup setup, TerminalTexts texts, string folder, TextWriter output, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly bool _isChinese = texts == TerminalTexts.Chinese;

    public async Task<int> Run()
    {
        Say($"printer: {setup.Printer}, printer_status: {(setup.PrinterStatus ? "true" : "false")}", "");
        if (ReceiptPrinter.Open(setup, folder, time) is not { } printer)
        {
            Say("No printer is set: receipts are only shown.", "未设置打印机，凭条仅在屏幕显示。");
            Advise();
            return ExitCode.NotPaid;
        }

        try
        {
            await printer.Talk(async talk =>
            {
                Say("The printer is connected.", "已连接打印机。");
                if (printer.IsAsked)
                {
                    await AskEverything(talk);
                }

                await printer.Print(talk, TestSlip());
            });
            Say(
                printer.IsAsked ? "The test slip is printed. Check it: 32 columns, Chinese, a barcode that scans." : "The test slip was sent. This printer cannot confirm that it is printed.",
                printer.IsAsked ? "测试凭条已打印。请核对：32 列、中文、可扫描的条码。" : "测试凭条已发送；此打印机不报告状态，无法确认是否打印。");
            return ExitCode.Done;
        }
        catch (PrinterException fault)
        {
            Say(
                $"Not printed: {DeskTexts.ForLanguage(TerminalTexts.English.Language).Printer[(int)fault.State]}. {fault.InnerException?.Message}",
                $"未打印：{DeskTexts.ForLanguage(TerminalTexts.Chinese.Language).Printer[(int)fault.State]}。");
            Advise();
            return ExitCode.NotPaid;
        }
    }

    private async Task AskEverything(PrinterTalk talk)
    {
        foreach (var (what, english, chinese) in new (byte, string, string)[]
        {
            (PrinterTalk.Printer, "printer", "打印机"),
            (PrinterTalk.OffLineCause, "off line because", "脱机原因"),
            (PrinterTalk.Errors, "errors", "错误"),
            (PrinterTalk.PaperSensors, "paper", "纸张"),
        })
        {
            var answer = await talk.AskStatus(what, Patience);
            Say($"DLE EOT {what} ({english}): {Heard(talk)}{Meaning(what, answer, isChinese: false)}", $"DLE EOT {what}（{chinese}）：{Heard(talk)}{Meaning(what, answer, isChinese: true)}");
        }

        await talk.AskWhenOut();
        await talk.HearWhenOut(Patience);
        Say(
            $"GS r 1 (out): {Heard(talk)}; {(talk.IsOut ? "it says when a slip is out" : "it does not say when a slip is out: it is watched for some seconds")}",
            $"GS r 1（打印完成）：{Heard(talk)}；{(talk.IsOut ? "可确认打印完成" : "不能确认打印完成，将观察数秒")}");
    }

    private string Heard(PrinterTalk talk) => talk.Heard.Count > 0 ? Convert.ToHexString([.. talk.Heard]) : _isChinese ? "无应答" : "no answer";

    private static string Meaning(byte what, byte? answer, bool isChinese)
    {
        const int OffLine = 0x08, CoverOpen = 0x04, NoPaper = 0x20, Error = 0x40, CutterError = 0x08, NearEnd = 0x0C;
        if (answer is not { } bits)
        {
            return "";
        }

        var (english, chinese) = what switch
        {
            PrinterTalk.Printer when (bits & OffLine) != 0 => ("off line", "脱机"),
            PrinterTalk.OffLineCause when (bits & CoverOpen) != 0 => ("cover open", "盖打开"),
            PrinterTalk.OffLineCause or PrinterTalk.PaperSensors when (bits & NoPaper) != 0 => ("no paper", "缺纸"),
            PrinterTalk.OffLineCause when (bits & Error) != 0 => ("an error", "有错误"),
            PrinterTalk.Errors when (bits & (CutterError | NoPaper | Error)) != 0 => ("cutter or other error", "切刀或其他错误"),
            PrinterTalk.PaperSensors when (bits & NearEnd) == NearEnd => ("paper is low", "纸将用尽"),
            _ => ("good", "正常"),
        };
        return isChinese ? $"，{chinese}" : $", {english}";
    }

    private ReceiptSlip TestSlip()
    {
        const string TestNumber = "16047160471604";
        var ruler = string.Concat(Enumerable.Range(1, Receipt.Columns).Select(column => column % 10));
        string[] lines = ["LAKALA", ruler, "凭条打印测试　三十二列　正常", "“Ü” é · — … × ℃ ￥", BeijingTimeText(), ruler];
        return new ReceiptSlip([.. lines.SelectMany(text => TextColumns.Wrap(text, Receipt.Columns, EscPos.Columns)).Select(line => new SlipLine(line))], TestNumber);
    }

    private string BeijingTimeText() =>
        $"{texts.Time} {Vocabulary.BeijingTime.Convert(time.GetUtcNow()).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)}";

    private void Advise() => Say(
        "Set it in terminal.json: \"printer\" is tcp:HOST:PORT (mostly port 9100) or device:PATH; \"printer_status\": false for a printer that prints but answers nothing. Check cable, power, paper and lid, and the printer's own settings for a network print server that keeps answers back.",
        "在 terminal.json 中设置：\"printer\" 为 tcp:主机:端口（多为 9100）或 device:路径；打印正常但不应答的，设 \"printer_status\": false。请检查连线、电源、纸张和机盖。");

    private void Say(string english, string chinese) => output.WriteLine(_isChinese && chinese.Length > 0 ? chinese : english);
}
