using System.Text.RegularExpressions;
using Lakala.Local;

namespace Lakala.Architecture.Tests;

/// <summary>The dependencies between the rooms, and the calls that only one room may make.</summary>
public sealed partial class ArrowTests
{
    // Beside those, System and the framework are allowed.
    private static readonly Dictionary<string, string[]> Packages = new()
    {
        ["Vocabulary"] = [],
        ["Rules"] = [],
        ["Wire"] = ["BouncyCastle", "Wcwidth"],
        ["Storage"] = ["Npgsql", "dbup", "Orleans.Serialization", "Microsoft.Extensions"],
        ["Grains"] = ["Npgsql", "Orleans", "Microsoft.Extensions"],
    };

    // The types of the database's driver without SQL: the connection's address, and its exceptions.
    private static readonly string[] NoSql =
        ["Npgsql.NpgsqlDataSource", "Npgsql.NpgsqlException", "Npgsql.PostgresException", "Npgsql.PostgresErrorCodes", "Npgsql.NpgsqlConnectionStringBuilder", "Npgsql.SslMode"];

    // By the start of the name.
    private static readonly string[] Impure =
    [
        "System.IO.", "System.Net.", "System.Random", "System.Security.Cryptography.", "System.TimeProvider", "System.Console", "System.Environment", "System.Threading.",
        "System.Diagnostics.Stopwatch", "System.Diagnostics.Activity", "System.DateTime.get_Now", "System.DateTime.get_UtcNow", "System.DateTime.get_Today",
        "System.DateTimeOffset.get_Now", "System.DateTimeOffset.get_UtcNow", "System.Guid.NewGuid", "System.Guid.CreateVersion7", "Microsoft.",
        "Lakala.Vocabulary.BillNumber.Draw", "Lakala.Vocabulary.StoredPassword",
    ];

    public static TheoryData<string> Rooms => [.. Arrows.Allowed.Keys];

    [Fact]
    public void Every_project_has_its_arrows() =>
        Project().Matches(File.ReadAllText(Path.Combine(Repository.Root, "Lakala.sln"))).Select(static match => match.Groups[1].Value)
            .Where(static path => !path.StartsWith("tests", StringComparison.Ordinal)).Select(static path => path.Split('\\')[^1])
            .Should().BeEquivalentTo(Arrows.Allowed.Keys);

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_room_needs_only_those_below_it(string room) =>
        Room.Of(room).Rooms.Should().BeSubsetOf(Arrows.Allowed[room]);

    [Fact]
    public void The_rooms_below_the_silo_need_only_their_own_packages() =>
        Packages.SelectMany(static room => Room.Of(room.Key).Assemblies
                .Where(name => !name.StartsWith("System.", StringComparison.Ordinal) && !name.StartsWith("Lakala.", StringComparison.Ordinal)
                    && !room.Value.Any(package => name.StartsWith(package, StringComparison.Ordinal)))
                .Select(name => $"{room.Key} needs {name}"))
            .ToArray().Should().BeEmpty();

    [Fact]
    public void Sql_lives_in_the_storage_alone() =>
        Arrows.Allowed.Keys.Except(["Storage", "Local"]).SelectMany(static room => Room.Of(room).Foreign
                .Where(name => name.StartsWith("Npgsql.", StringComparison.Ordinal) && !NoSql.Any(allowed => name == allowed || name.StartsWith(allowed + ".", StringComparison.Ordinal)))
                .Select(name => $"{room} names {name}"))
            .ToArray().Should().BeEmpty();

    [Fact]
    public void The_rules_have_no_clock_no_chance_and_no_effects() =>
        Room.Of("Rules").Foreign.Where(static name => Impure.Any(impure => name.StartsWith(impure, StringComparison.Ordinal))).ToArray().Should().BeEmpty();

    [GeneratedRegex("\"([^\"]+)\\.csproj\"")]
    private static partial Regex Project();
}
