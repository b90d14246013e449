using System.Text.Json;
using System.Text.Json.Serialization;
using Lakala.Terminal.Client.Words;
using Lakala.Wire.Files;

namespace Lakala.Terminal.Client.Setup;

/// <summary>The parameters that the network sets for its terminals; stored beside the terminal's own setup and changed remotely.</summary>
/// <param name="Version">0: nothing was fetched yet.</param>
/// <param name="FooterEn">Last lines of every receipt, in English.</param>
/// <param name="FooterZh">The same in Chinese.</param>
/// <param name="LargestAmount">Minor units; a bill above it is not paid here.</param>
/// <param name="Copies">Receipts of a payment: 2, or 1 for the customer alone.</param>
/// <param name="Gateways">Further servers, each <c>host:port</c>.</param>
public sealed record NetworkParameters(
    int Version = 0,
    string? FooterEn = null,
    string? FooterZh = null,
    long? LargestAmount = null,
    int Copies = 2,
    IReadOnlyList<string>? Gateways = null)
{
    private const int MaxFooter = 200, MaxGateways = 8;

    public string? Footer(TerminalTexts texts) => texts == TerminalTexts.Chinese ? FooterZh ?? FooterEn : FooterEn ?? FooterZh;

    /// <returns>Null when it is not valid: then the old parameters stay.</returns>
    public static NetworkParameters? Parse(int version, string? json)
    {
        try
        {
            var parsed = json is null ? new NetworkParameters() : JsonSerializer.Deserialize(json, ParametersJson.Default.NetworkParameters);
            return parsed is { Copies: 1 or 2, LargestAmount: null or > 0 }
                && (parsed.FooterEn ?? "").Length <= MaxFooter && (parsed.FooterZh ?? "").Length <= MaxFooter
                && (parsed.Gateways ?? []) is { Count: <= MaxGateways } gateways && gateways.All(gateway => TerminalSetup.Address(gateway) is not null)
                ? parsed with { Version = version }
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The parameters that were fetched last; none when the file is missing or not valid.</summary>
    public static NetworkParameters Read(string file)
    {
        try
        {
            return File.Exists(file) && JsonSerializer.Deserialize(File.ReadAllBytes(file), ParametersJson.Default.NetworkParameters) is { } kept
                ? Parse(kept.Version, JsonSerializer.Serialize(kept, ParametersJson.Default.NetworkParameters)) ?? new NetworkParameters()
                : new NetworkParameters();
        }
        catch (Exception fault) when (fault is JsonException or IOException or UnauthorizedAccessException)
        {
            return new NetworkParameters();
        }
    }

    public void Write(string file) =>
        AtomicFile.Write(file, stream => JsonSerializer.Serialize(stream, this, ParametersJson.Default.NetworkParameters));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NetworkParameters))]
internal sealed partial class ParametersJson : JsonSerializerContext;
