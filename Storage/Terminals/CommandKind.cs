namespace Lakala.Storage.Terminals;

/// <summary>The kinds of commands to terminals.</summary>
public enum CommandKind
{
    /// <summary>Its payments and lookups are refused until it is unblocked.</summary>
    Block,

    Unblock,

    /// <summary>It never comes back under these keys.</summary>
    Retire,

    /// <summary>To another store. Its session ends; it signs on again when it has been set up with that store.</summary>
    Move,

    /// <summary>It is asked to sign on again, with new working keys.</summary>
    RotateKeys,

    /// <summary>It is asked to fetch its settings.</summary>
    SendParameters,

    /// <summary>It is asked to send its health.</summary>
    SendStatus,
}

public static class CommandKinds
{
    public static IReadOnlyList<CommandKind> All { get; } = Enum.GetValues<CommandKind>();

    public static string Text(CommandKind kind) => kind switch
    {
        CommandKind.Block => "block",
        CommandKind.Unblock => "unblock",
        CommandKind.Retire => "retire",
        CommandKind.Move => "move",
        CommandKind.RotateKeys => "rotate_keys",
        CommandKind.SendParameters => "send_parameters",
        CommandKind.SendStatus => "send_status",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "There is no such command."),
    };

    /// <returns>Null when there is no such command.</returns>
    public static CommandKind? Parse(string? text) => All.Cast<CommandKind?>().FirstOrDefault(kind => Text(kind!.Value) == text);

    /// <summary>The command that gives a terminal this task.</summary>
    internal static CommandKind Giving(TerminalTasks task) => task switch
    {
        TerminalTasks.SignOn => CommandKind.RotateKeys,
        TerminalTasks.FetchParameters => CommandKind.SendParameters,
        TerminalTasks.SendStatus => CommandKind.SendStatus,
        _ => throw new ArgumentOutOfRangeException(nameof(task), task, "One at a time."),
    };
}
