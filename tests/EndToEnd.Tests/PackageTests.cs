using Lakala.Local;

namespace Lakala.EndToEnd.Tests;

/// <summary>The terminal as one file, as on a store's machine.</summary>
public sealed class PackageTests(Network network)
{
    [Fact]
    public async Task One_command_makes_an_executable_for_Linux_that_pays_and_one_for_Windows()
    {
        var stop = TestContext.Current.CancellationToken;
        var made = await Tool.RunOrFail([Path.Combine(Repository.Root, "lakala"), "package"], cancel: stop);
        var files = made.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        files.Should().HaveCount(2);
        (await File.ReadAllBytesAsync(files[1], stop)).AsSpan(0, 2).ToArray().Should().Equal("MZ"u8.ToArray(), "Windows knows its programs by it");

        // In another folder than the other built files.
        var program = Path.Combine(Directory.CreateTempSubdirectory("lakala-package-").FullName, "terminal");
        File.Copy(files[0], program);
        var bill = await network.NewBill();
        var card = network.Card("approved");
        var paid = await Tool.Run(
            [program, "pay", "--terminal", "T0000010", "--bill", bill, "--card", card.Track2, "--pin", card.Pin, "--json"],
            new Dictionary<string, string> { ["LAKALA_HOME"] = network.Local.Home, ["DOTNET_ROOT"] = "/nonexistent" },
            cancel: stop);

        paid.Output.Should().Contain("\"outcome\":\"approved\"", paid.Error);
        Directory.Delete(Path.GetDirectoryName(program)!, recursive: true);
    }
}
