using System.Text;

namespace Lakala.Silo.Web;

/// <summary>
/// The text of a file that a person sends: UTF-8, or UTF-16 with its byte order mark. Any other bytes are refused: decoded
/// with replacement characters they would be stored, and shown to shoppers.
/// </summary>
internal static class UploadedText
{
    private const string HowToSave =
        "Save the file as UTF-8 and send it again: in Excel as \"CSV UTF-8 (Comma delimited)\", in WPS and Notepad with the encoding UTF-8.";

    /// <returns>The text, or what is wrong, with the line.</returns>
    public static (string? Text, string? Fault) Read(ReadOnlySpan<byte> bytes)
    {
        var (encoding, mark) = bytes switch
        {
            [0xEF, 0xBB, 0xBF, ..] => (Encoding.UTF8, 3),
            [0xFF, 0xFE, ..] => (Encoding.Unicode, 2),
            [0xFE, 0xFF, ..] => (Encoding.BigEndianUnicode, 2),
            _ => (Encoding.UTF8, 0),
        };
        var text = encoding.GetString(bytes[mark..]);
        return LostAt(text) is { } at ? (null, $"Line {text.AsSpan(0, at).Count('\n') + 1}: this is not UTF-8 text. {HowToSave}") : (text, null);
    }

    /// <summary>Whether every character is one. A replacement character stands for bytes that were none, here or in an earlier program.</summary>
    public static bool IsWhole(string? text) => text is null || LostAt(text) is null;

    private static int? LostAt(string text) => text.AsSpan().IndexOfAny('\uFFFD', '\0') is >= 0 and var at ? at : null;
}
