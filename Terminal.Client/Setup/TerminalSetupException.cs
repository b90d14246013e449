using Lakala.Terminal.Client.Words;

namespace Lakala.Terminal.Client.Setup;

/// <summary>The terminal cannot be used as it is set up; the message says what to do.</summary>
public sealed class TerminalSetupException(string message, string? language = null) : Exception(message)
{
    /// <param name="language">The terminal's; null while it is not known.</param>
    public TerminalSetupException(TwoTexts texts, string? language)
        : this(texts.In(language), language)
    {
    }

    /// <summary>The language of the message, if it is in only one.</summary>
    public string? Language => language;
}
