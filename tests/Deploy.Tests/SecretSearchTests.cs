using System.Security.Cryptography;
using System.Text;
using Lakala.Local;

namespace Lakala.Deploy.Tests;

/// <summary>The search finds secrets in every form and place, and reports nothing else.</summary>
public sealed class SecretSearchTests : IDisposable
{
    private const string CardNumber = "6228480402564890018", Track = CardNumber + "=49122010000000000", Pin = "739184620517";
    private const string Key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    private const string Filling = "ordinary text 0123456789 ";

    private readonly string _home = Directory.CreateTempSubdirectory("lakala-secrets-").FullName;

    private static SecretSearch Search => new(
        [.. Canary.OfCardNumber(CardNumber), Canary.OfTrack(Track), .. Canary.OfPin(Pin), .. Canary.OfKey(Key), Canary.OfText("an API key", "lk_0123456789abcdef")]);

    public void Dispose() => Directory.Delete(_home, recursive: true);

    public static TheoryData<string, byte[]> Shapes => new()
    {
        { "a card number", Encoding.ASCII.GetBytes(CardNumber) },
        { "a card number, packed", Convert.FromHexString(CardNumber + "0") },
        { "a card number, packed", Convert.FromHexString("4" + CardNumber) },
        { "a track", Encoding.ASCII.GetBytes(Track) },
        { "a PIN", Encoding.ASCII.GetBytes(Pin) },
        { "a PIN, packed", Convert.FromHexString(Pin) },
        { "a key in hex", Encoding.ASCII.GetBytes(Key) },
        { "a key in HEX", Encoding.ASCII.GetBytes(Key.ToUpperInvariant()) },
        { "a key in bytes", Convert.FromHexString(Key) },
        { "a key in base64", Encoding.ASCII.GetBytes(Convert.ToBase64String(Convert.FromHexString(Key))) },
        { "an API key", "lk_0123456789abcdef"u8.ToArray() },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_secret_is_found_in_every_shape_and_at_every_place(string what, byte[] secret)
    {
        for (var before = 0; before < 12; before++)
        {
            byte[] content = [.. Encoding.ASCII.GetBytes(Filling[..before]), .. secret];
            Search.In(content).Should().Contain(what, "it begins at byte {0}", before);
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_secret_is_found_across_the_edge_of_what_is_read_at_once(string what, byte[] secret)
    {
        const int Edge = 1024 * 1024;
        for (var before = 1; before < secret.Length; before++)
        {
            var content = new byte[Edge - before + secret.Length];
            secret.CopyTo(content, Edge - before);
            File.WriteAllBytes(Path.Combine(_home, "wal"), content);
            Search.In(_home).Should().Contain(new FoundSecret(what, "wal"), "{0} bytes stand before the edge", before);
        }
    }

    [Fact]
    public void What_is_masked_or_nearly_a_secret_is_none()
    {
        var text = $"{CardNumber[..6]}*********{CardNumber[^4..]} {CardNumber[..^1]}9 {Key[..^2]}20 {Pin[..^1]}8";
        Search.In(Encoding.ASCII.GetBytes(text)).Should().BeEmpty();
        Search.In(RandomNumberGenerator.GetBytes(4 * 1024 * 1024)).Should().BeEmpty();
    }

    [Fact]
    public void A_pin_of_six_digits_is_not_searched_for()
    {
        var search = () => new SecretSearch(Canary.OfPin("739184"));
        search.Should().Throw<ArgumentException>();
    }

    [Theory]
    [InlineData("seed.json")]
    [InlineData("up.json")]
    [InlineData("silo/zone-master.key")]
    [InlineData("terminals/T0000001/master.key")]
    [InlineData("postgres/password")]
    public void A_listed_secret_file_is_forgiven_as_long_as_only_its_owner_can_read_it(string file)
    {
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var path = Write(file, Key);

        File.SetUnixFileMode(path, Owner);
        Search.In(_home).Should().BeEmpty();

        File.SetUnixFileMode(path, Owner | UnixFileMode.GroupRead);
        Search.In(_home).Should().Equal(new FoundSecret("a key in hex", file));
    }

    [Theory]
    [InlineData("log/silo.log")]
    [InlineData("terminals/T0000001/journal")]
    [InlineData("terminals/T0000001/seed.json")]
    [InlineData("postgres/data/pg_wal/000000010000000000000001")]
    [InlineData("silo/notes")]
    [InlineData("bank")]
    public void Anywhere_else_it_is_found(string file)
    {
        File.SetUnixFileMode(Write(file, Filling + Track), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Search.In(_home).Should().BeEquivalentTo([new FoundSecret("a card number", file), new FoundSecret("a track", file)]);
    }

    [Fact]
    public void The_banks_own_folder_is_the_outside_world_and_passed_over()
    {
        Write("bank/book.tsv", CardNumber);
        Search.In(_home).Should().BeEmpty();
    }

    private string Write(string file, string content)
    {
        var path = Path.Combine(_home, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }
}
