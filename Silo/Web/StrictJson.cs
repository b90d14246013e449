using System.ComponentModel;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Lakala.Vocabulary;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Lakala.Silo.Web;

/// <summary>How JSON is read and written.</summary>
internal static partial class StrictJson
{
    public const int MaxBody = 64 * 1024;

    public static readonly JsonSerializerOptions Options = Configure(new JsonSerializerOptions(JsonSerializerOptions.Strict));

    public static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.AllowDuplicateProperties = false;
        options.RespectNullableAnnotations = true;
        options.RespectRequiredConstructorParameters = true;
        options.PropertyNameCaseInsensitive = false;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        options.MaxDepth = 16;
        options.Converters.Add(new TimeConverter());
        return options;
    }

    /// <returns>The path of the first text that nothing may be called: the database would not store it, or a screen not show it.</returns>
    public static string? ControlIn(JsonElement json, string? path) => json.ValueKind switch
    {
        JsonValueKind.String when RequestGuard.HasControl(json.GetString()!) => path ?? "body",
        JsonValueKind.Array => json.EnumerateArray().Select(item => ControlIn(item, path)).FirstOrDefault(static found => found is not null),
        JsonValueKind.Object => json.EnumerateObject()
            .Select(member => RequestGuard.HasControl(member.Name) ? path ?? "body" : ControlIn(member.Value, path is null ? member.Name : $"{path}.{member.Name}"))
            .FirstOrDefault(static found => found is not null),
        _ => null,
    };

    /// <summary>Says in our own words what the reader stumbled over.</summary>
    public static ProblemHttpResult Explain(ReadOnlySpan<byte> json, Type type, JsonException fault)
    {
        if (json.IsEmpty)
        {
            return Problems.Invalid(null, "The body is empty: send a JSON object.");
        }

        if (WhyNotJson(json) is { } why)
        {
            return Problems.Invalid(null, why);
        }

        var path = fault.Path is { Length: > 2 } full ? full[2..] : null;
        if (path is null)
        {
            return Missing(json, type) is { } missing
                ? Problems.Invalid(missing, $"{missing} is missing. {Walk(type, missing).Expected}")
                : Problems.Invalid(null, "The body must be a JSON object.");
        }

        if (IsTwice(json))
        {
            return Problems.Invalid(path, $"{path} is given twice.");
        }

        var (nearest, expected) = Walk(type, path);
        return expected is not null
            ? Problems.Invalid(path, $"{path} is not acceptable. {expected}")
            : Problems.Invalid(path, $"{path} is not known here. Known are {string.Join(", ", nearest.Properties.Select(p => p.Name))}.");
    }

    private static string? WhyNotJson(ReadOnlySpan<byte> json)
    {
        try
        {
            Skim(json, allowTwice: true);
            return null;
        }
        catch (JsonException fault)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"The body is not valid JSON: line {fault.LineNumber + 1}, byte {fault.BytePositionInLine + 1}.");
        }
    }

    private static bool IsTwice(ReadOnlySpan<byte> json)
    {
        try
        {
            Skim(json, allowTwice: false);
            return false;
        }
        catch (JsonException)
        {
            return true;
        }
    }

    private static void Skim(ReadOnlySpan<byte> json, bool allowTwice) =>
        JsonElement.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = allowTwice });

    private static string? Missing(ReadOnlySpan<byte> json, Type type)
    {
        var root = JsonElement.Parse(json);
        return root.ValueKind == JsonValueKind.Object
            ? Options.GetTypeInfo(type).Properties.FirstOrDefault(p => p.IsRequired && !root.TryGetProperty(p.Name, out _))?.Name
            : null;
    }

    /// <summary>Follows the path as far as there are members of ours.</summary>
    /// <returns>Where it ends, and the description of what stands there; null when the path leads on to what is not known.</returns>
    private static (JsonTypeInfo Nearest, string? Expected) Walk(Type type, string path)
    {
        string? expected = null;
        var at = Options.GetTypeInfo(type);
        foreach (var name in path.Split('.', '['))
        {
            if (at.Properties.FirstOrDefault(p => p.Name == name) is not { } member)
            {
                // Below a member whose names are free, its own description is the nearest.
                return (at, at.Kind == JsonTypeInfoKind.Dictionary ? expected : null);
            }

            var attributes = member.AttributeProvider!.GetCustomAttributes(typeof(DescriptionAttribute), inherit: false);
            expected = attributes is [DescriptionAttribute { Description: var text }, ..] ? text : string.Empty;
            at = Options.GetTypeInfo(member.PropertyType);
        }

        return (at, expected);
    }

    /// <summary>Date and time with offset, as RFC 3339 has it: a time without one would mean another moment elsewhere.</summary>
    private sealed partial class TimeConverter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && reader.GetString() is { } text && Shape().IsMatch(text)
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
                ? time
                : throw new JsonException();

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
            writer.WriteStringValue(Rfc3339.ToMilliseconds(value));

        [GeneratedRegex(@"^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)\z", RegexOptions.CultureInvariant)]
        private static partial Regex Shape();
    }
}
