using Lakala.Storage.Postgres;
using Lakala.Testing;

namespace Lakala.Storage.Tests;

/// <summary>A batch's columns are declared once: names, places and values agree.</summary>
public sealed class BatchInputTests(Books books) : IClassFixture<Books>
{
    private static readonly BatchInput<Sample> Input = new BatchInput<Sample>()
        .Column("number", "bigint", static sample => sample.Number)
        .Constant("pause", TimeSpan.FromMinutes(5))
        .TextsColumn("texts", static sample => sample.Texts)
        .SparseColumn("id", "uuid", static sample => sample.Id);

    [Fact]
    public void Columns_and_constants_have_the_places_in_which_they_are_declared()
    {
        Input.Rows.Should().Be("unnest($1::bigint[], $3::text[], $4::uuid[]) with ordinality as i(number, texts, id, ord)");
        (Input["number"], Input["pause"], Input["id"]).Should().Be(("$1::bigint[]", "$2", "$4::uuid[]"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("0198c0de-0000-7000-8000-000000000001")]
    public async Task Values_arrive_as_they_are_whatever_their_texts_contain(string? id)
    {
        string[] odd = ["mail", "a b", "", "{,}", "\"quoted\"", @"back\slash", "null", "汉字"];
        Sample[] samples = [new(1, odd, id is null ? null : Guid.Parse(id)), new(2, [], null), new(3, null, null)];

        var rows = await Run(samples);

        rows.Should().BeEquivalentTo(samples, static options => options.WithStrictOrdering());
    }

    private async Task<List<Sample>> Run(Sample[] samples)
    {
        await using var command = books.Connections.CreateCommand($"select i.number, i.texts::text[], i.id, {Input["pause"]} from {Input.Rows} order by i.ord");
        foreach (var parameter in Input.Parameters())
        {
            command.Parameters.Add(parameter);
        }

        Input.Bind(command.Parameters, samples);
        var rows = new List<Sample>();
        await using var row = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        while (await row.ReadAsync(TestContext.Current.CancellationToken))
        {
            row.GetTimeSpan(3).Should().Be(TimeSpan.FromMinutes(5));
            rows.Add(new Sample(row.GetInt64(0), row.IsDBNull(1) ? null : row.GetFieldValue<string[]>(1), row.IsDBNull(2) ? null : row.GetGuid(2)));
        }

        return rows;
    }

    private sealed record Sample(long Number, IReadOnlyList<string>? Texts, Guid? Id);
}
