namespace Lakala.Storage.Stores;

/// <summary>A clerk as set up by an operator.</summary>
/// <param name="Number">4 to 8 digits, within its store.</param>
public sealed record Clerk(string Number, string Name, bool Supervisor = false)
{
    private const int MaxName = 60;

    /// <summary>The error; null when it is valid.</summary>
    public string? Fault() =>
        Number is not { Length: >= 4 and <= 8 } || Number.AsSpan().ContainsAnyExceptInRange('0', '9') ? "number has 4 to 8 digits"
        : Name is not { Length: > 0 and <= MaxName } || Name.Any(char.IsControl) ? $"name has 1 to {MaxName} characters, none of them a control character"
        : null;
}
