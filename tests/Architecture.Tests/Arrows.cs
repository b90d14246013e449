namespace Lakala.Architecture.Tests;

/// <summary>Who may need whom, as ARCHITECTURE.md draws it.</summary>
internal static class Arrows
{
    /// <summary>By a project's name: the projects that its code may name.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Allowed = new Dictionary<string, string[]>
    {
        ["Vocabulary"] = [],
        ["Rules"] = ["Vocabulary"],
        ["Wire"] = ["Vocabulary"],
        ["Storage"] = ["Rules", "Vocabulary"],
        ["Grains"] = ["Storage", "Rules", "Vocabulary"],
        ["Silo"] = ["Grains", "Storage", "Rules", "Wire", "Vocabulary"],
        ["Terminal.Client"] = ["Wire", "Vocabulary"],
        ["BankHost"] = ["Wire", "Vocabulary"],
        ["Shop"] = [],
        ["Local"] = ["Wire", "Vocabulary"],
    };

    public static string Folder(string project) => project is "Shop" or "Local" ? Path.Combine("deploy", project) : project;
}
