using System.Buffers;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Metadata;

namespace Lakala.Silo.Web;

/// <summary>
/// A request's JSON body, read strictly: no unknown member, no member twice, no number in quotes, no fraction, no half
/// character. What is wrong is told with the member's name and its description, which the reference page shows too.
/// </summary>
internal sealed class Body<T> : IBindableFromHttpContext<Body<T>>, IEndpointParameterMetadataProvider, IMayBeRefused
    where T : class
{
    private T? _value;

    public T Value => _value ?? throw new InvalidOperationException("A refused body has no value.");

    /// <summary>SHA-256 of the bytes as they came.</summary>
    public byte[] Hash { get; private init; } = [];

    public ProblemHttpResult? Refusal { get; private init; }

    public static async ValueTask<Body<T>?> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        if (context.Request.Headers.ContentEncoding is { Count: > 0 } coded && !coded.ToString().Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            return new Body<T>
            {
                Refusal = Problems.Unreadable(StatusCodes.Status415UnsupportedMediaType, $"Send the body as it is: Content-Encoding {coded} is not taken."),
            };
        }

        var buffer = ArrayPool<byte>.Shared.Rent(StrictJson.MaxBody + 1);
        try
        {
            var length = await context.Request.Body.ReadAtLeastAsync(
                buffer.AsMemory(0, StrictJson.MaxBody + 1), StrictJson.MaxBody + 1, throwOnEndOfStream: false, context.RequestAborted);
            return length > StrictJson.MaxBody
                ? new Body<T> { Refusal = Problems.BodyTooLarge(StrictJson.MaxBody) }
                : Parse(buffer.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
        builder.Metadata.Add(new AcceptsMetadata(["application/json"], typeof(T)));

    private static Body<T> Parse(ReadOnlySpan<byte> body)
    {
        // A byte order mark says nothing, and does no harm.
        var json = body.StartsWith(Encoding.UTF8.Preamble) ? body[Encoding.UTF8.Preamble.Length..] : body;
        if (!Utf8.IsValid(json))
        {
            return new Body<T> { Refusal = Problems.Invalid(null, "The body is not valid UTF-8.") };
        }

        try
        {
            return JsonSerializer.Deserialize<T>(json, StrictJson.Options) is { } value
                ? StrictJson.ControlIn(JsonElement.Parse(json), null) is { } field
                    ? new Body<T> { Refusal = Problems.Invalid(field, $"{field} has a control character.") }
                    : new Body<T> { _value = value, Hash = SHA256.HashData(body) }
                : new Body<T> { Refusal = Problems.Invalid(null, "The body must be a JSON object, not null.") };
        }
        catch (JsonException fault)
        {
            return new Body<T> { Refusal = StrictJson.Explain(json, typeof(T), fault) };
        }
    }
}
