namespace Lakala.Storage.Notices;

/// <summary>An event's id in the merchant API: <c>evt_</c> and 32 hexadecimal digits.</summary>
public static class EventName
{
    private const string Mark = "evt_";

    public static string Format(Guid id) => Mark + id.ToString("N");

    public static bool TryParse(string? name, out Guid id)
    {
        id = default;
        return name is not null && name.StartsWith(Mark, StringComparison.Ordinal) && Guid.TryParseExact(name.AsSpan(Mark.Length), "N", out id);
    }
}
