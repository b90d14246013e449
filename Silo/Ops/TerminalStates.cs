using Lakala.Storage.Fleet;

namespace Lakala.Silo.Ops;

/// <summary>The states of terminals as pages name them, and as addresses and the API have them.</summary>
internal static class TerminalStates
{
    public static string Name(TerminalState state) => state switch
    {
        TerminalState.NeverSeen => "never seen",
        _ => state.ToString().ToLowerInvariant(),
    };

    public static string Key(TerminalState state) => state == TerminalState.NeverSeen ? "never_seen" : Name(state);

    /// <returns>Null when there is no such state.</returns>
    public static TerminalState? Parse(string? text) =>
        Enum.GetValues<TerminalState>().Cast<TerminalState?>().FirstOrDefault(state => Key(state!.Value) == text);
}
