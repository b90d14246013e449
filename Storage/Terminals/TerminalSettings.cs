using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Lakala.Storage.Terminals;

/// <summary>The settings and their limits. All members at their longest fit into the one message that has them.</summary>
public static class TerminalSettings
{
    private const int MaxFooterBytes = 150, MaxGatewayBytes = 180;
    private const long MostAmount = 999_999_999_999;

    /// <summary>By name: the purpose, with the limits.</summary>
    public static IReadOnlyDictionary<string, string> Members { get; } = new Dictionary<string, string>
    {
        ["footer_en"] = $"last lines of every receipt in English, at most {MaxFooterBytes} bytes",
        ["footer_zh"] = $"the same in Chinese, at most {MaxFooterBytes} bytes",
        ["largest_amount"] = "the largest amount paid here, in minor units",
        ["copies"] = "receipts of a payment: 2, or 1 for the customer alone",
        ["gateways"] = $"further servers, each host:port, at most {MaxGatewayBytes} bytes together",
    };

    /// <summary>The error, with the name of the member; null when it is valid.</summary>
    public static string? Fault(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            return "settings are a JSON object";
        }

        foreach (var member in body.EnumerateObject())
        {
            if (!Members.TryGetValue(member.Name, out var meaning))
            {
                return $"{member.Name} is not a setting; the settings are {string.Join(", ", Members.Keys)}";
            }

            if (!IsRight(member))
            {
                return $"{member.Name} is {meaning}";
            }
        }

        return null;
    }

    private static bool IsRight(JsonProperty member) => member.Name switch
    {
        "footer_en" or "footer_zh" => member.Value.ValueKind == JsonValueKind.String && Bytes(member.Value) <= MaxFooterBytes
            && !member.Value.GetString()!.Any(sign => char.IsControl(sign) && sign != '\n'),
        "largest_amount" => member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetInt64(out var most) && most is > 0 and <= MostAmount,
        "copies" => member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetInt32(out var copies) && copies is 1 or 2,
        _ => member.Value.ValueKind == JsonValueKind.Array && Bytes(member.Value) <= MaxGatewayBytes
            && member.Value.EnumerateArray().All(static gateway => gateway.ValueKind == JsonValueKind.String && IsAddress(gateway.GetString()!)),
    };

    // In the form of the message.
    private static int Bytes(JsonElement value) => Encoding.UTF8.GetByteCount(JsonSerializer.Serialize(value, AsTheyTravel));

    private static readonly JsonSerializerOptions AsTheyTravel = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static bool IsAddress(string text) => text.Split(':') is [{ Length: > 0 } host, var port]
        && Uri.CheckHostName(host) is not UriHostNameType.Unknown && ushort.TryParse(port, out var number) && number > 0;
}
