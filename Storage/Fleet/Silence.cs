namespace Lakala.Storage.Fleet;

/// <summary>Until it ends, alarms of one kind about one subject are raised and shown, but not sent.</summary>
public sealed record Silence(string Who, string Reason, DateTimeOffset Until)
{
    public const int MaxReason = 200;

    /// <summary>The longest silence.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    /// <summary>The error of the silence; null when it is valid.</summary>
    public string? Fault(DateTimeOffset now) =>
        Until <= now || Until > now + Longest ? $"A silence ends within {Longest.TotalDays:0} days."
        : Reason.Length is 0 or > MaxReason || Reason.Any(char.IsControl) ? $"A silence has a reason of 1 to {MaxReason} characters."
        : null;
}
