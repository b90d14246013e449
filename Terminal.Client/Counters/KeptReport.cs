using System.Text.Json;
using System.Text.Json.Serialization;
using Lakala.Terminal.Client.Journals;
using Lakala.Wire.Files;

namespace Lakala.Terminal.Client.Counters;

/// <summary>The report of the last batch close, stored beside the journal: it can be printed again until the next close.</summary>
/// <param name="At">The time of the close, by this machine's clock.</param>
internal sealed record KeptReport(DateTimeOffset At, string? StoreName, IReadOnlyList<BatchReport> Batches)
{
    /// <returns>Null when there is none that can be read.</returns>
    public static KeptReport? Read(string file)
    {
        try
        {
            return File.Exists(file) ? JsonSerializer.Deserialize(File.ReadAllBytes(file), KeptReportJson.Default.KeptReport) : null;
        }
        catch (Exception fault) when (fault is JsonException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Replaces the old one in one step.</summary>
    /// <exception cref="IOException">It cannot be written to the disk.</exception>
    public void Write(string file) => AtomicFile.Write(file, stream => JsonSerializer.Serialize(stream, this, KeptReportJson.Default.KeptReport));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, IgnoreReadOnlyProperties = true)]
[JsonSerializable(typeof(KeptReport))]
internal sealed partial class KeptReportJson : JsonSerializerContext;
