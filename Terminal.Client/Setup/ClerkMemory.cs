using System.Text.Json;
using System.Text.Json.Serialization;
using Lakala.Vocabulary;
using Lakala.Wire.Files;

namespace Lakala.Terminal.Client.Setup;

/// <param name="Number">Within the store.</param>
public sealed record ClerkIdentity(string Number, string Name, bool IsSupervisor);

/// <summary>
/// The clerks whom the server has verified here recently, so that they can sign in while it cannot be reached: for a bounded time, and
/// with a bounded number of wrong passwords. Both are in an owner-only file, so that they survive a power cut; passwords are in it
/// only as hashes.
/// </summary>
internal sealed class ClerkMemory
{
    /// <summary>Most wrong passwords of a clerk since the server last verified the clerk. After them only the server can let the clerk in.</summary>
    public const int MostWrong = 5;

    private const int MaxClerks = 50;

    // A normal correction of the clock is at most this; a larger step back is not trusted.
    private static readonly TimeSpan Correction = TimeSpan.FromMinutes(5);

    private readonly string _file;
    private readonly TimeSpan _good;
    private readonly TimeProvider _time;
    private readonly List<Known> _known;

    // The latest time that the clock has shown, and its timestamp, to add the time since then.
    private DateTimeOffset _seen;
    private long _seenAt;

    /// <param name="good">The time after a verification by the server in which a clerk may sign in off line.</param>
    public ClerkMemory(string file, TimeSpan good, TimeProvider time)
    {
        (_file, _good, _time, _seenAt) = (file, good, time, time.GetTimestamp());
        (_seen, _known) = Read(file) is { } kept ? (kept.Seen, kept.Clerks) : (time.GetUtcNow(), []);
    }

    /// <summary>The server has just verified the password: the earlier state is deleted, also that of the clock.</summary>
    public void Remember(ClerkIdentity clerk, string password)
    {
        (_seen, _seenAt) = (_time.GetUtcNow(), _time.GetTimestamp());
        _known.RemoveAll(known => known.Number == clerk.Number);
        if (_good > TimeSpan.Zero)
        {
            _known.Add(new Known(clerk.Number, clerk.Name, clerk.IsSupervisor, _seen, 0, StoredPassword.Hash(password).Text));
            _known.RemoveRange(0, Math.Max(0, _known.Count - MaxClerks));
        }

        Write();
    }

    /// <summary>The server does not know the clerk, has another password, or checks none at the moment.</summary>
    public void Forget(string number)
    {
        if (_known.RemoveAll(known => known.Number == number) > 0)
        {
            Write();
        }
    }

    /// <summary>Checks a password against the recent verifications. A try is on disk before the password is checked.</summary>
    /// <returns>The clerk; otherwise whether too many passwords were wrong.</returns>
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

    // Null: the clock was set back, or does not run.
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

    // An unreadable file counts as empty; this does no harm, because the server is asked.
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

    // If it cannot be written, only a later sign-in off line is refused.
    private bool Write()
    {
        try
        {
            AtomicFile.Write(_file, stream => JsonSerializer.Serialize(stream, new Kept(_seen, _known), ClerkJson.Default.Kept));
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <param name="Seen">The latest time that the clock has shown: an earlier time means that it was set back.</param>
    internal sealed record Kept(DateTimeOffset Seen, List<Known> Clerks);

    /// <param name="Wrong">Passwords since then that were wrong, or whose check was not finished.</param>
    /// <param name="Password">Null once too many were wrong.</param>
    internal sealed record Known(string Number, string Name, bool IsSupervisor, DateTimeOffset VerifiedAt, int Wrong, string? Password)
    {
        public override string ToString() => $"clerk {Number}";
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ClerkMemory.Kept))]
internal sealed partial class ClerkJson : JsonSerializerContext;
