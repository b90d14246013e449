using Lakala.Vocabulary;

namespace Lakala.Storage.Stores;

/// <summary>A store as set up by an operator. Either both coordinates are set or none.</summary>
public sealed record Store(
    string Id,
    string Name,
    int CommissionPercent,
    string? NameZh = null,
    string? Chain = null,
    string? Region = null,
    string? District = null,
    string? Address = null,
    double? Latitude = null,
    double? Longitude = null,
    string? Hours = null,
    string? Phone = null)
{
    private const int MaxText = 200;

    /// <summary>The error, with the name of the member; null when it is valid.</summary>
    public string? Fault() =>
        !IsId(Id) ? "id has 15 characters, capital letters and digits"
        : Name is not { Length: > 0 } ? "name is missing"
        : CommissionPercent is < 0 or > 100 ? "commission_percent is 0 to 100"
        : Latitude.HasValue != Longitude.HasValue ? "latitude and longitude come together"
        : Latitude is < -90 or > 90 ? "latitude is -90 to 90"
        : Longitude is < -180 or > 180 ? "longitude is -180 to 180"
        : (Region is null) != (District is null) ? "region and district come together"
        : Texts().FirstOrDefault(text => text.Value is { Length: > MaxText } || (text.Value is { } value && !PlainText.Is(value))).Name is { } name
            ? $"{name} has at most {MaxText} characters, none of them a control or format character"
        : null;

    // It is used in frames, addresses and files, so it must have no characters with a meaning there.
    private static bool IsId(string? id) => id is { Length: 15 } && id.All(static one => char.IsAsciiLetterUpper(one) || char.IsAsciiDigit(one));

    private (string Name, string? Value)[] Texts() =>
    [
        ("name", Name), ("name_zh", NameZh), ("chain", Chain), ("region", Region), ("district", District), ("address", Address),
        ("hours", Hours), ("phone", Phone),
    ];
}
