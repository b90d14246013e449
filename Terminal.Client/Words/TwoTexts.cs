namespace Lakala.Terminal.Client.Words;

/// <summary>A sentence in both languages.</summary>
public sealed record TwoTexts(string English, string Chinese)
{
    /// <param name="language">Null while it is unknown: then both texts.</param>
    public string In(string? language) => language switch
    {
        "zh" => Chinese,
        "en" => English,
        _ => $"{English} / {Chinese}",
    };
}
