namespace Lakala.Storage.Terminals;

/// <summary>The tasks of a terminal for its next free moment. The values are the bits of the column <c>asked</c>.</summary>
[Flags]
public enum TerminalTasks
{
    None = 0,

    /// <summary>Its working keys are old, or an operator wants new ones.</summary>
    SignOn = 1,

    /// <summary>Its parameters are not the newest.</summary>
    FetchParameters = 2,

    /// <summary>Send its health: it is not known here, or an operator asks for it.</summary>
    SendStatus = 4,
}
