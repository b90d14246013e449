namespace Lakala.EndToEnd.Tests;

/// <summary>The network as it stands, before anything is asked of it.</summary>
public sealed class NetworkTests(Network network)
{
    [Fact]
    public async Task A_silo_that_reaches_database_and_bank_says_that_it_is_ready()
    {
        using var http = new HttpClient();

        var health = await http.GetStringAsync(new Uri(network.Local.Http, "/healthz"), TestContext.Current.CancellationToken);

        health.Should().Be("""{"status":"ready","database":"up","commits":"up","bank_line":"up"}""");
    }

    [Fact]
    public async Task The_books_of_a_network_balance()
    {
        var books = await network.Local.Books(TestContext.Current.CancellationToken);

        books.Should().Match<Local.ToolResult>(result => result.ExitCode == 0);
    }
}
