using Lakala.Terminal.Client.Words;

namespace Lakala.Terminal.Client.Setup;

/// <summary>The terminal cannot be used as it is set up; the message says what to do.</summary>
public sealed class SetupException(string message, string? language = null) : Exception(message)
{
    /// <param name="language">The terminal's; null while it is not known.</param>
    public SetupException(TwoTexts texts, string? language)
        : this(texts.In(language), language)
    {
    }

    /// <summary>In which the message is, when it is in one.</summary>
    public string? Language => language;
}
