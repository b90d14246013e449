namespace Lakala.Terminal.Client.Setup;

/// <summary>The syntax of <see cref="TerminalSetup.Printer"/>.</summary>
internal static class PrinterSetting
{
    public const string None = "none", Tcp = "tcp:", Device = "device:", File = "file:";

    /// <returns>The error of the setting; null when it is valid.</returns>
    public static string? Fault(string setting) =>
        setting == None || setting.StartsWith(Device, StringComparison.Ordinal) || setting.StartsWith(File, StringComparison.Ordinal)
            || (setting.StartsWith(Tcp, StringComparison.Ordinal) && TerminalSetup.Address(setting[Tcp.Length..]) is not null)
            ? null
            : "printer must be none, tcp:HOST:PORT, device:PATH or file:PATH";
}
