using System.Globalization;
using Lakala.Vocabulary;

namespace Lakala.Silo.Ops;

/// <summary>Values as operators read them.</summary>
internal static class Format
{
    public static string Time(DateTimeOffset? at) => at is { } time ? time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) : "never";

    /// <summary>How long ago, in the largest unit that says enough.</summary>
    public static string Ago(DateTimeOffset? at, DateTimeOffset now) => at is { } time ? $"{Span(now - time)} ago" : "never";

    public static string Span(TimeSpan span) => Span(span, OpsTexts.English);

    public static string Span(TimeSpan span, OpsTexts texts) => span.Duration() switch
    {
        { TotalSeconds: < 100 } some => $"{some.TotalSeconds:0} {texts.Units.Seconds}",
        { TotalMinutes: < 100 } some => $"{some.TotalMinutes:0} {texts.Units.Minutes}",
        { TotalHours: < 48 } some => $"{some.TotalHours:0} {texts.Units.Hours}",
        var some => $"{some.TotalDays:0} {texts.Units.Days}",
    };

    public static string Area(string? name) => string.IsNullOrEmpty(name) ? "(none)" : name;

    public static string Money(long? minor) => minor is { } amount ? Vocabulary.Money.Figure(amount) : "";

    public static string Bill(long? number) => number is { } bill ? BillNumber.FromStored(bill).ToString() : "";

    /// <summary>The colour in which the pages show the state of an attempt, or of a command at a terminal.</summary>
    public static string Colour(string state) => state switch
    {
        "APPROVED" or "DONE" or "ACCEPTED" => "good",
        "SENT" or "WAITING" or "ASKED" or "REVERSING" => "open",
        "DECLINED" or "REFUSED" or "VOID" or "NOT_SENT" or "CANCELLED" => "plain",
        _ => "bad",
    };

    /// <summary>A length in a drawing.</summary>
    public static string Number(double number) => Math.Round(number, 2).ToString(CultureInfo.InvariantCulture);

    public static string Query(params (string Name, string? Value)[] values) =>
        string.Join('&', values.Where(value => !string.IsNullOrEmpty(value.Value)).Select(value => $"{value.Name}={Uri.EscapeDataString(value.Value!)}"));
}
