using System.Text;
using Lakala.Silo.Ops.Import;
using Lakala.Silo.Web;

namespace Lakala.Silo.Tests.Web;

/// <summary>Files as spreadsheets save them.</summary>
public sealed class UploadedTextTests
{
    private const string Csv = "id,name,commission_percent\nSTORE0000000001,Corner,20\nSTORE0000000002,人民广场店,20\n";

    public static TheoryData<string, byte[]> Readable => new()
    {
        { "UTF-8", Encoding.UTF8.GetBytes(Csv) },
        { "UTF-8 with its mark", [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Csv)] },
        { "UTF-16 little-endian", [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(Csv)] },
        { "UTF-16 big-endian", [0xFE, 0xFF, .. Encoding.BigEndianUnicode.GetBytes(Csv)] },
    };

    /// <summary>What it is, its bytes, and the line at which it is not text.</summary>
    public static TheoryData<string, byte[], int> Unreadable => new()
    {
        { "GBK", Legacy("gb18030"), 3 },
        { "Big5", Encoding.Latin1.GetBytes(Csv.Replace("人民广场店", "\u00a4H\u00a5\u00c1", StringComparison.Ordinal)), 3 },
        { "UTF-16 without its mark", Encoding.Unicode.GetBytes(Csv), 1 },
        { "UTF-16 cut off", [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(Csv), 0x41], 4 },
        { "UTF-16 with half a character", [0xFF, 0xFE, .. Encoding.Unicode.GetBytes("id\n"), 0x00, 0xD8, 0x41, 0x00], 2 },
        { "UTF-8 cut off", Encoding.UTF8.GetBytes(Csv)[..^8], 3 },
        { "a surrogate in UTF-8", [.. "id\nname "u8, 0xED, 0xA0, 0x80], 2 },
        { "characters lost before", Encoding.UTF8.GetBytes(Csv.Replace('店', '\uFFFD')), 3 },
        { "NUL", "id\nA\0B"u8.ToArray(), 2 },
        { "UTF-32", [0xFF, 0xFE, 0, 0, .. Encoding.UTF32.GetBytes(Csv)], 1 },
        { "a spreadsheet", [.. "PK\u0003\u0004"u8, 0x14, 0x00], 1 },
    };

    [Theory]
    [MemberData(nameof(Readable))]
    public void Text_is_read_however_it_is_marked(string what, byte[] bytes) => UploadedText.Read(bytes).Should().Be((Csv, null), what);

    [Theory]
    [MemberData(nameof(Unreadable))]
    public void Bytes_that_are_no_text_are_refused_with_the_line_and_how_to_save_the_file(string what, byte[] bytes, int line)
    {
        var (text, fault) = UploadedText.Read(bytes);

        text.Should().BeNull(what);
        fault.Should().StartWith($"Line {line}: ").And.Contain("UTF-8").And.Contain("Excel");
    }

    [Theory]
    [InlineData("id;store\nIMPORT01;STORE0000000001\n")]
    [InlineData("id\tstore\nIMPORT01\tSTORE0000000001\n")]
    public void Columns_apart_by_another_sign_are_refused_by_name(string csv)
    {
        var (lines, faults) = ImportFile.Read(csv, 10);

        lines.Should().BeEmpty();
        faults.Should().ContainSingle().Which.Should().Contain("is not known").And.Contain("comma");
    }

    private static byte[] Legacy(string name) => CodePagesEncodingProvider.Instance.GetEncoding(name)!.GetBytes(Csv);
}
