using System.Text.Json;
using System.Text.Json.Serialization;
using Lakala.Vocabulary;

namespace Lakala.Terminal.Client.Setup;

/// <param name="Number">Within the store.</param>
public sealed record ClerkIdentity(string Number, string Name, bool IsSupervisor);

/// <summary>
/// The clerks whom the server has verified here lately, so that they can sign in while it cannot be reached: for so long, and with so
/// few wrong passwords. Both are kept in a file of the terminal's owner, so that a power cut forgets neither; of the passwords only
/// what is made of them.
/// </summary>
internal sealed class ClerkMemory
{
    /// <summary>Wrong passwords of a clerk since the server was last asked. After them only the server is believed.</summary>
    public const int MostWrong = 5;

    private const int MaxClerks = 50;

    // The clock may be put right by so much without anybody having turned it back.
    private static readonly TimeSpan Correction = TimeSpan.FromMinutes(5);

    private readonly string _file;
    private readonly TimeSpan _good;
    private readonly TimeProvider _time;
    private readonly List<Known> _known;

    // The latest time that the clock has shown, and when that was, for the time that has passed since.
    private DateTimeOffset _seen;
    private long _seenAt;

    /// <param name="good">For so long after the server has verified a clerk.</param>
    public ClerkMemory(string file, TimeSpan good, TimeProvider time)
    {
        (_file, _good, _time, _seenAt) = (file, good, time, time.GetTimestamp());
        (_seen, _known) = Read(file) is { } kept ? (kept.Seen, kept.Clerks) : (time.GetUtcNow(), []);
    }

    /// <summary>The server has just verified the password: whatever was before is forgotten, also of the clock.</summary>
    public void Remember(ClerkIdentity clerk, string password)
    {
        (_seen, _seenAt) = (_time.GetUtcNow(), _time.GetTimestamp());
        _known.RemoveAll(known => known.Number == clerk.Number);
        if (_good > TimeSpan.Zero)
        {
            _known.Add(new Known(clerk.Number, clerk.Name, clerk.IsSupervisor, _seen, 0, StoredPassword.Of(password).Text));
            _known.RemoveRange(0, Math.Max(0, _known.Count - MaxClerks));
        }

        Write();
    }

    /// <summary>The server knows no such clerk, or another password, or looks at none.</summary>
    public void Forget(string number)
    {
        if (_known.RemoveAll(known => known.Number == number) > 0)
        {
            Write();
        }
    }

    /// <summary>Whether the server has verified this password here lately. A try is on disk before the password is looked at.</summary>
    /// <returns>The clerk; or whether too many passwords were wrong.</returns>
    public (ClerkIdentity? Clerk, bool IsLocked) Verify(string number, string password)
    {
        if (Now() is not { } now)
        {
            return (null, false);
        }

        _known.RemoveAll(known => now - known.VerifiedAt is var age && (age < TimeSpan.Zero || age > _good));
        var at = _known.FindIndex(known => known.Number == number);
        if (at < 0 || _known[at].Wrong >= MostWrong)
        {
            return (null, at >= 0);
        }

        var known = _known[at];
        _known[at] = known with { Wrong = known.Wrong + 1 };
        if (!Write())
        {
            return (null, false);
        }

        var isRight = StoredPassword.Parse(known.Password!).Matches(password);
        if (isRight || _known[at].Wrong >= MostWrong)
        {
            _known[at] = isRight ? known : _known[at] with { Password = null };
            Write();
        }

        return (isRight ? new ClerkIdentity(known.Number, known.Name, known.IsSupervisor) : null, false);
    }

    // Null: the clock has been turned back, or stands still.
    private DateTimeOffset? Now()
    {
        var (shown, atLeast) = (_time.GetUtcNow(), _seen + _time.GetElapsedTime(_seenAt));
        if (shown < atLeast - Correction)
        {
            return null;
        }

        (_seen, _seenAt) = (shown > atLeast ? shown : atLeast, _time.GetTimestamp());
        return _seen;
    }

    // Nothing that cannot be read is believed, and nobody is hurt by it: the server is asked.
    private static Kept? Read(string file)
    {
        try
        {
            var kept = File.Exists(file) ? JsonSerializer.Deserialize(File.ReadAllBytes(file), ClerkJson.Default.Kept) : null;
            kept?.Clerks.ForEach(known => _ = known.Password is { } password ? StoredPassword.Parse(password) : null);
            return kept;
        }
        catch (Exception fault) when (fault is JsonException or FormatException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // A disk that does not take it costs the clerk a sign-in off line, and nothing now.
    private bool Write()
    {
        try
        {
            PrivateFile.Replace(_file, new Kept(_seen, _known), ClerkJson.Default.Kept);
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <param name="Seen">The latest time that the clock has shown: one that shows less has been turned back.</param>
    internal sealed record Kept(DateTimeOffset Seen, List<Known> Clerks);

    /// <param name="Wrong">Passwords since then that were wrong, or were being looked at.</param>
    /// <param name="Password">Null once too many were wrong.</param>
    internal sealed record Known(string Number, string Name, bool IsSupervisor, DateTimeOffset VerifiedAt, int Wrong, string? Password)
    {
        public override string ToString() => $"clerk {Number}";
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ClerkMemory.Kept))]
internal sealed partial class ClerkJson : JsonSerializerContext;
