using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Lakala.Local;
using Lakala.Testing;

namespace Lakala.EndToEnd.Tests;

/// <summary>The clerk's program in a pseudo-terminal of tmux, which draws its screen and sends its keys.</summary>
internal sealed partial class ClerkScreen : IAsyncDisposable
{
    /// <summary>The texts of the tests with the Chinese texts of screen and paper.</summary>
    private static readonly Dictionary<string, string> Chinese = new()
    {
        ["A supervisor approves this"] = "需主管授权",
        ["above what this terminal may take"] = "金额超过本终端限额",
        ["Already paid"] = "账单已支付",
        ["Amount to give back"] = "退款金额：输入数字",
        ["An earlier payment has become certain"] = "上一笔交易已查明",
        ["another person than the clerk"] = "不能是收银员本人",
        ["balance is too low"] = "余额不足",
        ["Batch closed"] = "批结算完成",
        ["Close the batch?"] = "进行批结算？",
        ["could not be read"] = "卡片无法读取",
        ["CUSTOMER COPY"] = "客户联",
        ["*** DUPLICATE ***"] = "*** 重复打印 ***",
        ["Give the customer the slip"] = "请将凭条交给顾客",
        ["it here recently"] = "近期未在此验证过",
        ["Key in or scan"] = "输入或扫描账单号",
        ["mistyped"] = "账单号有误",
        ["Given up, not paid."] = "已放弃，未支付。",
        ["go on"] = "回车：继续",
        ["next customer"] = "下一位顾客",
        ["NOT PRINTED"] = "未打印",
        ["Nothing to close"] = "无需批结算",
        ["no payment open"] = "无待查交易",
        ["OFF LINE"] = "脱机",
        ["on its way to the"] = "正在退回卡",
        ["OPEN: 1"] = "待查交易：1",
        ["OUT OF PAPER"] = "缺纸",
        ["OUTCOME UNKNOWN"] = "结果未知",
        ["Paid. Thank you."] = "支付成功",
        ["password is wrong"] = "工号或密码错误",
        ["Press Esc again"] = "请再按一次 Esc",
        ["Printed."] = "已打印",
        ["Refund: key in the RRN"] = "退款：输入凭条上的参考号",
        ["REPRINT"] = "重打凭条",
        ["RRN of payment"] = "原参考号",
        ["Sign in"] = "登录",
        ["Swipe the customer's card"] = "请刷顾客的银行卡",
        ["Swipe the card that paid"] = "请刷付款时的银行卡",
        ["supervisor signs the refund"] = "需主管授权退款",
        ["Take another card"] = "请换卡",
        ["totals agree"] = "总额相符",
        ["totals differ"] = "总额不符",
        ["will be returned"] = "冻结的金额将退回",
        ["wrong moment"] = "刷卡时机不对",
    };

    // A little more than the least time between the two presses.
    private static readonly TimeSpan Confirmation = TimeSpan.FromMilliseconds(800);

    // Keys that come sooner after a swipe or a scan count as the device's.
    private static readonly TimeSpan TurnOfKeyboard = TimeSpan.FromMilliseconds(300);

    private readonly TmuxClient _tmux;
    private readonly string _language;

    private ClerkScreen(TmuxClient tmux, string language) => (_tmux, _language) = (tmux, language);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <param name="home">The state folder with the terminals.</param>
    /// <param name="language">The language of its terminal.</param>
    public static async Task<ClerkScreen> Start(string home, string terminal, string language, int columns = 80, int rows = 24)
    {
        var tmux = await TmuxClient.Start(
            columns,
            rows,
            $"export LC_ALL=C.UTF-8 LAKALA_HOME='{home}'; echo ready; '{Repository.Program("Terminal.Client")}' --terminal {terminal}; echo ended $?; exec cat");
        return new ClerkScreen(tmux, language);
    }

    /// <summary>All at once, as a scanner does.</summary>
    public Task Type(string signs) => Tmux("send-keys", "-l", "--", signs);

    /// <summary>All at once, including control characters.</summary>
    public Task TypeRaw(string signs) => Tmux(["send-keys", "-H", .. signs.Select(sign => ((int)sign).ToString("x2", CultureInfo.InvariantCulture))]);

    /// <summary>As a terminal that marks pastes.</summary>
    public async Task Paste(string text)
    {
        await Tmux("set-buffer", text);
        await Tmux("paste-buffer", "-p");
    }

    public Task Resize(int columns, int rows) => Tmux("resize-window", "-x", $"{columns}", "-y", $"{rows}");

    /// <param name="key">As tmux names it: Enter, Escape, BSpace, F2, Up.</param>
    public Task Press(string key) => Tmux("send-keys", key);

    /// <summary>As a customer does.</summary>
    public Task KeyInPin(string pin) => KeyIn(pin, keyed => new string('•', keyed) + "_");

    /// <summary>As a hand does: some time after a swipe or a scan, and each digit after the last one is shown.</summary>
    /// <param name="shown">What the screen shows after this many digits.</param>
    public async Task KeyIn(string digits, Func<int, string> shown)
    {
        await Task.Delay(TurnOfKeyboard, Stop);
        for (var keyed = 1; keyed <= digits.Length; keyed++)
        {
            await Type(digits[(keyed - 1)..keyed]);
            await Eventually.Is(Shown, screen => screen.Contains(shown(keyed), StringComparison.Ordinal), $"{keyed} digits are keyed in");
        }
    }

    /// <summary>Presses the key again to confirm, late enough that it is not a held key.</summary>
    public async Task Confirm(string key)
    {
        await Task.Delay(Confirmation, Stop);
        await Press(key);
    }

    /// <summary>As a keyboard-wedge reader sends it.</summary>
    public async Task Swipe(string track2)
    {
        await Type($"%B6228480000000000^SHOPPER/A^4912?;{track2}?");
        await Press("Enter");
    }

    /// <summary>The present screen.</summary>
    public Task<string> Shown() => Tmux("capture-pane", "-p");

    /// <summary>The same in the language of this screen.</summary>
    public string Said(string english) => _language == "zh" ? Chinese[english] : english;

    /// <summary>Waits until the screen shows this text in its language, together with the other texts unchanged.</summary>
    /// <returns>The screen that shows it.</returns>
    public Task<string> Until(string english, params string[] shown) => UntilShown([Said(english), .. shown]);

    /// <summary>Waits until exactly these texts are shown together, on a screen that is not being drawn; a busy machine pauses in the middle of a drawing.</summary>
    public Task<string> UntilShown(params string[] texts)
    {
        var before = "";
        return Eventually.Is(
            Shown,
            shown =>
            {
                var isDrawn = shown == before;
                before = shown;
                return isDrawn && texts.All(text => shown.Contains(text, StringComparison.Ordinal));
            },
            $"the clerk's screen shows '{string.Join("' and '", texts)}'");
    }

    public async Task Kill()
    {
        var shell = (await Tmux("display-message", "-p", "#{pane_pid}")).Trim();
        var program = (await File.ReadAllTextAsync($"/proc/{shell}/task/{shell}/children", Stop)).Trim();
        Process.GetProcessById(int.Parse(program, CultureInfo.InvariantCulture)).Kill();
    }

    /// <summary>Takes a picture of the docs again, if it is one.</summary>
    public async Task Picture(Browser browser, string name)
    {
        if (Browser.PictureFile(name) is { } file)
        {
            var screen = await Tmux("capture-pane", "-p", "-e", "-N");
            var page = await browser.Open(width: 200, height: 100);
            await page.SetContentAsync(ToHtml(screen));
            await page.Locator("pre").ScreenshotAsync(new() { Path = file });
        }
    }

    public ValueTask DisposeAsync() => _tmux.DisposeAsync();

    private Task<string> Tmux(params string[] command) => _tmux.Do(command);

    // A box for each cell, so that what is two columns wide is so in the picture too; blocks are drawn, not set.
    private static string ToHtml(string screen)
    {
        const int CellWidth = 7, CellHeight = 15;
        var html = new StringBuilder("<style>body{margin:0}pre{display:inline-block;margin:0;padding:7px;background:#000;color:#fff;")
            .Append(CultureInfo.InvariantCulture, $"font:12px/{CellHeight}px 'Noto Sans Mono CJK SC'}}")
            .Append(CultureInfo.InvariantCulture, $"i{{display:inline-block;font-style:normal;width:{CellWidth}px;height:{CellHeight}px;overflow:hidden;vertical-align:top;text-align:center}}")
            .Append(CultureInfo.InvariantCulture, $"i.w{{width:{2 * CellWidth}px}}div{{height:{CellHeight}px;white-space:nowrap}}</style><pre>");
        var (ink, ground) = ("#fff", "#000");
        foreach (var line in screen.TrimEnd('\n').Split('\n'))
        {
            html.Append("<div>");
            for (var at = 0; at < line.Length;)
            {
                if (Sgr().Match(line, at) is { Success: true, Index: var index } match && index == at)
                {
                    (ink, ground) = Colours(match.Groups[1].Value, ink, ground);
                    at += match.Length;
                    continue;
                }

                Rune.DecodeFromUtf16(line.AsSpan(at), out var rune, out var length);
                at += length;
                var fill = rune.Value switch
                {
                    '█' => ink,
                    '▀' => $"linear-gradient({ink} 50%, {ground} 50%)",
                    '▄' => $"linear-gradient({ground} 50%, {ink} 50%)",
                    _ => null,
                };
                var isWide = rune.Value is >= 0x2E80 and < 0xFF60;
                html.Append(CultureInfo.InvariantCulture, $"<i class={(isWide ? "w" : "n")} style=\"color:{ink};background:{fill ?? ground}\">{(fill is null ? System.Net.WebUtility.HtmlEncode(rune.ToString()) : "")}</i>");
            }

            html.Append("</div>");
        }

        return html.Append("</pre>").ToString();
    }

    // SGR with 24-bit colours, as the program uses them.
    private static (string Ink, string Ground) Colours(string sgr, string ink, string ground)
    {
        var numbers = sgr.Split(';').Select(number => number.Length == 0 ? 0 : int.Parse(number, CultureInfo.InvariantCulture)).ToList();
        for (var i = 0; i < numbers.Count; i++)
        {
            if (numbers[i] is 38 or 48 && i + 4 < numbers.Count)
            {
                var colour = $"rgb({numbers[i + 2]},{numbers[i + 3]},{numbers[i + 4]})";
                (ink, ground) = numbers[i] == 38 ? (colour, ground) : (ink, colour);
                i += 4;
            }
            else
            {
                (ink, ground) = numbers[i] switch { 0 => ("#fff", "#000"), 39 => ("#fff", ground), 49 => (ink, "#000"), _ => (ink, ground) };
            }
        }

        return (ink, ground);
    }

    [GeneratedRegex("\u001b\\[([0-9;]*)m")]
    private static partial Regex Sgr();
}
