using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Lakala.Terminal.Client;

/// <param name="Number">Within the store.</param>
public sealed record ClerkIdentity(string Number, string Name, bool IsSupervisor);

/// <summary>
/// The clerks whom the server has verified here lately, so that they can sign in while it cannot be reached. Of their passwords
/// only PBKDF2 (SHA-512) is kept, in a file of the terminal's owner.
/// </summary>
internal sealed class ClerkMemory(string file, TimeSpan good, TimeProvider time)
{
    private const int MaxClerks = 50, SaltLength = 16, HashLength = 32, Iterations = 210_000;

    private readonly List<Known> _known = Read(file);

    /// <summary>The server has just verified the password.</summary>
    public void Remember(ClerkIdentity clerk, string password)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltLength);
        Forget(clerk.Number);
        _known.Add(new Known(clerk.Number, clerk.Name, clerk.IsSupervisor, time.GetUtcNow(), Convert.ToHexString(salt), Convert.ToHexString(Hash(password, salt))));
        _known.RemoveRange(0, Math.Max(0, _known.Count - MaxClerks));
        Write();
    }

    /// <summary>The server knows no such clerk, or another password.</summary>
    public void Forget(string number)
    {
        if (_known.RemoveAll(known => known.Number == number) > 0)
        {
            Write();
        }
    }

    /// <returns>Null when nobody was verified with this number and password, or it is too long ago.</returns>
    public ClerkIdentity? Find(string number, string password)
    {
        var known = _known.Find(known => known.Number == number);
        var age = time.GetUtcNow() - known?.VerifiedAt;
        return age >= TimeSpan.Zero && age <= good
            && CryptographicOperations.FixedTimeEquals(Hash(password, Convert.FromHexString(known!.Salt)), Convert.FromHexString(known.Hash))
            ? new ClerkIdentity(known.Number, known.Name, known.IsSupervisor)
            : null;
    }

    private static byte[] Hash(string password, byte[] salt) => Rfc2898DeriveBytes.Pbkdf2(password, salt, Iterations, HashAlgorithmName.SHA512, HashLength);

    // Nothing that cannot be read is believed, and nobody is hurt by it: the server is asked.
    private static List<Known> Read(string file)
    {
        try
        {
            return File.Exists(file) ? JsonSerializer.Deserialize(File.ReadAllBytes(file), ClerkJson.Default.ListKnown) ?? [] : [];
        }
        catch (Exception fault) when (fault is JsonException or IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    // A disk that does not take it costs the clerk a sign-in off line, and nothing now.
    private void Write()
    {
        try
        {
            Replace();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // As above.
        }
    }

    private void Replace()
    {
        var fresh = file + ".new";
        using (var stream = PrivateFile.Open(fresh, FileMode.Create))
        {
            JsonSerializer.Serialize(stream, _known, ClerkJson.Default.ListKnown);
        }

        File.Move(fresh, file, overwrite: true);
    }

    internal sealed record Known(string Number, string Name, bool IsSupervisor, DateTimeOffset VerifiedAt, string Salt, string Hash)
    {
        public override string ToString() => $"clerk {Number}";
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(List<ClerkMemory.Known>))]
internal sealed partial class ClerkJson : JsonSerializerContext;
