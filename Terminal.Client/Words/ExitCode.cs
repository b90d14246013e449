namespace Lakala.Terminal.Client.Words;

/// <summary>The exit codes of the program.</summary>
public static class ExitCode
{
    public const int Done = 0;
    public const int NotPaid = 1;
    public const int Unknown = 2;
    public const int Usage = 64;
}
