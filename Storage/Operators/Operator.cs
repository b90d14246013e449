using System.Text.RegularExpressions;

namespace Lakala.Storage.Operators;

/// <summary>The roles of operators. Each includes the one before.</summary>
public enum OperatorRole
{
    Watch,

    /// <summary>May block terminals, send commands to them, and send notices again.</summary>
    Act,

    /// <summary>May add, move and retire terminals; change settings, operators and keys.</summary>
    Administer,
}

/// <param name="Name">2 to 40 lower-case letters, digits, dots, dashes and underscores.</param>
public sealed partial record Operator(string Name, OperatorRole Role, bool Blocked = false)
{
    /// <summary>The error; null when it is valid.</summary>
    public string? Fault() => Name is null || !Names().IsMatch(Name)
        ? "name has 2 to 40 lower-case letters, digits, dots, dashes and underscores"
        : !Enum.IsDefined(Role) ? "role is watch, act or administer" : null;

    public static string Text(OperatorRole role) => role.ToString().ToLowerInvariant();

    /// <returns>Null when there is no such role.</returns>
    public static OperatorRole? Parse(string? role) => role switch
    {
        "watch" => OperatorRole.Watch,
        "act" => OperatorRole.Act,
        "administer" => OperatorRole.Administer,
        _ => null,
    };

    [GeneratedRegex("^[a-z0-9._-]{2,40}\\z")]
    private static partial Regex Names();
}
