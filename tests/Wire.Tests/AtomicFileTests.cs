using System.Text;
using Lakala.Wire.Files;

namespace Lakala.Wire.Tests;

public sealed class AtomicFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lakala-files-").FullName;

    private string Path => System.IO.Path.Combine(_folder, "clerks.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_file_is_made_and_replaced_and_nothing_else_stays()
    {
        AtomicFile.Write(Path, "old, and longer than the new one");
        AtomicFile.Write(Path, "茶");

        File.ReadAllBytes(Path).Should().Equal(Encoding.UTF8.GetBytes("茶"));
        Directory.GetFileSystemEntries(_folder).Should().Equal(Path);
    }

    [Fact]
    public void A_fault_in_the_middle_leaves_the_old_content_and_no_half_file()
    {
        AtomicFile.Write(Path, "old");

        var fault = FluentActions.Invoking(() => AtomicFile.Write(Path, stream =>
        {
            stream.Write("half of the n"u8);
            stream.Flush();
            throw new IOException("the disk is full");
        })).Should().Throw<IOException>().Which;

        fault.Message.Should().Be("the disk is full");
        File.ReadAllText(Path).Should().Be("old");
        Directory.GetFileSystemEntries(_folder).Should().Equal(Path);
    }

    [Fact]
    public void The_file_is_on_disk_before_it_takes_its_name_and_its_folder_after()
    {
        AtomicFile.Write(Path, "old");
        List<string> seen = [];

        AtomicFile.Write(
            Path,
            stream => stream.Write("new"u8),
            PrivateFile.OwnerOnly,
            file =>
            {
                file.Flush(flushToDisk: true);
                seen.Add($"file of {file.Length} bytes while {File.ReadAllText(Path)} stands");
            },
            file => seen.Add($"folder of {System.IO.Path.GetFileName(file)} while {File.ReadAllText(file)} stands"));

        seen.Should().Equal("file of 3 bytes while old stands", "folder of clerks.json while new stands");
    }

    [Fact]
    public void A_disk_that_fails_at_the_flush_leaves_the_old_content()
    {
        AtomicFile.Write(Path, "old");

        FluentActions.Invoking(() => AtomicFile.Write(
            Path, stream => stream.Write("new"u8), PrivateFile.OwnerOnly, _ => throw new IOException("the disk is full"), _ => { })).Should().Throw<IOException>();

        File.ReadAllText(Path).Should().Be("old");
        Directory.GetFileSystemEntries(_folder).Should().Equal(Path);
    }

    [Fact]
    public void A_file_that_cannot_take_its_name_leaves_nothing_behind()
    {
        Directory.CreateDirectory(Path);

        FluentActions.Invoking(() => AtomicFile.Write(Path, "new"))
            .Should().Throw<Exception>().Which.Should().Match(fault => fault is IOException || fault is UnauthorizedAccessException);

        Directory.GetFileSystemEntries(_folder).Should().Equal(Path);
    }

    [Fact]
    public void What_a_killed_run_left_half_written_is_in_nobodys_way()
    {
        File.WriteAllText(Path + ".new", "half of something longer than this");

        AtomicFile.Write(Path, "new");

        File.ReadAllText(Path).Should().Be("new");
        Directory.GetFileSystemEntries(_folder).Should().Equal(Path);
    }

    [Fact]
    public void A_file_is_its_owners_alone_unless_told_otherwise()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const UnixFileMode All = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        File.WriteAllText(Path, "open");
        File.SetUnixFileMode(Path, All);
        File.WriteAllText(Path + ".new", "open");
        File.SetUnixFileMode(Path + ".new", All);

        AtomicFile.Write(Path, "secret");

        File.GetUnixFileMode(Path).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        PrivateFile.IsOpenToOthers(Path).Should().BeFalse();

        AtomicFile.Write(Path, "certificate", AtomicFile.ReadByAll);

        PrivateFile.IsOpenToOthers(Path).Should().BeTrue();
    }

    [Fact]
    public void The_file_is_secret_while_it_is_written_too()
    {
        bool? isOpen = null;

        AtomicFile.Write(Path, stream =>
        {
            stream.Write("secret"u8);
            isOpen = PrivateFile.IsOpenToOthers(((FileStream)stream).Name);
        });

        isOpen.Should().BeFalse();
    }
}
