using System.Text.RegularExpressions;
using Lakala.Vocabulary;

namespace Lakala.Storage.Merchants;

public sealed partial record Merchant(string Id, string Name)
{
    private const int MaxName = 200;

    /// <summary>The error, with the name of the member; null when it is valid.</summary>
    public string? Fault() =>
        Id is null || !Ids().IsMatch(Id) ? "id has 1 to 40 lower-case letters, digits and -_, and begins with a letter or digit"
        : Name is not { Length: > 0 and <= MaxName } || !PlainText.Is(Name) ? $"name has 1 to {MaxName} characters, none of them a control or format character"
        : null;

    [GeneratedRegex("^[a-z0-9][a-z0-9_-]{0,39}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex Ids();
}
