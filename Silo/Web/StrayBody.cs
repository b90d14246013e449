using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Metadata;

namespace Lakala.Silo.Web;

/// <summary>A body that the route does not read. Who sends one means something by it, which must not be overlooked.</summary>
internal static class StrayBody
{
    // An empty object, with some blanks.
    private const int Most = 16;

    /// <summary>A filter of routes: those that take no body refuse one, but for an empty object and null, which some clients always send.</summary>
    public static async ValueTask<object?> Refuse(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        return http.GetEndpoint()?.Metadata.GetMetadata<IAcceptsMetadata>() is null && !await IsEmpty(http.Request.Body, http.RequestAborted)
            ? Problems.Invalid(null, "This call takes no body: what it says would not be read. Send none.")
            : await next(context);
    }

    private static async ValueTask<bool> IsEmpty(Stream body, CancellationToken stop)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Most + 1);
        try
        {
            var length = await body.ReadAtLeastAsync(buffer.AsMemory(0, Most + 1), Most + 1, throwOnEndOfStream: false, stop);
            return length == 0 || (length <= Most && SaysNothing(buffer.AsSpan(0, length)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static bool SaysNothing(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        try
        {
            return reader.Read()
                && (reader.TokenType == JsonTokenType.Null || (reader.TokenType == JsonTokenType.StartObject && reader.Read() && reader.TokenType == JsonTokenType.EndObject))
                && !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
