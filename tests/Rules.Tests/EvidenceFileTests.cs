using Lakala.Rules.Claims;

namespace Lakala.Rules.Tests;

/// <summary>Files are what their bytes are.</summary>
public sealed class EvidenceFileTests
{
    public static TheoryData<byte[], string?> Files => new()
    {
        { [0x89, .. "PNG\r\n\x1a\n"u8, .. "xxxx"u8, .. "IEND"u8, 1, 2, 3, 4], "image/png" },
        { [0x89, .. "PNG\r\n\x1a\n"u8, .. "xxxx"u8], null },
        { [0xFF, 0xD8, 0xFF, 0xE0, 0, 0xFF, 0xD9], "image/jpeg" },
        { [0xFF, 0xD8, 0xFF, 0xE0, 0, 0], null },
        { [.. "RIFF"u8, 6, 0, 0, 0, .. "WEBP"u8, 1, 2], "image/webp" },
        { [.. "RIFF"u8, 7, 0, 0, 0, .. "WEBP"u8, 1, 2], null },
        { [.. "RIFF"u8, 6, 0, 0, 0, .. "WAVE"u8, 1, 2], null },
        { [.. "%PDF-1.7 \n%%EOF\n"u8], "application/pdf" },
        { [.. "%PDF-1.7 \n"u8], null },
        { [.. "<html><script>alert(1)</script>%PDF-1.7 %%EOF"u8], null },
        { [.. "GIF89a"u8], null },
        { [], null },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void A_type_is_named_only_for_a_whole_file_that_begins_as_such(byte[] bytes, string? type) => EvidenceFile.FindType(bytes).Should().Be(type);
}
