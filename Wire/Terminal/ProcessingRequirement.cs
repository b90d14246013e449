namespace Lakala.Wire.Terminal;

/// <summary>What the server asks a terminal to do at its next free moment (element PR).</summary>
public static class ProcessingRequirement
{
    public const string None = "0";
    public const string SignOn = "1";

    /// <summary>The parameters of the network for this terminal have changed.</summary>
    public const string FetchParameters = "2";

    /// <summary>An echo with the terminal's health.</summary>
    public const string SendStatus = "3";
}
