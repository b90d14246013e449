namespace Lakala.Storage.Fleet;

/// <summary>The filter of a list of terminals; a null member filters nothing. Retired terminals are listed only if the filter asks for them.</summary>
/// <param name="Text">Part of a terminal's or store's id or of the store's name.</param>
public sealed record FleetFilter(
    TerminalState? State = null, string? Region = null, string? Chain = null, string? Store = null, string? Text = null)
{
    private const int MaxText = 60;

    /// <summary>The error of the filter; null when it is valid.</summary>
    public string? Fault() => Text is { Length: > MaxText } ? $"q has at most {MaxText} characters" : null;
}

/// <summary>By what a list of terminals is sorted.</summary>
public enum FleetSort
{
    Terminal,
    Store,

    /// <summary>By the time last heard, the longest silent first.</summary>
    Heard,
}
