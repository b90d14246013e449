namespace Lakala.Storage.Terminals;

/// <summary>What a terminal has still to do at its next free moment. The values are the bits of the column <c>asked</c>.</summary>
[Flags]
public enum TerminalTasks
{
    None = 0,

    /// <summary>Its working keys are old, or an operator wants new ones.</summary>
    SignOn = 1,

    /// <summary>Its parameters are not the newest.</summary>
    FetchParameters = 2,

    /// <summary>Nobody here knows how it is, or an operator asks.</summary>
    SendStatus = 4,
}
