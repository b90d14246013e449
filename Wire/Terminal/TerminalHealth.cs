using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Lakala.Vocabulary;

namespace Lakala.Wire.Terminal;

/// <summary>A terminal's report of its health in its heartbeat (element HL). A member is null if the terminal cannot know it.</summary>
/// <param name="Printer"><c>ready</c>, <c>none</c>, <c>cover-open</c> or <c>away</c> (not reachable).</param>
/// <param name="Paper"><c>ok</c>, <c>low</c> or <c>out</c>.</param>
/// <param name="Reader"><c>ok</c> or <c>bad</c>: several cards in a row could not be read.</param>
/// <param name="Tamper">Its case has been opened.</param>
/// <param name="OnMains">False: it runs on its battery.</param>
/// <param name="Battery">Charge in percent.</param>
/// <param name="Signal">Signal of a radio line in percent.</param>
/// <param name="ClockOffset">Seconds by which its clock was ahead of the server's at the last sign-on.</param>
/// <param name="OpenItems">Payments whose outcome it does not know yet.</param>
/// <param name="JournalBytes">Size of its journal.</param>
/// <param name="Parameters">Version of the network's parameters that it has.</param>
/// <param name="LastSwipe">When it last sent a payment.</param>
public sealed record TerminalHealth(
    string? Printer = null,
    string? Paper = null,
    string? Reader = null,
    bool? Tamper = null,
    bool? OnMains = null,
    int? Battery = null,
    int? Signal = null,
    int? ClockOffset = null,
    string? Version = null,
    int? OpenItems = null,
    long? JournalBytes = null,
    int? Parameters = null,
    DateTimeOffset? LastSwipe = null)
{
    /// <summary>Clock drift, in seconds, from which a terminal needs attention.</summary>
    public const int ClockOff = 60;

    private const int MaxLength = 400, MaxWord = 24, LowBattery = 20;

    /// <summary>True when the report shows no fault that prevents a payment or a receipt.</summary>
    public bool IsInOrder => Printer is null or "ready" or "none" && Paper is not "out" && Reader is not "bad" && Tamper is not true;

    /// <summary>The faults that need attention, separated by commas; empty when there are none.</summary>
    [JsonIgnore]
    public string Attention
    {
        get
        {
            return string.Join(", ", Words().OfType<string>());

            IEnumerable<string?> Words()
            {
                yield return Tamper is true ? "case opened" : null;
                yield return Printer switch { "cover-open" => "printer cover open", "away" => "printer away", _ => null };
                yield return Paper switch { "out" => "paper out", "low" => "paper low", _ => null };
                yield return Reader is "bad" ? "card reader bad" : null;
                yield return OnMains is false && Battery <= LowBattery ? string.Create(null, $"battery {Battery} %") : null;
                yield return ClockOffset is { } offset && Math.Abs(offset) >= ClockOff
                    ? string.Create(null, $"clock {Math.Abs(offset)} s {(offset > 0 ? "ahead" : "behind")}")
                    : null;
                yield return OpenItems > 0 ? string.Create(null, $"open payments {OpenItems}") : null;
            }
        }
    }

    /// <summary><c>name=value</c>, separated by commas; unknown values are left out.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        Add("printer", Printer);
        Add("paper", Paper);
        Add("reader", Reader);
        Add("tamper", Tamper switch { true => "yes", false => "no", null => null });
        Add("power", OnMains switch { true => "mains", false => "battery", null => null });
        Add("battery", Battery?.ToString(CultureInfo.InvariantCulture));
        Add("signal", Signal?.ToString(CultureInfo.InvariantCulture));
        Add("clock", ClockOffset?.ToString(CultureInfo.InvariantCulture));
        Add("version", Version);
        Add("open", OpenItems?.ToString(CultureInfo.InvariantCulture));
        Add("journal", JournalBytes?.ToString(CultureInfo.InvariantCulture));
        Add("params", Parameters?.ToString(CultureInfo.InvariantCulture));
        Add("swipe", LastSwipe is { } swipe ? Rfc3339.ToSeconds(swipe) : null);
        return text.ToString();

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                text.Append(text.Length > 0 ? "," : "").Append(name).Append('=').Append(value);
            }
        }
    }

    /// <summary>
    /// Unknown names and invalid values are ignored: a terminal may be newer than its server, and a report must not cost it
    /// its line.
    /// </summary>
    public static TerminalHealth Parse(string text)
    {
        var health = new TerminalHealth();
        foreach (var pair in text[..Math.Min(text.Length, MaxLength)].Split(','))
        {
            if (pair.Split('=') is not [var name, var value])
            {
                continue;
            }

            health = name switch
            {
                "printer" => health with { Printer = Word(value) },
                "paper" => health with { Paper = Word(value) },
                "reader" => health with { Reader = Word(value) },
                "tamper" => health with { Tamper = value switch { "yes" => true, "no" => false, _ => null } },
                "power" => health with { OnMains = value switch { "mains" => true, "battery" => false, _ => null } },
                "battery" => health with { Battery = (int?)Number(value) },
                "signal" => health with { Signal = (int?)Number(value) },
                "clock" => health with { ClockOffset = (int?)Number(value) },
                "version" => health with { Version = Word(value) },
                "open" => health with { OpenItems = (int?)Number(value) },
                "journal" => health with { JournalBytes = Number(value) },
                "params" => health with { Parameters = (int?)Number(value) },
                "swipe" => health with { LastSwipe = Time(value) },
                _ => health,
            };
        }

        return health;
    }

    private static string? Word(string value) =>
        value.Length is > 0 and <= MaxWord && value.All(sign => char.IsAsciiLetterOrDigit(sign) || sign is '.' or '-') ? value : null;

    // At most nine digits, so that it fits an int of the database.
    private static long? Number(string value) =>
        value.Length <= 10 && long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && Math.Abs(number) < 1_000_000_000
            ? number
            : null;

    private static DateTimeOffset? Time(string value) =>
        DateTimeOffset.TryParseExact(value, Rfc3339.Seconds, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
