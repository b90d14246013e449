namespace Lakala.Architecture.Tests;

/// <summary>The allowed dependencies, as in ARCHITECTURE.md.</summary>
internal static class Arrows
{
    /// <summary>For each project the projects that its code may use.</summary>
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
