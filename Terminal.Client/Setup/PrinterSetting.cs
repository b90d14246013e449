namespace Lakala.Terminal.Client.Setup;

/// <summary>How <see cref="TerminalSetup.Printer"/> is written.</summary>
internal static class PrinterSetting
{
    public const string None = "none", Tcp = "tcp:", Device = "device:", File = "file:";

    /// <returns>What is wrong with the setting; null when nothing is.</returns>
    public static string? Fault(string setting) =>
        setting == None || setting.StartsWith(Device, StringComparison.Ordinal) || setting.StartsWith(File, StringComparison.Ordinal)
            || (setting.StartsWith(Tcp, StringComparison.Ordinal) && TerminalSetup.Address(setting[Tcp.Length..]) is not null)
            ? null
            : "printer is none of none, tcp:HOST:PORT, device:PATH and file:PATH";
}
