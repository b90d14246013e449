using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

namespace Lakala.Silo.Web;

/// <summary>
/// The rules of the OpenAPI documents for every request and answer, so that a client made from them reads what <see cref="StrictJson"/>
/// writes: null members are left out, so they are never required; answers may have more members than the document.
/// </summary>
internal static class DocumentShapes
{
    public static void Describe(OpenApiOptions options)
    {
        options.CreateSchemaReferenceId = static type =>
            Plain(type.Type) == typeof(JsonElement) || OpenApiOptions.CreateDefaultSchemaReferenceId(type) is null ? null : NameOf(type.Type);
        options.AddSchemaTransformer(static (schema, context, _) =>
        {
            Shape(schema, context);
            return Task.CompletedTask;
        });
        options.AddDocumentTransformer(static (document, context, _) =>
        {
            // The public address; the framework would use the Host header of the request.
            var publicUrl = context.ApplicationServices.GetRequiredService<IOptions<HttpOptions>>().Value.PublicUrl;
            document.Servers = [new OpenApiServer { Url = publicUrl.TrimEnd('/') }];
            TellWhen(document);
            OpenAnswers(document);
            foreach (var operation in document.Paths.Values.SelectMany(static item => item.Operations!.Values))
            {
                Sort(operation.Responses!);
            }

            return Task.CompletedTask;
        });
    }

    private static string NameOf(Type type) =>
        type == typeof(ProblemDetails) ? "Problem"
        : type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ListModel<>) ? NameOf(type.GenericTypeArguments[0]) + "List"
        : type.Name.EndsWith("Model", StringComparison.Ordinal) ? type.Name[..^"Model".Length]
        : type.Name;

    private static Type Plain(Type type) => Nullable.GetUnderlyingType(type) ?? type;

    private static void Shape(OpenApiSchema schema, OpenApiSchemaTransformerContext context)
    {
        var type = Plain(context.JsonTypeInfo.Type);
        if (type == typeof(DateTimeOffset))
        {
            // For a type with our own converter the framework has no schema type.
            schema.Type = JsonSchemaType.String | (type == context.JsonTypeInfo.Type ? 0 : JsonSchemaType.Null);
            schema.Format = "date-time";
        }
        else if (context.JsonPropertyInfo?.CustomConverter is NeverNull)
        {
            schema.Type = JsonSchemaType.Integer;
            schema.Format = "int64";
        }
        else if (type == typeof(JsonElement))
        {
            schema.Type = JsonSchemaType.Object;
        }

        if (context.JsonPropertyInfo is null)
        {
            schema.Type &= ~JsonSchemaType.Null;
        }

        schema.Description ??= Attribute<DescriptionAttribute>(context)?.Description;
        if (context.JsonTypeInfo.Kind == JsonTypeInfoKind.Object)
        {
            schema.Required?.ExceptWith(context.JsonTypeInfo.Properties.Where(static member => member.IsGetNullable).Select(static member => member.Name));
        }

        if (type == typeof(ProblemDetails))
        {
            AddOwnMembers(schema);
        }

        if (Attribute<AllowedValuesAttribute>(context) is { } allowed)
        {
            schema.Enum = [.. allowed.Values.Select(static value => JsonValue.Create((string)value!))];
        }

        if (Attribute<OpenValuesAttribute>(context) is { } open)
        {
            TellOpen(schema, open.Values);
        }
    }

    /// <summary>An open set of values: tools show them, and a generated client accepts others.</summary>
    public static void TellOpen(OpenApiSchema schema, IEnumerable<string> values)
    {
        schema.Extensions ??= new Dictionary<string, IOpenApiExtension>();
        schema.Extensions["x-extensible-enum"] = new JsonNodeExtension(new JsonArray([.. values.Select(static value => JsonValue.Create(value))]));
    }

    private static void AddOwnMembers(OpenApiSchema problem)
    {
        var type = new OpenApiSchema
        {
            Type = JsonSchemaType.String,
            Description = "Decide by this. New types may come; an answer to an unknown address or method has none of these.",
        };
        TellOpen(type, Problems.Kinds.Select(static kind => kind.Type));
        problem.Properties ??= new Dictionary<string, IOpenApiSchema>();
        problem.Properties["type"] = type;
        problem.Properties["field"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "The member, header or parameter that is wrong." };
        problem.Properties["bill"] = new OpenApiSchema
        {
            Type = JsonSchemaType.String,
            Description = "With order-has-bill: the number of the order's bill.",
        };
        problem.Properties["left"] = new OpenApiSchema
        {
            Type = JsonSchemaType.Integer,
            Format = "int64",
            Description = "With refund-exceeds: what can still be refunded, in minor units.",
        };
    }

    private static T? Attribute<T>(OpenApiSchemaTransformerContext context)
        where T : Attribute =>
        context.JsonPropertyInfo?.AttributeProvider is { } member ? member.GetCustomAttributes(typeof(T), inherit: false).OfType<T>().FirstOrDefault()
        : (context.ParameterDescription?.ParameterDescriptor as IParameterInfoParameterDescriptor)?.ParameterInfo.GetCustomAttribute<T>();

    private static void TellWhen(OpenApiDocument document)
    {
        foreach (var (status, response) in document.Paths.Values.SelectMany(static item => item.Operations!.Values).SelectMany(static operation => operation.Responses!))
        {
            if (status is "429" or "503" && response is OpenApiResponse answer)
            {
                AddHeader(answer, "Retry-After", JsonSchemaType.Integer, "The number of seconds after which the same request may be sent again.");
            }
        }
    }

    // Success first: the refusals of a group are declared before the answers of its endpoints.
    private static void Sort(OpenApiResponses responses)
    {
        var sorted = responses.OrderBy(static response => response.Key, StringComparer.Ordinal).ToList();
        responses.Clear();
        foreach (var (status, response) in sorted)
        {
            responses.Add(status, response);
        }
    }

    public static void AddHeader(OpenApiResponse answer, string name, JsonSchemaType type, string description)
    {
        answer.Headers ??= new Dictionary<string, IOpenApiHeader>();
        answer.Headers[name] = new OpenApiHeader { Description = description, Schema = new OpenApiSchema { Type = type } };
    }

    /// <summary>A request with an unknown member is refused; an answer may have members that are not in the document.</summary>
    private static void OpenAnswers(OpenApiDocument document)
    {
        var requests = new HashSet<string>();
        foreach (var body in document.Paths.Values.SelectMany(static item => item.Operations!.Values).Select(static operation => operation.RequestBody?.Content))
        {
            foreach (var content in body?.Values ?? [])
            {
                Reach(content.Schema, requests);
            }
        }

        foreach (var (name, schema) in document.Components?.Schemas ?? new Dictionary<string, IOpenApiSchema>())
        {
            if (schema is OpenApiSchema own)
            {
                own.AdditionalPropertiesAllowed = own.AdditionalProperties is not null || !requests.Contains(name);
                NeverNull(own, isAnswer: !requests.Contains(name));
            }
        }
    }

    private static void Reach(IOpenApiSchema? schema, HashSet<string> reached)
    {
        if (schema is null || (schema is OpenApiSchemaReference { Reference.Id: { } id } && !reached.Add(id)))
        {
            return;
        }

        foreach (var part in (IEnumerable<IOpenApiSchema>)[.. schema.Properties?.Values ?? [], .. schema.OneOf ?? [], .. schema.Items is { } items ? [items] : Array.Empty<IOpenApiSchema>()])
        {
            Reach(part, reached);
        }
    }

    /// <summary>In a request null means a missing member, for clients whose numbers cannot be missing. Answers have no null.</summary>
    private static void NeverNull(OpenApiSchema schema, bool isAnswer)
    {
        foreach (var (name, member) in schema.Properties?.ToList() ?? [])
        {
            if (member.OneOf is { Count: 2 } either && either.FirstOrDefault(static one => one is OpenApiSchemaReference) is { } reference)
            {
                schema.Properties![name] = reference;
            }
            else if (isAnswer && member is OpenApiSchema own)
            {
                own.Type &= ~JsonSchemaType.Null;
            }
        }
    }
}

/// <summary>The present values of an open set. It is not an enum in the document, because a client made from an enum would reject new values.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class OpenValuesAttribute(params string[] values) : Attribute
{
    public IReadOnlyList<string> Values { get; } = values;
}
