using Lakala.Wire.Files;
using Lakala.Wire.Keys;

namespace Lakala.Wire.Tests;

public sealed class KeyFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lakala-keys-").FullName;

    private string Path => System.IO.Path.Combine(_folder, "master.key");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_key_that_was_written_is_read_again_by_its_owner_alone()
    {
        var key = MasterKey.NewKey();

        KeyFile.Write(Path, key);

        KeyFile.Read(Path, "Keys:Master").Should().Equal(key);
        File.ReadAllText(Path).Should().Be(Convert.ToHexStringLower(key) + "\n");
        PrivateFile.IsOpenToOthers(Path).Should().BeFalse();
    }

    [Fact]
    public void Digits_of_either_case_with_blanks_around_them_are_a_key() =>
        KeyFile.Parse("  " + new string('a', 32) + new string('B', 32) + "\r\n").Should().Equal(
            [.. Enumerable.Repeat((byte)0xAA, 16), .. Enumerable.Repeat((byte)0xBB, 16)]);

    [Theory]
    [InlineData("")]
    [InlineData("0123456789abcdef")]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde")]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg")]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef00")]
    [InlineData("0123456789abcdef 0123456789abcdef0123456789abcdef0123456789abcde")]
    [InlineData("０１２３456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    public void Text_that_is_no_key_is_refused_and_not_quoted(string text)
    {
        AtomicFile.Write(Path, text);

        KeyFile.Parse(text).Should().BeNull();
        FluentActions.Invoking(() => KeyFile.Read(Path, "Keys:Master"))
            .Should().Throw<InvalidOperationException>().WithMessage($"Keys:Master: {Path} does not hold 64 hex digits.");
    }

    [Fact]
    public void A_file_that_others_can_read_is_refused_with_the_remedy()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        KeyFile.Write(Path, MasterKey.NewKey());
        File.SetUnixFileMode(Path, PrivateFile.OwnerOnly | UnixFileMode.GroupRead);

        FluentActions.Invoking(() => KeyFile.Read(Path, "Keys:Master"))
            .Should().Throw<InvalidOperationException>().WithMessage($"*can be read by others. Run: chmod 600 {Path}");
    }

    [Fact]
    public void A_file_that_is_not_there_is_refused_by_its_name() =>
        FluentActions.Invoking(() => KeyFile.Read(Path, "Keys:Master"))
            .Should().Throw<InvalidOperationException>().WithMessage($"Keys:Master: there is no file {Path}.");
}
