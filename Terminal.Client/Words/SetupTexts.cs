namespace Lakala.Terminal.Client.Words;

/// <summary>Texts for the person who sets up or opens a terminal that cannot be opened.</summary>
internal static class SetupTexts
{
    private const string CallOperator = "Call the operator.", CallOperatorZh = "请联系运营方。";

    public static TwoTexts NoTerminals(string folder) => new(
        $"There is no terminal in {folder}. Run ./lakala up first, or set LAKALA_HOME.", $"{folder} 中没有终端。请先运行 ./lakala up，或设置 LAKALA_HOME。");

    public static TwoTexts NoSuchTerminal(string id, string folder) => new($"There is no terminal {id} in {folder}.", $"{folder} 中没有终端 {id}。");

    public static TwoTexts InUse(string terminal) => new(
        $"Terminal {terminal} is in use by another process. Wait until it ends.", $"终端 {terminal} 正被另一程序使用，请等它结束。");

    public static TwoTexts JournalDamaged(string why) => new(
        $"{why} No payments until it is checked. {CallOperator}", $"终端的交易日志已损坏（{why.TrimEnd('.')}），检查前不能收款，{CallOperatorZh}");

    public static TwoTexts Missing(string file) => new($"{file} is missing. {CallOperator}", $"缺少 {file}，{CallOperatorZh}");

    public static TwoTexts Empty(string file) => new($"{file} is empty. {CallOperator}", $"{file} 是空的，{CallOperatorZh}");

    public static TwoTexts Wrong(string file, string what) => new($"{file}: {what}. {CallOperator}", $"{file} 设置有误（{what}），{CallOperatorZh}");

    public static TwoTexts WrongAt(string file, string? path) => new($"{file} is wrong at {path}. {CallOperator}", $"{file} 在 {path} 处有误，{CallOperatorZh}");

    public static TwoTexts NoSuchSetting(string file, string? path) => new(
        $"{file} is wrong at {path}: there is no such setting. {CallOperator}", $"{file} 在 {path} 处有误：没有此设置，{CallOperatorZh}");

    public static TwoTexts ReadByOthers(string file) => new($"{file} can be read by others. Run: chmod 600 {file}", $"{file} 可被他人读取。请运行：chmod 600 {file}");

    public static TwoTexts NoKey(string file) => new($"{file} does not hold 64 hex digits. {CallOperator}", $"{file} 不是 64 位十六进制数字，{CallOperatorZh}");

    public static TwoTexts NoCertificate(string file) => new($"{file} is not a certificate. {CallOperator}", $"{file} 不是证书，{CallOperatorZh}");
}
