using System.Buffers.Binary;
using System.Text;

namespace Lakala.Local;

/// <summary>Bytes that show a secret wherever they are found.</summary>
/// <param name="What">The kind of secret, which may be printed.</param>
public sealed record Canary(string What, byte[] Bytes)
{
    /// <summary>The least length: shorter ones occur everywhere by chance.</summary>
    public const int LeastBytes = 6;

    private const int LeastPinDigits = 2 * LeastBytes;

    public static IEnumerable<Canary> OfCardNumber(string number) => [OfText("a card number", number), .. Packed("a card number, packed", number)];

    public static Canary OfTrack(string track) => OfText("a track", track);

    /// <exception cref="ArgumentException">The PIN has fewer than twelve digits: six digits occur by chance in many numbers.</exception>
    public static IEnumerable<Canary> OfPin(string pin) => pin.Length >= LeastPinDigits
        ? [OfText("a PIN", pin), .. Packed("a PIN, packed", pin)]
        : throw new ArgumentException($"Only a PIN of {LeastPinDigits} digits or more can be searched for.", nameof(pin));

    /// <param name="key">Hexadecimal.</param>
    public static IEnumerable<Canary> OfKey(string key) =>
    [
        OfText("a key in hex", key.ToLowerInvariant()),
        OfText("a key in HEX", key.ToUpperInvariant()),
        new Canary("a key in bytes", Convert.FromHexString(key)),
        OfText("a key in base64", Convert.ToBase64String(Convert.FromHexString(key))),
    ];

    public static Canary OfText(string what, string text) => new(what, Encoding.ASCII.GetBytes(text));

    public override string ToString() => What;

    // Two digits in a byte, as in PIN blocks and BCD fields; the first digit may be either half of its byte.
    private static IEnumerable<Canary> Packed(string what, string digits)
    {
        foreach (var part in new[] { digits, digits[1..] }.Select(part => part[..(part.Length / 2 * 2)]).Where(part => part.Length >= 2 * LeastBytes))
        {
            yield return new Canary(what, Convert.FromHexString(part));
        }
    }
}

/// <param name="File">Relative to the folder that was searched.</param>
public sealed record FoundSecret(string What, string File);

/// <summary>
/// Searches all files of an instance, byte by byte and for all canaries at once: tables, write-ahead log, logs, journals.
/// </summary>
public sealed class SecretSearch
{
    private const int BufferLength = 1024 * 1024;
    private const int FilterBits = 18;
    private const int Window = sizeof(uint);

    // Every canary contains a window that begins at a multiple of this, at any position.
    private const int Step = Canary.LeastBytes - Window + 1;

    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    // Hidden files too; a file that cannot be read is a fault, and is not skipped.
    private static readonly EnumerationOptions EveryFile = new()
    {
        RecurseSubdirectories = true,
        AttributesToSkip = FileAttributes.ReparsePoint,
        IgnoreInaccessible = false,
    };

    private readonly Canary[] _canaries;
    private readonly int _longest;
    private readonly bool[] _filter = new bool[1 << FilterBits];
    private readonly Dictionary<uint, List<(int Canary, int Offset)>> _windows = [];

    /// <exception cref="ArgumentException">A canary is so short that it occurs by chance.</exception>
    public SecretSearch(IEnumerable<Canary> canaries)
    {
        _canaries = [.. canaries];
        _longest = _canaries.Max(canary => canary.Bytes.Length);
        for (var number = 0; number < _canaries.Length; number++)
        {
            Add(number);
        }
    }

    public int Count => _canaries.Length;

    /// <summary>For the secrets of an instance.</summary>
    /// <param name="secrets">The folder of the silo's key files.</param>
    /// <param name="pins">PINs of twelve digits: the cards' own have six and occur in many numbers by chance.</param>
    public static async Task<SecretSearch> For(
        Seed seed, IReadOnlyList<TestCard> cards, string secrets, IEnumerable<string> pins, CancellationToken stop = default)
    {
        var keys = seed.Terminals.Select(terminal => terminal.MasterKey).ToList();
        foreach (var file in new[] { "zone-master.key", "key-encryption.key" })
        {
            keys.Add((await File.ReadAllTextAsync(Path.Combine(secrets, file), stop)).Trim());
        }

        return new SecretSearch(
        [
            .. cards.SelectMany(card => Canary.OfCardNumber(card.Track2.Split('=')[0])),
            .. cards.Select(card => Canary.OfTrack(card.Track2)),
            .. pins.SelectMany(Canary.OfPin),
            .. keys.SelectMany(Canary.OfKey),
            Canary.OfText("an API key", seed.ApiKey),
        ]);
    }

    /// <summary>
    /// Searches a state folder. Skips the bank's own folder, and allows secrets in the owner-only files that the
    /// operations guide lists, as long as nobody else can read these files.
    /// </summary>
    public IReadOnlyList<FoundSecret> In(string home)
    {
        var found = new List<FoundSecret>();
        foreach (var path in Directory.EnumerateFiles(home, "*", EveryFile))
        {
            var file = Path.GetRelativePath(home, path);
            if (!IsOutside(file))
            {
                var kinds = InFile(path);
                if (kinds.Count > 0 && !(IsSecretFile(file) && (File.GetUnixFileMode(path) & Others) == 0))
                {
                    found.AddRange(kinds.Select(kind => new FoundSecret(kind, file)));
                }
            }
        }

        return found;
    }

    /// <returns>The kinds of secrets that were found.</returns>
    public IReadOnlyCollection<string> In(ReadOnlySpan<byte> content)
    {
        var found = new HashSet<string>();
        Search(content, found);
        return found;
    }

    private static bool IsOutside(string file) => file.Split(Path.DirectorySeparatorChar) is ["bank", _, ..];

    private static bool IsSecretFile(string file) => file.Split(Path.DirectorySeparatorChar) switch
    {
        ["seed.json" or "up.json"] => true,
        ["silo", var name] => name.EndsWith(".key", StringComparison.Ordinal),
        ["terminals", _, "master.key"] => true,
        ["postgres", "password"] => true,
        _ => false,
    };

    private void Add(int number)
    {
        var canary = _canaries[number];
        if (canary.Bytes.Length < Canary.LeastBytes)
        {
            throw new ArgumentException($"{canary} has fewer than {Canary.LeastBytes} bytes: it occurs by chance.");
        }

        for (var offset = 0; offset < Step; offset++)
        {
            var window = BinaryPrimitives.ReadUInt32LittleEndian(canary.Bytes.AsSpan(offset));
            _filter[Hash(window)] = true;
            if (!_windows.TryGetValue(window, out var places))
            {
                _windows.Add(window, places = []);
            }

            places.Add((number, offset));
        }
    }

    private HashSet<string> InFile(string path)
    {
        var found = new HashSet<string>();
        try
        {
            // An empty file may be locked by its owner.
            if (new FileInfo(path).Length == 0)
            {
                return found;
            }

            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);
            var buffer = new byte[BufferLength];
            var (kept, at) = (0, 0L);
            while (RandomAccess.Read(file, buffer.AsSpan(kept), at) is > 0 and var read)
            {
                at += read;
                var filled = kept + read;
                Search(buffer.AsSpan(0, filled), found);

                // A canary may be on the border of two reads.
                kept = Math.Min(_longest - 1, filled);
                buffer.AsSpan(filled - kept, kept).CopyTo(buffer);
            }
        }
        catch (FileNotFoundException)
        {
            // A running server deletes and renames its files.
        }

        return found;
    }

    private void Search(ReadOnlySpan<byte> content, HashSet<string> found)
    {
        var filter = _filter;
        for (var at = 0; at <= content.Length - Window; at += Step)
        {
            var window = BinaryPrimitives.ReadUInt32LittleEndian(content[at..]);
            if (filter[Hash(window)] && _windows.TryGetValue(window, out var places))
            {
                Compare(content, at, places, found);
            }
        }
    }

    private void Compare(ReadOnlySpan<byte> content, int at, List<(int Canary, int Offset)> places, HashSet<string> found)
    {
        foreach (var (number, offset) in places)
        {
            var canary = _canaries[number];
            if (at >= offset && content[(at - offset)..].StartsWith(canary.Bytes))
            {
                found.Add(canary.What);
            }
        }
    }

    private static uint Hash(uint window) => window * 0x9E3779B1 >> (32 - FilterBits);
}
