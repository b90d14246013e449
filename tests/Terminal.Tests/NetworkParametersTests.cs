using Lakala.Terminal.Client.Setup;
using Lakala.Terminal.Client.Words;


namespace Lakala.Terminal.Tests;

public sealed class NetworkParametersTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private string File => _folder.At("parameters.json");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_was_fetched_is_kept()
    {
        var fetched = NetworkParameters.Parse(7, """{"footer_en":"Thank you.","largest_amount":500000,"copies":1,"gateways":["192.0.2.7:8583"],"colour":"red"}""")!;
        fetched.Write(File);

        var kept = NetworkParameters.Read(File);

        kept.Should().BeEquivalentTo(new NetworkParameters(7, "Thank you.", null, 500_000, 1, ["192.0.2.7:8583"]));
        kept.Footer(TerminalTexts.Chinese).Should().Be("Thank you.", "the one there is");
        if (!OperatingSystem.IsWindows())
        {
            System.IO.File.GetUnixFileMode(File).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"copies":3}""")]
    [InlineData("""{"largest_amount":0}""")]
    [InlineData("""{"gateways":["nowhere"]}""")]
    [InlineData("""{"gateways":"192.0.2.7:8583"}""")]
    public void What_makes_no_sense_is_not_taken(string json) => NetworkParameters.Parse(7, json).Should().BeNull();

    [Theory]
    [InlineData(null)]
    [InlineData("half a fi")]
    [InlineData("""{"version":3,"copies":9}""")]
    public void Without_a_file_that_makes_sense_there_are_none(string? content)
    {
        if (content is not null)
        {
            System.IO.File.WriteAllText(File, content);
        }

        NetworkParameters.Read(File).Should().Be(new NetworkParameters());
    }
}
