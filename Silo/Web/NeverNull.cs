using System.Text.Json;
using System.Text.Json.Serialization;

namespace Lakala.Silo.Web;

/// <summary>A number that can be left out, with a meaning of its own. A null is refused: a program that sends one does not know its number.</summary>
internal sealed class NeverNull : JsonConverter<long?>
{
    public override bool HandleNull => true;

    public override long? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number) ? number : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, long? value, JsonSerializerOptions options) =>
        writer.WriteNumberValue(value ?? throw new InvalidOperationException("A number that is left out is not written."));
}
