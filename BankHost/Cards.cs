using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Lakala.Wire.Files;

namespace Lakala.BankHost;

/// <summary>A card as its bank has it on file. Its <c>ToString</c> is masked.</summary>
/// <param name="Expiry">YYMM: valid until the end of that month.</param>
/// <param name="Pin">The PIN that the holder keys in.</param>
/// <param name="Expected">The answer that a terminal gets: <c>approved</c>, or a response code.</param>
/// <param name="PinOnFile">The right PIN, if the holder's is wrong.</param>
/// <param name="PinTries">Wrong PINs in a row before the card is locked (75).</param>
/// <param name="Balance">Minor units, before all entries of the book.</param>
/// <param name="Limit">Minor units for one payment.</param>
/// <param name="AlwaysAnswers">A response code for a card that is lost, stolen, unknown to the bank, and so on.</param>
/// <param name="RefundAnswers">A response code for every refund, as of a card that its holder closes after the payment.</param>
public sealed record Card(
    string Pan,
    string Expiry,
    string Pin,
    string Expected,
    string? PinOnFile = null,
    int PinTries = 3,
    long Balance = 1_000_000_000_000_000,
    long Limit = 1_000_000_000_000,
    string? AlwaysAnswers = null,
    string? RefundAnswers = null)
{
    public override string ToString() => $"card that is {Expected}";
}

/// <summary>
/// The bank's cards, in <c>cards.json</c> of its folder (0600): made at the first start, one for each answer that a terminal can
/// get, and one that pays but is closed when a refund comes; with new random card numbers in every folder.
/// </summary>
public static class CardFile
{
    private const string IssuerPrefix = "622848";
    private const int PanLength = 19;
    private const string GoodUntil = "4912";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = true,
    };

    public static IReadOnlyList<Card> Ensure(string folder)
    {
        var path = Path.Combine(folder, "cards.json");
        if (!File.Exists(path))
        {
            AtomicFile.Write(path, JsonSerializer.Serialize(Make(), Json));
        }

        return JsonSerializer.Deserialize<Card[]>(File.ReadAllText(path), Json)
            ?? throw new InvalidOperationException($"{path} holds no cards.");
    }

    private static Card[] Make() =>
    [
        New("approved"),
        New("approved"),
        New("05") with { AlwaysAnswers = "05" },
        New("14") with { AlwaysAnswers = "14" },
        New("41") with { AlwaysAnswers = "41" },
        New("43") with { AlwaysAnswers = "43" },
        New("51") with { Balance = 0 },
        New("54") with { Expiry = "0812" },
        New("55") with { PinOnFile = NewPin(), PinTries = int.MaxValue },
        New("61") with { Limit = 0 },
        New("75") with { PinTries = 0 },

        // 91 is not a final decline: the payment is reversed, and the terminal gets 68.
        New("68") with { AlwaysAnswers = "91" },
        New("approved") with { RefundAnswers = "14" },
    ];

    private static Card New(string expected) => new(NewPan(), GoodUntil, NewPin(), expected);

    private static string NewPin() => RandomNumberGenerator.GetInt32(1_000_000).ToString("D6", CultureInfo.InvariantCulture);

    private static string NewPan()
    {
        var digits = IssuerPrefix + RandomNumberGenerator.GetString("0123456789", PanLength - IssuerPrefix.Length - 1);
        return digits + LuhnDigit(digits);
    }

    // ISO/IEC 7812-1: from the right every second digit counts twice, and the sum is a multiple of ten.
    private static char LuhnDigit(string digits)
    {
        var sum = digits.Reverse().Select((digit, i) => (digit - '0') * (i % 2 == 0 ? 2 : 1)).Sum(weighted => weighted > 9 ? weighted - 9 : weighted);
        return (char)('0' + (10 - sum % 10) % 10);
    }
}
